//! One table of routes. A row says which requests it takes, what they cost, who may call, how `/api` describes
//! it and which handler answers. The router, shedding, rate limits, CORS, the access log and the description
//! read it.

mod doors;
mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{HeaderMap, Method};
use axum::routing::{MethodFilter, MethodRouter, on};
use percent_encoding::percent_decode_str;

use crate::http::Service;
use crate::http::describe::Operations;
use crate::http::edge::limits::Act;
use crate::http::edge::shed::Class;
use diaban_core::domain::key::OPERATE;

pub use doors::{Doors, Side, doors};

/// One row of the table.
pub(in crate::http) struct Route {
    pub(in crate::http) method: Method,
    /// The path, with `{name}` for a segment that varies.
    pub(in crate::http) pattern: &'static str,
    cost: Cost,
    /// What rate limits count a request as; `None`: they do not count it.
    act: Option<Act>,
    pub(in crate::http) callers: Callers,
    /// Whether the session of an account counts as a key of its scopes.
    sessions: bool,
    /// How `/api` describes it.
    pub(in crate::http) described: Described,
    /// Whether the answer comes in its content coding already, so that the router must not compress it.
    coded: bool,
    handler: MethodRouter<Arc<Service>>,
}

/// How `/api` describes a route.
#[derive(Clone, Copy)]
pub(in crate::http) enum Described {
    /// As these operations; more than one where a segment stands for a collection, a layer or a format.
    As(Operations),
    /// Not at all, for this reason.
    Not(&'static str),
}

/// The class of a request.
#[derive(Clone, Copy)]
enum Cost {
    /// The same for all.
    Is(Class),
    /// Read from the path, the query and the accepted formats.
    Of(fn(&Asked<'_>) -> Class),
}

/// Who may call a route. What a key is needed for is checked in `edge::guard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Callers {
    /// Anybody, also pages of other origins.
    Anyone,
    /// Whoever sits before a page of this service: what another page sends is refused, and it may not read the answer.
    Page,
    /// The operator's machines; pages of other origins may not read the answer.
    Operator,
    /// Who has a key of this scope, or a session; pages of other origins may not read the answer.
    Key(&'static str),
}

impl Callers {
    /// Whether these are operators and their machines, which may have an address of their own.
    fn operate(self) -> bool {
        matches!(self, Self::Operator | Self::Key(OPERATE))
    }
}

/// A request as far as its cost depends on it, read as its handler reads it.
pub(in crate::http) struct Asked<'a> {
    segments: matchit::Params<'a, 'a>,
    query: Option<&'a str>,
    pub(in crate::http) headers: &'a HeaderMap,
}

/// What is known of a request before its handler runs.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Admission {
    /// The pattern of its route; "-" when no route has its path. Nothing that was sent is in it.
    pub(in crate::http) route: &'static str,
    pub(in crate::http) class: Class,
    /// What rate limits count it as, if they do.
    pub(in crate::http) act: Option<Act>,
    pub(in crate::http) callers: Callers,
    /// Whether the session of an account counts.
    pub(in crate::http) sessions: bool,
}

/// All routes, found by path.
pub(in crate::http) struct Table {
    rows: Vec<Route>,
    /// The positions of the rows of each pattern.
    paths: matchit::Router<Vec<usize>>,
}

impl Route {
    fn new<T: 'static>(
        (method, filter): (Method, MethodFilter),
        pattern: &'static str,
        (cost, act): (Cost, Act),
        handler: impl Handler<T, Arc<Service>>,
        described: Described,
    ) -> Self {
        let (callers, handler) = (Callers::Anyone, on(filter, handler));
        Self {
            method,
            pattern,
            cost,
            act: Some(act),
            callers,
            sessions: false,
            described,
            coded: false,
            handler,
        }
    }

    /// The answer comes in its content coding already.
    fn coded(self) -> Self {
        Self { coded: true, ..self }
    }

    /// Pages of other origins may not read the answer.
    fn operators(self) -> Self {
        Self { callers: Callers::Operator, ..self }
    }

    /// Only a page of this service may send it.
    fn of_page(self) -> Self {
        Self { callers: Callers::Page, ..self }
    }

    /// A key of this scope is needed, or a session.
    fn keyed(self, scope: &'static str) -> Self {
        Self { callers: Callers::Key(scope), sessions: true, ..self }
    }

    /// Who has a session sees or may do more.
    fn or_session(self) -> Self {
        Self { sessions: true, ..self }
    }
}

impl Asked<'_> {
    /// A segment of the path by its name in the pattern.
    pub(in crate::http) fn segment(&self, name: &str) -> Cow<'_, str> {
        percent_decode_str(self.segments.get(name).unwrap_or_default()).decode_utf8_lossy()
    }

    /// The `f` parameter.
    pub(in crate::http) fn format(&self) -> Option<Cow<'_, str>> {
        let query = self.query.unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).find_map(|(name, value)| (name == "f").then_some(value))
    }
}

impl Admission {
    /// Of what no route takes.
    pub(in crate::http) const NONE: Self = Self {
        route: "-",
        class: Class::Read,
        act: Some(Act::Read),
        callers: Callers::Anyone,
        sessions: false,
    };
}

impl Table {
    /// Of all rows.
    ///
    /// # Panics
    /// When two patterns take the same path: a mistake in the table, which every test of a server finds.
    pub(in crate::http) fn new() -> Self {
        let rows = table::rows();
        let mut patterns: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, row) in rows.iter().enumerate() {
            patterns.entry(row.pattern).or_default().push(i);
        }
        let mut paths = matchit::Router::new();
        for (pattern, rows) in patterns {
            paths.insert(pattern, rows).expect("no two patterns of the table take the same path");
        }
        Self { rows, paths }
    }

    /// The rows, in reading order.
    pub(in crate::http) fn rows(&self) -> &[Route] {
        &self.rows
    }

    /// What is known of a request before its handler runs. A path or a method that is not here is refused
    /// as cheaply as a small read is answered.
    pub(in crate::http) fn admit<B>(&self, request: &Request<B>) -> Admission {
        let nothing = Admission::NONE;
        let options = request.method() == Method::OPTIONS;
        let method =
            if options || request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let Ok(found) = self.paths.at(request.uri().path()) else {
            return Admission { act: nothing.act.filter(|_| !options), ..nothing };
        };
        let mut rows = found.value.iter().map(|i| &self.rows[*i]);
        let Some(first) = rows.clone().next() else { return nothing };
        let place = Admission { route: first.pattern, callers: first.callers, ..nothing };
        let admission = match rows.find(|row| row.method == *method) {
            None => place,
            Some(row) => {
                let class = match row.cost {
                    Cost::Is(class) => class,
                    Cost::Of(class) => class(&Asked {
                        segments: found.params,
                        query: request.uri().query(),
                        headers: request.headers(),
                    }),
                };
                Admission { class, act: row.act, sessions: row.sessions, ..place }
            }
        };
        Admission { act: admission.act.filter(|_| !options), ..admission }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(method: &str, uri: &str, accept: &str) -> Admission {
        let request = Request::builder().method(method).uri(uri).header("accept", accept);
        Table::new().admit(&request.body(()).unwrap())
    }

    fn class(uri: &str, accept: &str) -> Class {
        admitted("GET", uri, accept).class
    }

    #[test]
    fn the_class_of_a_request_is_that_of_its_route() {
        let items = "/collections/reports/items";
        assert_eq!(admitted("POST", items, "*/*").class, Class::Create);
        assert_eq!(class(items, "*/*"), Class::Read);
        assert_eq!(class("/tiles/incidents/8/1/1.mvt", "*/*"), Class::CostlyTile);
        assert_eq!(class("/tiles/incidents/9/1/1.mvt", "*/*"), Class::Read);
        assert_eq!(class("/tiles/incidents.json", "*/*"), Class::Read);
        assert_eq!(class("/tiles/incidents/clusters/7", "*/*"), Class::CostlyTile);
        assert_eq!(class("/static/106.7,10.8,12/600x400.png", "*/*"), Class::Picture);
        assert_eq!(class("/healthz", "*/*"), Class::Health);
        assert_eq!(class("/nothing/here", "text/csv"), Class::Read);
    }

    #[test]
    fn an_export_is_an_export_however_it_is_asked_for() {
        for items in ["/collections/reports/items", "/collections/traffic/items"] {
            for query in ["f=csv", "status=open&f=geojsonseq", "%66=csv", "f=%63sv", "%66=%63%73%76"] {
                assert_eq!(class(&format!("{items}?{query}"), "*/*"), Class::Export, "{query}");
            }
            for accept in ["text/csv", "application/geo+json-seq", "application/json;q=.5,text/csv"] {
                assert_eq!(class(items, accept), Class::Export, "{accept}");
            }
            assert_eq!(admitted("HEAD", items, "text/csv").class, Class::Export);
            assert_eq!(class(&format!("{items}?f=json"), "text/csv"), Class::Read);
            assert_eq!(class(items, "application/geo+json, text/csv;q=0.9"), Class::Read);
        }
        assert_eq!(class("/collections/wards/items?f=csv", "*/*"), Class::Read, "wards are never streamed");
    }

    #[test]
    fn a_tile_has_its_class_at_every_address() {
        for picture in ["1.png", "1@2x.png", "1%2Epng", "1%40%32x%2e%70ng"] {
            assert_eq!(class(&format!("/tiles/incidents/3/1/{picture}"), "*/*"), Class::Picture, "{picture}");
            assert_eq!(
                class(&format!("/tiles/incidents/13/1/{picture}"), "*/*"),
                Class::Picture,
                "{picture}"
            );
        }
        for layers in ["incidents", "incidents,wards", "incidents%2Cwards"] {
            assert_eq!(class(&format!("/tiles/{layers}/%35/1/1"), "*/*"), Class::CostlyTile);
        }
        let ogc = |z: &str| class(&format!("/collections/reports/tiles/WebMercatorQuad/{z}/1/1"), "*/*");
        assert_eq!(["0", "8", "%38", "9", "x"].map(ogc), {
            use Class::{CostlyTile, Read};
            [CostlyTile, CostlyTile, CostlyTile, Read, Read]
        });
    }

    #[test]
    fn limits_count_creates_devices_and_reads() {
        let act = |method, uri| admitted(method, uri, "*/*").act;
        assert_eq!(act("POST", "/collections/reports/items"), Some(Act::Create));
        assert_eq!(act("POST", "/devices"), Some(Act::Device));
        assert_eq!(act("GET", "/collections/reports/items"), Some(Act::Read));
        assert_eq!(
            act("DELETE", "/collections/reports/items"),
            Some(Act::Read),
            "refused, so it costs nothing"
        );
        assert_eq!(act("GET", "/nothing"), Some(Act::Read));
        for free in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(act("GET", free), None, "{free}");
        }
        for path in ["/collections/reports/items", "/devices", "/nothing"] {
            assert_eq!(act("OPTIONS", path), None, "{path}");
        }
    }

    #[test]
    fn a_route_is_known_by_its_pattern_and_nothing_else() {
        let route = |uri| admitted("GET", uri, "*/*").route;
        assert_eq!(route("/collections/reports/items/7"), "/collections/reports/items/{id}");
        assert_eq!(route("/collections/traffic/items/7"), "/collections/{collection}/items/{id}");
        assert_eq!(
            admitted("DELETE", "/collections/reports/items", "*/*").route,
            "/collections/reports/items"
        );
        assert_eq!(route("/secret/of/somebody"), "-");
        assert_eq!(admitted("GET", "/metrics", "*/*").callers, Callers::Operator);
        assert_eq!(admitted("GET", "/healthz", "*/*").callers, Callers::Anyone);
    }
}
