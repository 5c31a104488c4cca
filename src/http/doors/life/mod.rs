//! The life of a report: what happened to it, for everybody and for its office; and what its office does.

mod dialogue;
mod erase;
mod events;
mod tasks;
mod token;
mod work;

use axum::http::{HeaderMap, StatusCode};

use crate::action::{Areas, VerbError, permit};
use crate::http::Service;
use crate::http::wire::problem::Problem;
use crate::store::Standing;
use diaban_core::domain::caller::{Act, Caller, Office};
use diaban_core::domain::key::{Key, OPERATE, WORK};
use diaban_core::domain::{BodyId, State};

pub(in crate::http) use dialogue::{ask, keep_closed, rate, reply};
pub(in crate::http) use erase::erase;
pub(in crate::http) use events::{EventList, events};
pub(in crate::http) use tasks::{
    TaskDocument, TaskList, end as end_task, give as give_task, look as task, of_report as tasks,
    own as own_tasks,
};
pub use token::ReportTokens;
pub(in crate::http) use token::{HEADER as TOKEN_HEADER, no_cookie};
pub(in crate::http) use work::{StandingDocument, look, transfer, transition};

/// Who asks, by the key that was sent, or by the session.
pub(in crate::http) fn caller(areas: &Areas, key: Option<&Key>) -> Caller {
    match key {
        Some(key) if key.opens(OPERATE) => Caller::Operator,
        Some(key) if key.opens(WORK) => Caller::Officer(in_force(areas, &key.office)),
        _ => Caller::Public,
    }
}

/// Who asks for one report: whoever sent it, by its token, or else by the key.
fn asking(service: &Service, id: u64, key: Option<&Key>, headers: &HeaderMap) -> Result<Caller, Problem> {
    let own = service.report_tokens.opens(id, headers)?;
    Ok(if own { Caller::Reporter } else { caller(&service.city.areas(), key) })
}

/// What an office answers for now: the successors of its wards. The own office of a ward is its ward's; another body of
/// a ward answers for what is its own.
pub(in crate::http) fn in_force(areas: &Areas, office: &Office) -> Office {
    let mut wards = office.wards.clone();
    let mut bodies = Vec::new();
    for id in office.bodies.iter().map(|id| BodyId::new(id)) {
        match id.ward() {
            Some(ward) if id.is_ward_office() => wards.push(ward),
            Some(ward) => {
                let successors = areas.standing_for(&ward);
                bodies.extend(successors.iter().filter_map(|w| id.in_ward(w)).map(|id| id.to_string()));
            }
            None => bodies.push(id.to_string()),
        }
    }
    Office { wards: wards.iter().flat_map(|ward| areas.standing_for(ward)).collect(), bodies }
}

/// A report as it stands, if this caller may do this with it.
async fn report(service: &Service, id: u64, caller: &Caller, act: Act) -> Result<Standing, Problem> {
    let standing = service.store.standing(id).await?.ok_or_else(missing)?;
    permit(&service.city, caller, act, &standing).map_err(problem)?;
    Ok(standing)
}

pub(in crate::http) fn number(id: &str) -> Result<u64, Problem> {
    id.parse().ok().filter(|n| i64::try_from(*n).is_ok()).ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::not_found("no report has this id")
}

fn names(states: &[State]) -> Vec<&'static str> {
    states.iter().map(|s| s.name()).collect()
}

/// Why nothing was done.
pub(in crate::http) fn problem(error: VerbError) -> Problem {
    let detail = error.to_string();
    let told = |status, slug, title| Problem::new(status, slug, title).detail(detail);
    match error {
        VerbError::Missing => missing(),
        VerbError::Erased => Problem::erased(),
        VerbError::NotTheirs => {
            told(StatusCode::FORBIDDEN, "not-yours", "Another office answers for this report")
        }
        VerbError::Illegal { from, .. } => {
            told(StatusCode::CONFLICT, "illegal-transition", "This state cannot follow")
                .with("state", from.name())
                .with("legal", names(from.next()))
        }
        // What was done before is done: verbs do not tell it.
        VerbError::NotNow(_) | VerbError::Done => {
            told(StatusCode::CONFLICT, "not-now", "It is not the time for this")
        }
        VerbError::Outdated(events) => {
            told(StatusCode::PRECONDITION_FAILED, "changed", "The report was changed meanwhile")
                .with("events", events)
        }
        VerbError::Changed => {
            told(StatusCode::CONFLICT, "changed", "The report was changed meanwhile").retry_after(1)
        }
        VerbError::Refused(faults) => Problem::content(faults),
        VerbError::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_status() {
        let status = |error| problem(error).status();
        assert_eq!(status(VerbError::Missing), 404);
        assert_eq!(status(VerbError::Erased), 410);
        assert_eq!(status(VerbError::NotTheirs), 403);
        assert_eq!(status(VerbError::Illegal { from: State::Resolved, to: State::Forwarded }), 409);
        assert_eq!(status(VerbError::Outdated(3)), 412);
        assert_eq!(status(VerbError::Changed), 409);
        assert_eq!(status(VerbError::NotNow("wait")), 409);
        assert_eq!(status(VerbError::Refused(Vec::new())), 422);
    }
}
