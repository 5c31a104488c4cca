//! `diaban keys …`: keys of apps and secret feed links. A running server knows of them after two seconds.

use clap::{Args, Subcommand};

use super::Outcome;
use crate::action::{self, Purpose};
use crate::app;
use crate::clock::{Clock, SystemClock, SystemIds};
use crate::config::Settings;

#[derive(Args)]
pub(super) struct Keys {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum What {
    /// Make a key for an app; it is shown once.
    Add {
        /// Whose it is.
        name: String,
        /// What it may do: `read`, `submit`.
        #[arg(long, required = true, value_delimiter = ',')]
        scope: Vec<String>,
        /// Days until it expires.
        #[arg(long)]
        days: Option<u32>,
    },
    /// Make a secret feed link of one query; it is shown once.
    Feed {
        /// Whose it is; the title of the feed.
        name: String,
        /// The query, as a list takes it: `ward=26740&status=open`.
        #[arg(long)]
        query: String,
        /// Days until it expires.
        #[arg(long)]
        days: Option<u32>,
    },
    /// List all keys, without their secrets.
    List,
    /// Revoke a key or a secret feed link for good.
    Revoke {
        /// The public id, as the list shows it.
        id: String,
    },
}

impl Keys {
    pub(super) async fn run(self) -> Outcome {
        let config = self.settings.resolve()?;
        let (store, city) = app::open(&config).await?;
        let areas = city.areas();
        let make = async |name: &str, purpose, days| {
            action::add_key(&store, &SystemClock, &SystemIds, &areas.words, name, purpose, days).await
        };
        match self.what {
            What::Add { name, scope, days } => {
                let (id, token) = make(&name, Purpose::Scopes(scope), days).await?;
                println!("key {id}, shown only now:\n{token}");
            }
            What::Feed { name, query, days } => {
                let (id, token) = make(&name, Purpose::Feed(query), days).await?;
                let base = config.public_url.unwrap_or_default();
                println!("secret feed link {id}, shown only now:");
                for file in ["reports", "changes"] {
                    println!("{base}/feeds/k/{token}/{file}.atom    (or .json, .geojson)");
                }
            }
            What::List => {
                let now = SystemClock.now();
                for key in store.keys().await? {
                    let state = if key.is_valid(now) { "valid" } else { "closed" };
                    let until = key.expires.map_or_else(|| "-".to_owned(), |t| t.to_string());
                    let query = key.query.unwrap_or_default();
                    println!("{}\t{state}\t{}\t{until}\t{}\t{query}", key.id, key.scopes.join(","), key.name);
                }
            }
            What::Revoke { id } => {
                if !action::revoke_key(&store, &SystemClock, &id).await? {
                    return Err(format!("no valid key has the id {id}").into());
                }
                println!("key {id}: revoked");
            }
        }
        store.close().await;
        Ok(())
    }
}
