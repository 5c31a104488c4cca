//! The subcommands of the executable. Each reports its result on standard output and errors on
//! standard error.

mod accounts;
mod areas;
mod breach;
mod check;
mod demo;
mod erased;
mod export;
mod import;
mod keys;
mod logging;
mod repeats;
mod report;
mod say;
mod serve;
mod store;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::AppError;
use crate::store::{FailureKind, StoreError};

#[derive(Parser)]
#[command(version, about = "Citizen reports on the map, routed to the ward that must answer", long_about = None)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one value, for the whole life of the process")]
enum Role {
    /// Serve the API, the tiles and the map page.
    Serve(serve::Serve),
    /// Fill a database with generated reports and serve it.
    Demo(demo::Demo),
    /// Import data.
    #[command(subcommand)]
    Import(import::Import),
    /// Prepare ward boundaries, bring them into force, take them back; works beside a running server.
    #[command(subcommand)]
    Areas(Box<areas::Areas>),
    Check(check::Check),
    /// Change the state of a report, transfer it, hide or erase it; works beside a running server.
    #[command(subcommand)]
    Report(report::Report),
    /// Keep the list of what was erased, and apply it where an older backup brought something back.
    #[command(subcommand)]
    Erased(erased::Erased),
    Breach(With<breach::Breach>),
    /// Manage keys of apps and secret feed links; a running server uses changes within two seconds.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Manage webhooks: receivers that are told what happens.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Manage accounts of officers and operators; a running server uses changes within a second.
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    Export(export::Export),
    /// Bring the schema of a store up to date; `serve` also does so when it starts.
    Migrate(store::migrate::Migrate),
    /// Back up a SQLite store to a new file, beside a running server.
    Backup(store::backup::Backup),
    /// Restore a backup in place of a SQLite store that is not being served.
    Restore(store::backup::Restore),
    Copy(store::copy::Copy),
}

/// Arguments of a subcommand, with the settings that say which store it uses.
#[derive(clap::Args)]
struct With<T: clap::Args> {
    #[command(flatten)]
    what: T,
    #[command(flatten)]
    settings: crate::config::Settings,
}

/// The result of a subcommand; the error is a sentence for people.
type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Runs the subcommand given by the arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let _log = logging::start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return failed(&e),
    };
    let outcome = runtime.block_on(async {
        match cli.role {
            Role::Serve(serve) => serve.run().await,
            Role::Demo(demo) => demo.run().await,
            Role::Import(import) => import.run().await,
            Role::Export(export) => export.run().await,
            Role::Areas(areas) => areas.run().await,
            Role::Check(check) => check.run().await,
            Role::Report(report) => report.run().await,
            Role::Erased(erased) => erased.run().await,
            Role::Breach(breach) => breach::Breach::run(breach).await,
            Role::Keys(keys) => keys.run().await,
            Role::Webhooks(webhooks) => webhooks.run().await,
            Role::Accounts(accounts) => accounts.run().await,
            Role::Migrate(migrate) => migrate.run().await,
            Role::Backup(backup) => backup.run().await,
            Role::Restore(restore) => restore.run().await,
            Role::Copy(copy) => copy.run().await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            say::complain(format_args!("diaban: {e}"));
            code(&*e)
        }
    }
}

/// A code for each kind of failure of the storage, as `sysexits.h` numbers them, so that a service manager knows when
/// another start does not help; 1 for everything else.
fn code(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    const DATA_ERROR: u8 = 65;
    const NO_INPUT: u8 = 66;
    const IO_ERROR: u8 = 74;
    let mut cause = Some(error);
    while let Some(error) = cause {
        let failure = match (error.downcast_ref::<AppError>(), error.downcast_ref::<StoreError>()) {
            (Some(AppError::StorageFailed(f) | AppError::Store(StoreError::Storage(f))), _)
            | (_, Some(StoreError::Storage(f))) => Some(f),
            _ => None,
        };
        if let Some(failure) = failure {
            return ExitCode::from(match failure.kind {
                FailureKind::Damaged => DATA_ERROR,
                FailureKind::Gone => NO_INPUT,
                FailureKind::Io => IO_ERROR,
            });
        }
        cause = error.source();
    }
    ExitCode::FAILURE
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    say::complain(format_args!("diaban: {error}"));
    ExitCode::FAILURE
}
