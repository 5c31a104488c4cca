//! Reads `data/collections/*.toml`: what the city shows beside its reports.

use serde::Deserialize;

use super::source::Source;
use super::text::TextWire;
use super::{PackError, toml};
use crate::domain::{Choice, Collection, FeedText, Property, PropertyKind, Shape, Validity};

const FOLDER: &str = "data/collections/";
/// Collections that are not declared but built in.
const BUILT_IN: [&str; 2] = ["reports", "wards"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    id: String,
    title: TextWire,
    description: TextWire,
    shapes: Vec<ShapeWire>,
    validity: Option<[String; 2]>,
    #[serde(default)]
    named_wards: bool,
    feed: Option<FeedWire>,
    #[serde(default)]
    property: Vec<PropertyWire>,
}

/// Names of properties.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeedWire {
    title: Vec<String>,
    content: Vec<String>,
    author: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ShapeWire {
    Point,
    Line,
    Area,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PropertyWire {
    name: String,
    title: TextWire,
    #[serde(default)]
    required: bool,
    #[serde(rename = "type")]
    kind: KindWire,
    min: Option<i64>,
    max: Option<i64>,
    #[serde(default)]
    values: Vec<ValueWire>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindWire {
    Text,
    Code,
    Integer,
    Number,
    Boolean,
    Instant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueWire {
    code: String,
    name: TextWire,
}

/// All declared collections, by file name.
pub(super) fn read(source: Source<'_>) -> Result<Vec<Collection>, PackError> {
    let mut out: Vec<Collection> = Vec::new();
    for file in source.list(FOLDER)?.iter().filter(|f| f.strip_suffix(".toml").is_some()) {
        let found = collection(file, toml(source, file)?)?;
        if out.iter().any(|c| c.id == found.id) || BUILT_IN.contains(&&*found.id) {
            return Err(PackError::value(file, "id", format!("{:?} is taken", found.id)));
        }
        out.push(found);
    }
    Ok(out)
}

fn collection(file: &str, wire: FileWire) -> Result<Collection, PackError> {
    if !is_name(&wire.id) {
        return Err(PackError::value(file, "id", "must be of a-z, 0-9 and _, beginning with a letter"));
    }
    let properties = wire.property.into_iter().map(|p| property(file, p)).collect::<Result<Vec<_>, _>>()?;
    let position = |key: &str, name: &String| {
        let missing = || PackError::value(file, key, format!("there is no property {name:?}"));
        properties.iter().position(|p| p.name == *name).ok_or_else(missing)
    };
    let validity = match &wire.validity {
        Some([from, to]) => {
            Some(Validity { from: position("validity", from)?, to: position("validity", to)? })
        }
        None => None,
    };
    let feed = match &wire.feed {
        Some(f) => {
            let positions = |key: &str, names: &[String]| {
                names.iter().map(|n| position(key, n)).collect::<Result<Vec<_>, _>>()
            };
            Some(FeedText {
                title: positions("feed.title", &f.title)?,
                content: positions("feed.content", &f.content)?,
                author: f.author.as_ref().map(|n| position("feed.author", n)).transpose()?,
            })
        }
        None => None,
    };
    let shapes = wire.shapes.into_iter().map(|s| match s {
        ShapeWire::Point => Shape::Point,
        ShapeWire::Line => Shape::Line,
        ShapeWire::Area => Shape::Area,
    });
    let found = Collection {
        id: wire.id.into(),
        title: wire.title.into(),
        description: wire.description.into(),
        shapes: shapes.collect(),
        properties,
        validity,
        named_wards: wire.named_wards,
        feed,
    };
    match found.problems().first() {
        None => Ok(found),
        Some(problem) => Err(PackError::value(file, &*found.id, problem)),
    }
}

fn property(file: &str, wire: PropertyWire) -> Result<Property, PackError> {
    let fault = |reason: &str| Err(PackError::value(file, format!("property `{}`", wire.name), reason));
    if !is_name(&wire.name) {
        return fault("must be of a-z, 0-9 and _, beginning with a letter");
    }
    if (wire.kind == KindWire::Code) == wire.values.is_empty() {
        return fault("type \"code\" has values, no other type has");
    }
    let kind = match (wire.kind, wire.min, wire.max) {
        (KindWire::Text, None, Some(max @ 1..=100_000)) => PropertyKind::Text(max as usize),
        (KindWire::Text, ..) => return fault("type \"text\" needs max, 1..=100000 characters, and no min"),
        (KindWire::Integer, min, max) => {
            let (min, max) = (min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX));
            if min > max {
                return fault("min is above max");
            }
            PropertyKind::Integer(min, max)
        }
        (_, Some(_), _) | (_, _, Some(_)) => return fault("only texts and integers have min or max"),
        (KindWire::Code, ..) => PropertyKind::Code(
            wire.values.into_iter().map(|v| Choice { code: v.code, name: v.name.into() }).collect(),
        ),
        (KindWire::Number, ..) => PropertyKind::Number,
        (KindWire::Boolean, ..) => PropertyKind::Boolean,
        (KindWire::Instant, ..) => PropertyKind::Instant,
    };
    Ok(Property { name: wire.name, title: wire.title.into(), kind, required: wire.required })
}

fn is_name(s: &str) -> bool {
    s.starts_with(|c: char| c.is_ascii_lowercase())
        && s.len() <= 63
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_collections_are_right() {
        let found =
            read(Source(&crate::pack::testing::Folder(crate::pack::testing::root().to_owned()))).unwrap();
        let names: Vec<&str> = found.iter().map(|c| &*c.id).collect();
        assert_eq!(names, ["alerts", "facilities", "traffic"]);
        let alerts = &found[0];
        assert!(alerts.named_wards && alerts.validity.is_some());
    }

    #[test]
    fn mistakes_name_file_and_property() {
        let of = |text: &str| {
            let wire = ::toml::from_str::<FileWire>(text).unwrap();
            collection("x.toml", wire).unwrap_err().to_string()
        };
        let head = "id = 'x'\ntitle = { vi = 'X', en = 'X' }\ndescription = { vi = 'X', en = 'X' }\nshapes = ['point']\n";
        let with = |rest: &str| of(&format!("{head}{rest}"));
        assert!(with("validity = ['a', 'b']").contains("there is no property \"a\""));
        let text = "[[property]]\nname = 'limit'\ntitle = { vi = 'X', en = 'X' }\ntype = 'text'\nmax = 5";
        assert!(with(text).contains("means something else in queries"));
        let code = "[[property]]\nname = 'kind'\ntitle = { vi = 'X', en = 'X' }\ntype = 'code'";
        assert!(with(code).contains("x.toml: property `kind`: type \"code\" has values"));
    }
}
