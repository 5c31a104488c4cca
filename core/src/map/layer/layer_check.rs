//! Checks the declaration of a layer. Not here: parsing it (layer).

use crate::domain::field::{Kind, TABLE};
use crate::domain::{Collection, PropertyKind, Shape, nearest};
use crate::map::cluster::MAX_ZOOM;
use crate::map::layer::{Content, EXTENT, Example, FieldType, Layer, Source, TOP_LIMIT, VectorLayer};

/// The attributes of reports and wards, per content.
fn built_in(content: Content) -> Vec<(&'static str, FieldType)> {
    use FieldType::{Boolean, Number, String};
    match content {
        Content::Symbols => {
            let clusters = [
                ("cluster", Boolean),
                ("cluster_id", Number),
                ("point_count", Number),
                ("point_count_abbreviated", String),
                ("open", Number),
                ("closed", Number),
            ];
            clusters.into_iter().chain(row_fields()).collect()
        }
        Content::Cells => vec![("weight", Number), ("point_count", Number)],
        Content::Areas | Content::Labels | Content::Lines | Content::Points => vec![
            ("ward", String),
            ("code", String),
            ("name", String),
            ("generation", String),
            ("approximate", Boolean),
        ],
    }
}

/// The fields of single reports.
pub(in crate::map) fn row_fields() -> impl Iterator<Item = (&'static str, FieldType)> {
    TABLE.iter().filter(|f| f.in_tiles).filter_map(|f| Some((f.name, of_kind(f.kind()?))))
}

const fn of_kind(kind: Kind) -> FieldType {
    match kind {
        Kind::Text | Kind::Instant => FieldType::String,
        Kind::Integer | Kind::Number => FieldType::Number,
        Kind::Boolean => FieldType::Boolean,
    }
}

/// Attributes that every feature has beside its properties.
pub(in crate::map) const OF_FEATURES: [(&str, FieldType); 3] =
    [("revision", FieldType::Number), ("updated", FieldType::String), ("source", FieldType::String)];

/// The attributes that may be declared.
fn known(l: &Layer, content: Content) -> Vec<(String, FieldType)> {
    let named = |list: &[(&str, FieldType)]| list.iter().map(|(n, t)| ((*n).to_owned(), *t)).collect();
    let Some(c) = &l.collection else { return named(&built_in(content)) };
    let mut out: Vec<(String, FieldType)> = named(&OF_FEATURES);
    out.extend(c.properties.iter().map(|p| (p.name.clone(), of_kind(p.kind.kind()))));
    out
}

/// The contents that the layer's source can provide.
fn contents(l: &Layer) -> Vec<Content> {
    let of = |shape: &Shape| match shape {
        Shape::Point => &[Content::Points][..],
        Shape::Line => &[Content::Lines],
        Shape::Area => &[Content::Areas, Content::Labels],
    };
    match (&l.source, &l.collection) {
        (Source::Reports, _) => vec![Content::Symbols, Content::Cells],
        (Source::Wards, _) => vec![Content::Areas, Content::Labels],
        (Source::Features(_), c) => c.iter().flat_map(|c| c.shapes.iter().flat_map(of)).copied().collect(),
    }
}

/// Contradictions in the declaration or with the collection: the path, as
/// [`line_of`](crate::map::layer::mistake::line_of) finds it, and what would be right.
pub(in crate::map) fn problems(l: &Layer) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut need = |ok: bool, at: &str, problem: String| {
        if !ok {
            out.push((at.to_owned(), problem));
        }
    };
    need(plain(&l.id), "id", format!("id {:?} must be of a-z, 0-9 and _", l.id));
    need(l.minzoom <= l.maxzoom, "minzoom", format!("zooms {}..={} must ascend", l.minzoom, l.maxzoom));
    need(l.maxzoom <= MAX_ZOOM, "maxzoom", format!("zoom {} must be within 0..={MAX_ZOOM}", l.maxzoom));
    need(l.extent == EXTENT, "extent", format!("extent is {}, it must be {EXTENT}", l.extent));
    let most = EXTENT / 4;
    need(l.buffer <= most, "buffer", format!("buffer is {}, it may be 0..={most}", l.buffer));
    need(
        l.top_categories <= TOP_LIMIT,
        "top_categories",
        format!("top_categories is {}, it may be 0..={TOP_LIMIT}", l.top_categories),
    );
    need(l.apart <= 64, "apart", format!("apart is {}, it may be 0..=64 pixels", l.apart));
    need(
        !l.vector_layers.is_empty(),
        "vector_layers",
        "vector_layers is empty, name at least one".to_owned(),
    );
    if l.collection.is_none() {
        for (name, given) in
            [("appears", l.appears.is_some()), ("apart", l.apart > 0), ("only", !l.only.is_empty())]
        {
            need(!given, name, format!("only features have {name}"));
        }
    }
    out.extend(l.vector_layers.iter().enumerate().flat_map(|(i, v)| of_vector_layer(l, i, v)));
    if let Some(c) = &l.collection {
        out.extend(l.appears.iter().flat_map(|a| a.problems(c, l.maxzoom)));
        out.extend(l.only.iter().flat_map(|(name, codes)| of_only(c, name, codes)));
    }
    out.extend(l.example.iter().enumerate().flat_map(|(i, e)| of_example(l, i, e)));
    out
}

/// Whether a name can be used in an address and in a style.
fn plain(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A hint: the name that was probably meant, or all known names.
pub(in crate::map) fn hint<'a>(wrong: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    nearest(wrong, known.clone()).map_or_else(
        || format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        |n| format!("did you mean {n}?"),
    )
}

fn of_vector_layer(l: &Layer, i: usize, v: &VectorLayer) -> Vec<(String, String)> {
    let (mut out, at) = (Vec::new(), format!("vector_layers.{i}"));
    if !plain(&v.id) {
        out.push((format!("{at}.id"), format!("vector layer id {:?} must be of a-z, 0-9 and _", v.id)));
    }
    if l.vector_layers[..i].iter().any(|before| before.id == v.id) {
        out.push((format!("{at}.id"), format!("there is a vector layer {:?} already, ids are unique", v.id)));
    }
    let fitting = contents(l);
    if !fitting.contains(&v.content) {
        let what =
            format!("{}: content {:?} does not fit the source, which gives {fitting:?}", v.id, v.content);
        out.push((format!("{at}.content"), what));
    }
    let known = known(l, v.content);
    for (field, kind) in &v.fields {
        let what = match known.iter().find(|(name, _)| name == field) {
            Some((_, right)) if kind == right => continue,
            Some((_, right)) => format!("{}.{field} must be {:?}", v.id, right.name()),
            None => {
                let names = known.iter().map(|k| k.0.as_str());
                format!("{}.{field} is unknown, {}", v.id, hint(field, names))
            }
        };
        out.push((format!("{at}.fields.{field}"), what));
    }
    out
}

fn of_only(c: &Collection, name: &str, codes: &[String]) -> Vec<(String, String)> {
    let at = format!("only.{name}");
    let Some(PropertyKind::Code(known)) = c.position(name).map(|i| &c.properties[i].kind) else {
        let with_codes = c.properties.iter().filter(|p| matches!(p.kind, PropertyKind::Code(_)));
        let names = with_codes.map(|p| p.name.as_str());
        return vec![(at, format!("only: {name:?} is not a property with codes, {}", hint(name, names)))];
    };
    let known = || known.iter().map(|k| k.code.as_str());
    let unknown = codes.iter().enumerate().filter(|(_, code)| !known().any(|k| k == *code));
    let mut out: Vec<_> = unknown
        .map(|(i, code)| {
            (format!("{at}.{i}"), format!("only: {name} has no code {code:?}, {}", hint(code, known())))
        })
        .collect();
    if codes.is_empty() {
        out.push((at, format!("only: {name} lists no codes, so nothing would be shown")));
    }
    out
}

fn of_example(l: &Layer, i: usize, e: &Example) -> Vec<(String, String)> {
    let (mut out, at) = (Vec::new(), format!("example.{i}"));
    let right = match l.source {
        Source::Reports => e.row.is_some() && e.feature.is_none(),
        Source::Features(_) => e.feature.is_some() && e.row.is_none(),
        Source::Wards => false,
    };
    if !right {
        let what =
            "an example has a row in a layer of reports, a feature in a layer of features; wards have none";
        out.push((at.clone(), what.to_owned()));
    }
    if !l.vector_layers.iter().any(|v| v.id == e.layer) {
        let names = l.vector_layers.iter().map(|v| v.id.as_str());
        let what = format!(
            "an example expects the layer {:?}, which is not in vector_layers, {}",
            e.layer,
            hint(&e.layer, names)
        );
        out.push((format!("{at}.layer"), what));
    }
    if !l.shows(e.zoom) {
        let what =
            format!("an example expects zoom {}, the layer's are {}..={}", e.zoom, l.minzoom, l.maxzoom);
        out.push((format!("{at}.zoom"), what));
    }
    out
}
