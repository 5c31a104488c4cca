//! Failed tries to log in, counted for the login and for the address, in every process alike. How long to wait is a
//! rule of the domain.

use crate::store::database::{Db, Sql};
use crate::store::write::Command;
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::account::tries::{OF_ADDRESS, OF_LOGIN, Rule, Tries};

/// Counts that are kept; those of the longest ago go first.
const MOST: u32 = 50_000;

/// Somebody is about to try.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// Under which tries of the login are counted, and those of the address.
    pub marks: [[u8; 32]; 2],
    /// When.
    pub at: Instant,
}

/// Whether they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Yes. It counts as a failure until a session begins; `locked`: if it remains one, there is a wait.
    Counted {
        /// Whether there is a wait after it.
        locked: bool,
    },
    /// Not for so many milliseconds.
    Wait(i64),
}

impl Store {
    /// Counts a try, if it is allowed.
    ///
    /// # Errors
    /// When the write fails: what cannot be counted must not be tried.
    pub async fn try_login(&self, one: Try) -> Result<Tried, StoreError> {
        self.write(one).await
    }

    /// Forgets the failures of a login, and takes the last try of an address back: the password was right.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn forget_tries(&self, marks: [[u8; 32]; 2]) -> Result<(), StoreError> {
        self.write(Forget(marks)).await
    }
}

impl Command for Try {
    type Answer = Tried;

    async fn run(&self, db: &mut Db<'_>) -> Result<Tried, sqlx::Error> {
        let mut counted = Vec::with_capacity(self.marks.len());
        let mut wait = 0;
        for (mark, rule) in self.marks.iter().zip([OF_LOGIN, OF_ADDRESS]) {
            match rule.attempt(known(db, mark).await?, self.at) {
                Ok(tries) => counted.push((mark, rule, tries)),
                Err(ms) => wait = wait.max(ms),
            }
        }
        if wait > 0 {
            return Ok(Tried::Wait(wait));
        }
        for (mark, _, tries) in &counted {
            keep(db, mark, *tries).await?;
        }
        let old = Sql::new(
            "DELETE FROM login_try WHERE last_ms < $1
             OR last_ms < (SELECT last_ms FROM login_try ORDER BY last_ms DESC LIMIT 1 OFFSET $2)",
        );
        db.execute(old.bind(self.at.ms() - OF_LOGIN.window_ms).bind(MOST)).await?;
        let locks = |(_, rule, tries): &(_, Rule, Tries)| rule.wait_ms(tries.failures) > 0;
        Ok(Tried::Counted { locked: counted.iter().any(locks) })
    }
}

async fn known(db: &mut Db<'_>, mark: &[u8; 32]) -> Result<Option<Tries>, sqlx::Error> {
    let known = Sql::new("SELECT failures, since_ms, last_ms FROM login_try WHERE hash = $1").bind(&mark[..]);
    let rows = db.fetch_all(known).await?;
    let tries = rows.first().map(|row| {
        Ok::<_, sqlx::Error>(Tries {
            failures: row.try_get("failures")?,
            since: Instant::from_ms(row.try_get("since_ms")?),
            last: Instant::from_ms(row.try_get("last_ms")?),
        })
    });
    tries.transpose()
}

async fn keep(db: &mut Db<'_>, mark: &[u8; 32], tries: Tries) -> Result<(), sqlx::Error> {
    let keep = "INSERT INTO login_try (hash, failures, since_ms, last_ms) VALUES ($1, $2, $3, $4)
                ON CONFLICT (hash) DO UPDATE SET failures = excluded.failures, since_ms = excluded.since_ms,
                    last_ms = excluded.last_ms";
    let keep = Sql::new(keep).bind(&mark[..]).bind(tries.failures).bind(tries.since.ms());
    db.execute(keep.bind(tries.last.ms())).await.map(|_| ())
}

/// Forgets the failures of a login: the password was right.
pub(super) async fn forget(db: &mut Db<'_>, mark: &[u8; 32]) -> Result<(), sqlx::Error> {
    db.execute(Sql::new("DELETE FROM login_try WHERE hash = $1").bind(&mark[..])).await.map(|_| ())
}

/// Takes the last try of an address back: it was none.
pub(super) async fn take_back(db: &mut Db<'_>, mark: &[u8; 32]) -> Result<(), sqlx::Error> {
    let less = Sql::new("UPDATE login_try SET failures = failures - 1 WHERE hash = $1 AND failures > 0");
    db.execute(less.bind(&mark[..])).await.map(|_| ())
}

/// A password was right, and no session begins by it.
struct Forget([[u8; 32]; 2]);

impl Command for Forget {
    type Answer = ();

    async fn run(&self, db: &mut Db<'_>) -> Result<(), sqlx::Error> {
        let [of_login, of_address] = &self.0;
        forget(db, of_login).await?;
        take_back(db, of_address).await
    }
}
