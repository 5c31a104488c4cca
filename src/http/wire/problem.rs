//! All error responses: RFC 9457 problem documents, with the status of each kind of failure in one
//! place.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::store::StoreError;
use diaban_core::domain::Violation;
use diaban_core::map::Level;

/// Media type of a problem document.
pub(in crate::http) const MEDIA: &str = "application/problem+json";
const WARD_GONE: &str = "This ward is not in force any more";

/// The texts of a problem, kept in the response's extensions for handlers that write them in
/// another form.
#[derive(Clone, Debug)]
pub(in crate::http) struct Reasons(pub(in crate::http) Vec<String>);

/// A bare ward code that only former generations know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct Former {
    /// The parameter that it came in; `None` for the path.
    pub(in crate::http) field: Option<String>,
    pub(in crate::http) code: Arc<str>,
}

/// Kept in the response's extensions, so that the way out adds who took over (`doors::former`).
#[derive(Clone, Debug)]
pub(in crate::http) struct Gone {
    pub(in crate::http) problem: Problem,
    pub(in crate::http) former: Vec<Former>,
}

/// A problem document being built.
#[derive(Clone, Debug)]
pub(in crate::http) struct Problem {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: Option<Box<str>>,
    errors: Vec<Violation>,
    more: Map<String, Value>,
    retry_after_s: Option<u32>,
    /// The ward of the path, if that is what is gone; those of parameters are in `errors`.
    gone: Option<Box<Former>>,
}

impl Problem {
    /// A problem with its status, the last part of its type URI and its title.
    pub(in crate::http) fn new(status: StatusCode, slug: &'static str, title: &'static str) -> Self {
        Self {
            status,
            slug,
            title,
            detail: None,
            errors: Vec::new(),
            more: Map::new(),
            retry_after_s: None,
            gone: None,
        }
    }

    #[cfg(test)]
    pub(in crate::http) fn status(&self) -> StatusCode {
        self.status
    }

    pub(in crate::http) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into().into());
        self
    }

    /// Adds a member to the standard ones.
    pub(in crate::http) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    pub(in crate::http) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// 400: query parameters that cannot be understood; 410 when they name a ward that is not in force any more.
    pub(in crate::http) fn parameters(errors: Vec<Violation>) -> Self {
        let refused = if errors.iter().any(|v| v.former_ward.is_some()) {
            Self::new(StatusCode::GONE, "ward-gone", WARD_GONE)
        } else {
            Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", "A parameter is not right")
        };
        refused.errors(errors)
    }

    /// 410: a bare ward code in the path that only former generations know.
    pub(in crate::http) fn ward_gone(code: &str) -> Self {
        let gone = Some(Box::new(Former { field: None, code: code.into() }));
        Self { gone, ..Self::new(StatusCode::GONE, "ward-gone", WARD_GONE) }
    }

    /// The wards that are gone, out of the path and the parameters.
    fn former(&mut self) -> Vec<Former> {
        let of_path = self.gone.take().map(|former| *former);
        let of_parameters = self.errors.iter_mut().filter_map(|v| {
            let code = v.former_ward.take()?;
            Some(Former { field: Some(v.field.clone()), code })
        });
        of_path.into_iter().chain(of_parameters).collect()
    }

    /// 422: a body that was understood and breaks rules.
    pub(in crate::http) fn content(errors: Vec<Violation>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-content", "The content breaks a rule")
            .errors(errors)
    }

    /// 404.
    pub(in crate::http) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here").detail(detail)
    }

    /// 410: a report that was erased, or a repeated request for one that was hidden.
    pub(in crate::http) fn erased() -> Self {
        Self::new(StatusCode::GONE, "erased", "This report is not public any more")
    }

    /// 406.
    pub(in crate::http) fn not_acceptable(offered: &[&str]) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "None of the accepted formats is offered")
            .detail(format!("offered: {}", offered.join(", ")))
    }

    /// The texts of all faults, or the detail.
    fn reasons(&self) -> Vec<String> {
        if self.errors.is_empty() {
            return vec![self.detail.as_deref().unwrap_or(self.title).to_owned()];
        }
        self.errors.iter().map(ToString::to_string).collect()
    }

    /// The faults, field by field.
    pub(in crate::http) fn errors(mut self, errors: Vec<Violation>) -> Self {
        let detail = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        self.detail = Some(detail.into());
        self.errors = errors;
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let reasons = Reasons(self.reasons());
        let former = self.former();
        let gone = (!former.is_empty()).then(|| Gone { problem: self.clone(), former });
        let mut body = Map::new();
        body.insert("type".into(), format!("urn:diaban:problem:{}", self.slug).into());
        body.insert("title".into(), self.title.into());
        body.insert("status".into(), self.status.as_u16().into());
        if let Some(detail) = self.detail {
            body.insert("detail".into(), detail.into_string().into());
        }
        if !self.errors.is_empty() {
            let errors = self.errors.iter().map(|v| json!({ "field": v.field, "detail": v.detail }));
            body.insert("errors".into(), errors.collect::<Vec<_>>().into());
        }
        body.extend(self.more);
        let bytes = serde_json::to_vec(&body).expect("a map of JSON values is JSON");
        let mut response = (self.status, bytes).into_response();
        response.extensions_mut().insert(reasons);
        gone.map(|gone| response.extensions_mut().insert(gone));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<StoreError> for Problem {
    /// The inner text goes to the log, never into a response.
    fn from(error: StoreError) -> Self {
        let unavailable = |slug, title| Self::new(StatusCode::SERVICE_UNAVAILABLE, slug, title);
        // The writer says once that the storage is read-only.
        if !matches!(error, StoreError::NoCursor | StoreError::Busy | StoreError::ReadOnly) {
            tracing::error!(error = error.logged(), "store");
        }
        match error {
            StoreError::Full => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage-full", "There is no space to store this")
                    .retry_after(30)
            }
            StoreError::ReadOnly => unavailable("read-only", "Nothing can be stored now")
                .detail("the storage of the service is read-only; what is there can be read")
                .retry_after(30),
            StoreError::Storage(_) => unavailable("storage-failed", "The storage failed").retry_after(30),
            StoreError::Commit(_) => unavailable(
                "outcome-unknown",
                "It is not known whether this was stored; send it again with the same key",
            )
            .retry_after(1),
            StoreError::Away | StoreError::NotThere(_) => {
                unavailable("away", "The database cannot be reached now").retry_after(2)
            }
            StoreError::Busy => {
                unavailable("busy", "Too many writes are waiting, or one takes too long").retry_after(1)
            }
            StoreError::NoCursor => Self::parameters(vec![Violation::new(
                "cursor",
                "is not a cursor of this list; begin again without it",
            )]),
            StoreError::OtherAreas => unavailable("areas", "The boundaries change just now").retry_after(1),
            StoreError::Other(_) | StoreError::Open(_) | StoreError::Served(_) => Self::internal(),
        }
    }
}

impl Problem {
    /// 503: the live map has not caught up with the log.
    pub(in crate::http) fn not_ready(level: Level) -> Self {
        let why = match level {
            Level { reachable: false, loaded: true, .. } => "the database cannot be read",
            _ => "the live map is catching up",
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", "Not ready yet")
            .detail(why)
            .with("applied", level.applied)
            .with("head", level.head)
            .retry_after(1)
    }

    /// 500 without detail.
    pub(in crate::http) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong here")
    }
}
