//! `diaban breach`: whose reports a key or an account has read, beyond what everybody may read.

use std::collections::{BTreeSet, HashMap};

use clap::Args;

use super::say::say;
use super::{Outcome, With};
use crate::app;
use crate::clock::SystemClock;
use diaban_core::domain::deadline;
use diaban_core::domain::key::KeyId;

/// Which reports were read with keys and accounts of offices and operators, beyond what everybody may read: whom to tell
/// when one is lost. A row for each key or account, report and day; the times are in UTC.
#[derive(Args)]
pub(super) struct Breach {
    /// From when on: 2026-11-01, from the beginning of that day, or an instant of RFC 3339.
    #[arg(long)]
    since: String,
    /// Only with the key of this public id, or the account `account:LOGIN`.
    #[arg(long)]
    key: Option<String>,
}

impl Breach {
    pub(super) async fn run(With { what, settings }: With<Self>) -> Outcome {
        let (store, city) = app::open(&settings.resolve()?, &SystemClock).await?;
        let fault = "--since must be a date like 2026-11-01, or an instant of RFC 3339";
        let since = deadline::since(&what.since, &city.pack.calendar).ok_or(fault)?;
        let keys = store.keys().await?.into_iter().map(|key| (key.id, key.name));
        let accounts = store.accounts().await?.into_iter().map(|a| (KeyId::of_account(&a.login), a.name));
        let names: HashMap<_, _> = keys.chain(accounts).collect();
        if let Some(key) = what.key.as_deref().filter(|id| !names.keys().any(|key| key.as_str() == *id)) {
            return Err(format!("no key has the id {key}, and no account").into());
        }
        let reads = store.reads_since(since, what.key.as_deref()).await?;
        say!("key\tname\treport\twhat\tfirst\tlast\ttimes");
        for r in &reads {
            let name = names.get(&r.key).map_or("-", |name| name);
            say!("{}\t{name}\t{}\t{}\t{}\t{}\t{}", r.key, r.report, r.what.name(), r.first, r.last, r.times);
        }
        let reports: BTreeSet<u64> = reads.iter().map(|r| r.report).collect();
        let keys: BTreeSet<&str> = reads.iter().map(|r| r.key.as_str()).collect();
        say!("{} reports were read with {} keys since {since}", reports.len(), keys.len());
        store.close().await;
        Ok(())
    }
}
