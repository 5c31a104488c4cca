//! Accounts of officers and operators: reading and changing them. Every change is an event as well (`events`).
//! Not here: sessions (`sessions`), failed tries (`tries`).

mod events;
mod sessions;
mod tries;

pub use events::AccountEvent;
pub use sessions::NewSession;
pub use tries::{Tried, Try};

use self::events::record;
use super::keys::{instant, listed, office, words};
use crate::store::database::{Db, Row, Sql};
use crate::store::write::{Applied, Command};
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::account::{Account, Happened, Login};

/// The columns of [`Account`], of an account `a`.
const ACCOUNT: &str = "a.login, a.name, a.scopes, a.wards, a.bodies, a.created_ms, a.seen_ms AS account_seen_ms,
    a.disabled_ms, l.until_ms AS link_until_ms, CAST(CASE WHEN a.password IS NULL THEN 0 ELSE 1 END AS smallint) AS welcomed";
const FROM: &str = "account a LEFT JOIN account_link l ON l.login = a.login";

/// A one-time link: the hash of its token, and until when it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Its end.
    pub until: Instant,
}

impl Store {
    /// All accounts, by login.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let all = Sql::new(format!("SELECT {ACCOUNT} FROM {FROM} ORDER BY a.login"));
        self.read.fetch_all(all).await?.iter().map(account).collect()
    }

    /// An account that is not disabled, and the hash of its password, if it has one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn credentials(&self, login: &Login) -> Result<Option<(Account, Option<String>)>, StoreError> {
        let one =
            format!("SELECT {ACCOUNT}, a.password FROM {FROM} WHERE a.login = $1 AND a.disabled_ms IS NULL");
        let row = self.read.fetch_optional(Sql::new(one).bind(login.as_str())).await?;
        row.map(|row| Ok((account(&row)?, row.try_get("password")?))).transpose()
    }

    /// Whose one-time link has a token of this hash, if it opens at that moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn invited(&self, link: &[u8; 32], now: Instant) -> Result<Option<Account>, StoreError> {
        let of_link = format!(
            "SELECT {ACCOUNT} FROM {FROM} WHERE l.hash = $1 AND l.until_ms > $2 AND a.disabled_ms IS NULL"
        );
        let row = self.read.fetch_optional(Sql::new(of_link).bind(&link[..]).bind(now.ms())).await?;
        row.as_ref().map(account).transpose()
    }

    /// Keeps a new account with its one-time link; [`Applied::Stale`] when the login is taken.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn add_account(&self, account: Account, link: Link) -> Result<Applied, StoreError> {
        self.write(Add { account, link }).await
    }

    /// Sets the password that was chosen by a one-time link, which opens nothing any more, and forgets failed tries.
    /// [`Applied::Stale`] when the link does not open.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn welcome(
        &self,
        login: Login,
        link: [u8; 32],
        password: String,
        mark: [u8; 32],
        at: Instant,
    ) -> Result<Applied, StoreError> {
        self.write(Welcome { login, link, password, mark, at }).await
    }

    /// Changes an account; [`Applied::Stale`] when there is none of that login that the change is for.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn change_account(
        &self,
        login: Login,
        change: AccountChange,
        at: Instant,
    ) -> Result<Applied, StoreError> {
        self.write(Change { login, change, at }).await
    }
}

/// What is changed of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// Nobody logs in any more; sessions and the link end.
    Disable,
    /// That is over.
    Enable,
    /// Another one-time link in place of the password; sessions end.
    Reset(Link),
    /// Another password in place of the one with this hash; sessions end but for the one of this hash.
    Password {
        /// What was stored.
        was: String,
        /// What is.
        becomes: String,
        /// The session that goes on.
        keep: [u8; 32],
    },
    /// All sessions end, by their holder.
    EndAll,
}

fn account(row: &Row) -> Result<Account, StoreError> {
    let login = Login::parse(row.try_get::<&str>("login")?);
    Ok(Account {
        login: login.ok_or_else(|| sqlx::Error::Decode("a login of another form".into()))?,
        name: row.try_get("name")?,
        scopes: words(row, "scopes")?,
        office: office(row)?,
        created: Instant::from_ms(row.try_get("created_ms")?),
        welcomed: row.code("welcomed")? != 0,
        invited_until: instant(row, "link_until_ms")?,
        seen: instant(row, "account_seen_ms")?,
        disabled: instant(row, "disabled_ms")?,
    })
}

struct Add {
    account: Account,
    link: Link,
}

impl Command for Add {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let a = &self.account;
        let add = Sql::new(
            "INSERT INTO account (login, name, scopes, wards, bodies, created_ms) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (login) DO NOTHING",
        );
        let add = add.bind(a.login.as_str()).bind(&a.name).bind(a.scopes.join(" "));
        let add = add.bind(listed(&a.office.wards)).bind(listed(&a.office.bodies));
        let added = db.execute(add.bind(a.created.ms())).await?;
        if added > 0 {
            keep(db, &a.login, Some(&self.link)).await?;
        }
        recorded(db, added, (&a.login, Happened::Invited, a.created)).await
    }
}

struct Welcome {
    login: Login,
    link: [u8; 32],
    password: String,
    /// Under which failed tries of the login are counted.
    mark: [u8; 32],
    at: Instant,
}

impl Command for Welcome {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let used = Sql::new("DELETE FROM account_link WHERE login = $1 AND hash = $2 AND until_ms > $3");
        let used = used.bind(self.login.as_str()).bind(&self.link[..]).bind(self.at.ms());
        if db.execute(used).await? == 0 {
            return Ok(Applied::Stale);
        }
        let set = Sql::new("UPDATE account SET password = $2 WHERE login = $1 AND disabled_ms IS NULL");
        let set = db.execute(set.bind(self.login.as_str()).bind(&self.password)).await?;
        if set > 0 {
            tries::forget(db, &self.mark).await?;
            sessions::end_all(db, &self.login, None).await?;
        }
        recorded(db, set, (&self.login, Happened::Welcomed, self.at)).await
    }
}

struct Change {
    login: Login,
    change: AccountChange,
    at: Instant,
}

impl Command for Change {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let of = |statement: &'static str| Sql::new(statement).bind(self.login.as_str());
        let (change, happened) = match &self.change {
            AccountChange::Disable => {
                let disable = "UPDATE account SET disabled_ms = $2 WHERE login = $1 AND disabled_ms IS NULL";
                (of(disable).bind(self.at.ms()), Happened::Disabled)
            }
            AccountChange::Enable => {
                let enable =
                    "UPDATE account SET disabled_ms = NULL WHERE login = $1 AND disabled_ms IS NOT NULL";
                (of(enable), Happened::Enabled)
            }
            AccountChange::Reset(_) => {
                let reset = "UPDATE account SET password = NULL WHERE login = $1 AND disabled_ms IS NULL";
                (of(reset), Happened::Reset)
            }
            AccountChange::Password { was, becomes, .. } => {
                let set = "UPDATE account SET password = $3
                           WHERE login = $1 AND password = $2 AND disabled_ms IS NULL";
                (of(set).bind(was).bind(becomes), Happened::Changed)
            }
            AccountChange::EndAll => {
                (of("UPDATE account SET name = name WHERE login = $1"), Happened::AllEnded)
            }
        };
        let changed = db.execute(change).await?;
        if changed > 0 {
            let going_on = match &self.change {
                AccountChange::Password { keep, .. } => Some(keep),
                _ => None,
            };
            sessions::end_all(db, &self.login, going_on).await?;
            match &self.change {
                AccountChange::Disable => keep(db, &self.login, None).await?,
                AccountChange::Reset(link) => keep(db, &self.login, Some(link)).await?,
                _ => {}
            }
        }
        recorded(db, changed, (&self.login, happened, self.at)).await
    }
}

/// Keeps a one-time link in place of the one before.
async fn keep(db: &mut Db<'_>, login: &Login, link: Option<&Link>) -> Result<(), sqlx::Error> {
    db.execute(Sql::new("DELETE FROM account_link WHERE login = $1").bind(login.as_str())).await?;
    if let Some(Link { hash, until }) = link {
        let add = Sql::new("INSERT INTO account_link (login, hash, until_ms) VALUES ($1, $2, $3)");
        db.execute(add.bind(login.as_str()).bind(&hash[..]).bind(until.ms())).await?;
    }
    Ok(())
}

/// Puts on record what was done, if anything was.
async fn recorded(
    db: &mut Db<'_>,
    rows: u64,
    (login, happened, at): (&Login, Happened, Instant),
) -> Result<Applied, sqlx::Error> {
    if rows == 0 {
        return Ok(Applied::Stale);
    }
    record(db, login, happened, at).await?;
    Ok(Applied::Done)
}
