//! What operators decide of an edition: it is written down, and the job of turns of a process does it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::propose::at;
use super::{EditionDocument, accepted, answer, now_standing, numbered, problem};
use crate::action;
use crate::http::Service;
use crate::http::wire::extract::{json_bytes, no_parameters};
use crate::http::wire::members::Members;
use crate::http::wire::problem::Problem;
use diaban_core::domain::key::Key;

/// `POST /areas/editions/{edition}/schedule`
pub(in crate::http) async fn schedule(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    Path(edition): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let edition = numbered(&edition)?;
    let body = json_bytes(&headers, body).await?;
    let mut members = Members::read(&body, &["at"])?;
    let from = at(&mut members);
    if !members.has("at") {
        members.fault("at", "is required; null where it comes into force by an activation only");
    }
    members.judged()?;
    action::schedule_edition(&service.store, &*service.clock, edition, from).await.map_err(problem)?;
    let at = from.map(|t| t.to_string());
    tracing::info!(key = key.id.as_str(), name = key.name, edition, at, "an operator schedules boundaries");
    answer(StatusCode::OK, &now_standing(&service.store.area_states().await?, edition)?)
}

/// What a request says that decides of one edition and gives no more.
type Asked = (State<Arc<Service>>, Extension<Arc<Key>>, Path<String>, RawQuery);

/// What is decided so.
enum Verb {
    Activate,
    Withdraw,
}

/// `POST /areas/editions/{edition}/activate`
pub(in crate::http) async fn activate(asked: Asked) -> Result<Response, Problem> {
    let decided = decided(asked, Verb::Activate).await?;
    accepted(decided.edition, &decided)
}

/// `POST /areas/editions/{edition}/withdraw`
pub(in crate::http) async fn withdraw(asked: Asked) -> Result<Response, Problem> {
    answer(StatusCode::OK, &decided(asked, Verb::Withdraw).await?)
}

/// Does it to the edition, says so in the log, and gives the edition as it stands then.
async fn decided(
    (State(service), Extension(key), Path(edition), RawQuery(query)): Asked,
    verb: Verb,
) -> Result<EditionDocument, Problem> {
    no_parameters(query.as_deref())?;
    let edition = numbered(&edition)?;
    let (store, clock) = (&service.store, &*service.clock);
    let (done, told) = match verb {
        Verb::Activate => {
            (action::activate_soon(store, clock, edition).await, "an operator activates boundaries")
        }
        Verb::Withdraw => {
            (action::withdraw_edition(store, clock, edition).await, "an operator withdraws boundaries")
        }
    };
    done.map_err(problem)?;
    tracing::info!(key = key.id.as_str(), name = key.name, edition, "{told}");
    now_standing(&store.area_states().await?, edition)
}

/// `POST /areas/undo`
pub(in crate::http) async fn undo(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let edition = action::undo_soon(&service.store, &*service.clock).await.map_err(problem)?;
    tracing::info!(key = key.id.as_str(), name = key.name, edition, "an operator takes the last turn back");
    accepted(edition, &now_standing(&service.store.area_states().await?, edition)?)
}
