//! Compares two databases: rows, a checksum over all values, and the next number of a row.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::store::StoreError;
use crate::store::database::Arg;
use crate::store::database::schema;
use crate::store::database::single::Single;
use crate::store::whole::copy::{Step, count, named, page};
use crate::store::whole::table::Table;
use crate::store::whole::tables::TABLES;

/// The result for one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Its name.
    pub table: &'static str,
    /// Number of rows in each database.
    pub rows: [u64; 2],
    /// SHA-256 over the values of all rows in key order, as hexadecimal digits.
    pub checksums: [String; 2],
    /// The last number given to a row, if the database numbers the rows.
    pub given: Option<[i64; 2]>,
}

impl Compared {
    /// Whether both hold the same rows, and the second will not reuse a number of the first.
    pub fn is_same(&self) -> bool {
        self.checksums[0] == self.checksums[1] && self.given.is_none_or(|[here, there]| there >= here)
    }
}

/// Compares two databases, each as of one moment; changes nothing.
///
/// # Errors
/// When one cannot be read or has a schema that this program does not know.
pub async fn compare(
    one: &str,
    other: &str,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<Vec<Compared>, StoreError> {
    let (mut one, mut other) = (Single::reader(one).await?, Single::reader(other).await?);
    let versions = [schema::check(&mut one).await?, schema::check(&mut other).await?];
    if versions.iter().any(|v| *v != schema::latest(one.dialect())) {
        let why = format!("their schema versions are {} and {}", versions[0], versions[1]);
        let newest = schema::latest(one.dialect());
        return Err(StoreError::Open(format!("{why}, {newest} is needed: run `diaban migrate` first")));
    }
    one.begin_moment().await?;
    other.begin_moment().await?;
    let mut total = 0;
    for table in TABLES {
        total += count(&mut one, table).await?;
    }
    progress(Step::Total(total));
    let compared = compare_all(&mut one, &mut other, progress).await?;
    one.close().await?;
    other.close().await?;
    Ok(compared)
}

pub(in crate::store) async fn compare_all(
    one: &mut Single,
    other: &mut Single,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<Vec<Compared>, StoreError> {
    let mut out = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let mut silent = |_| {};
        let (here, there) =
            tokio::try_join!(digest(one, table, progress), digest(other, table, &mut silent))?;
        let given = [here.given, there.given];
        out.push(Compared {
            table: table.name,
            rows: [here.rows, there.rows],
            checksums: [here.checksum, there.checksum],
            given: table.numbered.then_some(given),
        });
    }
    Ok(out)
}

struct Digested {
    rows: u64,
    checksum: String,
    given: i64,
}

async fn digest(
    single: &mut Single,
    table: &Table,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<Digested, StoreError> {
    let mut hash = Sha256::new();
    let mut rows = 0;
    let mut after: Option<Vec<Arg>> = None;
    loop {
        let page = page(single, table, after.as_deref()).await?;
        let Some(last) = page.last() else { break };
        after = Some(last[..table.key].to_vec());
        page.iter().flatten().for_each(|value| take(&mut hash, value));
        rows += page.len() as u64;
        progress(Step::Compared(page.len() as u64));
    }
    let given = if table.numbered {
        let sql = single.dialect().last_given(table.name);
        single.db().fetch_value(sql).await.map_err(|e| named(table, e))?
    } else {
        0
    };
    let mut checksum = String::new();
    hex(&mut checksum, &hash.finalize());
    Ok(Digested { rows, checksum, given })
}

/// Writes bytes as hexadecimal digits.
pub(in crate::store) fn hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(out, "{byte:02x}").expect("writing to memory cannot fail");
    }
}

/// Hashes a value in an unambiguous form: its kind, its length if that varies, its bytes. A table
/// always has the same columns, so rows need no separator.
fn take(hash: &mut Sha256, value: &Arg) {
    let sized = |hash: &mut Sha256, kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    match value {
        Arg::Integer(None) | Arg::Real(None) | Arg::Text(None) => hash.update([0]),
        Arg::Integer(Some(v)) => {
            hash.update([1]);
            hash.update(v.to_be_bytes());
        }
        Arg::Real(Some(v)) => {
            hash.update([2]);
            hash.update(v.to_bits().to_be_bytes());
        }
        Arg::Text(Some(text)) => sized(hash, 3, text.as_bytes()),
        Arg::Blob(bytes) => sized(hash, 4, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_of_values_have_one_checksum() {
        let text = |t: &str| Arg::Text(Some(t.to_owned()));
        let rows: [&[Arg]; 10] = [
            &[text("ab"), text("c")],
            &[text("a"), text("bc")],
            &[text(""), Arg::Text(None)],
            &[Arg::Text(None), text("")],
            &[Arg::Real(Some(0.0)), Arg::Integer(Some(0))],
            &[Arg::Real(Some(-0.0)), Arg::Integer(Some(0))],
            &[Arg::Integer(Some(0)), Arg::Integer(Some(0))],
            &[Arg::Integer(None), Arg::Integer(Some(0))],
            &[Arg::Blob(b"ab".to_vec()), text("c")],
            &[Arg::Blob(Vec::new()), text("c")],
        ];
        let mut sums: Vec<Vec<u8>> = rows
            .iter()
            .map(|row| {
                let mut hash = Sha256::new();
                row.iter().for_each(|value| take(&mut hash, value));
                hash.finalize().to_vec()
            })
            .collect();
        sums.sort();
        sums.dedup();
        assert_eq!(sums.len(), rows.len());
    }
}
