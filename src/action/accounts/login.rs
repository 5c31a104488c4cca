//! What holders of accounts do: choose a password by their link, log in and out, choose another password.

use super::passwords::Crowded;
use super::{Accounts, draw, hash};
use crate::clock::{Clock, Ids};
use crate::store::{AccountChange, Applied, NewSession, Store, StoreError, Tried, Try};
use diaban_core::domain::account::Login;
use diaban_core::domain::account::password::{self, PasswordFault};
use diaban_core::domain::key::Key;

/// Why nobody was let in, or no password set.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No account has this login and this password. Which of the two is wrong nobody is told.
    #[error("login or password is wrong")]
    Wrong,
    /// There were too many failures: not for so many seconds. People are told the same words.
    #[error("login or password is wrong")]
    Wait(u32),
    /// The link does not open, or not any more.
    #[error("the link does not open")]
    Link,
    /// The new password is not taken.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// Too many passwords are checked just now.
    #[error("too many log in just now")]
    Crowded,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Crowded> for LoginError {
    fn from(_: Crowded) -> Self {
        Self::Crowded
    }
}

/// A session that began.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Whose.
    pub login: Login,
    /// What its cookie holds; it is kept nowhere else.
    pub token: String,
}

/// With what a verb works.
pub type Desk<'a> = (&'a Store, &'a dyn Clock, &'a dyn Ids, &'a Accounts);

/// Begins a session for whoever knows the password of an account. `address` is where the try comes from.
///
/// # Errors
/// See [`LoginError`].
pub async fn log_in(
    desk: Desk<'_>,
    (login, typed): (&str, &str),
    address: &str,
) -> Result<Opened, LoginError> {
    let (store, clock, ids, _) = desk;
    let proven = prove(desk, (login, typed), address).await?;
    let token = draw(ids);
    let session = NewSession {
        login: proven.login.clone(),
        hash: hash(&token).ok_or(LoginError::Crowded)?,
        password: proven.password,
        marks: proven.marks,
        at: clock.now(),
    };
    if store.begin_session(session).await? == Applied::Stale {
        return Err(LoginError::Wrong);
    }
    // The first that comes with it is looked for in the store.
    tracing::info!(account = proven.login.as_str(), "a session begins");
    Ok(Opened { login: proven.login, token })
}

/// Somebody who knows a password.
struct Proven {
    login: Login,
    /// What is stored of it.
    password: String,
    marks: [[u8; 32]; 2],
}

/// Checks a password. The try counts as a failure first, so that many at once are no more than one after the other; an
/// unknown login takes as long as a wrong password.
async fn prove(
    (store, clock, _, accounts): Desk<'_>,
    (login, typed): (&str, &str),
    address: &str,
) -> Result<Proven, LoginError> {
    // First: who finds no place has not failed.
    let place = accounts.passwords.enter()?;
    let marks = [accounts.of_login(login), accounts.of_address(address)];
    let locked = match store.try_login(Try { marks, at: clock.now() }).await? {
        Tried::Counted { locked } => locked,
        Tried::Wait(ms) => {
            tracing::warn!("a login is refused after too many failures");
            return Err(LoginError::Wait(u32::try_from((ms + 999) / 1_000).unwrap_or(u32::MAX)));
        }
    };
    let login = Login::parse(login);
    let known = match &login {
        Some(login) => store.credentials(login).await?,
        None => None,
    };
    let stored = known.as_ref().and_then(|(_, password)| password.as_deref());
    // One that is too long is no account's.
    let typed = password::normal(typed);
    let (typed, stored) = typed.map_or_else(|| (String::new(), None), |typed| (typed, stored));
    let fits = accounts.passwords.fits(place, typed, stored).await?;
    match (known, fits) {
        (Some((account, Some(password))), true) => Ok(Proven { login: account.login, password, marks }),
        (known, _) => {
            let known = known.map(|(account, _)| account.login);
            tracing::warn!(account = known.as_ref().map(Login::as_str), locked, "a login fails");
            store.note_failure(known, marks[0], locked, clock.now()).await?;
            Err(LoginError::Wrong)
        }
    }
}

/// Sets the password of whom a one-time link was made for. Then the link opens nothing any more.
///
/// # Errors
/// See [`LoginError`].
pub async fn welcome(desk: Desk<'_>, token: &str, typed: &str) -> Result<Login, LoginError> {
    let (store, clock, ids, accounts) = desk;
    let link = hash(token).ok_or(LoginError::Link)?;
    let login = store.invited(&link, clock.now()).await?.ok_or(LoginError::Link)?.login;
    let password = password::checked(typed, &login)?;
    let kept = accounts.passwords.keep(accounts.passwords.enter()?, password, ids).await?;
    let mark = accounts.of_login(login.as_str());
    match store.welcome(login.clone(), link, kept, mark, clock.now()).await? {
        Applied::Done => {
            tracing::info!(account = login.as_str(), "a password is chosen by a link");
            Ok(login)
        }
        Applied::Stale => Err(LoginError::Link),
    }
}

/// Sets another password, for whoever knows the one that there is. All sessions end but this one.
///
/// # Errors
/// See [`LoginError`].
pub async fn change_password(
    desk: Desk<'_>,
    session: &Key,
    (former, typed): (&str, &str),
    address: &str,
) -> Result<(), LoginError> {
    let (store, clock, ids, accounts) = desk;
    let login = holder(session)?;
    let proven = prove(desk, (login.as_str(), former), address).await?;
    store.forget_tries(proven.marks).await?;
    let password = password::checked(typed, &login)?;
    let becomes = accounts.passwords.keep(accounts.passwords.enter()?, password, ids).await?;
    let change = AccountChange::Password { was: proven.password, becomes, keep: session.hash };
    if store.change_account(login.clone(), change, clock.now()).await? == Applied::Stale {
        return Err(LoginError::Wrong);
    }
    accounts.sessions.look_again(false).await;
    tracing::info!(account = login.as_str(), "a password is changed");
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// When the store fails.
pub async fn log_out((store, clock, _, accounts): Desk<'_>, session: &Key) -> Result<(), LoginError> {
    let login = holder(session)?;
    // One that ended meanwhile has ended.
    let _ = store.end_session(login.clone(), session.hash, clock.now()).await?;
    accounts.sessions.look_again(false).await;
    tracing::info!(account = login.as_str(), "a session ends");
    Ok(())
}

/// Ends all sessions of whose this one is.
///
/// # Errors
/// When the store fails.
pub async fn end_all((store, clock, _, accounts): Desk<'_>, session: &Key) -> Result<(), LoginError> {
    let login = holder(session)?;
    let _ = store.change_account(login.clone(), AccountChange::EndAll, clock.now()).await?;
    accounts.sessions.look_again(false).await;
    tracing::info!(account = login.as_str(), "all sessions of an account end");
    Ok(())
}

/// Whose a session is.
fn holder(session: &Key) -> Result<Login, LoginError> {
    session.id.login().and_then(Login::parse).ok_or(LoginError::Wrong)
}
