//! The accept loop: a cap on connections, deadlines for the first byte and for the whole header, and
//! a bounded, graceful stop. `axum::serve` has none of these.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::http::edge::client::Peer;
use crate::http::edge::connections::{Connections, Seat};
use crate::http::edge::held::Held;
use crate::http::edge::socket::Socket;
use crate::http::routes::Doors;

/// From the opening of a connection, or the end of the last answer, to the end of the next header.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// Header lines and bytes of one request; as many bytes wait to be written.
const HEADER_LINES: usize = 100;
const HEADER_BYTES: usize = 32 * 1024;
/// What the system takes of an answer before it sent it on. It would take megabytes for each reader that
/// reads nothing.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;
/// What may still be going on when the process is told to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(8);

/// Connections that the system keeps until they are accepted. When there is no room, it forgets them
/// without a word, and whoever waits for the first word waits for ever.
const BACKLOG: u32 = 4_096;

/// Takes the address.
///
/// # Errors
/// When the system does not give it.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the last connections of the one before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` resolves, then lets running requests finish for a few seconds.
pub async fn serve(
    listener: TcpListener,
    doors: Doors,
    connections: Arc<Connections>,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADER_LINES);
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener) => accepted,
        };
        let Some((stream, peer)) = accepted else { continue };
        // Without a seat it is closed at once: everybody else is in the middle of something.
        let Some(seat) = connections.seat(peer.ip()) else { continue };
        let connection = Arc::new(seat);
        tokio::spawn(converse(builder.clone(), doors.clone(), stream, peer, connection, graceful.watcher()));
    }
    drop(listener);
    if tokio::time::timeout(STOP_DEADLINE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still running when the time to stop was over");
    }
}

async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Small answers must not wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
            #[cfg(target_os = "linux")]
            let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
            Some((stream, peer))
        }
        Err(error) => {
            // Out of file descriptors, mostly: give the others time to close theirs.
            tracing::warn!(%error, "accept");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// One connection until it ends, is too slow, or must make room.
async fn converse(
    builder: http1::Builder,
    doors: Doors,
    stream: TcpStream,
    peer: SocketAddr,
    seat: Arc<Seat>,
    watcher: Watcher,
) {
    let peer = Peer(peer.ip());
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(seat.connection.clone());
        let busy = seat.request();
        let (seat, doors) = (seat.clone(), doors.clone());
        async move {
            let body = has_body(request.headers());
            let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
            let mut response = doors.answer(request).await;
            // A chunked request may have carried a Content-Length, which hyper drops: whoever stands in
            // between may have split the stream elsewhere, so nothing after it is read (RFC 9112 6.1).
            let refused = body && leaves_bodies_unread(response.status());
            if chunked || refused || seat.is_leaving() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                seat.connection.linger.store(refused, Relaxed);
            }
            Ok::<Response<Body>, Infallible>(response.map(|body| Body::new(Held::new(body, busy))))
        }
    });
    let abort = |stream: &TcpStream| drop(stream.set_zero_linger());
    let socket = TokioIo::new(Socket::new(stream, abort, seat.clone()));
    let mut connection = pin!(watcher.watch(builder.serve_connection(socket, service)));
    tokio::select! {
        ended = &mut connection => {
            // A client that goes away or is too slow is not an event worth a line in the log.
            if let Err(error) = ended {
                tracing::debug!(%error, "connection");
            }
        }
        // A request may have begun in this very moment: it is answered, and is the last.
        () = seat.must_go() => if seat.is_busy() {
            let _ = connection.await;
        },
    }
}

/// Whether an answer of this status may come before the body was read.
fn leaves_bodies_unread(status: StatusCode) -> bool {
    matches!(status.as_u16(), 404 | 405 | 408 | 413 | 415 | 429 | 503)
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|n| n != "0")
}
