//! Two thousand sockets that are slow in four ways, and their effect on other clients: silent
//! sockets, half a header, a byte of body per second, clients that read nothing. Usage: `cargo
//! bench --bench slow_sockets [-- SOCKETS]` (2000).

mod load;

use std::net::SocketAddr;
use std::time::Duration;

use load::{Process, closed, open, print, quantile};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::{Instant, timeout};

#[derive(Clone, Copy, Debug)]
enum Slow {
    Silent,
    HalfHeader,
    DripBody,
    Reader,
}

const ALL: [(Slow, f64); 4] =
    [(Slow::Silent, 10.0), (Slow::HalfHeader, 10.0), (Slow::DripBody, 30.0), (Slow::Reader, 30.0)];
/// Tolerance beyond the deadline: the clocks of both sides, and the second in which a refused body
/// is drained.
const SLACK: f64 = 3.0;

fn main() {
    let sockets: usize = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(2_000);
    let settings = "[limits]\nmode = \"off\"\n[connections]\nby_address = 4096\n";
    let server = Process::start(50_000, settings);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(&server, sockets));
}

async fn run(server: &Process, sockets: usize) {
    closed(server.address, 4, Duration::from_secs(2)).await;
    let rate = 200.0;
    let calm = open(server.address, rate, Duration::from_secs(10), 1).await;
    print("alone, 200/s", &calm);
    let before = server.rss();
    let mut slow = tokio::task::JoinSet::new();
    for i in 0..sockets {
        let (way, deadline) = ALL[i % ALL.len()];
        let address = server.address;
        slow.spawn(async move { (i % ALL.len(), deadline, lived(address, way).await) });
    }
    let answers = open(server.address, rate, Duration::from_secs(28), 2).await;
    print(&format!("beside {sockets} slow sockets"), &answers);
    println!("memory in MiB: {before:.0} before, {:.0} with them", server.rss());
    for (kind, times) in &answers {
        let (p99, alone) = (quantile(times, 0.99), quantile(&calm[kind], 0.99));
        println!("  {kind:?}: p99 {p99:.2} ms, {:.2} times that alone", p99 / alone);
    }
    let mut lives = vec![Vec::new(); ALL.len()];
    while let Some(Ok((way, _, life))) = slow.join_next().await {
        lives[way].push(life);
    }
    for ((way, deadline), lives) in ALL.iter().zip(lives) {
        let late = lives.iter().filter(|l| l.is_none_or(|l| l > deadline + SLACK)).count();
        let longest = lives.iter().flatten().copied().fold(0.0, f64::max);
        println!("  {way:?}: {} sockets, longest {longest:.1} s of {deadline} s, late {late}", lives.len());
    }
}

/// Seconds until the server closed, if it did.
async fn lived(address: SocketAddr, way: Slow) -> Option<f64> {
    let socket = TcpSocket::new_v4().ok()?;
    // A small window, so that a response does not fit into the system's buffers.
    socket.set_recv_buffer_size(4_096).ok()?;
    let mut socket = timeout(Duration::from_secs(30), socket.connect(address)).await.ok()?.ok()?;
    let begun = Instant::now();
    let head = match way {
        Slow::Silent => String::new(),
        Slow::HalfHeader => "GET / HTTP/1.1\r\nHost:".to_owned(),
        Slow::DripBody => "POST /collections/reports/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/geo+json\r\nContent-Length: 9999\r\n\r\n".to_owned(),
        // Larger than all buffers on the way.
        Slow::Reader => "GET /collections/reports/items?f=csv HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
    };
    socket.write_all(head.as_bytes()).await.ok()?;
    let late = Duration::from_secs(60);
    match way {
        Slow::Silent | Slow::HalfHeader => {
            timeout(late, socket.read(&mut [0; 64])).await.ok()?.ok();
        }
        Slow::DripBody => {
            while begun.elapsed() < late && socket.write_all(b" ").await.is_ok() {
                let mut part = [0; 256];
                // Ends when the refusal has arrived and the server has closed.
                if let Ok(Ok(0) | Err(_)) = timeout(Duration::from_secs(1), socket.read(&mut part)).await {
                    break;
                }
            }
        }
        Slow::Reader => {
            // The socket reports its end although nothing is read from it.
            let gone = async {
                let end = tokio::io::Interest::ERROR | tokio::io::Interest::READABLE;
                while !matches!(socket.ready(end).await, Ok(r) if r.is_error() || r.is_read_closed()) {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            timeout(late, gone).await.ok()?;
        }
    }
    (begun.elapsed() < late).then(|| begun.elapsed().as_secs_f64())
}
