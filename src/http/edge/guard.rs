//! Before the doors: who asks, whether they asked too often, whether there is time for it now.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::action::KeyFault;
use crate::http::Service;
use crate::http::doors::devices::Devices;
use crate::http::edge::client::{Network, Peer, Proxies};
use crate::http::edge::held::Held;
use crate::http::edge::keys::{no_key, not_opened, out_of_scope};
use crate::http::edge::limits::{Act, Caller, LimitMode, LimitSettings, Limits, Lives, Verdict};
use crate::http::edge::origin;
use crate::http::edge::sessions::{self, Sent};
use crate::http::edge::shed::{Class, Holdings, Shedder, paced};
use crate::http::edge::tcp::connections::Connection;
use crate::http::routes::{Admission, Callers};
use crate::http::wire::problem::Problem;
use diaban_core::domain::Instant;
use diaban_core::domain::key::Key;
use xxhash_rust::xxh3::xxh3_64;

/// From the turn of a read until its answer is made.
const READ_DEADLINE: Duration = Duration::from_secs(30);

/// Tells the API key of a request; `None` without one.
pub type KeyReader = dyn Fn(&HeaderMap) -> Result<Option<Arc<Key>>, KeyFault> + Send + Sync;

/// What stands before the doors.
pub struct Guards {
    proxies: Proxies,
    keys: Box<KeyReader>,
    pub(in crate::http) devices: Devices,
    lives: Lives,
    pub(in crate::http) limits: Limits,
    pub(in crate::http) shedder: Arc<Shedder>,
}

impl Guards {
    /// Trusts these proxies, sets these limits, knows device tokens by this secret. `keys` must not wait.
    pub fn new(
        proxies: Proxies,
        limits: LimitSettings,
        device_secret: &[u8],
        keys: Box<KeyReader>,
        held: Holdings,
    ) -> Self {
        Self {
            proxies,
            keys,
            devices: Devices::new(device_secret),
            lives: Lives::default(),
            limits: Limits::new(limits),
            shedder: Arc::new(Shedder::of(held)),
        }
    }

    fn caller(&self, address: IpAddr, headers: &HeaderMap, key: Option<&Key>, now: Instant) -> Caller {
        Caller {
            network: Network::from(address),
            device: self.devices.of(headers).map(|token| self.lives.see(token, now)),
            key: key.map(|k| xxh3_64(k.id.as_str().as_bytes())),
        }
    }

    /// Who sends a report, as far as that is known: two senders never share an `Idempotency-Key`. An address is no
    /// sender, because a phone that repeats a request may have another one by then.
    pub(in crate::http) fn sender(&self, headers: &HeaderMap) -> String {
        match ((self.keys)(headers), self.devices.of(headers)) {
            (Ok(Some(key)), _) => format!("key {} ", key.id),
            (_, Some(token)) => format!("device {:032x} ", token.device),
            _ => String::new(),
        }
    }
}

/// Marks an answer whose bytes are all there before it is compressed.
#[derive(Clone, Copy)]
struct Whole;

/// Inside the compression: marks what is whole.
pub(in crate::http) fn mark_whole<B: HttpBody>(mut response: Response<B>) -> Response<B> {
    if response.body().size_hint().exact().is_some() {
        response.extensions_mut().insert(Whole);
    }
    response
}

/// Counts, sheds, then lets the request in.
pub(in crate::http) async fn guard(
    service: &Service,
    admission: Admission,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let key = match opened(service, admission, request.method(), request.headers()).await {
        Ok(key) => key,
        Err(refusal) => return *refusal,
    };
    let from_page =
        admission.callers != Callers::Page || origin::is_own(request.headers(), &service.public_url);
    if request.method() == Method::POST && !from_page {
        return origin::elsewhere().into_response();
    }
    let Admission { class, act, .. } = admission;
    let guards = &service.guards;
    let peer = request.extensions().get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |p| p.0);
    let address = guards.proxies.client(peer, request.headers());
    let caller = guards.caller(address, request.headers(), key.as_deref(), service.clock.now());
    request.extensions_mut().insert(caller);
    if let Some(key) = key {
        request.extensions_mut().insert(key);
    }
    let verdict = match count(service, act, address, caller) {
        Ok(verdict) => verdict,
        Err(used_up) => {
            let mut refusal = used_up.problem().into_response();
            used_up.headers(refusal.headers_mut());
            return refusal;
        }
    };
    let mut response = match admit(service, class, request, next).await {
        Ok(response) => response,
        Err(shed) => {
            service.metrics.shed(shed);
            shed.problem().into_response()
        }
    };
    if let Some(verdict) = verdict {
        verdict.headers(response.headers_mut());
    }
    response
}

/// The key of a request, or the session, if it opens this. None of what needs a key is open to who has none, whatever
/// limits count. Who sends both is judged by the key.
async fn opened(
    service: &Service,
    admission: Admission,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Arc<Key>>, Box<Response>> {
    let (scope, needed) = match (admission.callers, admission.act) {
        // What a route allows is told to everybody.
        (Callers::Key(scope), _) if *method != Method::OPTIONS => (scope, true),
        (_, Some(Act::Create)) => ("submit", false),
        (_, Some(_)) => ("read", false),
        (_, None) => return Ok(None),
    };
    let key = (service.guards.keys)(headers).map_err(|fault| Box::new(not_opened(fault)))?;
    let key = match key {
        None if admission.sessions => match sessions::sent(service, method, headers).await {
            Sent::Session(session) => Some(session),
            Sent::Elsewhere if needed => return Err(Box::new(origin::elsewhere().into_response())),
            Sent::Elsewhere | Sent::Nothing => None,
        },
        key => key,
    };
    match key {
        None if needed => Err(Box::new(no_key(scope))),
        Some(key) if !key.opens(scope) => Err(Box::new(out_of_scope(scope, needed))),
        key => Ok(key),
    }
}

/// What the limits say, to be told; or the limit that refuses.
fn count(
    service: &Service,
    act: Option<Act>,
    address: IpAddr,
    caller: Caller,
) -> Result<Option<Verdict>, Verdict> {
    let limits = &service.guards.limits;
    let Some(act) = act else { return Ok(None) };
    if limits.exempt(address) {
        return Ok(None);
    }
    let Some(verdict) = limits.check(act, caller) else { return Ok(None) };
    let enforced = limits.mode() == LimitMode::Enforce;
    if !verdict.allowed {
        service.metrics.limited(verdict.policy, enforced);
        tracing::info!(policy = verdict.policy, enforced, "a limit is used up");
        if enforced {
            return Err(verdict);
        }
    }
    // A limit that is not enforced is not announced either.
    Ok(enforced.then_some(verdict))
}

/// Waits for a turn and answers in it, compression included.
async fn admit(
    service: &Service,
    class: Class,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Result<Response, Class> {
    let shedder = &service.guards.shedder;
    let Some(turn) = shedder.enter(class, service.store.queued()).await? else {
        return Ok(next(request).await);
    };
    let reader = request.extensions().get::<Arc<Connection>>().cloned();
    let place = (class == Class::Export).then(|| shedder.export(reader.clone())).transpose()?;
    let has_body = request.method() != Method::HEAD;
    let made = tokio::time::timeout(READ_DEADLINE, async {
        let mut response = next(request).await;
        // Compressing is most of the work of a large answer: it belongs to the turn.
        if has_body
            && response.extensions().get::<Whole>().is_some()
            && response.headers().contains_key(header::CONTENT_ENCODING)
        {
            let (parts, body) = response.into_parts();
            let Ok(bytes) = to_bytes(body, usize::MAX).await else {
                return Problem::internal().into_response();
            };
            response = Response::from_parts(parts, Body::from(bytes));
        }
        response
    })
    .await;
    drop(turn);
    let Ok(response) = made else {
        return Ok(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-slow", "This took too long")
            .retry_after(10)
            .into_response());
    };
    if let Some(place) = place {
        return Ok(response.map(|body| {
            if body.size_hint().exact().is_some() { body } else { paced(shedder.clone(), body, place) }
        }));
    }
    match response.body().size_hint().exact().map(|n| shedder.unsent(n, reader)) {
        Some(Err(())) => Err(class),
        Some(Ok(Some(room))) => Ok(response.map(|body| Body::new(Held::new(body, room)))),
        _ => Ok(response),
    }
}
