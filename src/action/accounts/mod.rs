//! Accounts of officers and operators: operators invite, disable and reset them (`manage`); their holders choose a
//! password, log in and out (`login`). Beside them what a process keeps: its open sessions (`sessions`) and the bound of
//! its hashing (`passwords`).

mod login;
mod manage;
mod passwords;
mod sessions;

pub use login::{Desk, LoginError, Opened, change_password, end_all, log_in, log_out, welcome};
pub use manage::{AccountError, Invitation, disable, enable, invite, reset};
pub use sessions::{Sessions, refresh};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use self::passwords::Passwords;
use crate::clock::Ids;

/// Characters of a token: 256 random bits in base64.
const TOKEN_CHARS: usize = 43;

/// What a process keeps of accounts.
#[derive(Debug)]
pub struct Accounts {
    /// The sessions that are open.
    pub sessions: Sessions,
    passwords: Passwords,
    /// Logins and addresses that were tried are counted by a MAC: a login may have been typed in the wrong field.
    marks: Hmac<Sha256>,
}

impl Accounts {
    /// By a secret of the store: other processes on it count alike.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    pub fn new(secret: &[u8]) -> Self {
        Self {
            sessions: Sessions::default(),
            passwords: Passwords::default(),
            marks: Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        }
    }

    /// Under which tries of a login are counted.
    fn of_login(&self, login: &str) -> [u8; 32] {
        self.mark("login ", &login.trim().to_ascii_lowercase())
    }

    /// Under which tries from an address are counted.
    fn of_address(&self, address: &str) -> [u8; 32] {
        self.mark("address ", address)
    }

    fn mark(&self, kind: &str, text: &str) -> [u8; 32] {
        self.marks.clone().chain_update(kind).chain_update(text).finalize().into_bytes().into()
    }
}

/// A secret that its holder alone has: 256 random bits.
fn draw(ids: &dyn Ids) -> String {
    let mut bytes = [0; 32];
    ids.fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Its hash, as it is stored; none if the text has another form.
fn hash(token: &str) -> Option<[u8; 32]> {
    let is_token = token.len() == TOKEN_CHARS
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    is_token.then(|| Sha256::digest(token).into())
}
