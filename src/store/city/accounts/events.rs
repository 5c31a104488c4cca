//! What happened to accounts: on record for good, without passwords or addresses.

use crate::store::database::{Db, Row, Sql};
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::account::{Happened, Login};

/// The number of the last event.
const LAST: &str = "SELECT coalesce(max(seq), 0) FROM account_event";

/// Something that happened to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEvent {
    /// Its login.
    pub login: String,
    /// When.
    pub at: Instant,
    /// What.
    pub what: Happened,
}

impl Store {
    /// The number of the last event; whatever changes accounts or sessions makes one, but for when they were last seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_account_event(&self) -> Result<i64, StoreError> {
        self.read.fetch_value(Sql::new(LAST)).await
    }

    /// What happened to an account or to all, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn account_events(&self, login: Option<&Login>) -> Result<Vec<AccountEvent>, StoreError> {
        let all = "SELECT login, at_ms, kind FROM account_event WHERE $1 = '' OR login = $1 ORDER BY seq";
        let all = Sql::new(all).bind(login.map_or("", Login::as_str));
        self.read.fetch_all(all).await?.iter().map(event).collect()
    }

    /// Puts on record that the password of an account was wrong, and whether nobody may try now for a while. Of a login
    /// that nobody has nothing is kept, but something is written all the same: the time tells no difference. `mark` is
    /// that under which the try was counted.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn note_failure(
        &self,
        login: Option<Login>,
        mark: [u8; 32],
        locked: bool,
        at: Instant,
    ) -> Result<(), StoreError> {
        let happened = if locked { Happened::Locked } else { Happened::Failed };
        self.write(Note { login, mark, happened, at }).await
    }
}

fn event(row: &Row) -> Result<AccountEvent, StoreError> {
    let what = usize::try_from(row.code("kind")?).ok().and_then(|n| Happened::ALL.get(n).copied());
    Ok(AccountEvent {
        login: row.try_get("login")?,
        at: Instant::from_ms(row.try_get("at_ms")?),
        what: what.ok_or_else(|| sqlx::Error::Decode("an event of an account that nobody knows".into()))?,
    })
}

struct Note {
    login: Option<Login>,
    mark: [u8; 32],
    happened: Happened,
    at: Instant,
}

impl Command for Note {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        if let Some(login) = &self.login {
            return record(db, login, self.happened, self.at).await;
        }
        let same = Sql::new("UPDATE login_try SET last_ms = last_ms WHERE hash = $1");
        db.execute(same.bind(&self.mark[..])).await.map(|_| ())
    }
}

/// Writes an event with the next number; writers take turns, so that a number is seen after all before it.
pub(super) async fn record(
    db: &mut Db<'_>,
    login: &Login,
    happened: Happened,
    at: Instant,
) -> Result<(), sqlx::Error> {
    let last: i64 = db.fetch_value(Sql::new(LAST)).await?;
    let add = Sql::new("INSERT INTO account_event (seq, login, at_ms, kind) VALUES ($1, $2, $3, $4)");
    let add = add.bind(last + 1).bind(login.as_str()).bind(at.ms()).bind(happened as u8);
    db.execute(add).await.map(|_| ())
}
