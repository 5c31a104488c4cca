//! City features: written by imports, read whole into the live map.

use std::collections::HashMap;
use std::sync::Arc;

use geo::Geometry;

use crate::store::changes::{ChangeKind, log};
use crate::store::city::feature_wards::{FeaturePlace, PLACE, place};
use crate::store::database::{Db, Row, Sql};
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::feature::{self, Membership, NewFeature, Valid};
use diaban_core::domain::{Collection, Feature, Instant};
use diaban_core::format;

/// Values bound in one statement.
pub(in crate::store) const CHUNK: usize = 500;
/// Rows between two touched ones that one change row may name although they did not change.
const GAP: i64 = 32;

/// What is known of a stored feature when an import is compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredContent {
    /// What the source calls it.
    pub source_id: String,
    /// [`format::feature::content_hash`] of what is stored.
    pub hash: [u8; 16],
}

/// What an import does to the features of one source, in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureWrite {
    /// The collection.
    pub collection: Arc<Collection>,
    /// The import's name.
    pub source: String,
    /// New ones and changed ones; what is stored the same already is passed over.
    pub upserts: Vec<NewFeature>,
    /// Source ids of those to remove.
    pub gone: Vec<String>,
    /// The edition of boundaries under which their wards were found.
    pub edition: i64,
}

/// A feature as it is stored. Its wards are still to be found: those on record may be of other boundaries.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFeature {
    /// Its collection.
    pub collection: Arc<str>,
    /// The feature, without wards.
    pub feature: Feature,
    /// What decides about its wards.
    pub place: FeaturePlace,
}

impl Store {
    /// What is stored of one source, for the comparison before an import.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn feature_contents(
        &self,
        collection: &str,
        source: &str,
    ) -> Result<Vec<StoredContent>, StoreError> {
        let rows = self
            .read
            .fetch_all(
                Sql::new("SELECT source_id, hash FROM feature WHERE collection = $1 AND source = $2")
                    .bind(collection)
                    .bind(source),
            )
            .await?;
        rows.iter()
            .map(|row| {
                let hash: &[u8] = row.try_get(1)?;
                Ok(StoredContent { source_id: row.try_get(0)?, hash: hash.try_into().unwrap_or_default() })
            })
            .collect()
    }

    /// Writes and removes features durably, in one commit with their changes.
    ///
    /// # Errors
    /// When the write fails; nothing was changed then.
    pub async fn write_features(&self, write: FeatureWrite, at: Instant) -> Result<(), StoreError> {
        self.write(WriteFeatures { write, at }).await
    }

    /// The last internal sequence ever given to a feature.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_feature(&self) -> Result<i64, StoreError> {
        self.read.fetch_value(Sql::new("SELECT coalesce(max(seq), 0) FROM feature")).await
    }

    /// The features with internal sequences `first..=last`. A feature whose collection is not among
    /// these is left out: it left the city pack.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn features(
        &self,
        (first, last): (i64, i64),
        collections: &[Arc<Collection>],
    ) -> Result<Vec<StoredFeature>, StoreError> {
        let mut q = Sql::new(
            "SELECT seq, id, collection, source, source_id, revision, geometry, properties, created_ms, updated_ms, ",
        );
        q.push(PLACE).push(" FROM feature WHERE seq BETWEEN ").push_bind(first);
        q.push(" AND ").push_bind(last).push(" ORDER BY seq");
        let rows = self.read.fetch_all(q).await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            let name: &str = row.try_get("collection")?;
            if let Some(c) = collections.iter().find(|c| *c.id == *name) {
                let (feature, place) = (record(row, c)?, place(row)?);
                out.push(StoredFeature { collection: c.id.clone(), feature, place });
            }
        }
        Ok(out)
    }
}

fn decode(error: String) -> StoreError {
    sqlx::Error::Decode(error.into()).into()
}

/// Reads a stored shape.
pub(in crate::store) fn geometry(text: Option<&str>) -> Result<Option<Geometry<f64>>, StoreError> {
    let Some(text) = text else { return Ok(None) };
    let json = serde_json::from_str(text).map_err(|e| decode(e.to_string()))?;
    format::geometry::from_json(&json).map_err(decode)
}

fn record(row: &Row, collection: &Collection) -> Result<Feature, StoreError> {
    let geometry = geometry(row.try_get(6)?)?;
    let properties: serde_json::Map<_, _> =
        serde_json::from_str(row.try_get(7)?).map_err(|e| decode(e.to_string()))?;
    let values = format::feature::values(collection, &properties);
    Ok(Feature {
        seq: row.try_get(0)?,
        id: row.try_get::<i64>(1)? as u64,
        source: row.try_get::<&str>(3)?.into(),
        source_id: row.try_get(4)?,
        revision: row.try_get::<i64>(5)? as u32,
        created: Instant::from_ms(row.try_get(8)?),
        updated: Instant::from_ms(row.try_get(9)?),
        geometry,
        valid: Valid::of(collection, &values),
        values,
        wards: Vec::new(),
    })
}

/// The wards that a source named, as they are stored.
fn named(f: &NewFeature) -> Option<String> {
    (f.membership != Membership::Met).then(|| f.wards.join(","))
}

/// What is stored of a feature that an import names.
struct Known {
    seq: i64,
    same: bool,
}

struct WriteFeatures {
    write: FeatureWrite,
    at: Instant,
}

impl Command for WriteFeatures {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        write(db, &self.write, self.at).await
    }
}

async fn write(db: &mut Db<'_>, w: &FeatureWrite, at: Instant) -> Result<(), sqlx::Error> {
    let mut touched = Vec::new();
    for chunk in w.gone.chunks(CHUNK) {
        let mut q = Sql::new("DELETE FROM feature WHERE collection = ");
        q.push_bind(&*w.collection.id).push(" AND source = ").push_bind(&w.source);
        q.push(" AND source_id").push_in(chunk).push(" RETURNING seq");
        for row in db.fetch_all(q).await? {
            touched.push(row.try_get::<i64>(0)?);
        }
    }
    for chunk in w.upserts.chunks(CHUNK) {
        let hashes: Vec<[u8; 16]> =
            chunk.iter().map(|f| format::feature::content_hash(&w.collection, f)).collect();
        let known = known(db, w, chunk, &hashes).await?;
        for (f, hash) in chunk.iter().zip(&hashes) {
            let seq = match known.get(f.source_id.as_str()) {
                Some(k) if k.same => continue,
                Some(k) => update(db, w, f, hash, k.seq, at).await?,
                None => insert(db, w, f, hash, at).await?,
            };
            set_wards(db, seq, &f.wards).await?;
            touched.push(seq);
        }
    }
    for (first, last) in ranges(touched) {
        log(db, ChangeKind::Features { first, last }, at).await?;
    }
    Ok(())
}

async fn known<'a>(
    db: &mut Db<'_>,
    w: &FeatureWrite,
    chunk: &'a [NewFeature],
    hashes: &[[u8; 16]],
) -> Result<HashMap<&'a str, Known>, sqlx::Error> {
    let by_id: HashMap<&str, &[u8; 16]> =
        chunk.iter().zip(hashes).map(|(f, h)| (f.source_id.as_str(), h)).collect();
    let mut q = Sql::new("SELECT source_id, seq, hash FROM feature WHERE collection = ");
    q.push_bind(&*w.collection.id).push(" AND source = ").push_bind(&w.source);
    q.push(" AND source_id").push_in(by_id.keys().copied());
    let mut out = HashMap::new();
    for row in db.fetch_all(q).await? {
        if let Some((id, hash)) = by_id.get_key_value(row.try_get::<&str>(0)?) {
            let same = row.try_get::<&[u8]>(2)? == &hash[..];
            out.insert(*id, Known { seq: row.try_get(1)?, same });
        }
    }
    Ok(out)
}

async fn update(
    db: &mut Db<'_>,
    w: &FeatureWrite,
    f: &NewFeature,
    hash: &[u8; 16],
    seq: i64,
    at: Instant,
) -> Result<i64, sqlx::Error> {
    let (shape, properties) = format::feature::texts(&w.collection, f);
    db.execute(
        Sql::new(
            "UPDATE feature SET revision = revision + 1, hash = $2, geometry = $3, properties = $4,
             updated_ms = $5, membership = $6, edition = $7, named = $8 WHERE seq = $1",
        )
        .bind(seq)
        .bind(&hash[..])
        .bind(shape)
        .bind(properties)
        .bind(at.ms())
        .bind(f.membership as i64)
        .bind(w.edition)
        .bind(named(f)),
    )
    .await?;
    Ok(seq)
}

async fn insert(
    db: &mut Db<'_>,
    w: &FeatureWrite,
    f: &NewFeature,
    hash: &[u8; 16],
    at: Instant,
) -> Result<i64, sqlx::Error> {
    let (shape, properties) = format::feature::texts(&w.collection, f);
    for draw in 0.. {
        let id = feature::id(&w.collection.id, &w.source, &f.source_id, draw);
        let seq: Option<i64> = db.fetch_value_optional(Sql::new(
            "INSERT INTO feature (id, collection, source, source_id, revision, hash, geometry, properties,
                 created_ms, updated_ms, membership, edition, named)
             VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING RETURNING seq",
        ).bind(id as i64).bind(&*w.collection.id).bind(&w.source).bind(&f.source_id).bind(&hash[..]).bind(&shape).bind(&properties).bind(at.ms()).bind(f.membership as i64).bind(w.edition).bind(named(f))).await?;
        if let Some(seq) = seq {
            return Ok(seq);
        }
    }
    unreachable!("the draws do not end")
}

/// Makes these the wards of a feature.
pub(in crate::store) async fn set_wards(
    db: &mut Db<'_>,
    seq: i64,
    wards: &[String],
) -> Result<(), sqlx::Error> {
    db.execute(Sql::new("DELETE FROM feature_ward WHERE feature = $1").bind(seq)).await?;
    for chunk in wards.chunks(CHUNK) {
        let mut q = Sql::new("INSERT INTO feature_ward (feature, ward) ");
        q.push_values(chunk, |b, ward| {
            b.push_bind(seq);
            b.push_bind(ward);
        });
        q.push(" ON CONFLICT DO NOTHING");
        db.execute(q).await?;
    }
    Ok(())
}

/// Few ranges that hold all of them.
pub(in crate::store) fn ranges(mut seqs: Vec<i64>) -> Vec<(i64, i64)> {
    seqs.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for seq in seqs {
        match out.last_mut() {
            Some((_, last)) if seq <= *last + GAP => *last = seq.max(*last),
            _ => out.push((seq, seq)),
        }
    }
    out
}
