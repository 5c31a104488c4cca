//! One message to one receiver: within ten seconds, to an address that was checked, without following it elsewhere. Of
//! the answer only the head is read.

use std::time::Duration;

use tokio::sync::oneshot;
use ureq::http::{HeaderMap, Uri, header};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use crate::action::is_public;

/// From the look-up of the name to the head of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of the head of an answer.
const HEAD: usize = 16 * 1024;
const AGENT: &str = concat!("diaban/", env!("CARGO_PKG_VERSION"));

/// A message, ready to be sent.
pub(super) struct Letter {
    pub(super) url: String,
    /// The same whenever this event is sent.
    pub(super) id: String,
    /// When it is sent, in seconds since 1970.
    pub(super) second: i64,
    pub(super) signature: String,
    pub(super) body: String,
    /// Whether it may go to an address inside.
    pub(super) private: bool,
}

/// What a receiver said.
pub(super) enum Outcome {
    /// It has it.
    Told,
    /// It is no more.
    Gone,
    /// Something else, or nothing.
    Failed {
        /// In words of this house: nothing that was sent is in it.
        why: String,
        /// When it wants to be asked again.
        after: Option<Duration>,
    },
}

impl Outcome {
    fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), after: None }
    }
}

/// Sends on a thread of its own, which a process that stops does not wait for.
pub(super) async fn post(letter: Letter) -> Outcome {
    let (tell, told) = oneshot::channel();
    let work = move || drop(tell.send(send(&letter)));
    match std::thread::Builder::new().name("webhook".to_owned()).spawn(work) {
        Ok(_) => told.await.unwrap_or_else(|_| Outcome::failed("the attempt broke off")),
        Err(_) => Outcome::failed("there was no thread for it"),
    }
}

fn send(letter: &Letter) -> Outcome {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(!letter.private)
        // What the environment says about proxies would lead past the check.
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(TIMEOUT))
        .max_response_header_size(HEAD)
        .max_idle_connections(0)
        .user_agent(AGENT)
        .build();
    let agent = Agent::with_parts(config, DefaultConnector::default(), Checked { private: letter.private });
    let request = agent
        .post(&letter.url)
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", &letter.id)
        .header("webhook-timestamp", letter.second.to_string())
        .header("webhook-signature", &letter.signature);
    match request.send(&letter.body) {
        Ok(answer) => match answer.status().as_u16() {
            200..300 => Outcome::Told,
            410 => Outcome::Gone,
            status => {
                Outcome::Failed { why: format!("status {status}"), after: retry_after(answer.headers()) }
            }
        },
        Err(error) => Outcome::failed(why(&error)),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn why(error: &Error) -> String {
    match error {
        Error::Timeout(_) => format!("no answer within {} s", TIMEOUT.as_secs()),
        Error::HostNotFound => "the host is not known".to_owned(),
        Error::Io(e) if e.get_ref().is_some_and(|e| e.is::<Inside>()) => Inside.to_string(),
        Error::Io(e) => format!("the connection failed: {}", e.kind()),
        Error::Tls(_) | Error::Rustls(_) => "the receiver is not who it should be (TLS)".to_owned(),
        _ => "the answer is not HTTP".to_owned(),
    }
}

/// All addresses of a name lead inside.
#[derive(Debug, thiserror::Error)]
#[error("the address is inside")]
struct Inside;

/// Looks a name up once; the connection goes to one of the addresses that are allowed.
#[derive(Debug)]
struct Checked {
    private: bool,
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let mut allowed = self.empty();
        for address in &*DefaultResolver::default().resolve(uri, config, timeout)? {
            if self.private || is_public(address.ip()) {
                allowed.push(*address);
            }
        }
        if allowed.is_empty() { Err(Error::Io(std::io::Error::other(Inside))) } else { Ok(allowed) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn letter(url: String) -> Letter {
        let text = || "a".to_owned();
        Letter { url, id: text(), second: 1, signature: text(), body: text(), private: false }
    }

    /// However an address inside is written, no packet is sent there.
    #[test]
    fn no_address_inside_is_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in [
            "127.0.0.1",
            "localhost",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0",
        ] {
            let Outcome::Failed { why, .. } = send(&letter(format!("https://{host}:{port}/"))) else {
                panic!("{host} was told");
            };
            let unknown = ["the address is inside", "the host is not known"];
            assert!(unknown.contains(&&*why) || why.starts_with("the connection failed"), "{host}: {why}");
            assert!(listener.accept().is_err(), "{host} was connected to: {why}");
        }
        let Outcome::Failed { why, .. } = send(&letter(format!("https://localhost:{port}/"))) else {
            panic!()
        };
        assert_eq!(why, "the address is inside");
        let Outcome::Failed { .. } = send(&letter(format!("http://localhost:{port}/"))) else { panic!() };
        assert!(listener.accept().is_err(), "without TLS");
    }
}
