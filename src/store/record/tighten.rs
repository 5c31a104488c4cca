//! A category became stricter than reports of it are: what they show more goes, and so does what their order tells.

use crate::store::areas::adopt::adopt;
use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Sql};
use crate::store::record::fields::{PLACED_NOW, of, point};
use crate::store::record::read::{BASIS, Basis, DECIDED, Decided};
use crate::store::record::waiting::renumber;
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::{Instant, Precision, WardId};
use diaban_core::geo::LonLat;

/// A report that is shown more precisely than its category says, or of which nobody said how precisely.
#[derive(Clone, Debug, PartialEq)]
pub struct Loose {
    /// Internal sequence.
    pub seq: i64,
    /// The true place.
    pub point: Option<LonLat>,
    /// The place that the public sees.
    pub shown: Option<LonLat>,
    /// Its ward.
    pub ward: Option<WardId>,
    /// How precisely the public may see it.
    pub decided: Decided,
    /// How it stands.
    pub basis: Basis,
}

/// The public place of a report after its category became stricter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NewPlace {
    /// As it is: it was as it must be already.
    Same,
    /// This one, or none; address and distances go.
    Coarser(Option<LonLat>),
}

/// What becomes of such a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Tighter {
    /// Internal sequence.
    pub seq: i64,
    /// What it shows of its place from now on.
    pub place: NewPlace,
    /// Whether its moments were public until now.
    pub by_hour_now: bool,
    /// How it stood when this was decided.
    pub basis: Basis,
}

impl Store {
    /// Some reports of a category that are shown more precisely than this, or of which nobody said how precisely.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn loose_reports(
        &self,
        category: &str,
        precision: Precision,
        limit: i64,
    ) -> Result<Vec<Loose>, StoreError> {
        let [ward, lon, lat] = ["ward", "lon", "lat"].map(of);
        let sql = format!(
            "SELECT r.seq, {ward} AS ward, p.lon, p.lat, {lon} AS shown_lon, {lat} AS shown_lat, {DECIDED}, {BASIS}
             FROM report_public r LEFT JOIN report_private p USING (seq) {PLACED_NOW}
             WHERE (r.category = $1 AND r.precision IS NULL) OR (r.category = $1 AND r.precision < $2) LIMIT $3"
        );
        let rows =
            self.read.fetch_all(Sql::new(sql).bind(category).bind(precision as u8).bind(limit)).await?;
        let loose = rows.iter().map(|row| {
            Ok(Loose {
                seq: row.try_get("seq")?,
                point: point(row.try_get("lon")?, row.try_get("lat")?),
                shown: point(row.try_get("shown_lon")?, row.try_get("shown_lat")?),
                ward: row.try_get::<Option<&str>>("ward")?.and_then(WardId::parse),
                decided: Decided::read(row)?,
                basis: Basis::read(row)?,
            })
        });
        loose.collect()
    }

    /// Shows reports as precisely as this and no more. Answers with the sequences of those that were left as they are,
    /// because something happened to them since they were read.
    ///
    /// # Errors
    /// When the write fails; none of them was changed then.
    pub async fn tighten(
        &self,
        reports: Vec<Tighter>,
        precision: Precision,
        at: Instant,
    ) -> Result<Vec<i64>, StoreError> {
        self.write(Tighten { reports, precision, at }).await
    }
}

struct Tighten {
    reports: Vec<Tighter>,
    precision: Precision,
    at: Instant,
}

impl Command for Tighten {
    type Answer = Vec<i64>;

    async fn run(&self, db: &mut Db<'_>) -> Result<Vec<i64>, sqlx::Error> {
        tighten(db, self).await
    }
}

/// Cuts the public moments of a report to the hour.
const BY_HOUR: [&str; 2] = [
    "UPDATE report_public SET observed_ms = observed_ms - observed_ms % 3600000,
         created_ms = created_ms - created_ms % 3600000, updated_ms = updated_ms - updated_ms % 3600000,
         fed_ms = fed_ms - fed_ms % 3600000 WHERE seq = $1",
    "UPDATE event SET shown_ms = shown_ms - shown_ms % 3600000 WHERE report = $1",
];

async fn tighten(db: &mut Db<'_>, t: &Tighten) -> Result<Vec<i64>, sqlx::Error> {
    let (mut reports, mut stale) = (Vec::with_capacity(t.reports.len()), Vec::new());
    for r in &t.reports {
        if r.basis.holds(db, r.seq).await? {
            reports.push(r);
        } else {
            stale.push(r.seq);
        }
    }
    if reports.is_empty() {
        return Ok(stale);
    }
    let seqs: Vec<i64> = reports.iter().map(|r| r.seq).collect();
    adopt(db, &seqs, t.at).await?;
    let mut set = Sql::new("UPDATE report_public SET precision = ");
    set.push_bind(t.precision as u8).push(" WHERE seq");
    set.push_keys(reports.iter().map(|r| r.seq));
    db.execute(set).await?;
    let mut named = Vec::new();
    for r in &reports {
        let NewPlace::Coarser(place) = r.place else { continue };
        db.execute(
            Sql::new(
                "UPDATE report_public SET lon = $2, lat = $3, address = NULL, border_m = NULL, offshore_m = NULL
                 WHERE seq = $1",
            )
            .bind(r.seq)
            .bind(place.map(|p| p.lon()))
            .bind(place.map(|p| p.lat())),
        )
        .await?;
        // Under other boundaries it shows no more either.
        db.execute(Sql::new("DELETE FROM placed WHERE report = $1").bind(r.seq)).await?;
        named.push(r.seq);
        for hours in BY_HOUR.iter().filter(|_| r.by_hour_now) {
            db.execute(Sql::new(*hours).bind(r.seq)).await?;
        }
    }
    // Among others the order of receipt told the moment: they get the next sequences in the order of their ids.
    let exact: Vec<i64> = reports.iter().filter(|r| r.by_hour_now).map(|r| r.seq).collect();
    let moved = renumber(db, &exact).await?;
    backdate(db, moved.values().copied().collect()).await?;
    named.extend(moved.values());
    named.sort_unstable();
    for seqs in named.chunk_by(|a, b| a + 1 == *b) {
        let (first, last) = (seqs[0], seqs[seqs.len() - 1]);
        log(db, ChangeKind::Reports { first, last }, t.at).await?;
    }
    Ok(stale)
}

/// Puts the events of reports before all others, in the order of ids: they are no news, and where they stood among
/// the others told their moment.
async fn backdate(db: &mut Db<'_>, reports: Vec<i64>) -> Result<(), sqlx::Error> {
    if reports.is_empty() {
        return Ok(());
    }
    let mut q = Sql::new(
        "SELECT e.seq FROM event e JOIN report_public r ON r.seq = e.report
         WHERE e.shown_ms IS NOT NULL AND e.report",
    );
    q.push_keys(reports.iter().copied()).push(" ORDER BY r.id DESC, e.n DESC");
    let mut first: i64 = db.fetch_value(Sql::new("SELECT coalesce(min(seq), 0) FROM event")).await?;
    first = first.min(0);
    for row in db.fetch_all(q).await? {
        first -= 1;
        let event = Sql::new("UPDATE event SET seq = $2 WHERE seq = $1");
        db.execute(event.bind(row.try_get::<i64>("seq")?).bind(first)).await?;
    }
    for report in reports {
        let fed = "UPDATE report_public SET fed = coalesce((SELECT max(e.seq) FROM event e
                       WHERE e.report = report_public.seq AND e.shown_ms IS NOT NULL), 0) WHERE seq = $1";
        db.execute(Sql::new(fed).bind(report)).await?;
    }
    // Where the last events went, their sequences are given again: whoever was told up to them must not miss those.
    let told = "UPDATE webhook SET position = (SELECT coalesce(max(seq), 0) FROM event WHERE seq > 0)
                WHERE position > (SELECT coalesce(max(seq), 0) FROM event WHERE seq > 0)";
    db.execute(Sql::new(told)).await?;
    Ok(())
}
