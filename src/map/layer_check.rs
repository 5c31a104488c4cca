//! What may be wrong with the declaration of a layer. Not here: reading it (layer).

use super::cluster::MAX_ZOOM;
use super::layer::{Content, EXTENT, FieldType, Layer, Source, TOP_LIMIT};
use crate::domain::field::Kind;
use crate::domain::{Shape, nearest};

/// The attributes of reports and wards, per content.
const fn built_in(content: Content) -> &'static [(&'static str, FieldType)] {
    use FieldType::{Boolean, Number, String};
    match content {
        Content::Symbols => &[
            ("cluster", Boolean),
            ("cluster_id", Number),
            ("point_count", Number),
            ("point_count_abbreviated", String),
            ("open", Number),
            ("closed", Number),
            ("category", String),
            ("status", String),
            ("state", String),
            ("ward", String),
            ("created_at", String),
            ("updated_at", String),
        ],
        Content::Areas | Content::Labels | Content::Lines | Content::Points => &[
            ("ward", String),
            ("code", String),
            ("name", String),
            ("generation", String),
            ("approximate", Boolean),
        ],
    }
}

/// Attributes that every feature has beside its properties.
pub(super) const OF_FEATURES: [(&str, FieldType); 3] =
    [("revision", FieldType::Number), ("updated", FieldType::String), ("source", FieldType::String)];

/// The attributes that may be declared.
fn known(l: &Layer, content: Content) -> Vec<(String, FieldType)> {
    let named = |list: &[(&str, FieldType)]| list.iter().map(|(n, t)| ((*n).to_owned(), *t)).collect();
    let Some(c) = &l.collection else { return named(built_in(content)) };
    let mut out: Vec<(String, FieldType)> = named(&OF_FEATURES);
    out.extend(c.properties.iter().map(|p| {
        let kind = match p.kind.kind() {
            Kind::Text | Kind::Instant => FieldType::String,
            Kind::Integer | Kind::Number => FieldType::Number,
            Kind::Boolean => FieldType::Boolean,
        };
        (p.name.clone(), kind)
    }));
    out
}

/// What the source can fill a vector layer with.
fn contents(l: &Layer) -> Vec<Content> {
    let of = |shape: &Shape| match shape {
        Shape::Point => &[Content::Points][..],
        Shape::Line => &[Content::Lines],
        Shape::Area => &[Content::Areas, Content::Labels],
    };
    match (&l.source, &l.collection) {
        (Source::Reports, _) => vec![Content::Symbols],
        (Source::Wards, _) => vec![Content::Areas, Content::Labels],
        (Source::Features(_), c) => c.iter().flat_map(|c| c.shapes.iter().flat_map(of)).copied().collect(),
    }
}

/// What contradicts itself or the collection, each saying what would be right.
pub(super) fn problems(l: &Layer) -> Vec<String> {
    let mut out = Vec::new();
    let mut need = |ok: bool, problem: String| {
        if !ok {
            out.push(problem);
        }
    };
    let plain = |s: &str| {
        !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    need(
        l.minzoom <= l.maxzoom && l.maxzoom <= MAX_ZOOM,
        format!("zooms {}..={} must ascend within 0..={MAX_ZOOM}", l.minzoom, l.maxzoom),
    );
    need(l.extent == EXTENT, format!("extent is {}, it must be {EXTENT}", l.extent));
    need(l.buffer <= EXTENT / 4, format!("buffer is {}, it may be 0..={}", l.buffer, EXTENT / 4));
    need(
        l.top_categories <= TOP_LIMIT,
        format!("top_categories is {}, it may be 0..={TOP_LIMIT}", l.top_categories),
    );
    need(!l.vector_layers.is_empty(), "vector_layers is empty, name at least one".to_owned());
    need(plain(&l.id), format!("id {:?} must be of a-z, 0-9 and _", l.id));
    for v in &l.vector_layers {
        need(plain(&v.id), format!("vector layer id {:?} must be of a-z, 0-9 and _", v.id));
        let fitting = contents(l);
        need(
            fitting.contains(&v.content),
            format!("{}: content {:?} does not fit the source, which gives {fitting:?}", v.id, v.content),
        );
        let known = known(l, v.content);
        for (field, kind) in &v.fields {
            if let Some((_, right)) = known.iter().find(|(name, _)| name == field) {
                need(kind == right, format!("{}.{field} must be {:?}", v.id, right.name()));
            } else {
                let names = || known.iter().map(|k| k.0.as_str());
                let hint = nearest(field, names()).map_or_else(
                    || format!("known are {}", names().collect::<Vec<_>>().join(", ")),
                    |n| format!("did you mean {n}?"),
                );
                need(false, format!("{}.{field} is unknown, {hint}", v.id));
            }
        }
    }
    need(l.apart <= 64, format!("apart is {}, it may be 0..=64 pixels", l.apart));
    match (&l.collection, &l.appears) {
        (Some(c), Some(a)) => a.problems(c, l.maxzoom).into_iter().for_each(|p| need(false, p)),
        (Some(_), None) => {}
        (None, a) => need(a.is_none() && l.apart == 0, "only features have appears and apart".to_owned()),
    }
    for e in &l.example {
        let right = if l.collection.is_some() { e.feature.is_some() } else { e.row.is_some() };
        need(
            right && e.row.is_some() != e.feature.is_some(),
            "an example has a row of reports, or a feature in a layer of features".to_owned(),
        );
        let there = l.vector_layers.iter().any(|v| v.id == e.layer);
        need(there, format!("an example expects the layer {:?}, which is not in vector_layers", e.layer));
        need(l.shows(e.zoom), format!("an example expects zoom {}, outside the layer's zooms", e.zoom));
    }
    out
}
