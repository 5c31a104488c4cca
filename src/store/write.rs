//! What the writer can be told to do, as data: a command can be tried again on its own when its
//! group fails.

use super::amend::Amendment;
use super::areas::StoredGeneration;
use super::create::{Creation, create};
use super::db::Db;
use super::feature_wards::FeatureAssignment;
use super::features::FeatureWrite;
use super::followers::Following;
use super::reports::KeyedReports;
use super::{amend, areas, feature_wards, features, followers, keys, reports, secrets};
use diaban_core::domain::key::{Key, KeyId};
use diaban_core::domain::report::NewReport;
use diaban_core::domain::{Instant, WardId};

/// A command to the writer.
#[derive(Debug)]
pub(super) enum Command {
    Create { report: Box<NewReport>, key: Option<IdempotencyKey> },
    Load(Vec<NewReport>),
    LoadKeyed(KeyedReports),
    Activate { generation: StoredGeneration, at: Instant },
    Assign { assignments: Vec<Assignment>, at: Instant },
    Features { write: Box<FeatureWrite>, at: Instant },
    AssignFeatures { assignments: Vec<FeatureAssignment>, at: Instant },
    Amend(Box<Amendment>),
    AddKey(Key),
    RevokeKey { id: KeyId, at: Instant },
    Secret { name: &'static str, value: Vec<u8> },
    Follow { following: Following, since: Instant },
    Trim { before: Instant },
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, durably.
    Done,
    /// The key was used before: this is its report, and whether the body was the same.
    Replayed {
        /// Public id of the report that the first request made.
        id: u64,
        /// Whether the body was the same.
        same: bool,
    },
    /// A load stored so many reports; the others were there already, some of them with another body.
    Loaded {
        /// Reports that are new.
        stored: u64,
        /// Of the others, those that came with another body than the first time.
        changed: u64,
    },
    /// So many rows of the change log went.
    Trimmed(u64),
    /// The id is another report's; draw again.
    IdTaken,
    /// What the command builds on is not so any more; nothing was done.
    Stale,
}

/// The hashes of an `Idempotency-Key` and of the body that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// SHA-256 of the key.
    pub key: [u8; 32],
    /// SHA-256 of the body in canonical form.
    pub body: [u8; 32],
}

/// A report's new ward and body after areas changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Internal sequence of the report.
    pub seq: i64,
    /// The ward that owns its place now.
    pub ward: Option<WardId>,
    /// Id of the body that must answer now.
    pub body: String,
    /// The routing rule that chose it.
    pub rule: String,
    /// The public point, blurred inside the new ward.
    pub point: Option<diaban_core::geo::LonLat>,
    /// Metres to the nearest ward border.
    pub border_m: Option<f64>,
    /// Metres out at sea.
    pub offshore_m: Option<f64>,
}

/// Carries out commands in order; neighbouring creations go together.
pub(super) async fn apply(db: &mut Db<'_>, commands: &[&Command]) -> Result<Vec<Outcome>, sqlx::Error> {
    let mut outcomes = Vec::with_capacity(commands.len());
    let mut creations = Vec::new();
    for command in commands {
        if let Command::Create { report, key } = command {
            creations.push(Creation { report, key: key.as_ref() });
            continue;
        }
        outcomes.extend(create(db, &std::mem::take(&mut creations)).await?);
        outcomes.push(match command {
            Command::Create { .. } => continue,
            Command::Load(batch) => reports::load(db, &batch.iter().collect::<Vec<_>>()).await?,
            Command::LoadKeyed(batch) => reports::load_keyed(db, batch).await?,
            Command::Activate { generation, at } => areas::activate(db, generation, *at).await?,
            Command::Features { write, at } => features::write(db, write, *at).await?,
            Command::AssignFeatures { assignments, at } => {
                feature_wards::assign(db, assignments, *at).await?
            }
            Command::Assign { assignments, at } => reports::assign(db, assignments, *at).await?,
            Command::Amend(amendment) => amend::amend(db, amendment).await?,
            Command::AddKey(key) => keys::add(db, key).await?,
            Command::RevokeKey { id, at } => keys::revoke(db, id, *at).await?,
            Command::Secret { name, value } => secrets::set(db, name, value).await?,
            Command::Follow { following, since } => followers::register(db, *following, *since).await?,
            Command::Trim { before } => followers::trim(db, *before).await?,
        });
    }
    outcomes.extend(create(db, &creations).await?);
    Ok(outcomes)
}
