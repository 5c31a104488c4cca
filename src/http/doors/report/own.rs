//! Whoever sent a report, before its page: the token becomes a cookie, and the cookie lets them answer, rate or erase it. Only
//! the page itself may send this (`edge::origin`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::words::{self, Pair};
use super::{Asked, Writer, gone, show};
use crate::action::{self, Actor, Rated, VerbError, Withdrawal};
use crate::http::Service;
use crate::http::doors::life::{no_cookie, number, problem};
use crate::http::wire::document::CachePolicy;
use crate::http::wire::extract::{BODY_DEADLINE, body_within};
use crate::http::wire::problem::Problem;
use diaban_core::domain::caller::Caller;
use diaban_core::domain::report::Rating;

/// Limit of a form, in bytes: the longest answer, each letter of which takes up to nine.
const FORM_BYTES: usize = 32 * 1024;
/// Media type of a form.
pub(in crate::http) const FORM: &str = "application/x-www-form-urlencoded";

/// `POST /r/{id}/session`: the token, or the link that carries it, for a cookie.
pub(in crate::http) async fn session(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(&service, query.as_deref(), &headers)?;
    let sent = field(&headers, body, "token").await?.unwrap_or_default();
    let token = sent.rsplit('#').next().unwrap_or_default().trim();
    let own = number(&id).ok().filter(|number| service.report_tokens.fits(*number, token.as_bytes()));
    let Some(number) = own else {
        return show(&service, &asked, &id, &headers, Some((StatusCode::FORBIDDEN, words::REFUSED))).await;
    };
    let cookie = service.report_tokens.cookie(number, service.clock.now(), secure(&service));
    let mut response = back(number, &asked)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `POST /r/{id}/erase`: for good, once the box says that this is meant.
pub(in crate::http) async fn erase(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(&service, query.as_deref(), &headers)?;
    let sure = field(&headers, body, "sure").await?.is_some_and(|sure| sure == "yes");
    let report = number(&id)?;
    if service.report_tokens.session(report, &headers, service.clock.now()).is_none() {
        return show(&service, &asked, &id, &headers, Some((StatusCode::FORBIDDEN, words::OVER))).await;
    }
    if !sure {
        let unsure = (StatusCode::UNPROCESSABLE_ENTITY, words::UNSURE);
        return show(&service, &asked, &id, &headers, Some(unsure)).await;
    }
    let actor = Actor { caller: Caller::Reporter, key: None, saw: None };
    let done =
        action::withdraw(&service.city, &service.store, &*service.clock, report, Withdrawal::Erase, &actor)
            .await;
    match done {
        Ok(()) => {}
        // Somebody was quicker, or there never was one: the page says so.
        Err(VerbError::Erased | VerbError::Missing) => {
            return show(&service, &asked, &id, &headers, None).await;
        }
        Err(error) => return Err(problem(error)),
    }
    tracing::info!(report, by = "its reporter", "a report is erased");
    let to = Writer { service: &service, asked: &asked };
    let mut response = gone(&to, &report.to_string(), StatusCode::OK, words::ERASED);
    response.headers_mut().insert(header::SET_COOKIE, no_cookie(report, secure(&service)));
    Ok(response)
}

/// `POST /r/{id}/answer`: to the question of its office.
pub(in crate::http) async fn answer(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(&service, query.as_deref(), &headers)?;
    let said = field(&headers, body, "answer").await?.unwrap_or_default();
    let reply =
        async |report| action::reply(&service.city, &service.store, &*service.clock, report, &said).await;
    let refusals = (words::NO_QUESTION, words::NO_ANSWER);
    write(&service, &asked, &id, &headers, refusals, reply).await
}

/// `POST /r/{id}/rate`: how it was closed.
pub(in crate::http) async fn rate(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(&service, query.as_deref(), &headers)?;
    let form = form(&headers, body).await?;
    let all = |name: &str| form.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect::<Vec<_>>();
    let says = |name: &str| all(name) == ["yes"];
    let rated = Rated {
        rating: if says("satisfied") { Rating::Satisfied } else { Rating::Unsatisfied },
        reasons: all("reason"),
        words: all("words").pop(),
        reopen: says("reopen"),
    };
    let chosen = says("satisfied") || all("satisfied") == ["no"];
    let rate = async |report| {
        if !chosen {
            return Err(VerbError::Refused(Vec::new()));
        }
        action::rate(&service.city, &service.store, &*service.clock, report, &rated).await
    };
    write(&service, &asked, &id, &headers, (words::NOT_RATED_NOW, words::NOT_RATED), rate).await
}

/// What the reporter writes with the cookie of the page, and back to it. `refusals` are said when it is not the time for
/// it, and when it is not as it must be.
async fn write(
    service: &Service,
    asked: &Asked,
    id: &str,
    headers: &HeaderMap,
    refusals: (Pair, Pair),
    verb: impl AsyncFnOnce(u64) -> Result<(), VerbError>,
) -> Result<Response, Problem> {
    let report = number(id)?;
    let refuse = async |status, why| show(service, asked, id, headers, Some((status, why))).await;
    if service.report_tokens.session(report, headers, service.clock.now()).is_none() {
        return refuse(StatusCode::FORBIDDEN, words::OVER).await;
    }
    match verb(report).await {
        Ok(()) => {}
        Err(VerbError::Erased | VerbError::Missing) => return show(service, asked, id, headers, None).await,
        Err(VerbError::NotNow(_)) => return refuse(StatusCode::CONFLICT, refusals.0).await,
        Err(VerbError::Refused(_)) => return refuse(StatusCode::UNPROCESSABLE_ENTITY, refusals.1).await,
        Err(error) => return Err(problem(error)),
    }
    tracing::info!(report, "its reporter writes");
    back(report, asked)
}

/// Back to the page.
fn back(report: u64, asked: &Asked) -> Result<Response, Problem> {
    let to =
        HeaderValue::try_from(format!("/r/{report}{}", asked.suffix)).map_err(|_| Problem::internal())?;
    let never = HeaderValue::from_static(CachePolicy::Never.header());
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to), (header::CACHE_CONTROL, never)]).into_response())
}

/// Whether the cookie is for encrypted connections only.
fn secure(service: &Service) -> bool {
    service.public_url.starts_with("https:")
}

/// A field of a form.
async fn field(headers: &HeaderMap, body: Body, name: &str) -> Result<Option<String>, Problem> {
    Ok(form(headers, body).await?.into_iter().find(|(field, _)| field == name).map(|(_, value)| value))
}

/// All fields of a form.
async fn form(headers: &HeaderMap, body: Body) -> Result<Vec<(String, String)>, Problem> {
    let body = body_within(headers, body, &[FORM], (FORM_BYTES, BODY_DEADLINE)).await?;
    Ok(form_urlencoded::parse(&body).into_owned().collect())
}
