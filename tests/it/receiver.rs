//! A receiver of webhooks, which answers as it is told, and checks signatures by itself.
#![allow(unreachable_pub, reason = "a module of a test, not of a library")]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

const WELL: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

/// A message that arrived.
#[derive(Clone, Debug)]
pub struct Got {
    pub id: String,
    pub second: String,
    pub signatures: Vec<String>,
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    got: Mutex<Vec<Got>>,
    answers: Mutex<VecDeque<String>>,
    ended: AtomicBool,
}

/// Listens until it is dropped.
pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Receiver {
    pub fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap())
    }

    pub fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::new(Shared::default()));
        let sees = shared.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if sees.ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                // A caller that was killed in the middle said nothing.
                let Some((got, mut stream)) = read(stream) else { continue };
                sees.got.lock().unwrap().push(got);
                let answer = sees.answers.lock().unwrap().pop_front();
                let _ = stream.write_all(answer.as_deref().unwrap_or(WELL).as_bytes());
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?a=b", self.address)
    }

    /// Answers the next messages so, one after the other; the others well.
    pub fn answer<const N: usize>(&self, answers: [&str; N]) {
        let close = |head: &&str| format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
        self.shared.answers.lock().unwrap().extend(answers.iter().map(close));
    }

    /// Answers nothing until what is returned is dropped.
    pub fn hold(&self) -> impl Drop + '_ {
        self.shared.answers.lock().unwrap()
    }

    pub fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
    }
}

fn read(stream: TcpStream) -> Option<(Got, TcpStream)> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut head) = (String::new(), Vec::new());
    reader.read_line(&mut first).ok()?;
    assert!(first.is_empty() || first.starts_with("POST /hook?a=b HTTP/1.1"), "{first}");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        head.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let of = |name: &str| head.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let mut body = vec![0; of("content-length")?.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    assert_eq!(of("content-type").as_deref(), Some("application/json"));
    let signatures = of("webhook-signature").unwrap();
    let got = Got {
        id: of("webhook-id").unwrap(),
        second: of("webhook-timestamp").unwrap(),
        signatures: signatures.split(' ').map(str::to_owned).collect(),
        body,
    };
    Some((got, reader.into_inner()))
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether one of the signatures is by this secret: HMAC-SHA256 written out (RFC 2104).
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let mut key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(key.len(), 32);
        key.resize(64, 0);
        let pad = |byte: u8| key.iter().map(|k| k ^ byte).collect::<Vec<u8>>();
        let message = [self.id.as_bytes(), b".", self.second.as_bytes(), b".", &self.body].concat();
        let inner = Sha256::digest([pad(0x36), message].concat());
        let outer = Sha256::digest([pad(0x5c), inner.to_vec()].concat());
        self.signatures.contains(&format!("v1,{}", BASE64_STANDARD.encode(outer)))
    }
}
