//! What is asked of several layers at once: reports and collections of features, each with the
//! parameters that it knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::asked::Asked;
use super::cql::{self, Is, Test};
use super::features::{self, FeatureFilter};
use super::params::{FILTERS, PageQuery, check_names};
use super::{Filter, Schema, reports};
use crate::domain::{Choice, CodeBook, Collection, Instant, PropertyKind, Violation};

/// The parameter that asks a layer of wards for those of a day.
pub const AT: &str = "at";

/// A filter for each of several layers. The default asks for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joint {
    /// Which reports.
    pub reports: Filter,
    /// Which features of a collection; all of one that is not named.
    pub features: Vec<(Arc<Collection>, FeatureFilter)>,
    /// The generation whose wards are meant; that in force without it.
    pub generation: Option<Arc<str>>,
    /// The expression that several layers share, as text, and its language where that must be said.
    filter: Option<(String, Option<&'static str>)>,
}

impl Joint {
    /// Reads the parameters of reports, if they are among the layers, and of these collections. A
    /// name that none of them knows is a fault, and so is a code that no collection with that
    /// property knows: one that knows none of the codes asked for shows nothing.
    ///
    /// # Errors
    /// All faults, each with its parameter's name, once.
    pub fn parse(
        pairs: &[(String, String)],
        reports: bool,
        collections: &[Arc<Collection>],
        codebook: &CodeBook,
        now: Instant,
    ) -> Result<Self, Vec<Violation>> {
        if pairs.is_empty() {
            return Ok(Self::default());
        }
        let as_of = now.floor_five_minutes();
        let schemas: Vec<Schema<'_>> = collections.iter().map(|c| features::schema(c)).collect();
        let mut names: Vec<&str> = if reports { FILTERS.to_vec() } else { Vec::new() };
        for name in schemas.iter().flat_map(Schema::filter_names) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut faults = check_names(pairs, &names);
        let mut out = Self::default();
        let mut filter =
            Shared { pairs, alone: collections.len() + usize::from(reports) == 1, texts: Vec::new() };
        if reports {
            let mut asked = Asked::default();
            let schema = reports::schema();
            faults.extend(asked.read(pairs, FILTERS, schema, codebook, &mut PageQuery::default()));
            faults.extend(filter.read("incidents", &mut asked, schema, codebook));
            out.reports = Filter::bind(asked, schema, codebook, as_of);
        }
        for (c, schema) in collections.iter().zip(&schemas) {
            let (own, nothing) = narrowed(pairs, c, collections);
            let mut asked = Asked::default();
            let names = schema.filter_names();
            faults.extend(asked.read(&own, &names, schema, codebook, &mut PageQuery::default()));
            for property in nothing {
                asked.say(Test::new(property, Is::OneOf(Vec::new())), schema);
            }
            faults.extend(filter.read(&c.id, &mut asked, schema, codebook));
            out.features.push((c.clone(), Filter::bind(asked, schema, codebook, as_of)));
        }
        out.filter = filter.text();
        let mut said = Vec::new();
        faults.retain(|f| {
            !said.contains(&f.field) && {
                said.push(f.field.clone());
                true
            }
        });
        if faults.is_empty() { Ok(out) } else { Err(faults) }
    }

    /// What is asked of a collection; `None` for all.
    pub fn of(&self, collection: &str) -> Option<&FeatureFilter> {
        self.features.iter().find(|(c, _)| *c.id == *collection).map(|(_, f)| f)
    }

    /// The moment that the answer depends on, if it does: part of what names a cached answer, beside the
    /// parameters.
    pub fn as_of(&self) -> Option<Instant> {
        self.reports.as_of()
    }

    /// As query parameters in fixed order, each once, codes together.
    pub fn pairs(&self, codebook: &CodeBook) -> Vec<(String, String)> {
        let reports = self.reports.pairs(codebook).into_iter();
        let mut out: Vec<(String, String)> = reports.map(|(k, v)| (k.to_owned(), v)).collect();
        for (name, value) in self.features.iter().flat_map(|(c, f)| f.pairs(c, codebook)) {
            match out.iter_mut().find(|(known, _)| *known == name) {
                None => out.push((name, value)),
                Some((_, known)) if self.features.iter().any(|(c, _)| codes(c, &name).is_some()) => {
                    let both = known.split(',').chain(value.split(',')).filter(|v| !v.is_empty());
                    let both: BTreeSet<&str> = both.collect();
                    *known = both.into_iter().collect::<Vec<_>>().join(",");
                }
                Some(_) => {}
            }
        }
        if let Some(shared) = &self.filter {
            out.retain(|(name, _)| name != "filter" && name != "filter-lang");
            out.push(("filter".to_owned(), shared.0.clone()));
            out.extend(shared.1.map(|language| ("filter-lang".to_owned(), language.to_owned())));
        }
        out.extend(self.generation.iter().map(|day| (AT.to_owned(), day.to_string())));
        out
    }
}

/// The expression as each layer reads it. Where several share it, every one must know its properties, and
/// no part of it is taken for a parameter, because the same parameter means something else elsewhere.
struct Shared<'a> {
    pairs: &'a [(String, String)],
    /// Whether one layer alone reads it.
    alone: bool,
    /// Its normal forms, and the languages that they need.
    texts: Vec<(String, Option<&'static str>)>,
}

impl Shared<'_> {
    fn read(
        &mut self,
        layer: &str,
        asked: &mut Asked,
        schema: &Schema<'_>,
        codebook: &CodeBook,
    ) -> Vec<Violation> {
        let queryables = schema.queryables();
        let expr = match cql::read(self.pairs, queryables) {
            Ok(None) => return Vec::new(),
            Ok(Some(expr)) => expr,
            Err(mut faults) => {
                for fault in faults.iter_mut().filter(|f| !self.alone && f.field == "filter") {
                    fault.detail = format!("for {layer}, {}", fault.detail);
                }
                return faults;
            }
        };
        if !self.alone {
            self.texts.push((cql::written(&expr, queryables), schema.language(&expr)));
        }
        let narrowed = asked.narrow(expr, schema, codebook, self.alone);
        narrowed.err().map(|refusal| refusal.of_parameter("filter")).into_iter().collect()
    }

    /// The one text, if several layers share it: that of all, or as it came if their types differ.
    fn text(self) -> Option<(String, Option<&'static str>)> {
        let first = self.texts.first()?;
        if self.texts.iter().all(|t| t == first) {
            return Some(first.clone());
        }
        let get = |name: &str| self.pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
        let before = get("filter-lang") == Some(cql::LANGUAGES[2]);
        Some((cql::unmarked(get("filter")?), before.then_some(cql::LANGUAGES[2])))
    }
}

/// The codes of a property and its position, if it has any.
fn codes<'a>(c: &'a Collection, name: &str) -> Option<(usize, &'a [Choice])> {
    let at = c.position(name)?;
    if let PropertyKind::Code(codes) = &c.properties[at].kind { Some((at, codes)) } else { None }
}

/// The parameters without the codes that only other collections know, and the positions of the
/// properties of which no code is left.
fn narrowed(
    pairs: &[(String, String)],
    c: &Collection,
    all: &[Arc<Collection>],
) -> (Vec<(String, String)>, Vec<usize>) {
    let knows = |c: &Collection, name: &str, code: &str| {
        codes(c, name).is_some_and(|(_, known)| known.iter().any(|k| k.code == code))
    };
    let (mut own, mut nothing) = (Vec::new(), Vec::new());
    for (name, value) in pairs {
        let Some((at, _)) = codes(c, name) else {
            own.push((name.clone(), value.clone()));
            continue;
        };
        let elsewhere = |v: &str| all.iter().any(|o| o.id != c.id && knows(o, name, v));
        let kept = value.split(',').map(str::trim).filter(|v| knows(c, name, v) || !elsewhere(v));
        let kept: Vec<&str> = kept.collect();
        if kept.is_empty() {
            nothing.push(at);
        } else {
            own.push((name.clone(), kept.join(",")));
        }
    }
    (own, nothing)
}

impl From<Filter> for Joint {
    fn from(reports: Filter) -> Self {
        Self { reports, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Shape;
    use crate::query::cql::Literal;
    use crate::query::testing::{codes, declared};

    fn collection(id: &str, kinds: &[&str]) -> Arc<Collection> {
        Arc::new(declared(id, Shape::Point, vec![("kind", codes(kinds))]))
    }

    #[test]
    fn each_collection_takes_the_codes_that_it_knows() {
        let all = [collection("roads", &["crash", "other"]), collection("places", &["hospital", "other"])];
        let codebook = CodeBook::default();
        let parse = |kinds: &str| {
            Joint::parse(&[("kind".into(), kinds.into())], false, &all, &codebook, Instant::MIN)
        };
        let of = |kinds: &str| {
            let joint = parse(kinds).unwrap();
            assert_eq!(joint.pairs(&codebook), [("kind".to_owned(), kinds.to_owned())]);
            let codes = |f: &FeatureFilter| match &f.asked.of(0).unwrap().is {
                Is::OneOf(list) => {
                    let texts = list.iter().map(|l| if let Literal::Text(t) = l { t.as_str() } else { "" });
                    texts.collect::<Vec<_>>().join("+")
                }
                _ => String::new(),
            };
            joint.features.iter().map(|(_, f)| codes(f)).collect::<Vec<_>>()
        };
        assert_eq!(of("crash"), ["crash", ""]);
        assert_eq!(of("crash,hospital"), ["crash", "hospital"]);
        assert_eq!(of("crash,other"), ["crash+other", "other"]);
        let faults = parse("crush").unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].to_string().contains("did you mean crash?"), "{}", faults[0]);
    }
}
