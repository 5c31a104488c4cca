//! What is looked at before the first connection to a SQLite file, while nothing has been changed yet: is it there if
//! it was there before, is it ours, can others reach it. And the mark beside it that says that it holds data.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::store::StoreError;
use crate::store::database::dialect::Dialect;
use crate::store::database::inode::{Inode, cannot_write};
use crate::store::database::{Db, Sql, schema, sqlite};
use crate::store::error::{Failure, FailureKind};

/// `diab`, in the header of each of our files, so that no other program's file is taken for one.
pub(in crate::store) const APPLICATION: u32 = 0x6469_6162;
/// Extension of the mark.
const MARK: &str = ".stored";

/// The file that a name stands for: the end of its symbolic links, whether or not a file lies there. So everything
/// beside the database has one name.
pub(in crate::store) fn resolve(mut path: PathBuf) -> PathBuf {
    for _ in 0..8 {
        let Ok(to) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    path
}

/// Refuses what must not be opened; the file exists afterwards. Nothing of an existing one was changed, except that
/// rights of all others were taken.
pub(in crate::store) async fn cross(path: &Path) -> Result<Arc<Inode>, StoreError> {
    let refuse = |why: &dyn std::fmt::Display| sqlite::named(path, why);
    check_folder(path)?;
    for end in ["-wal", "-shm", ".lock"] {
        let name = sqlite::beside(path, end);
        if fs::metadata(&name).is_ok_and(|m| !m.is_file()) {
            return Err(sqlite::named(&name, &"this is not a regular file; remove it"));
        }
    }
    let marked = sqlite::beside(path, MARK).exists();
    let length = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Err(refuse(&"this is not a regular file")),
        Ok(metadata) => metadata.len(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
        Err(e) => return Err(refuse(&e)),
    };
    if length == 0 {
        let log = sqlite::beside(path, "-wal");
        if marked || fs::metadata(&log).is_ok_and(|m| m.len() > 0) {
            return Err(refuse(&missing(path, marked)));
        }
        sqlite::make(path).map_err(|e| refuse(&e))?;
    }
    let inode = Inode::at(path).map_err(|e| refuse(&e))?;
    if inode.names().map_err(|e| refuse(&e))? > 1 && !marked {
        return Err(refuse(
            &"the file has a second name (a hard link). SQLite keeps a log beside the name by which it opens a file, \
              so with another name what stands in the log is lost: remove the other name, or serve a copy",
        ));
    }
    close_to_others(path, &inode);
    if length > 0 {
        check_owner(path, &inode, marked).await?;
    }
    Ok(inode)
}

fn missing(path: &Path, marked: bool) -> String {
    let mark = sqlite::beside(path, MARK);
    let why = if marked {
        format!("{} says that it holds reports", mark.display())
    } else {
        "its log lies there and is not empty".to_owned()
    };
    let away = if marked { mark } else { sqlite::beside(path, "-wal") };
    format!(
        "the database is missing or empty, but {why}: bring the file back, or restore a backup (`diaban restore`); \
         only to begin with an empty store, remove {}",
        away.display()
    )
}

/// Whoever may write to the folder may replace the database.
fn check_folder(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(metadata) = fs::metadata(folder) else { return Ok(()) };
    let mode = metadata.mode();
    if mode & 0o002 != 0 && mode & 0o1000 == 0 {
        let why = "everybody may write to this folder, and so replace the database: `chmod o-w` it";
        return Err(sqlite::named(folder, &why));
    }
    Ok(())
}

/// A file of an older release, or one that somebody brought, may be readable by all.
fn close_to_others(path: &Path, inode: &Inode) {
    match inode.close_to_others() {
        Ok(true) => {
            tracing::warn!(file = %path.display(), "everybody could reach the database; now its owner alone can");
        }
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, file = %path.display(), "everybody can reach the database"),
    }
    for end in ["-wal", "-shm"] {
        let name = sqlite::beside(path, end);
        if let Ok(metadata) = fs::metadata(&name)
            && metadata.mode() & 0o007 != 0
        {
            let mut permissions = metadata.permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, metadata.mode() & 0o700);
            // By its name: a descriptor that closes would end SQLite's locks.
            let _ = fs::set_permissions(&name, permissions);
        }
    }
}

/// Whether the file is ours: by its number, or, from before there was one, by its tables.
async fn check_owner(path: &Path, inode: &Inode, marked: bool) -> Result<(), StoreError> {
    let foreign = |what: &str| sqlite::named(path, &format!("{what}: this is not a database of diaban"));
    let header = inode.header().map_err(|e| sqlite::named(path, &e))?;
    let Some(header) = header else {
        if marked {
            let why =
                format!("{} does not begin as a SQLite file does; `diaban restore` a backup", path.display());
            return Err(StoreError::Storage(Failure::new(FailureKind::Damaged, why)));
        }
        return Err(foreign("it does not begin as a SQLite file does"));
    };
    let other =
        |number: u32| foreign(&format!("another program's SQLite file (application_id {number:#010x})"));
    match header.application {
        APPLICATION => return Ok(()),
        0 => {}
        number => return Err(other(number)),
    }
    if !inode.writable {
        return Ok(()); // its tables are looked at when it is opened for reading
    }
    // A file that was never checkpointed has its first page in the log.
    let mut db = sqlite::looking(path).connect().await.map_err(|e| sqlite::failed(path, e))?;
    let looked = look(&mut db).await.map_err(|e| sqlite::failed(path, e));
    db.close().await.map_err(|e| sqlite::failed(path, e))?;
    match looked? {
        Found::Nothing if marked => Err(sqlite::named(path, &missing(path, true))),
        Found::Ours | Found::Nothing => Ok(()),
        Found::Other(0) => Err(foreign("it has tables of another program")),
        Found::Other(number) => Err(other(number)),
    }
}

enum Found {
    Ours,
    /// No table at all.
    Nothing,
    /// Another program's, with its number.
    Other(u32),
}

async fn look(connection: &mut SqliteConnection) -> Result<Found, sqlx::Error> {
    let mut db = Db::Sqlite(connection);
    let number: i64 = db.fetch_value(Sql::new("PRAGMA application_id")).await?;
    match number as u32 {
        APPLICATION => return Ok(Found::Ours),
        0 => {}
        number => return Ok(Found::Other(number)),
    }
    let tables: i64 = db.fetch_value(Sql::new("SELECT count(*) FROM sqlite_schema")).await?;
    if tables == 0 {
        return Ok(Found::Nothing);
    }
    if !schema::has_table(&mut db, "_sqlx_migrations").await? {
        return Ok(Found::Other(0));
    }
    // Other programs have such a table too, with migrations of their own.
    if schema::has_table(&mut db, "report_public").await? {
        return Ok(Found::Ours);
    }
    let rows = db.fetch_all(Sql::new("SELECT version, checksum FROM _sqlx_migrations")).await?;
    for row in &rows {
        let (version, checksum): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
        let mut ours = schema::migrations(Dialect::Sqlite).iter();
        if !ours.any(|m| m.version == version && *m.checksum == *checksum) {
            return Ok(Found::Other(0));
        }
    }
    let more: i64 = db
        .fetch_value(Sql::new("SELECT count(*) FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations'"))
        .await?;
    Ok(if rows.is_empty() && more > 0 { Found::Other(0) } else { Found::Ours })
}

/// Writes our number into a file that has none yet.
pub(in crate::store) async fn sign(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut db = Db::Sqlite(db);
    let number: i64 = db.fetch_value(Sql::new("PRAGMA application_id")).await?;
    if number as u32 != APPLICATION {
        db.run(format!("PRAGMA application_id = {APPLICATION}")).await?;
    }
    Ok(())
}

/// Leaves the mark beside a store, durably: from now on no empty one is begun in its place.
pub(in crate::store) fn mark(path: &Path) -> io::Result<()> {
    let name = sqlite::beside(path, MARK);
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&name) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(e) if cannot_write(&e) => return Ok(()),
        Err(e) => return Err(e),
    };
    let store = path.file_name().unwrap_or_default().to_string_lossy();
    writeln!(
        file,
        "{store} chứa phản ánh. Khi tệp này còn đây, diaban không tự tạo kho rỗng thay cho nó.\n\
         {store} holds reports. While this file lies here, diaban does not begin an empty store in its place."
    )?;
    file.sync_all()?;
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
