//! Accounts of officers and operators: by what name they log in, what they open, how long links and sessions last.
//! Not here: which passwords are taken (`password`), how long to wait after failures (`tries`), hashing (action), the
//! tables (store).

pub mod password;
pub mod tries;

use std::fmt;
use std::sync::Arc;

use crate::domain::Instant;
use crate::domain::caller::Office;
use crate::domain::report::key::{Key, KeyId};

const HOUR_MS: i64 = 3_600_000;
/// For so long a one-time link opens, in milliseconds.
pub const INVITED_MS: i64 = 72 * HOUR_MS;
/// A session ends when nothing came for so long, in milliseconds.
pub const IDLE_MS: i64 = 8 * HOUR_MS;
/// A session ends after so long whatever comes, in milliseconds.
pub const LIFE_MS: i64 = 7 * 24 * HOUR_MS;
/// Sessions of an account at once; a further one ends the oldest.
pub const SESSIONS: u32 = 20;

/// Characters of a login.
const LOGIN: std::ops::RangeInclusive<usize> = 3..=40;

/// The name by which somebody logs in. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(Arc<str>);

impl Login {
    /// Reads one, in small or capital letters: 3 to 40 letters a-z, digits, dots, hyphens and low lines, a letter or a
    /// digit first. None if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_inner = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        let fits = LOGIN.contains(&text.len())
            && text.bytes().all(is_inner)
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// The login as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// By what name its holder logs in.
    pub login: Login,
    /// The name of its holder, for people.
    pub name: String,
    /// Its scopes, as those of a key.
    pub scopes: Vec<String>,
    /// What an officer answers for, under the wards that were in force when the account was made.
    pub office: Office,
    /// When it was made.
    pub created: Instant,
    /// Whether its holder has chosen a password.
    pub welcomed: bool,
    /// Until when its one-time link opens, if there is one.
    pub invited_until: Option<Instant>,
    /// When its holder was last seen, to some minutes.
    pub seen: Option<Instant>,
    /// Since when it is disabled.
    pub disabled: Option<Instant>,
}

/// A session of an account. It is a key that a cookie carries: it opens what a key with the scopes of the account opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// As a key: its hash is that of the cookie, it expires when the session ends whatever comes.
    pub key: Key,
    /// When something came last, as far as that is stored.
    pub seen: Instant,
}

impl Session {
    /// A session of somebody, by the hash of its cookie.
    pub fn new(account: Account, hash: [u8; 32], begun: Instant, seen: Instant) -> Self {
        let Account { login, name, scopes, office, .. } = account;
        let key = Key {
            id: KeyId::of_account(&login),
            hash,
            name,
            scopes,
            office,
            query: None,
            created: begun,
            expires: Some(Instant::from_ms(begun.ms() + LIFE_MS)),
            revoked: None,
        };
        Self { key, seen }
    }
}

/// Whether a session in which something came at that moment is still open now.
pub fn is_awake(seen: Instant, now: Instant) -> bool {
    now.ms() - seen.ms() < IDLE_MS
}

/// What happens to an account. The discriminant is stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Happened {
    /// It was made, with a one-time link.
    Invited = 0,
    /// Its holder chose a password by the link.
    Welcomed = 1,
    /// A session began.
    LoggedIn = 2,
    /// A wrong password.
    Failed = 3,
    /// A wrong password, after which nobody may try for a while.
    Locked = 4,
    /// A session was ended by its holder.
    LoggedOut = 5,
    /// All sessions were ended by their holder.
    AllEnded = 6,
    /// Its holder chose another password.
    Changed = 7,
    /// It was disabled.
    Disabled = 8,
    /// It was enabled again.
    Enabled = 9,
    /// It got a new one-time link, and lost its password.
    Reset = 10,
}

impl Happened {
    /// All of them, by discriminant.
    pub const ALL: [Self; 11] = [
        Self::Invited,
        Self::Welcomed,
        Self::LoggedIn,
        Self::Failed,
        Self::Locked,
        Self::LoggedOut,
        Self::AllEnded,
        Self::Changed,
        Self::Disabled,
        Self::Enabled,
        Self::Reset,
    ];

    /// The name for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Welcomed => "welcomed",
            Self::LoggedIn => "logged in",
            Self::Failed => "failed",
            Self::Locked => "locked",
            Self::LoggedOut => "logged out",
            Self::AllEnded => "all ended",
            Self::Changed => "password changed",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Reset => "reset",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_login() {
        let of = |text: &str| Login::parse(text).map(|login| login.to_string());
        assert_eq!(of(" Hoa.Tran-2 ").as_deref(), Some("hoa.tran-2"));
        let long = "x".repeat(41);
        for wrong in ["", "ab", "-hoa", ".hoa", "hoa tran", "hoa@x.vn", "hòa", "account:hoa", "hoa\n1", &long]
        {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_session_is_a_key_until_its_end() {
        let at = Instant::from_ms;
        let account = Account {
            login: Login::parse("hoa").unwrap(),
            name: "Hoa".into(),
            scopes: vec!["work".into()],
            office: Office::default(),
            created: at(0),
            welcomed: true,
            invited_until: None,
            seen: None,
            disabled: None,
        };
        let Session { key, seen } = Session::new(account, [7; 32], at(1_000), at(2_000));
        assert_eq!((key.id.as_str(), key.id.login()), ("account:hoa", Some("hoa")));
        assert!(key.opens("work") && key.opens("read") && !key.opens("operate") && !key.opens("submit"));
        assert!(key.is_valid(at(1_000 + LIFE_MS - 1)) && !key.is_valid(at(1_000 + LIFE_MS)));
        assert!(is_awake(seen, at(1_999 + IDLE_MS)) && !is_awake(seen, at(2_000 + IDLE_MS)));
        assert_eq!(KeyId::new("0123abcd").login(), None);
    }

    #[test]
    fn what_is_stored_has_the_number_of_its_place() {
        for (n, happened) in Happened::ALL.into_iter().enumerate() {
            assert_eq!(happened as usize, n);
        }
    }
}
