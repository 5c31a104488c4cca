//! Words of people: everybody reads them masked, and the rows that everybody reads hold nothing else. What was written
//! stands apart, where something was masked, for the office of the report. What earlier releases stored as it was
//! written is masked here, batch by batch.

use std::ops::AddAssign;

use crate::store::changes::{ChangeKind, log};
use crate::store::database::{Db, Row, Sql};
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::mask::{Masked, Written};
use diaban_core::domain::report::EventKind;
use diaban_core::domain::{Instant, State};

/// By which rules the words of a row were masked; a row that does not say so is of a release that masked nothing.
pub(in crate::store) const MASKED: u8 = 1;
/// Rows in one commit.
const PIECE: i64 = 500;
/// Reports that were not looked at yet; an index has them.
const REPORTS: &str = "FROM report_public WHERE masked IS NULL";
/// The same of events.
const EVENTS: &str = "FROM event WHERE masked IS NULL AND (reason IS NOT NULL OR note IS NOT NULL)";

/// What everybody reads.
pub(in crate::store) fn masked(words: Option<&Written>) -> Option<&str> {
    words.map(|w| w.shown.as_str())
}

/// What was written, if that is more.
pub(in crate::store) fn as_written(words: Option<&Written>) -> Option<&str> {
    words.and_then(|w| w.original.as_deref())
}

/// The texts of a report as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// A line.
    pub title: Option<String>,
    /// What was seen.
    pub description: Option<String>,
    /// The address, also where everybody reads none.
    pub address: Option<String>,
}

/// What was masked of what was stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaskedRows {
    /// Reports.
    pub reports: u64,
    /// Things that happened to reports.
    pub events: u64,
}

impl AddAssign for MaskedRows {
    fn add_assign(&mut self, more: Self) {
        self.reports += more.reports;
        self.events += more.events;
    }
}

impl Store {
    /// The texts of a report as they were written, for its office.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn texts(&self, id: u64) -> Result<Option<Texts>, StoreError> {
        let texts = "SELECT coalesce(p.title, r.title) AS title, coalesce(p.description, r.description) AS description,
                         coalesce(p.address, r.address) AS address
                     FROM report_public r LEFT JOIN report_private p USING (seq) WHERE r.id = $1";
        let row = self.read.fetch_optional(Sql::new(texts).bind(id as i64)).await?;
        let read = |row: Row| {
            Ok(Texts {
                title: row.try_get("title")?,
                description: row.try_get("description")?,
                address: row.try_get("address")?,
            })
        };
        row.map(read).transpose()
    }

    /// Masks some of what an earlier release stored as it was written; none when nothing is left.
    ///
    /// # Errors
    /// When the store fails; nothing of these was changed then.
    pub async fn mask_stored(&self, at: Instant) -> Result<Option<MaskedRows>, StoreError> {
        for table in [REPORTS, EVENTS] {
            // A look first: most starts find nothing, and storage may be read-only.
            if self.read.fetch_optional(Sql::new(format!("SELECT 1 {table} LIMIT 1"))).await?.is_some() {
                return self.write(MaskStored { at }).await.map(Some);
            }
        }
        Ok(None)
    }
}

struct MaskStored {
    at: Instant,
}

impl Command for MaskStored {
    type Answer = MaskedRows;

    /// It reads and writes in one transaction that no other writer shares, so it overwrites nothing newer.
    async fn run(&self, db: &mut Db<'_>) -> Result<MaskedRows, sqlx::Error> {
        let mut changed = Vec::new();
        let reports = reports(db, &mut changed).await?;
        let events = events(db, &mut changed).await?;
        changed.sort_unstable();
        changed.dedup();
        for seqs in changed.chunk_by(|a, b| a + 1 == *b) {
            let (first, last) = (seqs[0], seqs[seqs.len() - 1]);
            log(db, ChangeKind::Reports { first, last }, self.at).await?;
        }
        Ok(MaskedRows { reports, events })
    }
}

/// A text of a row, and whether something in it is masked.
fn text(row: &Row, column: &str) -> Result<(Option<Written>, bool), sqlx::Error> {
    let written = row.try_get::<Option<String>>(column)?.map(Written::of);
    let masked = written.as_ref().is_some_and(|w| w.original.is_some());
    Ok((written, masked))
}

/// Masks reports, and notes which were changed.
async fn reports(db: &mut Db<'_>, changed: &mut Vec<i64>) -> Result<u64, sqlx::Error> {
    let some =
        format!("SELECT seq, title, description, address, source {REPORTS} ORDER BY seq LIMIT {PIECE}");
    let rows = db.fetch_all(Sql::new(some)).await?;
    let mut seqs = Vec::with_capacity(rows.len());
    let before = changed.len();
    for row in &rows {
        let seq: i64 = row.try_get("seq")?;
        seqs.push(seq);
        let (title, title_masked) = text(row, "title")?;
        let (description, description_masked) = text(row, "description")?;
        let (address, address_masked) = text(row, "address")?;
        let was = row.try_get::<&str>("source")?;
        let source = Masked::of(was);
        if !(title_masked || description_masked || address_masked || *source != *was) {
            continue;
        }
        let public =
            "UPDATE report_public SET title = $2, description = $3, address = $4, source = $5 WHERE seq = $1";
        db.execute(
            Sql::new(public)
                .bind(seq)
                .bind(masked(title.as_ref()))
                .bind(masked(description.as_ref()))
                .bind(masked(address.as_ref()))
                .bind(source.as_str()),
        )
        .await?;
        let private =
            "UPDATE report_private SET title = $2, description = $3, address = coalesce(address, $4)
                       WHERE seq = $1";
        db.execute(
            Sql::new(private)
                .bind(seq)
                .bind(as_written(title.as_ref()))
                .bind(as_written(description.as_ref()))
                .bind(as_written(address.as_ref())),
        )
        .await?;
        changed.push(seq);
    }
    seen(db, "report_public", &seqs).await?;
    Ok((changed.len() - before) as u64)
}

/// The same of what happened to reports.
async fn events(db: &mut Db<'_>, changed: &mut Vec<i64>) -> Result<u64, sqlx::Error> {
    let some =
        format!("SELECT seq, report, kind, to_state, reason, note {EVENTS} ORDER BY seq LIMIT {PIECE}");
    let rows = db.fetch_all(Sql::new(some)).await?;
    let mut seqs = Vec::with_capacity(rows.len());
    let mut count = 0;
    for row in &rows {
        let seq: i64 = row.try_get("seq")?;
        seqs.push(seq);
        let (mut reason, mut reason_masked) = text(row, "reason")?;
        let (mut note, mut note_masked) = text(row, "note")?;
        // The reason of a duplicate is the id of the other report, which its note names.
        let became = (row.code("kind")?, row.code("to_state")?);
        if became == (EventKind::State as i64, State::Duplicate as i64) {
            reason = row.try_get::<Option<String>>("reason")?.map(Written::by_us);
            reason_masked = false;
            let id = reason.as_ref().map(|r| r.shown.as_str().to_owned()).unwrap_or_default();
            let whole =
                row.try_get::<Option<String>>("note")?.filter(|note| !id.is_empty() && note.contains(&id));
            if let Some(whole) = whole.filter(|note| Written::of(note.replace(&id, "")).original.is_none()) {
                note = Some(Written::by_us(whole));
                note_masked = false;
            }
        }
        if !(reason_masked || note_masked) {
            continue;
        }
        let event =
            "UPDATE event SET reason = $2, note = $3, written_reason = $4, written_note = $5 WHERE seq = $1";
        db.execute(
            Sql::new(event)
                .bind(seq)
                .bind(masked(reason.as_ref()))
                .bind(masked(note.as_ref()))
                .bind(as_written(reason.as_ref()))
                .bind(as_written(note.as_ref())),
        )
        .await?;
        count += 1;
        changed.push(row.try_get("report")?);
    }
    seen(db, "event", &seqs).await?;
    Ok(count)
}

/// Notes that rows were looked at.
async fn seen(db: &mut Db<'_>, table: &str, seqs: &[i64]) -> Result<(), sqlx::Error> {
    if seqs.is_empty() {
        return Ok(());
    }
    let mut q = Sql::new(format!("UPDATE {table} SET masked = "));
    q.push_bind(MASKED).push(" WHERE seq").push_keys(seqs.iter().copied());
    db.execute(q).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::testing::Connection;
    use crate::store::record::amend::Step;
    use crate::store::record::reports::tests::{amend, report};
    use crate::store::test_database::store_url;
    use crate::store::write::Applied;

    async fn run(url: &str, sql: &str) {
        Connection::open(url).await.db().run(sql.to_owned()).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_stored_as_it_was_written_is_masked_once_and_kept_for_the_office() {
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        store.load_reports((1..=1_200).map(report).collect()).await.unwrap();
        let at = Instant::from_ms(9_000);
        assert_eq!(store.mask_stored(at).await.unwrap(), None, "new rows were masked when they came");
        // As an earlier release wrote them; one of them was erased meanwhile, one is a duplicate.
        run(
            &url,
            "UPDATE report_public SET masked = NULL;
             UPDATE report_public SET title = 'gọi 0903123456', address = '12 Lê Lợi', source = 'a@b.vn' WHERE seq % 3 = 0;
             UPDATE event SET masked = NULL, note = 'xe 59A-123.45' WHERE report % 4 = 0;
             UPDATE event SET masked = NULL, to_state = 6, reason = '272345678901',
                 note = 'Trùng với phản ánh 272345678901.' WHERE report = 5;
             UPDATE event SET masked = NULL, to_state = 6, reason = '272345678902',
                 note = 'Trùng 272345678902, gọi 0903123456' WHERE report = 7;
             UPDATE report_private SET address = 'hẻm 3' WHERE seq = 3",
        )
        .await;
        assert_eq!(amend(&store, 6, Step::Erase, at).await, Applied::Done);
        let log = store.last_change().await.unwrap();
        let mut all = MaskedRows::default();
        while let Some(some) = store.mask_stored(at).await.unwrap() {
            all += some;
        }
        assert_eq!(all, MaskedRows { reports: 400, events: 301 });
        assert!(store.last_change().await.unwrap() > log, "readers learn of it");
        let facts = store.report(3).await.unwrap().unwrap().facts;
        assert_eq!(
            (facts.title.as_deref(), facts.address.as_deref(), &*facts.source),
            (Some("gọi [SĐT/phone]"), Some("12 Lê Lợi"), "[email]")
        );
        let texts = store.texts(3).await.unwrap().unwrap();
        assert_eq!(
            (texts.title.as_deref(), texts.address.as_deref()),
            (Some("gọi 0903123456"), Some("hẻm 3"))
        );
        assert_eq!(store.texts(6).await.unwrap(), Some(Texts::default()), "it was erased");
        let happened = store.life(4).await.unwrap().remove(0);
        assert_eq!(
            (happened.note.as_deref(), happened.written_note.as_deref()),
            (Some("xe [biển số/plate]"), Some("xe 59A-123.45"))
        );
        let duplicate = store.life(5).await.unwrap().remove(0);
        assert_eq!((duplicate.reason.as_deref(), duplicate.written_reason), (Some("272345678901"), None));
        assert_eq!(duplicate.note.as_deref(), Some("Trùng với phản ánh 272345678901."));
        let duplicate = store.life(7).await.unwrap().remove(0);
        assert!(!duplicate.note.unwrap().contains("0903123456"));
        assert_eq!(amend(&store, 3, Step::Erase, at).await, Applied::Done);
        assert_eq!(store.texts(3).await.unwrap(), Some(Texts::default()));
        store.close().await;
    }
}
