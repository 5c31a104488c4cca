//! Pages of reports: the live map chooses the rows, SQL reads them by key. What was written since the map
//! was made is read beside it, and the evaluator decides about every row as it now is.

use crate::store::changes::{Change, ChangeKind, change, newest, ranges};
use crate::store::database::{Row, Sql};
use crate::store::record::fields::{COLUMNS, PLACED_NOW, reports};
use crate::store::record::read::record;
use crate::store::{ReportRecord, Store, StoreError};
use diaban_core::domain::CodeBook;
use diaban_core::map::SeqSet;
use diaban_core::query::Filter;
use diaban_core::query::order::{Key, Order};

/// Rows read by one statement.
const PART: usize = 1_000;
/// A page looks at so many rows that only the log names, the last ones. More come at once from a bulk load
/// only, and the map has them a moment later.
const MISSES: usize = 5_000;

/// A page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Which rows.
    pub filter: &'a Filter,
    /// The names behind the filter's codes.
    pub codebook: &'a CodeBook,
    /// The order of the list.
    pub order: &'a Order,
    /// Where the rows that match stand, as the map knows them, the first of them first.
    pub chosen: &'a [Key],
    /// The position of the change log at which the map stood.
    pub at: i64,
    /// Only rows after this place in the order.
    pub before: Option<Key>,
    /// At most how many.
    pub limit: u32,
}

impl Store {
    /// A page of the list: exactly the rows that match now, as long as the map lacks at most five thousand
    /// reports. What is read is bounded by the limit, whatever the filter.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn page(&self, page: Page<'_>) -> Result<Vec<ReportRecord>, StoreError> {
        let limit = page.limit as usize;
        let is_after = |key: &Key| page.before.is_none_or(|b| *key < b);
        // What the map does not know, or not as it is now.
        let log = self.changed_since(page.at).await?;
        let unsure: Vec<u32> = log.before(None).take(MISSES).collect();
        let known = |r: &ReportRecord| {
            let row = r.on_map(page.codebook);
            page.filter.matches(&row).then(|| page.order.key(&row))
        };
        let mut beside: Vec<(Key, ReportRecord)> = Vec::new();
        for part in unsure.chunks(PART) {
            for record in self.reports_by_key(part, page.codebook.edition).await? {
                beside.extend(known(&record).filter(is_after).map(|key| (key, record)));
            }
        }
        beside.sort_unstable_by_key(|(key, _)| std::cmp::Reverse(*key));
        let mut beside = beside.into_iter().peekable();
        let unsure: SeqSet = unsure.into_iter().collect();
        let start = page.before.map_or(0, |b| page.chosen.partition_point(|key| *key >= b));
        let mut chosen = page.chosen[start..].iter().filter(|(_, seq)| !unsure.contains(*seq));
        let is_right = |r: &ReportRecord| page.filter.is_all() || known(r).is_some();
        let (mut out, mut read) = (Vec::with_capacity(limit), 0);
        while out.len() < limit {
            // Some rows do not match any more. The parts grow, so that there are few of them.
            let wanted = (limit - out.len()).max(read).min(PART);
            let part: Vec<Key> = chosen.by_ref().take(wanted).copied().collect();
            if part.is_empty() {
                break;
            }
            read += part.len();
            let mut seqs: Vec<u32> = part.iter().map(|(_, seq)| *seq).collect();
            seqs.sort_unstable_by(|a, b| b.cmp(a));
            let found = self.reports_by_key(&seqs, page.codebook.edition).await?;
            let held: Vec<i64> = found.iter().map(|r| r.seq).collect();
            let mut found: Vec<_> = found.into_iter().map(Some).collect();
            let mut next = 0;
            for key in part {
                while let Some((_, record)) = beside.next_if(|(other, _)| *other > key) {
                    out.push(record);
                }
                // Mostly the order is that of the sequences, and the next one is the one.
                let seq = i64::from(key.1);
                if held.get(next) != Some(&seq) {
                    next = held.partition_point(|other| *other > seq);
                }
                if held.get(next) == Some(&seq) {
                    out.extend(found[next].take().filter(is_right));
                    next += 1;
                }
            }
        }
        out.extend(beside.map(|(_, record)| record));
        out.truncate(limit);
        Ok(out)
    }

    /// The report that a cursor names, wherever it is by now.
    ///
    /// # Errors
    /// [`StoreError::NoCursor`] when there never was one.
    pub async fn cursor(&self, id: u64) -> Result<ReportRecord, StoreError> {
        let mut q = Sql::new(format!(
            "SELECT {} FROM report_public r {PLACED_NOW} WHERE r.withdrawn <> 3 AND r.id = ",
            *COLUMNS
        ));
        q.push_bind(id as i64);
        let row = self.read.fetch_optional(q).await?;
        record(&row.ok_or(StoreError::NoCursor)?)
    }

    /// The reports that the log names after a position.
    async fn changed_since(&self, at: i64) -> Result<Ranges, StoreError> {
        Ranges::of_log(&self.read.fetch_all(newest(at)).await?)
    }

    /// Reports by descending sequences, in this order; those that are withdrawn are left out.
    async fn reports_by_key(&self, seqs: &[u32], edition: i64) -> Result<Vec<ReportRecord>, StoreError> {
        let from = reports(edition);
        let mut q = Sql::new(format!("SELECT {} FROM {from} WHERE r.withdrawn = 0 AND r.seq", *COLUMNS));
        match *seqs {
            // Nearly all rows of a range: one walk finds them sooner than as many look-ups.
            [last, .., first] if (last - first) as usize <= seqs.len() + seqs.len() / 4 => {
                q.push(" BETWEEN ").push_bind(first).push(" AND ").push_bind(last);
            }
            _ => {
                q.push_keys(seqs.iter().map(|s| i64::from(*s)));
            }
        }
        let rows = self.read.fetch_all(q).await?;
        let mut records = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        records.sort_unstable_by_key(|r| std::cmp::Reverse(r.seq));
        let asked = |r: &ReportRecord| seqs.binary_search_by(|s| r.seq.cmp(&i64::from(*s))).is_ok();
        records.retain(asked);
        Ok(records)
    }
}

/// Ascending ranges of internal sequences that do not meet, each its first and its last.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store) struct Ranges(Vec<(i64, i64)>);

impl Ranges {
    /// The reports that rows of the change log name.
    pub(in crate::store) fn of_log(rows: &[Row]) -> Result<Self, StoreError> {
        let mut log = rows.iter().map(change).collect::<Result<Vec<_>, _>>()?;
        // What came after a change of areas stands under other boundaries, which the map will have in a moment.
        if let Some(turn) = log.iter().filter(|c| c.kind == ChangeKind::Areas).map(|c| c.seq).min() {
            log.retain(|c| c.seq < turn);
        }
        Ok(Self::of_changes(&log))
    }

    /// The reports that changes name.
    pub(in crate::store) fn of_changes(log: &[Change]) -> Self {
        Self(ranges(log, ChangeKind::reports))
    }

    /// How many sequences lie in them.
    pub(in crate::store) fn len(&self) -> usize {
        self.0.iter().map(|(first, last)| (last - first + 1).unsigned_abs() as usize).sum()
    }

    /// Their sequences below `end`, the highest first.
    pub(in crate::store) fn before(&self, end: Option<u32>) -> impl Iterator<Item = u32> + '_ {
        let end = end.map_or(i64::from(u32::MAX) + 1, i64::from);
        let below = move |(first, last): &(i64, i64)| (*first..=(*last).min(end - 1)).rev();
        // Sequences of reports fit: the map checks it when it reads them.
        self.0.iter().rev().flat_map(below).filter_map(|seq| u32::try_from(seq).ok())
    }

    /// Whether a sequence lies in one of them.
    pub(in crate::store) fn contains(&self, seq: i64) -> bool {
        let next = self.0.partition_point(|(first, _)| *first <= seq);
        next > 0 && seq <= self.0[next - 1].1
    }
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::store::database::testing::Connection;
    use crate::store::record::reports::tests::report;
    use crate::store::test_database::store_url;
    use diaban_core::domain::report::NewReport;
    use diaban_core::domain::{Instant, State};
    use diaban_core::geo::LonLat;
    use diaban_core::map::Snapshot;
    use diaban_core::query::order::By;
    use diaban_core::query::params::{LIST, parse};
    use diaban_core::query::testing::{codebook, expression};

    /// Reports of all kinds, some with names that nobody knows.
    pub(crate) fn made(id: u64, codebook: &CodeBook) -> NewReport {
        let mut r = report(id);
        let at = |s: u64| Instant::from_ms(s as i64 * 1_000);
        let f = &mut r.public;
        f.point = f
            .point
            .map(|_| LonLat::new(106.0 + (id % 11) as f64 / 10.0, 10.0 + (id % 13) as f64 / 10.0).unwrap());
        f.category = codebook.categories.get(id as usize % 7).map_or("gone".into(), ToString::to_string);
        f.state = State::ALL[id as usize % State::ALL.len()];
        f.ward = codebook.wards.get(id as usize % 5).cloned();
        f.body = codebook.body_id(id as usize % 7).map_or("gone".into(), |b| b.to_string());
        (f.created, f.updated) = (at(id * 5 % 100), at(id * 5 % 100 + id % 90));
        f.due = (!id.is_multiple_of(3)).then(|| at(id * 7 % 180));
        r.events[0].shown = at(id * 11 % 60);
        r
    }

    /// All pages of so many rows, and how they went on.
    async fn pages(
        store: &Store,
        (filter, order): (&Filter, &Order),
        codebook: &CodeBook,
        map: &Snapshot,
        limit: u32,
    ) -> Vec<i64> {
        let chosen = map.ordered(filter, order, None, usize::MAX);
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = Page { filter, codebook, order, chosen: &chosen, at: map.at(), before, limit };
            let part = store.page(page).await.unwrap();
            all.extend(part.iter().map(|r| r.seq));
            before = part.last().map(|r| order.key(&r.on_map(codebook))).or(before);
            if part.len() < limit as usize {
                return all;
            }
        }
    }

    #[tokio::test]
    async fn pages_hold_what_the_evaluator_chooses_though_the_map_is_older() {
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        let codebook = codebook();
        store.load_reports((1..=150).map(|id| made(id, &codebook)).collect()).await.unwrap();
        let mut connection = Connection::open(&url).await;
        connection.db().run("UPDATE report_public SET votes = seq % 12".to_owned()).await.unwrap();
        let rows = store.map_rows(&[(0, i64::MAX)], &codebook).await.unwrap();
        let older = Snapshot::from_rows(rows, store.last_change().await.unwrap());
        // What the map does not know yet: new rows, other values in a third of the old ones, some withdrawn.
        store.load_reports((151..=190).map(|id| made(id, &codebook)).collect()).await.unwrap();
        connection
            .db()
            .run(
                "UPDATE report_public SET votes = (seq + 5) % 12, state = (seq * 3) % 7, due_ms = 90000
                 WHERE seq BETWEEN 40 AND 89;
                 UPDATE report_public SET withdrawn = 1 WHERE seq BETWEEN 60 AND 64 OR seq = 170;
                 INSERT INTO change (kind, first, last, at_ms) VALUES (0, 40, 70, 0), (0, 60, 89, 0), (0, 170, 170, 0)"
                    .to_owned(),
            )
            .await
            .unwrap();
        let rows = store.map_rows(&[(0, i64::MAX)], &codebook).await.unwrap();
        assert_eq!(rows.len(), 184);
        let level = Snapshot::from_rows(rows.clone(), store.last_change().await.unwrap());
        let mut runner = TestRunner::deterministic();
        let (mut found, mut rounds) = (0, 0);
        while rounds < 150 {
            let text = expression().new_tree(&mut runner).unwrap().current();
            let Ok(q) = parse(&[("filter".into(), text.clone())], LIST, &codebook, Instant::from_ms(400_000))
            else {
                continue;
            };
            rounds += 1;
            let near = LonLat::new(106.5, 10.5).unwrap();
            let by = [By::Created, By::Updated, By::Due, By::Distance(near)][rounds % 4];
            let order = Order { by, descending: rounds % 3 > 0 };
            let mut keys: Vec<_> =
                rows.iter().filter(|r| q.filter.matches(r)).map(|r| order.key(r)).collect();
            keys.sort_unstable_by(|a, b| b.cmp(a));
            let want: Vec<i64> = keys.into_iter().map(|(_, seq)| seq.into()).collect();
            found += want.len();
            assert_eq!(
                pages(&store, (&q.filter, &order), &codebook, &older, 7).await,
                want,
                "{text} {order:?}"
            );
            assert_eq!(
                pages(&store, (&q.filter, &order), &codebook, &level, 40).await,
                want,
                "{text} {order:?}"
            );
        }
        assert!(found > 2_000, "most expressions choose something: {found}");
        store.close().await;
    }

    #[tokio::test]
    async fn a_bulk_load_that_the_map_has_not_seen_is_not_searched_through() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let codebook = codebook();
        store.load_reports((1..=3).map(|id| made(id, &codebook)).collect()).await.unwrap();
        let rows = store.map_rows(&[(0, i64::MAX)], &codebook).await.unwrap();
        let map = Snapshot::from_rows(rows, store.last_change().await.unwrap());
        store.load_reports((4..=8_000).map(|id| made(id, &codebook)).collect()).await.unwrap();
        // The newest of them are there, though the map knows three rows only.
        let order = Order::default();
        let all = pages(&store, (&Filter::default(), &order), &codebook, &map, 700).await;
        assert_eq!(all.len(), 5_003);
        // The oldest row matches alone: it is found, and what lies before it is not read to the end.
        let only =
            parse(&[("filter".into(), "id = 2".into())], LIST, &codebook, Instant::MIN).unwrap().filter;
        assert_eq!(pages(&store, (&only, &order), &codebook, &map, 1).await, [2]);
        store.close().await;
    }

    #[test]
    fn ranges_and_lists_are_walked_downwards() {
        let ranges = Ranges(vec![(2, 4), (7, 7), (10, 12)]);
        assert!(ranges.before(None).eq([12, 11, 10, 7, 4, 3, 2]));
        assert!(ranges.before(Some(11)).eq([10, 7, 4, 3, 2]));
        assert_eq!(Ranges(Vec::new()).before(None).next(), None);
        assert!((0..14).all(|s| ranges.contains(s.into()) == ranges.before(None).any(|x| x == s)));
    }
}
