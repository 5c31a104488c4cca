//! Who may do what with a report: one function, and what it does not name is refused.
//!
//! Not here: how a caller is known (a key, `http::edge::keys`), who may call a route at all (`http::routes`).

use crate::domain::WardId;
use crate::domain::report::Withdrawn;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody who is known, or an app: sees what everybody sees.
    Public,
    /// Works for an office.
    Officer(Office),
    /// Runs the service.
    Operator,
}

/// What an officer answers for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Office {
    /// The wards in force. Former ones are followed to their successors before they stand here.
    pub wards: Vec<WardId>,
    /// Ids of bodies.
    pub bodies: Vec<String>,
}

/// What somebody wants to do with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Read what everybody may read.
    Read,
    /// Read its life as its office knows it: internal notes, and what the public learns of later.
    ReadOffice,
    /// Change its state, or write a word to it.
    Work,
    /// Give it to another office.
    Transfer,
    /// Hide it, show it again, erase it.
    Moderate,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::ReadOffice, Self::Work, Self::Transfer, Self::Moderate];
}

/// A report, as far as rights depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// Its ward.
    pub ward: Option<&'a WardId>,
    /// Id of the body that must answer.
    pub body: &'a str,
    /// Whether the public may see it.
    pub withdrawn: Withdrawn,
}

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// For this caller there is no such report.
    Unseen,
    /// It was erased, for everybody.
    Erased,
    /// Another office answers for it.
    NotTheirs,
}

impl Office {
    /// Whether it answers for a report: the report lies in one of its wards, or one of its bodies must answer.
    pub fn answers_for(&self, report: &Resource<'_>) -> bool {
        report.ward.is_some_and(|w| self.wards.contains(w)) || self.bodies.iter().any(|b| b == report.body)
    }
}

/// Whether a caller may do this with a report.
///
/// # Errors
/// Why not. A report that the caller may not see is [`Refusal::Unseen`], whatever is wanted.
pub fn authorize(caller: &Caller, act: Act, report: &Resource<'_>) -> Result<(), Refusal> {
    let theirs = match caller {
        Caller::Public => false,
        Caller::Officer(office) => office.answers_for(report),
        Caller::Operator => true,
    };
    match (report.withdrawn, act) {
        (Withdrawn::Erased, _) => Err(Refusal::Erased),
        (Withdrawn::Hidden | Withdrawn::Waiting, _) if !theirs => Err(Refusal::Unseen),
        (_, Act::Read) => Ok(()),
        (_, Act::ReadOffice | Act::Work | Act::Transfer) if theirs => Ok(()),
        (_, Act::Moderate) if *caller == Caller::Operator => Ok(()),
        _ => Err(Refusal::NotTheirs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "2025-07-01.26740";

    /// Of a report that is public, hidden, waiting, erased.
    type Outcomes = [Result<(), Refusal>; 4];

    fn ward(id: &str) -> WardId {
        WardId::parse(id).unwrap()
    }

    fn callers() -> [(&'static str, Caller); 5] {
        let wards = |id| Caller::Officer(Office { wards: vec![ward(id)], bodies: Vec::new() });
        let body = |id: &str| Caller::Officer(Office { wards: Vec::new(), bodies: vec![id.to_owned()] });
        [
            ("public", Caller::Public),
            ("of the ward", wards(OWN)),
            ("of another ward", wards("2025-07-01.26743")),
            ("of the body", body("lighting")),
            ("operator", Caller::Operator),
        ]
    }

    #[test]
    fn every_caller_act_and_report() {
        use Refusal::{Erased, NotTheirs, Unseen};
        let (own, lit) = (ward(OWN), "lighting");
        let of = |withdrawn| Resource { ward: Some(&own), body: lit, withdrawn };
        // Of each caller: what comes of reading, then of all else.
        let table: [(&str, Outcomes, Outcomes); 5] = [
            (
                "public",
                [Ok(()), Err(Unseen), Err(Unseen), Err(Erased)],
                [Err(NotTheirs), Err(Unseen), Err(Unseen), Err(Erased)],
            ),
            ("of the ward", [Ok(()), Ok(()), Ok(()), Err(Erased)], [Ok(()), Ok(()), Ok(()), Err(Erased)]),
            (
                "of another ward",
                [Ok(()), Err(Unseen), Err(Unseen), Err(Erased)],
                [Err(NotTheirs), Err(Unseen), Err(Unseen), Err(Erased)],
            ),
            ("of the body", [Ok(()), Ok(()), Ok(()), Err(Erased)], [Ok(()), Ok(()), Ok(()), Err(Erased)]),
            ("operator", [Ok(()), Ok(()), Ok(()), Err(Erased)], [Ok(()), Ok(()), Ok(()), Err(Erased)]),
        ];
        let states = [Withdrawn::No, Withdrawn::Hidden, Withdrawn::Waiting, Withdrawn::Erased];
        let mut cells = 0;
        for ((name, caller), (row, reads, rest)) in callers().iter().zip(table) {
            assert_eq!(*name, row);
            for act in Act::ALL {
                let expected = if act == Act::Read { reads } else { rest };
                for (state, mut expected) in states.into_iter().zip(expected) {
                    if act == Act::Moderate && *caller != Caller::Operator && expected.is_ok() {
                        expected = Err(NotTheirs);
                    }
                    assert_eq!(authorize(caller, act, &of(state)), expected, "{name} {act:?} {state:?}");
                    cells += 1;
                }
            }
        }
        assert_eq!(cells, 100);
    }

    #[test]
    fn a_report_of_no_ward_is_its_bodys_and_nobody_elses() {
        let nowhere = Resource { ward: None, body: "centre", withdrawn: Withdrawn::No };
        let may = |caller: &Caller| authorize(caller, Act::Work, &nowhere).is_ok();
        let granted: Vec<&str> = callers().iter().filter(|(_, c)| may(c)).map(|(n, _)| *n).collect();
        assert_eq!(granted, ["operator"]);
        assert!(may(&Caller::Officer(Office { wards: Vec::new(), bodies: vec!["centre".into()] })));
    }
}
