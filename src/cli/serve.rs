//! `diaban serve`.

use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::Outcome;
use super::say::say;
use crate::app;
use crate::clock::{SystemClock, SystemIds};
use crate::config::{Config, Settings};
use crate::http;

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) async fn run(self) -> Outcome {
        let stop = stop_signal()?;
        let config = self.settings.resolve()?;
        serve(bind(&config)?, config, stop, |_| {}).await
    }
}

/// Binds the address to listen on.
pub(super) fn bind(config: &Config) -> Result<TcpListener, String> {
    http::bind(config.listen).map_err(|e| format!("cannot listen on {}: {e}", config.listen))
}

/// Serves until `stop`, and prints the address once requests are answered.
pub(super) async fn serve(
    listener: TcpListener,
    config: Config,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(&str),
) -> Outcome {
    let url = format!("http://{}", listener.local_addr()?);
    let public = config.public_url.clone().unwrap_or_else(|| url.clone());
    let begun = || {
        say!("listening on {url}");
        ready(&public);
    };
    app::run(config, Arc::new(SystemClock), Arc::new(SystemIds), listener, stop, begun).await?;
    Ok(())
}

/// Resolves at the first Ctrl-C or SIGTERM from now on.
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}
