//! What operators do to accounts, on the command line.

use super::{draw, hash};
use crate::action::keys::{Answers, office};
use crate::clock::{Clock, Ids};
use crate::store::{AccountChange, Applied, Link, Store, StoreError};
use diaban_core::domain::account::{Account, INVITED_MS, Login};
use diaban_core::domain::key::{OPERATE, WORK};
use diaban_core::domain::{CodeBook, Instant, Violation, text};

/// Characters of a name.
const NAME: usize = 100;

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// What is asked for is not right.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Violation>),
    /// There is one already.
    #[error("there is an account {0} already; `accounts reset {0}` gives it a new link")]
    Taken(Login),
    /// There is none that this can be done to.
    #[error("{0}")]
    Missing(&'static str),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccountError {
    fn refused(field: &str, detail: impl Into<String>) -> Self {
        Self::Refused(vec![Violation::new(field, detail)])
    }
}

/// A one-time link; its token is kept nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// For whom.
    pub login: Login,
    /// What stands behind the `#` of the link.
    pub token: String,
    /// Until when it opens.
    pub until: Instant,
}

/// Makes an account, and the link by which its holder chooses a password.
///
/// # Errors
/// See [`AccountError`].
pub async fn invite(
    store: &Store,
    clock: &dyn Clock,
    ids: &dyn Ids,
    words: &CodeBook,
    (name, login): (&str, &str),
    (scope, answers): (&str, &Answers),
) -> Result<Invitation, AccountError> {
    let name = text::clean(name, NAME).map_err(|e| AccountError::refused("name", e.to_string()))?;
    let name = name.ok_or_else(|| AccountError::refused("name", "must not be empty"))?;
    let login = parsed(login)?;
    if ![WORK, OPERATE].contains(&scope) {
        return Err(AccountError::refused("scope", format!("must be {WORK} or {OPERATE}")));
    }
    let office = office(answers, scope == WORK, words).map_err(AccountError::Refused)?;
    let created = clock.now();
    let (invitation, link) = invitation(&login, ids, created);
    let account = Account {
        login: login.clone(),
        name,
        scopes: vec![scope.to_owned()],
        office,
        created,
        welcomed: false,
        invited_until: Some(link.until),
        seen: None,
        disabled: None,
    };
    match store.add_account(account, link).await? {
        Applied::Done => Ok(invitation),
        Applied::Stale => Err(AccountError::Taken(login)),
    }
}

/// Takes the password of an account away, ends its sessions, and makes a new link.
///
/// # Errors
/// See [`AccountError`].
pub async fn reset(
    store: &Store,
    clock: &dyn Clock,
    ids: &dyn Ids,
    login: &str,
) -> Result<Invitation, AccountError> {
    let (login, now) = (parsed(login)?, clock.now());
    let (invitation, link) = invitation(&login, ids, now);
    let missing = "no account that is enabled has this login";
    change(store, login, AccountChange::Reset(link), now, missing).await?;
    Ok(invitation)
}

/// Lets nobody log in to an account any more, and ends its sessions.
///
/// # Errors
/// See [`AccountError`].
pub async fn disable(store: &Store, clock: &dyn Clock, login: &str) -> Result<(), AccountError> {
    let missing = "no account that is enabled has this login";
    change(store, parsed(login)?, AccountChange::Disable, clock.now(), missing).await
}

/// Lets its holder log in again, with the password that there was.
///
/// # Errors
/// See [`AccountError`].
pub async fn enable(store: &Store, clock: &dyn Clock, login: &str) -> Result<(), AccountError> {
    let missing = "no account that is disabled has this login";
    change(store, parsed(login)?, AccountChange::Enable, clock.now(), missing).await
}

async fn change(
    store: &Store,
    login: Login,
    change: AccountChange,
    now: Instant,
    missing: &'static str,
) -> Result<(), AccountError> {
    match store.change_account(login, change, now).await? {
        Applied::Done => Ok(()),
        Applied::Stale => Err(AccountError::Missing(missing)),
    }
}

fn parsed(login: &str) -> Result<Login, AccountError> {
    let form = "must have 3 to 40 letters a-z, digits, dots, hyphens or low lines, a letter or a digit first";
    Login::parse(login).ok_or_else(|| AccountError::refused("login", form))
}

fn invitation(login: &Login, ids: &dyn Ids, now: Instant) -> (Invitation, Link) {
    let token = draw(ids);
    let until = Instant::from_ms(now.ms() + INVITED_MS);
    let hash = hash(&token).expect("what was drawn has the form of a token");
    (Invitation { login: login.clone(), token, until }, Link { hash, until })
}
