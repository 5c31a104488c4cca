//! `diaban serve`.

use std::io::IsTerminal;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::Outcome;
use crate::app;
use crate::clock::{SystemClock, SystemIds};
use crate::config::{Config, Settings};

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) async fn run(self) -> Outcome {
        serve(self.settings.resolve()?, |_| {}).await
    }
}

/// Binds, says where, serves until a signal.
pub(super) async fn serve(config: Config, ready: impl FnOnce(&str)) -> Outcome {
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|e| format!("cannot listen on {}: {e}", config.listen))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    ready(config.public_url.as_deref().unwrap_or(&url));
    app::run(config, Arc::new(SystemClock), Arc::new(SystemIds), listener, stop_signal()).await?;
    Ok(())
}

/// Resolves at the first Ctrl-C or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        result = tokio::signal::ctrl_c() => drop(result),
    }
    tracing::info!("stopping");
}

/// Logs to standard error: JSON for machines, plain text on a terminal. `DIABAN_LOG` sets the
/// filter, like `warn` or `info,access=off`.
pub(super) fn start_logging() {
    let filter = EnvFilter::try_from_env("DIABAN_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().flatten_event(true).init();
    }
}
