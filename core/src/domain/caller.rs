//! Who may do what with a report: one function, and what it does not name is refused.
//!
//! Not here: how a caller is known (a key, `http::edge::keys`), who may call a route at all (`http::routes`).

use crate::domain::report::Withdrawn;
use crate::domain::{BodyId, WardId};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody who is known, or an app: sees what everybody sees.
    Public,
    /// Sent this very report: the token says so.
    Reporter,
    /// Works for an office.
    Officer(Office),
    /// Has the link to the task with this number of this very report.
    Contractor(i64),
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
    /// Answer a question of its office, say how it was closed.
    Reply,
    /// Look at a task of it, and end it.
    EndTask,
    /// Hide it, show it again.
    Moderate,
    /// Erase it for good.
    Erase,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::ReadOffice,
        Self::Work,
        Self::Transfer,
        Self::Reply,
        Self::EndTask,
        Self::Moderate,
        Self::Erase,
    ];
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
    /// The task of it that is meant, if one is.
    pub part: Option<Part<'a>>,
}

/// A task of a report, as far as rights depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Its number.
    pub n: i64,
    /// Ids of the bodies that have it today; none of a contractor's.
    pub bodies: &'a [String],
}

impl<'a> Resource<'a> {
    /// With the task that is meant.
    #[must_use]
    pub fn with_part(self, part: Part<'a>) -> Self {
        Self { part: Some(part), ..self }
    }
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

impl Office {
    /// Whether it has a task: one of its bodies, or the own office of one of its wards.
    pub fn has(&self, part: &Part<'_>) -> bool {
        part.bodies.iter().any(|body| {
            let id = BodyId::new(body);
            let of_ward = id.ward().filter(|_| id.is_ward_office());
            self.bodies.contains(body) || of_ward.is_some_and(|ward| self.wards.contains(&ward))
        })
    }
}

/// Whether a caller may do this with a report.
///
/// # Errors
/// Why not. A report that the caller may not see is [`Refusal::Unseen`], whatever is wanted.
pub fn authorize(caller: &Caller, act: Act, report: &Resource<'_>) -> Result<(), Refusal> {
    use Act::{EndTask, Erase, Moderate, Read, ReadOffice, Reply, Transfer, Work};
    let part = report.part.as_ref();
    let theirs: &[Act] = match caller {
        Caller::Reporter => &[Read, Reply, Erase],
        Caller::Officer(office) if office.answers_for(report) => &[Read, ReadOffice, Work, Transfer, EndTask],
        Caller::Officer(office) if part.is_some_and(|part| office.has(part)) => &[Read, EndTask],
        Caller::Contractor(n) if part.is_some_and(|part| part.n == *n) => &[Read, EndTask],
        Caller::Operator => &[Read, ReadOffice, Work, Transfer, EndTask, Moderate, Erase],
        Caller::Public | Caller::Officer(_) | Caller::Contractor(_) => &[],
    };
    match report.withdrawn {
        Withdrawn::Erased => Err(Refusal::Erased),
        Withdrawn::Hidden | Withdrawn::Waiting if theirs.is_empty() => Err(Refusal::Unseen),
        Withdrawn::No if act == Read => Ok(()),
        _ if theirs.contains(&act) => Ok(()),
        _ => Err(Refusal::NotTheirs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "2025-07-01.26740";

    fn ward(id: &str) -> WardId {
        WardId::parse(id).unwrap()
    }

    fn callers() -> [(&'static str, Caller); 6] {
        let wards = |id| Caller::Officer(Office { wards: vec![ward(id)], bodies: Vec::new() });
        let body = |id: &str| Caller::Officer(Office { wards: Vec::new(), bodies: vec![id.to_owned()] });
        [
            ("public", Caller::Public),
            ("reporter", Caller::Reporter),
            ("of the ward", wards(OWN)),
            ("of another ward", wards("2025-07-01.26743")),
            ("of the body", body("lighting")),
            ("operator", Caller::Operator),
        ]
    }

    /// Every caller, act and visibility. A letter for each visibility (public, hidden, waiting, erased): `+` may,
    /// `u` unseen, `e` erased, `n` another office's.
    #[test]
    fn every_caller_act_and_report() {
        //                        Read    ReadOffice Work  Transfer Reply   EndTask Moderate Erase
        let table: [(&str, [&str; 8]); 6] = [
            ("public", ["+uue", "nuue", "nuue", "nuue", "nuue", "nuue", "nuue", "nuue"]),
            ("reporter", ["+++e", "nnne", "nnne", "nnne", "+++e", "nnne", "nnne", "+++e"]),
            ("of the ward", ["+++e", "+++e", "+++e", "+++e", "nnne", "+++e", "nnne", "nnne"]),
            ("of another ward", ["+uue", "nuue", "nuue", "nuue", "nuue", "nuue", "nuue", "nuue"]),
            ("of the body", ["+++e", "+++e", "+++e", "+++e", "nnne", "+++e", "nnne", "nnne"]),
            ("operator", ["+++e", "+++e", "+++e", "+++e", "nnne", "+++e", "+++e", "+++e"]),
        ];
        let own = ward(OWN);
        let states = [Withdrawn::No, Withdrawn::Hidden, Withdrawn::Waiting, Withdrawn::Erased];
        for ((name, caller), (row, cells)) in callers().iter().zip(table) {
            assert_eq!(*name, row);
            for (act, expected) in Act::ALL.into_iter().zip(cells) {
                let found = states.map(|withdrawn| {
                    let report = Resource { ward: Some(&own), body: "lighting", withdrawn, part: None };
                    match authorize(caller, act, &report) {
                        Ok(()) => '+',
                        Err(Refusal::Unseen) => 'u',
                        Err(Refusal::Erased) => 'e',
                        Err(Refusal::NotTheirs) => 'n',
                    }
                });
                assert_eq!(found.iter().collect::<String>(), expected, "{name} {act:?}");
            }
        }
    }

    #[test]
    fn a_report_of_no_ward_is_its_bodys_and_nobody_elses() {
        let nowhere = Resource { ward: None, body: "centre", withdrawn: Withdrawn::No, part: None };
        let may = |caller: &Caller| authorize(caller, Act::Work, &nowhere).is_ok();
        let granted: Vec<&str> = callers().iter().filter(|(_, c)| may(c)).map(|(n, _)| *n).collect();
        assert_eq!(granted, ["operator"]);
        assert!(may(&Caller::Officer(Office { wards: Vec::new(), bodies: vec!["centre".into()] })));
    }

    /// Who has a task of a report sees that task and ends it, and does nothing else with the report.
    #[test]
    fn whoever_has_a_task_ends_it_and_no_other() {
        let own = ward(OWN);
        let office = |wards: &[&str], bodies: &[&str]| {
            let bodies = bodies.iter().map(|b| (*b).to_owned()).collect();
            Caller::Officer(Office { wards: wards.iter().map(|w| ward(w)).collect(), bodies })
        };
        let neighbour = "2025-07-01.26743";
        let bodies = ["drains".to_owned(), format!("ward:{neighbour}")];
        let allowed = |caller: &Caller, withdrawn| {
            let part = Part { n: 2, bodies: &bodies };
            let report =
                Resource { ward: Some(&own), body: "lighting", withdrawn, part: None }.with_part(part);
            Act::ALL.into_iter().filter(|act| authorize(caller, *act, &report).is_ok()).collect::<Vec<_>>()
        };
        let has = [office(&[], &["drains"]), office(&[neighbour], &[]), Caller::Contractor(2)];
        for caller in &has {
            assert_eq!(allowed(caller, Withdrawn::No), [Act::Read, Act::EndTask], "{caller:?}");
            assert_eq!(allowed(caller, Withdrawn::Hidden), [Act::Read, Act::EndTask], "{caller:?}");
            assert_eq!(allowed(caller, Withdrawn::Erased), [], "{caller:?}");
        }
        // Another body of the same ward, another task.
        for caller in [office(&[], &["police:2025-07-01.26743"]), Caller::Contractor(1), Caller::Public] {
            assert_eq!(allowed(&caller, Withdrawn::No), [Act::Read], "{caller:?}");
            assert_eq!(allowed(&caller, Withdrawn::Hidden), [], "{caller:?}");
        }
    }
}
