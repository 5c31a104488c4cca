//! Serves a constant body of 20 kB from axum: the baseline for cached tiles (tools/tilebench).
//! Usage: cargo bench --bench constant -- PORT

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;

#[tokio::main]
async fn main() {
    let Some(port) = std::env::args().find_map(|a| a.parse::<u16>().ok()) else { return };
    let body = Bytes::from(vec![7; 20_000]);
    let answer = move || {
        let body = body.clone();
        async move { body }
    };
    let router = Router::new().route("/", get(answer));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    axum::serve(listener, router).await.expect("serves until it is stopped");
}
