//! `/areas`: the life of boundaries, for operators with a key. What they ask stands in `ask`, what they propose in
//! `propose`, what they decide in `decide`.

mod ask;
mod decide;
mod propose;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::action::{AreasError, Stage};
use crate::http::wire::problem::Problem;
use crate::store::StoredAreas;
use diaban_core::domain::Violation;

pub(in crate::http) use ask::{
    EditionDocument, EditionList, HomelessList, MovesTable, editions, homeless, moves, one,
};
pub(in crate::http) use decide::{activate, schedule, undo, withdraw};
pub(in crate::http) use propose::{CheckedDocument, propose};

/// Where the editions are.
const EDITIONS: &str = "/areas/editions";

/// An edition by the segment of a path.
fn numbered(segment: &str) -> Result<i64, Problem> {
    let number = segment.parse().ok().filter(|n: &i64| n.to_string() == segment);
    number.ok_or_else(|| missing(segment))
}

fn missing(edition: &str) -> Problem {
    let shown: String = edition.chars().take(40).collect();
    Problem::not_found(format!("no edition has the number {shown}; {EDITIONS} lists them"))
}

/// What is to be done was written down, or is done in the background: where its edition can be looked at.
fn accepted(edition: i64, document: &impl Serialize) -> Result<Response, Problem> {
    let location = format!("{EDITIONS}/{edition}");
    let mut response = answer(StatusCode::ACCEPTED, document)?;
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn answer(status: StatusCode, document: &impl Serialize) -> Result<Response, Problem> {
    // Members are sorted by name, as in every JSON of this service.
    let sorted = serde_json::to_value(document).map_err(|_| Problem::internal())?;
    let bytes = serde_json::to_vec(&sorted).map_err(|_| Problem::internal())?;
    let mut response = (status, bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// An edition as it stands now, which was just changed.
fn now_standing(stored: &StoredAreas, edition: i64) -> Result<EditionDocument, Problem> {
    EditionDocument::find(stored, edition).map_err(problem)
}

fn conflict(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::CONFLICT, "areas-conflict", "This cannot be done to these boundaries now")
        .detail(detail)
}

/// What is wrong with what was asked for.
fn problem(error: AreasError) -> Problem {
    match error {
        AreasError::Store(error) => error.into(),
        AreasError::Missing(edition) => missing(&edition),
        AreasError::Unfit { edition, stage, fit } => {
            let names: Vec<&str> = fit.iter().map(|s| s.name()).collect();
            let instead = match stage {
                Stage::InForce => "; POST /areas/undo takes the last turn back",
                Stage::Former => "; POST /areas/undo brings back what was in force before",
                _ => "",
            };
            let detail = AreasError::Unfit { edition, stage, fit }.to_string() + instead;
            conflict(detail).with("state", stage.name()).with("legal", names)
        }
        AreasError::Passed(_) => Problem::content(vec![Violation::new("at", error.to_string())]),
        AreasError::TooLate(until) => conflict(error.to_string()).with("undo_until", until.to_string()),
        AreasError::NoTurn | AreasError::Changed | AreasError::Stale => conflict(error.to_string()),
        error => {
            tracing::error!(%error, "boundaries");
            Problem::internal()
        }
    }
}
