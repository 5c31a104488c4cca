//! The name of a coordinate system in a `crs` member.

use serde_json::Value;

/// The name in a `crs` member, as GeoJSON of 2008 and its dialects have it: named, by a code, linked, or
/// a bare text or number. A member that is something else is named by its own text; `None` for null.
pub fn crs_name(member: &Value) -> Option<String> {
    let text = |v: &Value| match v {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    };
    if member.is_null() {
        return None;
    }
    let at = |path: &str| member.pointer(path).and_then(text);
    let coded =
        at("/properties/code").or_else(|| at("/code")).or_else(|| at("/latestWkid")).or_else(|| at("/wkid"));
    let named = text(member)
        .or_else(|| at("/properties/name"))
        .or_else(|| coded.map(|code| if code.contains(':') { code } else { format!("EPSG:{code}") }))
        .or_else(|| at("/properties/href"))
        .or_else(|| at("/properties/urn"))
        .or_else(|| at("/name"));
    Some(named.unwrap_or_else(|| member.to_string()).chars().take(2_000).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::Crs;

    #[test]
    fn members_of_every_dialect_name_a_system() {
        for (member, code) in [
            (r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}"#, Some(4326)),
            (r#"{"type":"EPSG","properties":{"code":4326}}"#, Some(4326)),
            (r#"{"type":"EPSG","properties":{"code":"4756"}}"#, Some(4756)),
            (
                r#"{"type":"link","properties":{"href":"http://spatialreference.org/ref/epsg/4326/proj4/","type":"proj4"}}"#,
                Some(4326),
            ),
            (r#"{"wkid":102100,"latestWkid":3857}"#, Some(3857)),
            (r#""EPSG:9210""#, Some(9210)),
            ("4326", Some(4326)),
            (r#"{"type":"name","properties":{"name":"EPSG:2056"}}"#, None),
            (r#"{"type":"name","properties":{}}"#, None),
        ] {
            let name = crs_name(&serde_json::from_str(member).unwrap()).unwrap();
            assert_eq!(Crs::named(&name).map(|c| c.code), code, "{member}: {name}");
        }
        assert_eq!(crs_name(&Value::Null), None);
    }
}
