//! Copies a whole database into another, page by page in key order; a restarted copy continues
//! where it stopped. The table `copying` in the target marks the copy until it is complete and
//! equal to the source.

use std::fmt::Write as _;
use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::store::StoreError;
use crate::store::database::dialect::Dialect;
use crate::store::database::schema::{self, COPYING, Migrated};
use crate::store::database::single::Single;
use crate::store::database::{Arg, Db, Sql, postgres, sqlite};
use crate::store::record::reports::insert;
use crate::store::whole::compare::{Compared, compare_all, hex};
use crate::store::whole::erased;
use crate::store::whole::table::{Table, Values};
use crate::store::whole::tables::TABLES;

/// Parameters per statement; SQLite allows 32,766.
const PARAMETERS: usize = 12_000;

/// Progress of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The number of rows to copy, and then to compare.
    Total(u64),
    /// This many more rows were copied, durably.
    Copied(u64),
    /// This many more rows were compared.
    Compared(u64),
}

/// The result of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The schema version of the target before and now.
    pub migrated: Migrated,
    /// Rows that an interrupted copy had already copied.
    pub before: u64,
    /// Rows copied by this run.
    pub rows: u64,
    /// Comparison of the tables.
    pub tables: Vec<Compared>,
    /// Reports that the source held although they had been erased, and that were erased in the target.
    pub erased: u64,
}

/// Copies every row of one database into another one that is empty or holds an interrupted copy of
/// the same source, then compares both. `progress` is called for each page. Dropping the future
/// interrupts the copy. In the end what the list beside the source and `lists` say was erased is erased in the target.
///
/// # Errors
/// When a database cannot be opened, is being served or has another schema, the target holds other
/// data, or the source has changed since the copy began. A difference between the two is not an
/// error: see [`Copied::tables`].
pub async fn copy(
    from: &str,
    to: &str,
    lists: &[PathBuf],
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<Copied, StoreError> {
    let mut known = Vec::new();
    for list in lists {
        known.extend(erased::read_erased(list).await?);
    }
    for url in [from, to] {
        if !postgres::is_url(url) {
            known.extend(erased::list_beside(&sqlite::path_of(url)?)?);
        }
    }
    if from == to {
        return Err(StoreError::Open(format!("{from}: source and target are the same database")));
    }
    let mut source = Single::lone_reader(from).await?;
    let (version, newest) = (schema::check(&mut source).await?, schema::latest(source.dialect()));
    if version != newest {
        let why = format!("its schema version is {version}, {newest} is needed: run `diaban migrate` first");
        return Err(StoreError::Open(format!("{}: {why}", source.name)));
    }
    let mut target = Single::writer(to).await?;
    if source.name == target.name {
        return Err(StoreError::Open(format!("{}: source and target are the same database", source.name)));
    }
    let migrated = target.migrate().await?;
    target.hold(to).await?;
    source.begin_moment().await?;
    let mut total = 0;
    for table in TABLES {
        total += count(&mut source, table).await?;
    }
    progress(Step::Total(total));
    let before = mark(&mut source, &mut target).await?;
    progress(Step::Copied(before));
    let mut rows = 0;
    for table in TABLES {
        rows += copy_table(&mut source, &mut target, table, progress).await?;
    }
    for table in TABLES.iter().filter(|t| t.numbered) {
        carry_numbers(&mut source, &mut target, table).await?;
    }
    if target.dialect() == Dialect::Postgres {
        // Not all tables: another one is locked, so that other writers stay out.
        let names: Vec<&str> = TABLES.iter().map(|t| t.name).collect();
        target.db().run(format!("ANALYZE {}", names.join(", "))).await.map_err(StoreError::sort)?;
    }
    let tables = compare_all(&mut source, &mut target, progress).await?;
    let mut erased = 0;
    if tables.iter().all(Compared::is_same) {
        let noted = erased::of_database(&mut target).await?;
        known.retain(|e| !noted.iter().any(|n| n.id == e.id));
        if !known.is_empty() {
            erased = erased::again_alone(&mut target, &known).await?;
        }
        let all = erased::of_database(&mut target).await?;
        if !postgres::is_url(to) && !all.is_empty() {
            erased::write_erased(&erased::beside(&sqlite::path_of(to)?), &all)?;
        }
        target.db().run(format!("DROP TABLE {COPYING}")).await.map_err(StoreError::sort)?;
    }
    target.close().await?;
    source.close().await?;
    Ok(Copied { migrated, before, rows, tables, erased })
}

pub(in crate::store) async fn count(single: &mut Single, table: &Table) -> Result<u64, StoreError> {
    let rows: i64 = single.db().fetch_value(table.count()).await.map_err(|e| named(table, e))?;
    Ok(rows.unsigned_abs())
}

/// Marks the target as a copy of this source, or checks the mark. Returns the number of rows in the
/// target.
async fn mark(source: &mut Single, target: &mut Single) -> Result<u64, StoreError> {
    let head = Sql::new("SELECT coalesce(max(seq), 0) FROM change");
    let head: i64 = source.db().fetch_value(head).await.map_err(StoreError::sort)?;
    let mut there = 0;
    let mut first = None;
    for table in TABLES {
        let rows = count(target, table).await?;
        there += rows;
        first = first.or((rows > 0).then_some((table.name, rows)));
    }
    let refuse = |why: String| Err(StoreError::Open(why));
    if schema::has_table(&mut target.db(), COPYING).await.map_err(StoreError::sort)? {
        let row = target.db().fetch_one(Sql::new(format!("SELECT source, head FROM {COPYING}"))).await;
        let row = row.map_err(StoreError::sort)?;
        let (of, began): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        if of != source.name {
            return refuse(format!(
                "{}: holds an unfinished copy of {of}, not of {}",
                target.name, source.name
            ));
        }
        if began != head {
            return refuse(format!(
                "{}: was written since the copy into {} began (change {began}, now {head}): begin anew with \
                 an empty target",
                source.name, target.name
            ));
        }
        return Ok(there);
    }
    if let Some((table, rows)) = first {
        return refuse(format!("{}: the target must be empty, but {table} has {rows} rows", target.name));
    }
    let name = source.name.clone();
    let mut db = target.db();
    async {
        db.run(format!("BEGIN; CREATE TABLE {COPYING} (source text NOT NULL, head bigint NOT NULL)")).await?;
        let row = Sql::new(format!("INSERT INTO {COPYING} (source, head) VALUES ($1, $2)"));
        db.execute(row.bind(name).bind(head)).await?;
        db.run("COMMIT".to_owned()).await
    }
    .await
    .map_err(StoreError::sort)?;
    Ok(0)
}

/// Copies the missing rows of a table: the next page is read while one is written.
async fn copy_table(
    source: &mut Single,
    target: &mut Single,
    table: &Table,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<u64, StoreError> {
    let (send, mut pages) = mpsc::channel(1);
    let last = target.db().fetch_all(table.last_key()).await.map_err(|e| named(table, e))?;
    let mut after = last.first().map(|row| table.values(row, table.key)).transpose()?;
    let read = async move {
        loop {
            let rows = page(source, table, after.as_deref()).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last[..table.key].to_vec());
            // The receiver is gone if writing failed; the writer reports why.
            if send.send(rows).await.is_err() {
                return Ok(());
            }
        }
    };
    let write = async {
        let mut written = 0;
        while let Some(rows) = pages.recv().await {
            let n = rows.len() as u64;
            write(&mut target.db(), table, rows).await.map_err(|e| named(table, e))?;
            written += n;
            progress(Step::Copied(n));
        }
        Ok(written)
    };
    tokio::try_join!(read, write).map(|((), written)| written)
}

/// The next rows after a key.
pub(in crate::store) async fn page(
    single: &mut Single,
    table: &Table,
    after: Option<&[Arg]>,
) -> Result<Vec<Values>, StoreError> {
    let sql = table.next(single.dialect(), after);
    let rows = single.db().fetch_all(sql).await.map_err(|e| named(table, e))?;
    let values = rows.iter().map(|row| table.values(row, table.columns.len()));
    values.collect::<Result<_, _>>().map_err(|e| named(table, e))
}

pub(in crate::store) fn named(table: &Table, error: sqlx::Error) -> StoreError {
    match StoreError::sort(error) {
        StoreError::Other(e) => StoreError::Open(format!("{}: {e}", table.name)),
        other => other,
    }
}

/// Writes a page in one transaction.
async fn write(db: &mut Db<'_>, table: &Table, rows: Vec<Values>) -> Result<(), sqlx::Error> {
    db.run("BEGIN".to_owned()).await?;
    if matches!(db, Db::Postgres(_)) {
        let statement = format!("COPY {} ({}) FROM STDIN", table.name, table.columns());
        Single::copy_in(db, &statement, text_of(&rows)).await?;
    } else {
        write_rows(db, table, rows).await?;
    }
    db.run("COMMIT".to_owned()).await
}

async fn write_rows(db: &mut Db<'_>, table: &Table, rows: Vec<Values>) -> Result<(), sqlx::Error> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut sql = insert(table.name, &table.columns());
        let some = rows.by_ref().take(PARAMETERS / table.columns.len());
        sql.push_values(some, |out, row| {
            for value in row {
                out.push_bind(value);
            }
        });
        db.execute(sql).await?;
    }
    Ok(())
}

/// Rows in the text format of PostgreSQL's `COPY`.
fn text_of(rows: &[Values]) -> Vec<u8> {
    const NULL: &str = "\\N";
    let mut out = String::with_capacity(rows.len() * 128);
    for row in rows {
        for (i, value) in row.iter().enumerate() {
            if i > 0 {
                out.push('\t');
            }
            match value {
                Arg::Integer(Some(v)) => write!(out, "{v}").expect("writing to memory cannot fail"),
                // The shortest text that parses to the same number.
                Arg::Real(Some(v)) => write!(out, "{v:e}").expect("writing to memory cannot fail"),
                Arg::Text(Some(text)) => escape(&mut out, text),
                Arg::Blob(bytes) => {
                    out.push_str("\\\\x");
                    hex(&mut out, bytes);
                }
                Arg::Integer(None) | Arg::Real(None) | Arg::Text(None) => out.push_str(NULL),
            }
        }
        out.push('\n');
    }
    out.into_bytes()
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
}

/// Ensures that the target never reuses a number of the source, not even of a deleted row.
async fn carry_numbers(source: &mut Single, target: &mut Single, table: &Table) -> Result<(), StoreError> {
    let sql = source.dialect().last_given(table.name);
    let given: i64 = source.db().fetch_value(sql).await.map_err(|e| named(table, e))?;
    if given == 0 {
        return Ok(());
    }
    let statements = table.give_after(target.dialect(), given);
    target.db().run(statements).await.map_err(|e| named(table, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_in_the_format_that_postgresql_reads() {
        let row = vec![
            Arg::Integer(Some(-7)),
            Arg::Integer(None),
            Arg::Real(Some(0.1)),
            Arg::Real(Some(-0.0)),
            Arg::Text(Some("a\tb\nc\\d\r\\N\\.".to_owned())),
            Arg::Text(Some(String::new())),
            Arg::Text(None),
            Arg::Blob(vec![0, 255]),
        ];
        let text = String::from_utf8(text_of(&[row.clone(), row[..1].to_vec()])).unwrap();
        let expected = "-7\t\\N\t1e-1\t-0e0\ta\\tb\\nc\\\\d\\r\\\\N\\\\.\t\t\\N\t\\\\x00ff\n-7\n";
        assert_eq!(text, expected);
    }
}
