//! One who listens to a stream of server-sent events.
#![allow(unreachable_pub, reason = "a module of a test, not of a library")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::Server;

/// A stream over a bare socket; HTTP/1.0, so that the body is not chunked.
pub struct Listener {
    socket: TcpStream,
    buffer: Vec<u8>,
    greeted: bool,
}

impl Listener {
    pub fn open(server: &Server, path: &str, last: &str) -> Self {
        Self::from(server, path, last, "127.0.0.1")
    }

    /// As a proxy says that this address asks.
    pub fn from(server: &Server, path: &str, last: &str, address: &str) -> Self {
        Self::on(TcpStream::connect(server.address).unwrap(), path, last, address)
    }

    /// With a receive buffer that holds few of the messages, so that the server soon finds it slow. In a
    /// smaller one less may fit than one segment of the loopback holds: then bytes come by probes only.
    pub fn narrow(server: &Server, path: &str, last: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let socket = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(65_536).unwrap();
            socket.connect(server.address).await.unwrap().into_std().unwrap()
        });
        socket.set_nonblocking(false).unwrap();
        Self::on(socket, path, last, "127.0.0.1")
    }

    fn on(mut socket: TcpStream, path: &str, last: &str, address: &str) -> Self {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!(
            "GET {path} HTTP/1.0\r\nHost: map.test\r\nAccept-Encoding: gzip, br\r\nX-Forwarded-For: {address}\r\nLast-Event-ID: {last}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        Self { socket, buffer: Vec::new(), greeted: false }
    }

    /// The next whole block of lines; none at the end of the stream.
    pub fn block(&mut self) -> Option<String> {
        loop {
            let end = if self.greeted { "\n\n" } else { "\r\n\r\n" };
            if let Some(i) = self.buffer.windows(end.len()).position(|w| w == end.as_bytes()) {
                let block = String::from_utf8(self.buffer.drain(..i + end.len()).collect()).unwrap();
                if !self.greeted {
                    assert!(block.contains("200 OK") && block.contains("text/event-stream"), "{block}");
                    assert!(!block.to_lowercase().contains("content-encoding"), "{block}");
                    self.greeted = true;
                    continue;
                }
                return Some(block);
            }
            let mut part = [0; 4096];
            match self.socket.read(&mut part).expect("the stream goes on") {
                0 => return None,
                n => self.buffer.extend_from_slice(&part[..n]),
            }
        }
    }
}
