//! Which body answers for a category in a ward: exactly one, and the rule that says why. Not here:
//! the city's rules (data/routing.toml, read by pack), which ward owns a place (area).

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::domain::{Categories, Category, Lang, Text, UnitKind, WardId};

/// The id of a body: a code of the city pack (`water`), or a kind of body that every ward has, a colon and a
/// canonical ward id (`ward:2025-07-01.26740` for the ward's own office). Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyId(Arc<str>);

impl BodyId {
    /// What the ids of wards' own offices begin with.
    pub const OFFICE: &'static str = "ward";

    /// A body id; nothing is checked.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id of a ward's own office.
    pub fn ward_office(ward: &WardId) -> Self {
        Self::of_ward(Self::OFFICE, ward)
    }

    /// The id of a ward's body of that kind.
    pub fn of_ward(kind: &str, ward: &WardId) -> Self {
        Self(format!("{kind}:{ward}").into())
    }

    /// The kind of body and the ward whose body this is; `None` for a body of the city.
    pub fn parts(&self) -> Option<(&str, WardId)> {
        let (kind, ward) = self.0.split_once(':')?;
        Some((kind, WardId::parse(ward)?))
    }

    /// The ward whose body this is; `None` for a body of the city.
    pub fn ward(&self) -> Option<WardId> {
        self.parts().map(|(_, ward)| ward)
    }

    /// Whether this is a ward's own office, and no other body of a ward.
    pub fn is_ward_office(&self) -> bool {
        self.parts().is_some_and(|(kind, _)| kind == Self::OFFICE)
    }

    /// The body of the same kind in another ward; `None` for a body of the city.
    pub fn in_ward(&self, ward: &WardId) -> Option<Self> {
        self.parts().map(|(kind, _)| Self::of_ward(kind, ward))
    }

    /// The kind of body, and how its ward is named: by code or canonical id; `None` for a body of the city.
    pub fn named_parts(&self) -> Option<(&str, &str)> {
        self.0.split_once(':')
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BodyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A body that is responsible for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its id.
    pub id: BodyId,
    /// Its name.
    pub name: Text,
}

/// A kind of body that every ward has one of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WardBody {
    /// The kind: what the ids of these bodies begin with.
    pub kind: Arc<str>,
    /// The name, with `{name}` for the ward's full name, or `{unit}` for its name inside a sentence.
    pub name: Text,
}

/// The city's bodies, and the kinds of bodies that every ward has.
#[derive(Clone, Debug)]
pub struct Bodies {
    list: Vec<Body>,
    /// The own offices first.
    of_wards: Vec<WardBody>,
}

/// Why a list of bodies is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Two bodies with the same id.
    #[error("body `{0}` is listed twice")]
    Duplicate(String),
    /// An id that is reserved for the wards' own offices or is not a plain code.
    #[error("body `{0}`: an id is made of a to z, 0 to 9 and _; `ward` and `ward_office` are reserved")]
    Id(String),
    /// The name of a kind of body does not say which ward's.
    #[error("the name of `{0}` must hold {{name}} or {{unit}} in both languages")]
    NoName(String),
    /// More kinds than positions of bodies can tell apart.
    #[error("{0} kinds of bodies that every ward has; at most {max} are possible", max = Bodies::MOST_KINDS)]
    TooManyKinds(usize),
}

impl Bodies {
    /// The most kinds of bodies that every ward has, the own office among them.
    pub const MOST_KINDS: usize = 8;

    /// Checks the ids. `ward_office` is the name of a ward's own office, as [`WardBody::name`]; `more` are the other
    /// bodies that every ward has.
    ///
    /// # Errors
    /// See [`BodyError`].
    pub fn new(list: Vec<Body>, ward_office: Text, more: Vec<WardBody>) -> Result<Self, BodyError> {
        let ids = list.iter().map(|b| b.id.as_str()).chain(more.iter().map(|k| &*k.kind));
        let mut seen = HashSet::new();
        for id in ids {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            if id.is_empty() || [BodyId::OFFICE, Target::WARD_OFFICE].contains(&id) || !id.bytes().all(plain)
            {
                return Err(BodyError::Id(id.into()));
            }
            if !seen.insert(id) {
                return Err(BodyError::Duplicate(id.into()));
            }
        }
        let mut of_wards = vec![WardBody { kind: BodyId::OFFICE.into(), name: ward_office }];
        of_wards.extend(more);
        if of_wards.len() > Self::MOST_KINDS {
            return Err(BodyError::TooManyKinds(of_wards.len()));
        }
        for WardBody { kind, name } in &of_wards {
            if ![&name.vi, &name.en].iter().all(|t| t.contains("{name}") || t.contains("{unit}")) {
                let kind = if **kind == *BodyId::OFFICE { Target::WARD_OFFICE } else { kind };
                return Err(BodyError::NoName(kind.into()));
            }
        }
        Ok(Self { list, of_wards })
    }

    /// The bodies of the city in the order of the pack, without those of wards.
    pub fn iter(&self) -> std::slice::Iter<'_, Body> {
        self.list.iter()
    }

    /// The city body with that id.
    pub fn get(&self, id: &BodyId) -> Option<&Body> {
        self.list.iter().find(|b| b.id == *id)
    }

    /// The kinds of bodies that every ward has besides its own office.
    pub fn kinds(&self) -> impl Iterator<Item = &Arc<str>> {
        self.of_wards[1..].iter().map(|k| &k.kind)
    }

    /// What a name stands for where a body is expected: `ward_office`, a kind of body that every ward has, or else
    /// the id of a body of the city.
    pub fn target(&self, name: &str) -> Target {
        let kind = if name == Target::WARD_OFFICE { BodyId::OFFICE } else { name };
        match self.of_wards.iter().find(|k| *k.kind == *kind && name != BodyId::OFFICE) {
            Some(known) => Target::OfWard(known.kind.clone()),
            None => Target::Body(BodyId::new(name)),
        }
    }

    /// The name of a ward's body, where the ward has that full name (`Phường Sài Gòn`) and kind; `None` for a body
    /// of the city, or of a kind that left the pack.
    pub fn name_in(&self, id: &BodyId, ward_name: &str, ward_kind: &UnitKind) -> Option<Text> {
        let (kind, _) = id.parts()?;
        let WardBody { name, .. } = self.of_wards.iter().find(|k| *k.kind == *kind)?;
        let fill = |lang: Lang| {
            let unit = ward_kind.in_sentence(ward_name, lang);
            name.get(lang).replace("{name}", ward_name).replace("{unit}", &unit)
        };
        Some(Text { vi: fill(Lang::Vi), en: fill(Lang::En) })
    }
}

impl<'a> IntoIterator for &'a Bodies {
    type Item = &'a Body;
    type IntoIter = std::slice::Iter<'a, Body>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What a rule applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One category, by code.
    Category(Arc<str>),
    /// All categories of a group, by code.
    Group(Arc<str>),
}

impl Scope {
    fn covers(&self, category: &Category) -> bool {
        match self {
            Self::Category(code) => *code == category.code,
            Self::Group(code) => *code == category.group,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Category(code) => write!(f, "category:{code}"),
            Self::Group(code) => write!(f, "group:{code}"),
        }
    }
}

/// Where a rule routes a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the body of that kind of the report's ward.
    OfWard(Arc<str>),
    /// To this body of the city.
    Body(BodyId),
}

impl Target {
    /// The value for the ward's own office where a body's id is expected, and the name of the
    /// default rule.
    pub const WARD_OFFICE: &'static str = "ward_office";
}

/// A rule: what it applies to, where, and who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it applies to.
    pub scope: Scope,
    /// The wards it applies to; empty means everywhere, including reports without a ward.
    pub wards: Vec<WardId>,
    /// Who answers.
    pub to: Target,
}

impl Rule {
    fn holds(&self, category: &Category, ward: Option<&WardId>) -> bool {
        self.scope.covers(category) && (self.wards.is_empty() || ward.is_some_and(|w| self.wards.contains(w)))
    }

    /// The higher rank wins: a category beats a group, then named wards beat everywhere.
    fn rank(&self) -> (bool, bool) {
        (matches!(self.scope, Scope::Category(_)), !self.wards.is_empty())
    }
}

/// The responsible body and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The responsible body.
    pub body: BodyId,
    /// The rule that applied: `category:CODE` or `group:CODE`, with `@WARD` if the rule names
    /// wards; `ward_office` by default; `without_ward` for a report without a ward that no rule
    /// routes elsewhere.
    pub rule: String,
}

/// The city's routing rules. Every category has exactly one body in every ward, and one for reports
/// without a ward.
#[derive(Clone, Debug)]
pub struct Routing {
    rules: Vec<Rule>,
    without_ward: BodyId,
}

/// Why routing rules are invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// A rule about an unknown category or group.
    #[error("rule {scope}: there is no such category or group")]
    UnknownScope {
        /// `category:CODE` or `group:CODE`.
        scope: String,
    },
    /// A rule that routes to an unknown body.
    #[error("{rule}: there is no body `{body}`")]
    UnknownBody {
        /// The rule, or `without_ward`.
        rule: String,
        /// The unknown body.
        body: String,
    },
    /// Two rules of the same rank apply in the same place.
    #[error("two rules {scope} apply in the same place")]
    Ambiguous {
        /// `category:CODE` or `group:CODE`.
        scope: String,
    },
}

impl Routing {
    /// Checks the rules against the lists they refer to. `without_ward` is the body for reports
    /// without a ward.
    ///
    /// # Errors
    /// See [`RoutingError`].
    pub fn new(
        rules: Vec<Rule>,
        without_ward: BodyId,
        categories: &Categories,
        bodies: &Bodies,
    ) -> Result<Self, RoutingError> {
        let known = |id: &BodyId, rule: &dyn fmt::Display| match bodies.get(id) {
            Some(_) => Ok(()),
            None => Err(RoutingError::UnknownBody { rule: rule.to_string(), body: id.to_string() }),
        };
        known(&without_ward, &"without_ward")?;
        for (i, rule) in rules.iter().enumerate() {
            let scope = || rule.scope.to_string();
            let exists = match &rule.scope {
                Scope::Category(code) => categories.position(code).is_some(),
                Scope::Group(code) => categories.groups().iter().any(|g| g.code == *code),
            };
            if !exists {
                return Err(RoutingError::UnknownScope { scope: scope() });
            }
            if let Target::Body(id) = &rule.to {
                known(id, &format_args!("rule {}", rule.scope))?;
            }
            let clash = |other: &Rule| {
                other.scope == rule.scope
                    && other.wards.is_empty() == rule.wards.is_empty()
                    && (rule.wards.is_empty() || rule.wards.iter().any(|w| other.wards.contains(w)))
            };
            if rules[..i].iter().any(clash) {
                return Err(RoutingError::Ambiguous { scope: scope() });
            }
        }
        Ok(Self { rules, without_ward })
    }

    /// The one body responsible for a category in a ward, or for a report without a ward.
    pub fn body_for(&self, category: &Category, ward: Option<&WardId>) -> Assigned {
        let winner = self.rules.iter().filter(|r| r.holds(category, ward)).max_by_key(|r| r.rank());
        let name = |rule: &Rule| match ward.filter(|_| !rule.wards.is_empty()) {
            Some(ward) => format!("{}@{ward}", rule.scope),
            None => rule.scope.to_string(),
        };
        match (winner, ward) {
            (Some(rule @ Rule { to: Target::Body(id), .. }), _) => {
                Assigned { body: id.clone(), rule: name(rule) }
            }
            (Some(rule @ Rule { to: Target::OfWard(kind), .. }), Some(ward)) => {
                Assigned { body: BodyId::of_ward(kind, ward), rule: name(rule) }
            }
            (None, Some(ward)) => {
                Assigned { body: BodyId::ward_office(ward), rule: Target::WARD_OFFICE.into() }
            }
            (_, None) => self.without_ward(),
        }
    }

    /// The body responsible for a report without a ward, where no rule says otherwise.
    pub fn without_ward(&self) -> Assigned {
        Assigned { body: self.without_ward.clone(), rule: "without_ward".into() }
    }

    /// The wards named in rules, so that the caller can check that they exist.
    pub fn named_wards(&self) -> impl Iterator<Item = &WardId> {
        self.rules.iter().flat_map(|r| &r.wards)
    }
}

#[cfg(test)]
mod tests {
    use super::super::category::tests::{category, group, text};
    use super::*;
    use crate::domain::UnitScheme;

    fn ward(code: &str) -> WardId {
        WardId::new("2025-07-01", code)
    }

    fn rule(scope: Scope, wards: &[&str], to: &str) -> Rule {
        Rule { scope, wards: wards.iter().map(|c| ward(c)).collect(), to: bodies().target(to) }
    }

    fn bodies() -> Bodies {
        let list = ["roads", "power", "island", "centre"];
        let list = list.map(|id| Body { id: BodyId::new(id), name: text(id) }).to_vec();
        let watch = WardBody { kind: "watch".into(), name: text("Watch of {unit}") };
        Bodies::new(list, text("UBND {name}"), vec![watch]).unwrap()
    }

    fn routing(rules: Vec<Rule>) -> Result<(Routing, Categories), RoutingError> {
        let list =
            vec![category("pothole", "streets"), category("light", "streets"), category("noise", "air")];
        let categories = Categories::new(vec![group("streets"), group("air")], list).unwrap();
        let routing = Routing::new(rules, BodyId::new("centre"), &categories, &bodies())?;
        Ok((routing, categories))
    }

    fn cat(code: &str) -> Scope {
        Scope::Category(code.into())
    }

    fn grp(code: &str) -> Scope {
        Scope::Group(code.into())
    }

    #[test]
    fn the_most_specific_rule_wins_and_says_why() {
        let (routing, categories) = routing(vec![
            rule(cat("light"), &["00002"], "ward_office"),
            rule(grp("streets"), &[], "roads"),
            rule(grp("streets"), &["00001", "00002"], "island"),
            rule(cat("light"), &[], "power"),
        ])
        .unwrap();
        let asked = |code: &str, w: Option<&str>| {
            let w = w.map(ward);
            let a = routing.body_for(categories.by_code(code).unwrap(), w.as_ref());
            (a.body.to_string(), a.rule)
        };
        let is = |body: &str, rule: &str| (body.to_owned(), rule.to_owned());
        assert_eq!(asked("pothole", Some("00003")), is("roads", "group:streets"));
        assert_eq!(asked("pothole", Some("00001")), is("island", "group:streets@2025-07-01.00001"));
        assert_eq!(asked("light", Some("00001")), is("power", "category:light"));
        assert_eq!(
            asked("light", Some("00002")),
            is("ward:2025-07-01.00002", "category:light@2025-07-01.00002")
        );
        assert_eq!(asked("noise", Some("00001")), is("ward:2025-07-01.00001", "ward_office"));
        assert_eq!(asked("noise", None), is("centre", "without_ward"));
        assert_eq!(asked("light", None), is("power", "category:light"));
    }

    #[test]
    fn a_rule_to_the_ward_office_needs_a_ward() {
        let (routing, categories) = routing(vec![rule(cat("noise"), &[], "ward_office")]).unwrap();
        let noise = categories.by_code("noise").unwrap();
        assert_eq!(routing.body_for(noise, None).rule, "without_ward");
        assert_eq!(routing.body_for(noise, Some(&ward("00001"))).rule, "category:noise");
    }

    #[test]
    fn rules_that_name_nothing_or_contradict_are_refused() {
        let refused = |rules| routing(rules).unwrap_err().to_string();
        assert!(refused(vec![rule(cat("x"), &[], "roads")]).contains("category:x"));
        assert!(refused(vec![rule(grp("pothole"), &[], "roads")]).contains("group:pothole"));
        assert!(refused(vec![rule(cat("noise"), &[], "y")]).contains("no body `y`"));
        let twice =
            vec![rule(cat("noise"), &["00001", "00002"], "roads"), rule(cat("noise"), &["00002"], "power")];
        assert!(refused(twice).contains("same place"));
    }

    #[test]
    fn a_rule_may_name_another_body_that_every_ward_has() {
        let (routing, categories) =
            routing(vec![rule(cat("noise"), &[], "watch"), rule(grp("air"), &["00002"], "ward_office")])
                .unwrap();
        let asked = |w: Option<&WardId>| {
            let a = routing.body_for(categories.by_code("noise").unwrap(), w);
            (a.body.to_string(), a.rule)
        };
        let watch = |w: &str| (format!("watch:2025-07-01.{w}"), "category:noise".to_owned());
        assert_eq!(asked(Some(&ward("00001"))), watch("00001"));
        assert_eq!(
            asked(Some(&ward("00002"))),
            watch("00002"),
            "the category's rule is the more specific one"
        );
        assert_eq!(asked(None).1, "without_ward");
    }

    #[test]
    fn the_body_of_a_ward_is_found_back_from_its_id() {
        let bodies = bodies();
        let scheme = UnitScheme::vietnamese();
        let kind = scheme.kind("phuong").unwrap();
        let office = BodyId::ward_office(&ward("26740"));
        let watch = office.in_ward(&ward("1")).and_then(|id| match bodies.target("watch") {
            Target::OfWard(kind) => Some(BodyId::of_ward(&kind, &id.ward()?)),
            Target::Body(_) => None,
        });
        let watch = watch.unwrap();
        assert_eq!((office.as_str(), watch.as_str()), ("ward:2025-07-01.26740", "watch:2025-07-01.1"));
        assert_eq!((office.ward(), watch.ward()), (Some(ward("26740")), Some(ward("1"))));
        assert_eq!((office.is_ward_office(), watch.is_ward_office()), (true, false));
        let name = |id: &BodyId| bodies.name_in(id, "Phường Sài Gòn", kind);
        assert_eq!(name(&office).unwrap().vi, "UBND Phường Sài Gòn");
        let watch = name(&watch).unwrap();
        assert_eq!((&*watch.vi, &*watch.en), ("Watch of phường Sài Gòn", "Watch of Sài Gòn Ward"));
        assert_eq!(BodyId::new("ward:26740").named_parts(), Some(("ward", "26740")));
        for other in ["water", "ward", "guard:2025-07-01.1"] {
            assert_eq!(name(&BodyId::new(other)), None, "{other}");
        }
        assert_eq!((BodyId::new("water").ward(), BodyId::new("water").in_ward(&ward("1"))), (None, None));
    }

    #[test]
    fn bodies_that_cannot_be_told_apart_are_refused() {
        let of = |list: &[&str], office: &str, kinds: &[&str]| {
            let list = list.iter().map(|id| Body { id: BodyId::new(id), name: text(id) }).collect();
            let kinds = kinds.iter().map(|k| WardBody { kind: (*k).into(), name: text("{unit}") }).collect();
            Bodies::new(list, text(office), kinds).map(|_| ())
        };
        assert_eq!(of(&["water"], "{name}", &["watch"]), Ok(()));
        assert_eq!(of(&["water"], "{name}", &["water"]), Err(BodyError::Duplicate("water".into())));
        for reserved in ["ward", "ward_office", "Watch", "a:b", ""] {
            assert_eq!(of(&[], "{name}", &[reserved]), Err(BodyError::Id(reserved.into())));
            assert_eq!(of(&[reserved], "{name}", &[]), Err(BodyError::Id(reserved.into())));
        }
        assert_eq!(of(&[], "Office", &[]), Err(BodyError::NoName("ward_office".into())));
        let many: Vec<String> = (0..Bodies::MOST_KINDS).map(|i| format!("k{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&[], "{name}", &many), Err(BodyError::TooManyKinds(many.len() + 1)));
    }
}
