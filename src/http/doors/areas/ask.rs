//! What operators ask: editions and how far they have come, what they move, what is left without a ward.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::{numbered, problem};
use crate::action::{AreasError, EditionStatus, Moves, NamedWard};
use crate::http::Service;
use crate::http::doors::features::no_parameter_but_f;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{no_parameters, pairs};
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::Problem;
use crate::store::StoredAreas;
use diaban_core::domain::Violation;
use diaban_core::format::geojson;
use diaban_core::query::params::{check_names, limit};

/// Homeless reports that are listed when nothing is said.
const HOMELESS: u32 = 1_000;
const JSON: &str = "application/json";
/// A table, or lines on a map.
const MOVES: &[Offer<bool>] = &[
    Offer { names: &["json"], media: &[JSON], format: false },
    Offer { names: &["geojson"], media: &[geojson::MEDIA], format: true },
];

/// All editions, oldest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AreaEditions")]
pub(in crate::http) struct EditionList {
    editions: Vec<EditionDocument>,
}

/// Boundaries as they were imported, and where they stand.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AreaEdition")]
pub(in crate::http) struct EditionDocument {
    /// Its number, in the order of imports.
    pub(super) edition: i64,
    /// The day from which the boundaries are valid.
    generation: String,
    /// prepared, scheduled, announced, `in_force`, former or withdrawn.
    state: &'static str,
    /// Where they came from.
    source: String,
    imported: String,
    /// When they come into force by themselves.
    from: Option<String>,
    /// When they came into force last.
    since: Option<String>,
    /// Until when the turn to them can be taken back, if they are in force.
    undo_until: Option<String>,
    /// Whether every report has its place under them. What is not placed yet is placed before they come into force.
    placed: bool,
}

/// What an edition moves.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AreaMoves")]
pub(in crate::http) struct MovesTable {
    edition: i64,
    generation: String,
    /// Whether every report is placed; otherwise more will move.
    placed: bool,
    /// How many reports move.
    reports: i64,
    /// How many of them are open.
    open: i64,
    /// How many are left without a ward.
    homeless: i64,
    /// The largest first.
    moves: Vec<MoveRow>,
}

/// Reports that go from one ward and body to others.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AreaMove")]
struct MoveRow {
    from_ward: Option<String>,
    from_name: Option<String>,
    /// Null for reports that become homeless.
    to_ward: Option<String>,
    to_name: Option<String>,
    from_body: String,
    to_body: String,
    reports: i64,
    open: i64,
}

/// Reports that no ward answers for, because theirs was divided.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HomelessReports")]
pub(in crate::http) struct HomelessList {
    /// The newest first.
    reports: Vec<HomelessRow>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HomelessReport")]
struct HomelessRow {
    id: u64,
    category: String,
    state: &'static str,
    /// The body that has it until somebody decides.
    body: String,
    /// Which wards have the ground now.
    note: Option<String>,
    /// The ward that it left, as its feeds name it.
    from_ward: Option<String>,
}

impl EditionDocument {
    pub(super) fn find(stored: &StoredAreas, edition: i64) -> Result<Self, AreasError> {
        EditionStatus::find(stored, edition).map(Self::of)
    }

    fn of(EditionStatus { edition: e, stage, since, undo_until, placed }: EditionStatus<'_>) -> Self {
        Self {
            edition: e.seq,
            generation: e.generation.clone(),
            state: stage.name(),
            source: e.source.clone(),
            imported: e.imported.to_string(),
            from: e.from.map(|t| t.to_string()),
            since: since.map(|t| t.to_string()),
            undo_until: undo_until.map(|t| t.to_string()),
            placed,
        }
    }
}

fn document(value: &impl Serialize, headers: &HeaderMap) -> Response {
    Document::typed(JSON, value, CachePolicy::Never).answer(headers)
}

/// `GET /areas/editions`
pub(in crate::http) async fn editions(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let stored = service.store.area_states().await?;
    let editions = EditionStatus::all(&stored).map(EditionDocument::of).collect();
    Ok(document(&EditionList { editions }, &headers))
}

/// `GET /areas/editions/{edition}`
pub(in crate::http) async fn one(
    State(service): State<Arc<Service>>,
    Path(edition): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let edition = numbered(&edition)?;
    let stored = service.store.area_states().await?;
    Ok(document(&EditionDocument::find(&stored, edition).map_err(problem)?, &headers))
}

/// `GET /areas/editions/{edition}/moves`
pub(in crate::http) async fn moves(
    State(service): State<Arc<Service>>,
    Path(edition): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let f = no_parameter_but_f(query.as_deref())?;
    let on_a_map = choose(MOVES, f.as_deref(), &headers)?;
    let edition = numbered(&edition)?;
    let moves = Moves::read(&service.city, &service.store, edition).await.map_err(problem)?;
    if on_a_map {
        let document = Document::json(geojson::MEDIA, &moves.geojson(), CachePolicy::Never);
        return Ok(document.answer(&headers));
    }
    let [reports, open, homeless] = moves.totals();
    let id = |ward: &Option<NamedWard>| ward.as_ref().map(|w| w.id.to_string());
    let name = |ward: &Option<NamedWard>| ward.as_ref().map(|w| w.name.clone());
    let rows = moves.all.iter().map(|m| MoveRow {
        from_ward: id(&m.from),
        from_name: name(&m.from),
        to_ward: id(&m.to),
        to_name: name(&m.to),
        from_body: m.moved.from_body.clone(),
        to_body: m.moved.to_body.clone(),
        reports: m.moved.reports,
        open: m.moved.open,
    });
    let table = MovesTable {
        edition,
        generation: moves.generation.to_string(),
        placed: moves.placed,
        reports,
        open,
        homeless,
        moves: rows.collect(),
    };
    Ok(document(&table, &headers))
}

/// `GET /areas/homeless`
pub(in crate::http) async fn homeless(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = pairs(query.as_deref());
    let mut faults = check_names(&pairs, &["limit"]);
    let most = pairs.iter().find(|(name, _)| name == "limit").map_or(Ok(HOMELESS), |(_, n)| limit(n));
    let most = most.unwrap_or_else(|fault| {
        faults.push(Violation::new("limit", fault));
        HOMELESS
    });
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let reports = service.store.homeless(most.into()).await?.into_iter().map(|r| HomelessRow {
        id: r.id,
        category: r.category,
        state: r.state.name(),
        body: r.body,
        note: r.note,
        from_ward: r.from.map(|w| w.to_string()),
    });
    Ok(document(&HomelessList { reports: reports.collect() }, &headers))
}
