//! `/account`: officers and operators choose a password by their one-time link, log in, see who they are, log out. All of
//! it works without a script. What a session opens besides is said by the routes (`edge::sessions`).

mod view;
mod words;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use self::view::{Alert, View};
use crate::action::accounts::{self, Desk, LoginError};
use crate::http::Service;
use crate::http::edge::limits::Caller;
use crate::http::edge::sessions::{self, Sent};
use crate::http::wire::document::CachePolicy;
use crate::http::wire::extract::{BODY_DEADLINE, body_within, lang, pairs};
use crate::http::wire::negotiate::accepted_lang;
use crate::http::wire::problem::Problem;
use diaban_core::domain::Lang;
use diaban_core::domain::account::password::PasswordFault;
use diaban_core::domain::key::Key;
use diaban_core::query::params::check_names;

/// The parameters of the pages.
pub(in crate::http) const PARAMS: [&str; 1] = ["lang"];
/// Media type of a form.
pub(in crate::http) const FORM: &str = "application/x-www-form-urlencoded";
/// Limit of a form, in bytes: three passwords, each letter of which takes up to nine.
const FORM_BYTES: usize = 8 * 1024;
/// Seconds after which a crowd has gone.
const CROWD_S: u32 = 2;

/// How a page was asked for, and by whom.
struct Asked {
    service: Arc<Service>,
    lang: Lang,
    /// What hangs on the addresses of forms, so that the language stays.
    suffix: &'static str,
    /// The open session.
    session: Option<Arc<Key>>,
}

impl Asked {
    async fn read(service: Arc<Service>, query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let pairs = pairs(query);
        let mut faults = check_names(&pairs, &PARAMS);
        let lang = lang(&pairs, accepted_lang(headers, service.city.pack.city.lang), &mut faults);
        if !faults.is_empty() {
            return Err(Problem::parameters(faults));
        }
        let suffix = if pairs.is_empty() { "" } else { lang.pick(("?lang=vi", "?lang=en")) };
        // That a form was sent by a page of this service was looked at before.
        let session = match sessions::sent(&service, &Method::GET, headers).await {
            Sent::Session(session) => Some(session),
            Sent::Nothing | Sent::Elsewhere => None,
        };
        Ok(Self { service, lang, suffix, session })
    }

    fn desk(&self) -> Desk<'_> {
        let service = &self.service;
        (&service.store, &*service.clock, &*service.ids, &service.accounts)
    }

    /// The account of the session.
    ///
    /// # Errors
    /// The page that asks for a password, where there is none.
    fn holder(&self) -> Result<&Key, Box<Response>> {
        let over = Alert(StatusCode::FORBIDDEN, words::OVER, None);
        self.session.as_deref().ok_or_else(|| Box::new(View::of(self).login(Some(over))))
    }

    /// Back to the page of the account, with a cookie or with its end.
    fn back(&self, cookie: Option<HeaderValue>) -> Result<Response, Problem> {
        let to =
            HeaderValue::try_from(format!("/account{}", self.suffix)).map_err(|_| Problem::internal())?;
        let never = HeaderValue::from_static(CachePolicy::Never.header());
        let headers = [(header::LOCATION, to), (header::CACHE_CONTROL, never)];
        let mut response = (StatusCode::SEE_OTHER, headers).into_response();
        if let Some(cookie) = cookie {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        Ok(response)
    }
}

/// The fields of a form; those that are not there are empty.
async fn fields<const N: usize>(
    headers: &HeaderMap,
    body: Body,
    names: [&str; N],
) -> Result<[String; N], Problem> {
    let body = body_within(headers, body, &[FORM], (FORM_BYTES, BODY_DEADLINE)).await?;
    Ok(names.map(|name| {
        let found = form_urlencoded::parse(&body).find(|(field, _)| field == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }))
}

/// What people are told of an error.
///
/// # Errors
/// What is no matter of theirs.
fn alert(error: LoginError) -> Result<Alert, Problem> {
    let told = |status, words| Ok(Alert(status, words, None));
    match error {
        LoginError::Wrong => told(StatusCode::FORBIDDEN, words::WRONG),
        // In the same words: whether there is such an account nobody learns.
        LoginError::Wait(s) => Ok(Alert(StatusCode::TOO_MANY_REQUESTS, words::WRONG, Some(s))),
        LoginError::Link => told(StatusCode::FORBIDDEN, words::LINK_OVER),
        LoginError::Password(fault) => {
            let words = match fault {
                PasswordFault::Short => words::SHORT,
                PasswordFault::Long => words::LONG,
                PasswordFault::Login => words::LIKE_LOGIN,
                PasswordFault::Common => words::COMMON,
            };
            told(StatusCode::UNPROCESSABLE_ENTITY, words)
        }
        LoginError::Crowded => Ok(Alert(StatusCode::SERVICE_UNAVAILABLE, words::CROWDED, Some(CROWD_S))),
        LoginError::Store(error) => Err(error.into()),
    }
}

/// What remains where nothing is asked of people: faults inside.
fn inside(error: LoginError) -> Problem {
    alert(error).err().unwrap_or_else(Problem::internal)
}

/// The address by which tries are counted.
fn address(caller: &Caller) -> String {
    format!("{:?}", caller.network)
}

/// `GET /account`
pub(in crate::http) async fn account(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(service, query.as_deref(), &headers).await?;
    let view = View::of(&asked);
    Ok(match &asked.session {
        Some(session) => view.holder(session, None),
        None => view.login(None),
    })
}

/// `GET /account/welcome`
pub(in crate::http) async fn invited(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(service, query.as_deref(), &headers).await?;
    Ok(View::of(&asked).welcome("", None))
}

/// `POST /account/welcome`: the token of a one-time link, and a password twice.
pub(in crate::http) async fn welcome(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(service, query.as_deref(), &headers).await?;
    let [sent, password, again] = fields(&headers, body, ["token", "password", "again"]).await?;
    // The whole link may have been pasted.
    let token = sent.rsplit('#').next().unwrap_or_default().trim();
    let view = View::of(&asked);
    if password != again {
        return Ok(view.welcome(token, Some(Alert(StatusCode::UNPROCESSABLE_ENTITY, words::DIFFERENT, None))));
    }
    match accounts::welcome(asked.desk(), token, &password).await {
        Ok(_) => Ok(view.login(Some(Alert(StatusCode::OK, words::CHOSEN, None)))),
        Err(error) => Ok(view.welcome(token, Some(alert(error)?))),
    }
}

/// `POST /account/login`: login and password, for the cookie of a session.
pub(in crate::http) async fn log_in(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(service, query.as_deref(), &headers).await?;
    let [login, password] = fields(&headers, body, ["login", "password"]).await?;
    match accounts::log_in(asked.desk(), (&login, &password), &address(&caller)).await {
        Ok(opened) => asked.back(Some(sessions::set(&asked.service, &opened.token))),
        Err(error) => Ok(View::of(&asked).login(Some(alert(error)?))),
    }
}

/// `POST /account/logout`
pub(in crate::http) async fn log_out(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(service, query.as_deref(), &headers).await?;
    if let Some(session) = &asked.session {
        accounts::log_out(asked.desk(), session).await.map_err(inside)?;
    }
    asked.back(Some(sessions::unset(&asked.service)))
}

/// `POST /account/logout-all`
pub(in crate::http) async fn end_all(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(service, query.as_deref(), &headers).await?;
    let session = match asked.holder() {
        Ok(session) => session,
        Err(refused) => return Ok(*refused),
    };
    accounts::end_all(asked.desk(), session).await.map_err(inside)?;
    asked.back(Some(sessions::unset(&asked.service)))
}

/// `POST /account/password`: the password that there is, and another one twice.
pub(in crate::http) async fn change_password(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(service, query.as_deref(), &headers).await?;
    let [former, password, again] = fields(&headers, body, ["former", "password", "again"]).await?;
    let session = match asked.holder() {
        Ok(session) => session,
        Err(refused) => return Ok(*refused),
    };
    let view = View::of(&asked);
    if password != again {
        let different = Alert(StatusCode::UNPROCESSABLE_ENTITY, words::DIFFERENT, None);
        return Ok(view.holder(session, Some(different)));
    }
    let passwords = (&*former, &*password);
    match accounts::change_password(asked.desk(), session, passwords, &address(&caller)).await {
        Ok(()) => Ok(view.holder(session, Some(Alert(StatusCode::OK, words::CHANGED, None)))),
        Err(error) => Ok(view.holder(session, Some(alert(error)?))),
    }
}
