//! Sessions of accounts. Those that ended are not kept; that they began and ended stands in the events.

use super::events::record;
use super::{ACCOUNT, FROM, account, recorded, tries};
use crate::store::database::{Db, Row, Sql};
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::account::{Account, Happened, IDLE_MS, LIFE_MS, Login, SESSIONS, Session};

/// A session that begins with a password that was found right.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose.
    pub login: Login,
    /// SHA-256 of its cookie.
    pub hash: [u8; 32],
    /// The stored password that was found right.
    pub password: String,
    /// Under which tries of the login and of the address are counted.
    pub marks: [[u8; 32]; 2],
    /// When.
    pub at: Instant,
}

impl Store {
    /// All sessions of accounts that are not disabled.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        let all = format!(
            "SELECT s.hash, s.begun_ms, s.seen_ms, {ACCOUNT} FROM {FROM} JOIN account_session s ON s.login = a.login
             WHERE a.disabled_ms IS NULL"
        );
        self.read.fetch_all(Sql::new(all)).await?.iter().map(session).collect()
    }

    /// Begins a session; [`Applied::Stale`] when the account was disabled or got another password meanwhile.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn begin_session(&self, session: NewSession) -> Result<Applied, StoreError> {
        self.write(Begin(session)).await
    }

    /// Ends a session, by its holder.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn end_session(
        &self,
        login: Login,
        hash: [u8; 32],
        at: Instant,
    ) -> Result<Applied, StoreError> {
        self.write(End { login, hash, at }).await
    }

    /// Notes when something came last in sessions.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn note_seen(&self, seen: Vec<([u8; 32], Instant)>) -> Result<(), StoreError> {
        self.write(Seen(seen)).await
    }
}

fn session(row: &Row) -> Result<Session, StoreError> {
    let hash = row.try_get::<&[u8]>("hash")?.try_into();
    let hash = hash.map_err(|_| sqlx::Error::Decode("a hash of another length".into()))?;
    let at = |column| Ok::<_, StoreError>(Instant::from_ms(row.try_get(column)?));
    let account: Account = account(row)?;
    Ok(Session::new(account, hash, at("begun_ms")?, at("seen_ms")?))
}

struct Begin(NewSession);

impl Command for Begin {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let NewSession { login, hash, password, marks: [of_login, of_address], at } = &self.0;
        let seen =
            "UPDATE account SET seen_ms = $3 WHERE login = $1 AND password = $2 AND disabled_ms IS NULL";
        let seen = Sql::new(seen).bind(login.as_str()).bind(password).bind(at.ms());
        if db.execute(seen).await? == 0 {
            return Ok(Applied::Stale);
        }
        let over = Sql::new("DELETE FROM account_session WHERE begun_ms <= $1 OR seen_ms <= $2");
        db.execute(over.bind(at.ms() - LIFE_MS).bind(at.ms() - IDLE_MS)).await?;
        let begin =
            Sql::new("INSERT INTO account_session (hash, login, begun_ms, seen_ms) VALUES ($1, $2, $3, $3)");
        db.execute(begin.bind(&hash[..]).bind(login.as_str()).bind(at.ms())).await?;
        let oldest = "DELETE FROM account_session WHERE login = $1 AND hash IN
            (SELECT hash FROM account_session WHERE login = $1 AND hash <> $2
             ORDER BY begun_ms DESC, hash LIMIT 1000 OFFSET $3)";
        db.execute(Sql::new(oldest).bind(login.as_str()).bind(&hash[..]).bind(SESSIONS - 1)).await?;
        tries::forget(db, of_login).await?;
        tries::take_back(db, of_address).await?;
        record(db, login, Happened::LoggedIn, *at).await?;
        Ok(Applied::Done)
    }
}

struct End {
    login: Login,
    hash: [u8; 32],
    at: Instant,
}

impl Command for End {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let end = Sql::new("DELETE FROM account_session WHERE hash = $1 AND login = $2");
        let ended = db.execute(end.bind(&self.hash[..]).bind(self.login.as_str())).await?;
        recorded(db, ended, (&self.login, Happened::LoggedOut, self.at)).await
    }
}

/// Ends the sessions of an account, but for one.
pub(super) async fn end_all(
    db: &mut Db<'_>,
    login: &Login,
    keep: Option<&[u8; 32]>,
) -> Result<(), sqlx::Error> {
    let end = Sql::new("DELETE FROM account_session WHERE login = $1 AND hash <> $2");
    let keep = keep.map_or(&[][..], |hash| &hash[..]);
    db.execute(end.bind(login.as_str()).bind(keep)).await.map(|_| ())
}

struct Seen(Vec<([u8; 32], Instant)>);

impl Command for Seen {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        for (hash, at) in &self.0 {
            let of_session = "UPDATE account_session SET seen_ms = $2 WHERE hash = $1 AND seen_ms < $2";
            db.execute(Sql::new(of_session).bind(&hash[..]).bind(at.ms())).await?;
            let of_account = "UPDATE account SET seen_ms = $2 WHERE (seen_ms IS NULL OR seen_ms < $2)
                              AND login = (SELECT login FROM account_session WHERE hash = $1)";
            db.execute(Sql::new(of_account).bind(&hash[..]).bind(at.ms())).await?;
        }
        Ok(())
    }
}
