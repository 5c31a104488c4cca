//! The accept loop: a limit on connections, deadlines for the first byte and the complete header,
//! and a graceful stop with a deadline. `axum::serve` has none of these.

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
use crate::http::edge::held::Held;
use crate::http::edge::tcp::connections::{Connections, Seat};
use crate::http::edge::tcp::gate::{HEADER_BYTES, HEADER_LINES};
use crate::http::edge::tcp::socket::Socket;
use crate::http::routes::Doors;

/// From the start of a connection, or the end of the last response, to the end of the next header.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// Limit of unsent bytes that the system buffers per connection. Its default is megabytes for each
/// client that reads nothing.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;
/// How long running requests may take after the process was told to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(8);

/// Length of the system's queue of connections that are not accepted yet. When it is full, new
/// connections are dropped silently, and such a client waits forever.
const BACKLOG: u32 = 4_096;

/// Binds the address.
///
/// # Errors
/// When the system refuses it.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait until the last connections of the previous process have timed out.
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
        // `observe` writes it, from the clock of the service.
        .auto_date_header(false)
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
        // Without a seat it is closed at once, because all other connections are busy.
        let Some(seat) = connections.seat(peer.ip()) else { continue };
        let connection = Arc::new(seat);
        tokio::spawn(serve_connection(
            builder.clone(),
            doors.clone(),
            stream,
            peer,
            connection,
            graceful.watcher(),
        ));
    }
    drop(listener);
    if tokio::time::timeout(STOP_DEADLINE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still running at the end of the stop deadline and were cut off");
    }
}

async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            // A small response must not wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
            #[cfg(target_os = "linux")]
            let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
            Some((stream, peer))
        }
        Err(error) => {
            // Mostly out of file descriptors: give other tasks time to close some.
            tracing::warn!(%error, "accept");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// Serves one connection until it ends, is too slow, or must close for a new one.
async fn serve_connection(
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
        let fault = seat.fault();
        let (seat, doors) = (seat.clone(), doors.clone());
        async move {
            if let Some(fault) = fault {
                let mut response = doors.refuse(fault).await;
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                seat.connection.linger.store(true, Relaxed);
                return Ok(response.map(|body| Body::new(Held::new(body, busy))));
            }
            let body = has_body(request.headers());
            let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
            let mut response = doors.answer(request).await;
            // The gate does not follow chunks, so nothing after this request is read.
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
            // A client that disconnects or is too slow is not worth a log line.
            if let Err(error) = ended {
                tracing::debug!(%error, "connection");
            }
        }
        // A request may have started at this very moment: it is answered and is the last one.
        () = seat.must_go() => if seat.is_busy() {
            let _ = connection.await;
        },
    }
}

/// Whether a response with this status may be sent before the body was read.
fn leaves_bodies_unread(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 429 | 503)
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|n| n != "0")
}
