//! Which body answers for a category in a ward: exactly one, and the rule that says why. Not here:
//! the city's rules (data/routing.toml, read by pack), which ward owns a place (area).

use std::fmt;
use std::sync::Arc;

use super::body::{Bodies, BodyId};
use crate::domain::{Categories, Category, WardId};

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
    use super::super::body::tests::{bodies, ward};
    use super::super::category::tests::{category, group};
    use super::*;

    fn rule(scope: Scope, wards: &[&str], to: &str) -> Rule {
        Rule { scope, wards: wards.iter().map(|c| ward(c)).collect(), to: bodies().target(to) }
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
}
