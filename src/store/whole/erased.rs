//! What was erased, as a list of ids and hashes: in a table, and for SQLite in a small file beside the database, which
//! no restore moves away. So a report that was erased is erased again where an older backup brings it back.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::store::database::single::Single;
use crate::store::database::{Db, Row, Sql, schema, sqlite};
use crate::store::record::amend::erase_again;
use crate::store::whole::compare::hex;
use crate::store::write::{Command, NO_BODY};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;

/// The first line of a list.
const HEAD: &str = "diaban erased 1";
/// The first bytes of a SQLite database.
const SQLITE: &[u8] = b"SQLite format 3\0";
const ALL: &str = "SELECT id, key_hash, at_ms FROM erased ORDER BY id";

/// A report that was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its public id.
    pub id: i64,
    /// The hash of the key that it came with; empty without one.
    pub key: Vec<u8>,
    /// When it was erased.
    pub at: Instant,
}

impl Erasure {
    fn of(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            key: row.try_get::<&[u8]>(1)?.to_vec(),
            at: Instant::from_ms(row.try_get(2)?),
        })
    }

    /// A line of a list: id, key, moment.
    fn line(&self) -> String {
        let mut out = format!("{} ", self.id);
        if self.key.is_empty() {
            out.push('-');
        }
        hex(&mut out, &self.key);
        writeln!(out, " {}", self.at.ms()).expect("writing to memory cannot fail");
        out
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut next = || words.next();
        let id = next()?.parse().ok().filter(|id| *id > 0)?;
        let key = unhex(next()?)?;
        let at = Instant::from_ms(next()?.parse().ok()?);
        next().is_none().then_some(Self { id, key, at })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text == "-" {
        return Some(Vec::new());
    }
    let digit = |i: usize| u8::from_str_radix(text.get(i..i + 2)?, 16).ok();
    (text.len() == 64).then(|| (0..64).step_by(2).map(digit).collect()).flatten()
}

/// The list beside a SQLite database.
pub(in crate::store) fn beside(path: &Path) -> PathBuf {
    sqlite::beside(path, ".erased")
}

/// Reads what was erased: from a list, or from a backup.
///
/// # Errors
/// When the file is neither, with the line that cannot be read.
pub async fn read_erased(file: &Path) -> Result<Vec<Erasure>, StoreError> {
    let named = |e: &dyn std::fmt::Display| sqlite::named(file, e);
    let mut head = Vec::new();
    let opened = File::open(file).map_err(|e| named(&e))?;
    opened.take(SQLITE.len() as u64).read_to_end(&mut head).map_err(|e| named(&e))?;
    if head != SQLITE {
        return list(file);
    }
    let mut single = Single::still(file, file).await.map_err(|e| named(&e))?;
    let all = of_database(&mut single).await?;
    single.close().await?;
    Ok(all)
}

/// What a database says; nothing if it is of a release that kept no list.
pub(in crate::store) async fn of_database(single: &mut Single) -> Result<Vec<Erasure>, StoreError> {
    if !schema::has_table(&mut single.db(), "erased").await.map_err(StoreError::sort)? {
        return Ok(Vec::new());
    }
    let rows = single.db().fetch_all(Sql::new(ALL)).await.map_err(StoreError::sort)?;
    rows.iter().map(|row| Ok(Erasure::of(row)?)).collect()
}

/// Reads a list; a last line without its end was cut off while it was written, and is in the table.
fn list(file: &Path) -> Result<Vec<Erasure>, StoreError> {
    let text = fs::read_to_string(file).map_err(|e| sqlite::named(file, &e))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut all = Vec::new();
    for (n, line) in whole.lines().enumerate() {
        match Erasure::parse(line) {
            Some(erasure) => all.push(erasure),
            None if n == 0 && line == HEAD => {}
            None if n == 0 => {
                return Err(sqlite::named(file, &"this is no list of what was erased, and no backup"));
            }
            None => {
                let why = format!("line {} is not read: ID KEY MILLISECONDS is expected", n + 1);
                return Err(sqlite::named(file, &why));
            }
        }
    }
    Ok(all)
}

/// The list beside a database; empty if there is none.
pub(in crate::store) fn list_beside(path: &Path) -> Result<Vec<Erasure>, StoreError> {
    let file = beside(path);
    if file.exists() { list(&file) } else { Ok(Vec::new()) }
}

/// Adds to a list what it lacks, durably; makes it if it is missing, for its owner alone.
///
/// # Errors
/// When the file cannot be read or written.
pub fn write_erased(file: &Path, all: &[Erasure]) -> Result<(), StoreError> {
    let named = |e: io::Error| sqlite::named(file, &e);
    let there: HashSet<i64> =
        if file.exists() { list(file)?.iter().map(|e| e.id).collect() } else { HashSet::new() };
    let new: Vec<&Erasure> = all.iter().filter(|e| !there.contains(&e.id)).collect();
    if new.is_empty() && file.exists() {
        return Ok(());
    }
    let mut out =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file).map_err(named)?;
    let end = out.seek(SeekFrom::End(0)).map_err(named)?;
    let mut text = String::new();
    if end == 0 {
        writeln!(text, "{HEAD}").expect("writing to memory cannot fail");
    } else {
        let mut last = [0];
        out.seek(SeekFrom::Start(end - 1)).and_then(|_| out.read_exact(&mut last)).map_err(named)?;
        // What was cut off stands for nothing, but its line must end: it is taken away.
        if last != *b"\n" {
            let whole = fs::read(file).map_err(named)?;
            let keep = whole.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            out.set_len(keep as u64).map_err(named)?;
        }
    }
    text.extend(new.iter().map(|e| e.line()));
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(named)?;
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(named)
}

impl Store {
    /// What was erased, by id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn erased(&self) -> Result<Vec<Erasure>, StoreError> {
        let rows = self.read.fetch_all(Sql::new(ALL)).await?;
        rows.iter().map(|row| Ok(Erasure::of(row)?)).collect()
    }

    /// Erases again what was erased elsewhere or before; gives how many reports that were.
    ///
    /// # Errors
    /// When the write fails; nothing was changed then.
    pub async fn erase_again(&self, all: Vec<Erasure>) -> Result<u64, StoreError> {
        let again = self.write(Again(all)).await?;
        self.keep_erased().await?;
        Ok(again)
    }

    /// Brings the list beside the file and the table to one: what either says was erased, is.
    pub(in crate::store) async fn settle_erased(&self) -> Result<(), StoreError> {
        // A release that kept no list erased, too.
        let unlisted = "SELECT count(*) FROM report_public r WHERE r.withdrawn <> 0 AND r.withdrawn = 2
                        AND NOT EXISTS (SELECT 1 FROM erased e WHERE e.id = r.id)";
        let unlisted: i64 = self.read.fetch_value(Sql::new(unlisted)).await?;
        let listed = self.file().map_or_else(|| Ok(Vec::new()), list_beside)?;
        let known: HashSet<i64> = self.erased().await?.iter().map(|e| e.id).collect();
        let new: Vec<Erasure> = listed.into_iter().filter(|e| !known.contains(&e.id)).collect();
        if unlisted > 0 || !new.is_empty() {
            let again = self.write(Again(new)).await?;
            if again > 0 {
                tracing::warn!(
                    reports = again,
                    "reports that had been erased were back, and were erased again"
                );
            }
        }
        if let Err(error) = self.keep_erased().await {
            tracing::warn!(%error, "the list of what was erased cannot be written");
        }
        Ok(())
    }

    /// Writes into the list beside the file what it lacks.
    pub(in crate::store) async fn keep_erased(&self) -> Result<(), StoreError> {
        let Some(path) = self.file() else { return Ok(()) };
        let (all, file) = (self.erased().await?, beside(path));
        if all.is_empty() && !file.exists() {
            return Ok(());
        }
        write_erased(&file, &all)
    }
}

struct Again(Vec<Erasure>);

impl Command for Again {
    type Answer = u64;

    async fn run(&self, db: &mut Db<'_>) -> Result<u64, sqlx::Error> {
        again(db, &self.0).await
    }
}

/// Erases what is there and should not be, and notes all in the table; gives how many reports were there.
pub(in crate::store) async fn again(db: &mut Db<'_>, all: &[Erasure]) -> Result<u64, sqlx::Error> {
    let mut erased = 0;
    for e in all {
        erased += u64::from(erase_again(db, e.id, e.at).await?);
        let note = "INSERT INTO erased (id, key_hash, at_ms) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
        db.execute(Sql::new(note).bind(e.id).bind(&e.key).bind(e.at.ms())).await?;
        if !e.key.is_empty() {
            let key = "INSERT INTO idempotency (key_hash, body_hash, report_id) VALUES ($1, $2, $3)
                       ON CONFLICT (key_hash) DO NOTHING";
            db.execute(Sql::new(key).bind(&e.key).bind(&NO_BODY[..]).bind(e.id)).await?;
        }
    }
    let before = "INSERT INTO erased (id, key_hash, at_ms)
                  SELECT r.id, coalesce(i.key_hash, $1), r.fed_ms
                  FROM report_public r LEFT JOIN idempotency i ON i.report_id = r.id
                  WHERE r.withdrawn <> 0 AND r.withdrawn = 2 AND NOT EXISTS (SELECT 1 FROM erased e WHERE e.id = r.id)
                  ON CONFLICT (id) DO NOTHING";
    db.execute(Sql::new(before).bind(&[][..])).await?;
    let bodies = "UPDATE idempotency SET body_hash = $1
                  WHERE body_hash <> $1 AND report_id IN (SELECT id FROM erased)";
    db.execute(Sql::new(bodies).bind(&NO_BODY[..])).await?;
    Ok(erased)
}

/// The same on a connection of its own, in one transaction.
pub(in crate::store) async fn again_alone(single: &mut Single, all: &[Erasure]) -> Result<u64, StoreError> {
    let mut db = single.db();
    async {
        db.run("BEGIN".to_owned()).await?;
        let erased = again(&mut db, all).await?;
        db.run("COMMIT".to_owned()).await?;
        Ok(erased)
    }
    .await
    .map_err(StoreError::sort)
}

/// How many of these a database still holds.
pub(in crate::store) async fn unerased(single: &mut Single, all: &[Erasure]) -> Result<u64, StoreError> {
    let mut there = 0;
    for some in all.chunks(500) {
        let mut q = Sql::new("SELECT count(*) FROM report_public WHERE withdrawn <> 2 AND id");
        q.push_keys(some.iter().map(|e| e.id));
        let n: i64 = single.db().fetch_value(q).await.map_err(StoreError::sort)?;
        there += n.unsigned_abs();
    }
    Ok(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(id: i64, key: Vec<u8>) -> Erasure {
        Erasure { id, key, at: Instant::from_ms(1_000 + id) }
    }

    #[test]
    fn a_list_is_read_as_it_was_written_and_a_torn_end_costs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.erased");
        let all = vec![erasure(7, Vec::new()), erasure(1 << 51, vec![0xab; 32])];
        write_erased(&file, &all[..1]).unwrap();
        write_erased(&file, &all).unwrap();
        assert_eq!(list(&file).unwrap(), all);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 9]).unwrap();
        assert_eq!(list(&file).unwrap(), all[..1], "the last line was cut off");
        write_erased(&file, &all).unwrap();
        assert_eq!(fs::read(&file).unwrap(), whole);
        for strange in ["x\n", "diaban erased 1\n7 -\n", "diaban erased 1\n7 zz 1\n", "-7 - 1\n"] {
            fs::write(&file, strange).unwrap();
            assert!(list(&file).is_err(), "{strange:?}");
        }
    }
}
