//! Reads the head of every request before hyper does, and refuses what has no one meaning.
//!
//! hyper drops a `Content-Length` that stands beside `Transfer-Encoding`, takes requests without a
//! `Host`, and answers a head that it cannot read with an empty body. So the bytes of a connection
//! pass here first. A head that is refused is replaced by a plain request that stands for it, and the
//! listener answers that one with the reason and closes.
//!
//! The gate follows the framing with two rules only: a body has the announced length, and after a
//! chunked body nothing is read (see the listener).

mod head;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;

pub(in crate::http) use self::head::{ADDRESS_BYTES, Fault, HEADER_BYTES, HEADER_LINES};
use self::head::{head, too_much};

/// The refused request of a connection, by its number. The gate may be ahead of the requests that are
/// being answered.
#[derive(Debug, Default)]
pub(in crate::http) struct Refused(Mutex<Option<(u64, Fault)>>);

impl Refused {
    /// Why the `n`th request of the connection was refused, from zero.
    pub(in crate::http) fn of(&self, n: u64) -> Option<Fault> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.filter(|(at, _)| *at == n).map(|(_, fault)| fault)
    }

    fn set(&self, n: u64, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((n, fault));
    }
}

/// What the next bytes of a connection are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Head,
    /// The rest of a body of the announced length, in bytes.
    Body(u64),
    /// The chunked body of the last request, or the end of a connection.
    Through,
    /// What follows a refused head is never read.
    Nothing,
}

/// The gate of one connection.
#[derive(Debug, Default)]
pub(in crate::http) struct Gate {
    next: Next,
    /// The beginning of a head.
    held: BytesMut,
    /// So much of it was looked at.
    seen: usize,
    /// What may pass.
    ready: BytesMut,
    /// Heads that passed.
    heads: u64,
}

impl Gate {
    /// Whether a head was refused, after which nothing more may be read.
    pub(in crate::http) fn is_shut(&self) -> bool {
        self.next == Next::Nothing
    }

    /// Gives out what may pass, at most `most` bytes.
    pub(in crate::http) fn ready(&mut self, most: usize) -> BytesMut {
        let part = self.ready.split_to(self.ready.len().min(most));
        if self.ready.is_empty() {
            // Idle connections hold no memory.
            self.ready = BytesMut::new();
        }
        part
    }

    /// Takes what was read. Returns how many of these bytes may pass at once; the others are held, or
    /// come from [`Self::ready`].
    pub(in crate::http) fn take(&mut self, read: &[u8], refused: &Refused) -> usize {
        if !self.held.is_empty() {
            self.held.extend_from_slice(read);
            let mut held = std::mem::take(&mut self.held);
            let passing = self.scan(&held, refused);
            let passed = held.split_to(passing);
            self.keep(held);
            let stand_in = std::mem::take(&mut self.ready);
            self.ready = passed;
            self.ready.extend_from_slice(&stand_in);
            return 0;
        }
        let passing = self.scan(read, refused);
        self.keep(BytesMut::from(&read[passing..]));
        passing
    }

    /// The client sends nothing more: what is held is no request, and hyper sees that.
    pub(in crate::http) fn end(&mut self) {
        self.next = if self.is_shut() { Next::Nothing } else { Next::Through };
        let held = std::mem::take(&mut self.held);
        self.ready.extend_from_slice(&held);
    }

    fn keep(&mut self, rest: BytesMut) {
        if !self.is_shut() && !rest.is_empty() {
            self.held = rest;
        } else {
            self.seen = 0;
        }
    }

    /// How many of these bytes may pass.
    fn scan(&mut self, bytes: &[u8], refused: &Refused) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match self.next {
                Next::Through => return bytes.len(),
                Next::Nothing => return at,
                Next::Body(left) => {
                    let here = left.min(rest.len() as u64);
                    at += here as usize;
                    self.next = if here == left { Next::Head } else { Next::Body(left - here) };
                }
                // Empty lines before a request line are allowed (RFC 9112 section 2.2).
                Next::Head if matches!(rest[0], b'\r' | b'\n') => at += 1,
                Next::Head => {
                    let seen = std::mem::take(&mut self.seen).min(rest.len());
                    // A head ends in an end of a line: without a new one it is not looked at again.
                    let look = seen == 0 || rest[seen..].contains(&b'\n');
                    let found = if look { head(rest) } else { Ok(None) };
                    let found = match found {
                        Ok(None) if rest.len() >= HEADER_BYTES => Err(too_much(rest)),
                        Ok(Some((length, _))) if length > HEADER_BYTES => Err(too_much(&rest[..length])),
                        found => found,
                    };
                    match found {
                        Ok(None) => {
                            self.seen = rest.len();
                            return at;
                        }
                        Ok(Some((length, next))) => {
                            at += length;
                            self.heads += 1;
                            self.next = next;
                        }
                        Err(fault) => {
                            refused.set(self.heads, fault);
                            self.next = Next::Nothing;
                            // The answer to HEAD has no body.
                            let method = if rest.starts_with(b"HEAD ") { "HEAD" } else { "GET" };
                            self.ready.extend_from_slice(method.as_bytes());
                            self.ready.extend_from_slice(b" / HTTP/1.1\r\nhost: -\r\n\r\n");
                            return at;
                        }
                    }
                }
            }
        }
        at
    }
}
