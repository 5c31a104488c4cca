//! Whoever sent a report, before its page: the token becomes a cookie, and the cookie lets them erase the report. Only
//! the page itself may send this (`edge::origin`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Asked, Writer, gone, show, words};
use crate::action::{self, Actor, VerbError, Withdrawal};
use crate::http::Service;
use crate::http::doors::life::{no_cookie, number, problem};
use crate::http::wire::document::CachePolicy;
use crate::http::wire::extract::{BODY_DEADLINE, body_within};
use crate::http::wire::problem::Problem;
use diaban_core::domain::caller::Caller;

/// Limit of a form, in bytes.
const FORM_BYTES: usize = 4 * 1024;
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
    let to =
        HeaderValue::try_from(format!("/r/{number}{}", asked.suffix)).map_err(|_| Problem::internal())?;
    let never = HeaderValue::from_static(CachePolicy::Never.header());
    let headers = [(header::LOCATION, to), (header::SET_COOKIE, cookie), (header::CACHE_CONTROL, never)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
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

/// Whether the cookie is for encrypted connections only.
fn secure(service: &Service) -> bool {
    service.public_url.starts_with("https:")
}

/// A field of a form.
async fn field(headers: &HeaderMap, body: Body, name: &str) -> Result<Option<String>, Problem> {
    let body = body_within(headers, body, &[FORM], (FORM_BYTES, BODY_DEADLINE)).await?;
    let found = form_urlencoded::parse(&body).find(|(field, _)| field == name);
    Ok(found.map(|(_, value)| value.into_owned()))
}
