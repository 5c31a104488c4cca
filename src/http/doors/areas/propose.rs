//! `POST /areas/editions`: boundaries are checked and kept, and every report is placed under them in the background.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EditionDocument, accepted, answer, conflict, now_standing, problem};
use crate::action::{self, AreasError, Checked, ImportError, Proposal};
use crate::http::Service;
use crate::http::wire::extract::{body_within, pairs};
use crate::http::wire::members::Members;
use crate::http::wire::problem::Problem;
use diaban_core::area::Severity;
use diaban_core::domain::key::Key;
use diaban_core::domain::{Instant, Successor, Violation, WardId};
use diaban_core::query::params::{check_names, flag};

/// Limit of a body, in bytes.
pub(in crate::http) const BODY_BYTES: usize = 64 << 20;
/// Time for all of it: a slow line needs some for so much.
const BODY_DEADLINE: Duration = Duration::from_secs(300);
/// Limit of successors: every ward of a city in a dozen parts.
const SUCCESSORS: usize = 20_000;
/// Limit of the characters of a source.
const SOURCE: usize = 200;
/// The members of a body.
const MEMBERS: &[&str] = &["generation", "boundaries", "successors", "crs", "at", "force", "source"];

/// What the checks found, and the edition that was kept.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CheckedAreas")]
pub(in crate::http) struct CheckedDocument {
    generation: String,
    /// How many wards there are.
    wards: usize,
    /// How many of the findings are errors.
    errors: usize,
    /// The worst first.
    findings: Vec<FindingRow>,
    /// Null where they were only checked.
    edition: Option<EditionDocument>,
}

/// One thing that the checks found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "AreaFinding")]
struct FindingRow {
    /// error, warning or note.
    severity: &'static str,
    /// The code of the ward; of two, the first.
    ward: Option<String>,
    /// A sentence.
    text: String,
}

/// One of `successors`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Heir {
    from_generation: String,
    from_code: String,
    to_generation: String,
    to_code: String,
    part: bool,
    main: bool,
}

/// A body as it was read.
struct Asked {
    proposal: Proposal,
    source: String,
    force: bool,
}

/// `POST /areas/editions`
pub(in crate::http) async fn propose(
    State(service): State<Arc<Service>>,
    Extension(key): Extension<Arc<Key>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let dry_run = dry_run(query.as_deref())?;
    // Before the body is read: so many bytes are in memory once.
    let preparation = service.preparations.begin().ok_or_else(|| {
        conflict(
            "other boundaries are prepared by this process just now; look at /areas/editions and try again",
        )
    })?;
    let body = body_within(&headers, body, &["application/json"], (BODY_BYTES, BODY_DEADLINE)).await?;
    let read = tokio::task::spawn_blocking(move || read(&body)).await;
    let Asked { proposal, source, force } = read.map_err(|_| Problem::internal())??;
    let checked = action::check_proposal(&service.city, &*service.clock, proposal).await.map_err(refused)?;
    let mut document = CheckedDocument {
        generation: checked.candidate.id().to_string(),
        wards: checked.candidate.units().len(),
        errors: checked.errors(),
        findings: findings(&checked),
        edition: None,
    };
    if dry_run {
        return answer(StatusCode::OK, &document);
    }
    if document.errors > 0 && !force {
        return Err(erroneous(&document));
    }
    let kept = preparation.keep(checked, &service.city, &service.store, &*service.clock, &source).await;
    let edition = kept.map_err(problem)?;
    tracing::info!(
        key = key.id.as_str(),
        name = key.name,
        edition,
        generation = document.generation,
        errors = document.errors,
        "an operator keeps boundaries"
    );
    document.edition = Some(now_standing(&service.store.area_states().await?, edition)?);
    accepted(edition, &document)
}

fn dry_run(query: Option<&str>) -> Result<bool, Problem> {
    let pairs = pairs(query);
    let mut faults = check_names(&pairs, &["dry_run"]);
    let said = pairs.iter().find(|(name, _)| name == "dry_run").map_or(Ok(false), |(_, value)| flag(value));
    let said = said.unwrap_or_else(|fault| {
        faults.push(Violation::new("dry_run", fault));
        true
    });
    if faults.is_empty() { Ok(said) } else { Err(Problem::parameters(faults)) }
}

fn read(body: &[u8]) -> Result<Asked, Problem> {
    let mut members = Members::read(body, MEMBERS)?;
    let generation = members.get("generation", "a text, the day from which they are valid, like 2027-01-01");
    let boundaries = members.raw("boundaries").map(|b| b.get().as_bytes().to_vec());
    for (name, missing) in [("generation", generation.is_none()), ("boundaries", boundaries.is_none())] {
        if missing && members.raw(name).is_none() {
            members.fault(name, "is required");
        }
    }
    let successors = members.get::<Vec<Heir>>(
        "successors",
        "a list of objects with from_generation, from_code, to_generation, to_code, part and main, the last two true \
         or false",
    );
    if successors.as_ref().is_some_and(|all| all.len() > SUCCESSORS) {
        members.fault("successors", format!("must be at most {SUCCESSORS}"));
    }
    let crs = members.get("crs", "a text like EPSG:9210");
    let from = at(&mut members);
    let force = members.get("force", "true or false").unwrap_or(false);
    let source: Option<String> = members.get("source", "a text");
    if source.as_ref().is_some_and(|s| s.chars().count() > SOURCE) {
        members.fault("source", format!("must have at most {SOURCE} characters"));
    }
    members.judged()?;
    let proposal = Proposal {
        generation: generation.unwrap_or_default(),
        boundaries: Some(boundaries.unwrap_or_default()),
        crs,
        successors: successors.map(|all| all.into_iter().map(successor).collect()),
        from,
    };
    Ok(Asked { proposal, source: source.unwrap_or_else(|| "HTTP".to_owned()), force })
}

/// The member `at`.
pub(super) fn at(members: &mut Members<'_>) -> Option<Instant> {
    let what = "a time with its offset, like 2027-01-01T00:00:00+07:00";
    let text: String = members.get("at", what)?;
    Instant::parse(&text).map_err(|_| members.fault("at", format!("must be {what}"))).ok()
}

fn successor(heir: Heir) -> Successor {
    Successor {
        from: WardId::new(&heir.from_generation, &heir.from_code),
        to: WardId::new(&heir.to_generation, &heir.to_code),
        part: heir.part,
        main: heir.main,
    }
}

fn findings(checked: &Checked) -> Vec<FindingRow> {
    let findings = checked.findings.iter().map(|f| FindingRow {
        severity: match f.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
        ward: f.code.as_ref().map(ToString::to_string),
        text: f.text.clone(),
    });
    findings.collect()
}

/// 422: they were read, and are not right.
fn erroneous(document: &CheckedDocument) -> Problem {
    let findings = serde_json::to_value(&document.findings).unwrap_or_default();
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "areas-refused", "The boundaries have errors")
        .detail(format!("{} errors; nothing was kept (force goes on all the same)", document.errors))
        .with("findings", findings)
}

/// 422 with the member that is no set of boundaries.
fn refused(error: AreasError) -> Problem {
    let field = match &error {
        AreasError::Import(ImportError::Id(_) | ImportError::NotInPack(_)) => "generation",
        AreasError::Import(ImportError::Crs(_)) => "crs",
        AreasError::Import(ImportError::City(_) | ImportError::Json(_)) => "boundaries",
        _ => return problem(error),
    };
    Problem::content(vec![Violation::new(field, error.to_string())])
}
