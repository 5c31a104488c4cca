//! The wards of city features, written anew when boundaries changed. Not here: which wards they are
//! (action), features that an import writes (features).

use std::collections::HashMap;

use geo::Geometry;

use crate::store::changes::{ChangeKind, log};
use crate::store::city::features::{CHUNK, geometry, ranges, set_wards};
use crate::store::database::{Db, Row, Sql};
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::feature::Membership;
use diaban_core::format;

/// What decides about the wards of a stored feature, besides its shape.
#[derive(Clone, Debug, PartialEq)]
pub struct FeaturePlace {
    /// Canonical ids of its wards on record, ascending.
    pub wards: Vec<String>,
    /// The edition of boundaries under which they were found, where that is known.
    pub edition: Option<i64>,
    /// How it came by them.
    pub membership: Membership,
    /// Canonical ids of the wards that its source named, unless its shape decides.
    pub named: Vec<String>,
}

/// The columns of a place.
pub(super) const PLACE: &str = "membership, edition, named,
    (SELECT string_agg(ward, ',' ORDER BY ward) FROM feature_ward WHERE feature = seq) AS wards";

/// Reads a place.
pub(super) fn place(row: &Row) -> Result<FeaturePlace, StoreError> {
    let list = |text: Option<&str>| -> Vec<String> {
        text.into_iter().flat_map(|w| w.split(',')).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    let wards = list(row.try_get("wards")?);
    let membership = membership(row.code("membership")?);
    let named = match row.try_get::<Option<&str>>("named")? {
        None if membership == Membership::Met => Vec::new(),
        None => wards.clone(),
        named => list(named),
    };
    Ok(FeaturePlace { wards, edition: row.try_get("edition")?, membership, named })
}

/// A stored feature, with what decides about its wards.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedFeature {
    /// Internal sequence.
    pub seq: i64,
    /// Its shape in degrees.
    pub geometry: Option<Geometry<f64>>,
    /// What decides besides.
    pub place: FeaturePlace,
    /// The hash of its content.
    pub hash: [u8; 16],
}

/// The wards of a feature under other boundaries.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureAssignment {
    /// Internal sequence of the feature.
    pub seq: i64,
    /// The hash of the content that was looked at.
    pub hash: [u8; 16],
    /// Whether wards or shape are others than those on record.
    pub changed: bool,
    /// Canonical ids of its wards, ascending.
    pub wards: Vec<String>,
    /// The shape that its wards lend it; none when its shape stays.
    pub shape: Option<Geometry<f64>>,
}

impl Store {
    /// The next features after an internal sequence whose wards were found under another edition, or under one that is
    /// not known.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn feature_places_after(
        &self,
        seq: i64,
        edition: i64,
        limit: i64,
    ) -> Result<Vec<PlacedFeature>, StoreError> {
        // One statement, so that shape, wards and hash are of one moment.
        let mut q = Sql::new("SELECT seq, geometry, hash, ");
        q.push(PLACE).push(" FROM feature WHERE seq > ").push_bind(seq);
        q.push(" AND (edition IS NULL OR edition <> ").push_bind(edition);
        q.push(") ORDER BY seq LIMIT ").push_bind(limit);
        let rows = self.read.fetch_all(q).await?;
        rows.iter()
            .map(|row| {
                let hash: &[u8] = row.try_get("hash")?;
                Ok(PlacedFeature {
                    seq: row.try_get("seq")?,
                    geometry: geometry(row.try_get("geometry")?)?,
                    place: place(row)?,
                    hash: hash.try_into().unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Gives features the wards that they have under an edition, in one commit with their changes.
    /// [`Applied::Stale`] when an import wrote or removed one of them meanwhile: nothing was done then.
    ///
    /// # Errors
    /// When the write fails; none of the batch was changed then.
    pub async fn assign_features(
        &self,
        edition: i64,
        assignments: Vec<FeatureAssignment>,
        at: Instant,
    ) -> Result<Applied, StoreError> {
        self.write(AssignFeatures { edition, assignments, at }).await
    }
}

fn membership(code: i64) -> Membership {
    match code {
        1 => Membership::Named,
        2 => Membership::Lent,
        _ => Membership::Met,
    }
}

struct AssignFeatures {
    edition: i64,
    assignments: Vec<FeatureAssignment>,
    at: Instant,
}

impl Command for AssignFeatures {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        assign(db, self.edition, &self.assignments, self.at).await
    }
}

/// Writes the new wards. Revision and time of the feature stay: what its source says of it did not
/// change, and nobody who was told of it needs to be told again. Its hash follows, so that the next
/// import of the same finds nothing to do.
async fn assign(
    db: &mut Db<'_>,
    edition: i64,
    assignments: &[FeatureAssignment],
    at: Instant,
) -> Result<Applied, sqlx::Error> {
    // All are looked at before one is written: other commands share this transaction, so what was
    // written could not be taken back alone.
    if !are_as_seen(db, assignments).await? {
        return Ok(Applied::Stale);
    }
    let mut touched = Vec::new();
    for a in assignments {
        let found = Sql::new("UPDATE feature SET edition = $2 WHERE seq = $1").bind(a.seq).bind(edition);
        db.execute(found).await?;
        if !a.changed {
            continue;
        }
        touched.push(a.seq);
        let row = db
            .fetch_one(
                Sql::new("SELECT geometry, properties, membership FROM feature WHERE seq = $1").bind(a.seq),
            )
            .await?;
        let lent = a.shape.as_ref().map(|g| format::geometry::to_json(Some(g)).to_string());
        let shape = match &lent {
            Some(text) => Some(text.as_str()),
            None => row.try_get(0)?,
        };
        let membership = membership(row.code(2)?);
        let hash = format::feature::text_hash(shape, row.try_get(1)?, &a.wards, membership);
        db.execute(
            Sql::new("UPDATE feature SET hash = $2, geometry = $3 WHERE seq = $1")
                .bind(a.seq)
                .bind(&hash[..])
                .bind(shape),
        )
        .await?;
        set_wards(db, a.seq, &a.wards).await?;
    }
    for (first, last) in ranges(touched) {
        log(db, ChangeKind::Features { first, last }, at).await?;
    }
    Ok(Applied::Done)
}

/// Whether all of these features are there with the content that was looked at.
async fn are_as_seen(db: &mut Db<'_>, assignments: &[FeatureAssignment]) -> Result<bool, sqlx::Error> {
    for chunk in assignments.chunks(CHUNK) {
        let mut q = Sql::new("SELECT seq, hash FROM feature WHERE seq");
        q.push_in(chunk.iter().map(|a| a.seq));
        let rows = db.fetch_all(q).await?;
        let mut hashes: HashMap<i64, &[u8]> = HashMap::with_capacity(rows.len());
        for row in &rows {
            hashes.insert(row.try_get(0)?, row.try_get(1)?);
        }
        if chunk.iter().any(|a| hashes.get(&a.seq).is_none_or(|hash| **hash != a.hash[..])) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::FeatureWrite;
    use crate::store::test_database::store_url;
    use diaban_core::domain::Collection;
    use diaban_core::domain::feature::NewFeature;
    use diaban_core::domain::field::Value;

    pub(crate) fn write(collection: &Arc<Collection>, name: &str, wards: &[&str]) -> FeatureWrite {
        let values = collection
            .properties
            .iter()
            .map(|p| if p.name == "name_vi" { Value::Text(name.into()) } else { Value::Null });
        let feature = |id: &str| NewFeature {
            source_id: id.to_owned(),
            geometry: Some(geo::Point::new(106.7, 10.78).into()),
            values: values.clone().collect(),
            wards: wards.iter().map(|w| (*w).to_owned()).collect(),
            membership: Membership::Met,
        };
        FeatureWrite {
            collection: collection.clone(),
            source: "banks".into(),
            upserts: vec![feature("1"), feature("2")],
            gone: Vec::new(),
            edition: 1,
        }
    }

    #[tokio::test]
    async fn wards_follow_what_was_seen_or_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let pack = crate::city_files::embedded().unwrap();
        let collection = pack.collection("facilities").unwrap();
        let at = Instant::from_ms(1_000);
        store.write_features(write(collection, "A", &["g.1"]), at).await.unwrap();
        let seen = store.feature_places_after(0, 2, 9).await.unwrap();
        let anew = |seen: &[PlacedFeature]| {
            seen.iter()
                .map(|f| FeatureAssignment {
                    seq: f.seq,
                    hash: f.hash,
                    changed: true,
                    wards: vec!["g.2".into(), "g.3".into()],
                    shape: None,
                })
                .collect::<Vec<_>>()
        };
        // An import changed the second one meanwhile: the first one stays too.
        let mut other = write(collection, "B", &["g.1"]);
        other.upserts.remove(0);
        store.write_features(other, at).await.unwrap();
        let head = store.last_change().await.unwrap();
        assert_eq!(store.assign_features(2, anew(&seen), at).await.unwrap(), Applied::Stale);
        let now = store.feature_places_after(0, 2, 9).await.unwrap();
        assert_eq!((&now[0], &now[1].place), (&seen[0], &seen[1].place));
        assert_eq!(store.last_change().await.unwrap(), head);

        assert_eq!(store.assign_features(2, anew(&now), at).await.unwrap(), Applied::Done);
        assert!(store.feature_places_after(0, 2, 9).await.unwrap().is_empty(), "all are found under it");
        let after = store.feature_places_after(0, 3, 9).await.unwrap();
        assert!(after.iter().all(|f| f.place.wards == ["g.2", "g.3"]), "{after:?}");
        let change = store.changes_after(head, 9).await.unwrap();
        let (first, last) = (now[0].seq, now[1].seq);
        assert_eq!(change.iter().map(|c| c.kind).collect::<Vec<_>>(), [ChangeKind::Features { first, last }]);
        // An import of the same, under the new boundaries, has the same hash.
        let same = &write(collection, "A", &["g.2", "g.3"]).upserts[0];
        assert_eq!(after[0].hash, format::feature::content_hash(collection, same));
        store.close().await;
    }
}
