//! The subcommands of the executable. Each reports its result on standard output and errors on
//! standard error.

mod areas;
mod backup;
mod check;
mod copy;
mod demo;
mod export;
mod features;
mod findings;
mod keys;
mod logging;
mod mapping;
mod migrate;
mod pages;
mod repeats;
mod report;
mod reports;
mod say;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Import(Import),
    Check(check::Check),
    /// Change the state of a report, transfer it, hide or erase it; works beside a running server.
    #[command(subcommand)]
    Report(report::Report),
    /// Manage keys of apps and secret feed links; a running server uses changes within two seconds.
    #[command(subcommand)]
    Keys(keys::Keys),
    Export(export::Export),
    /// Bring the schema of a store up to date; `serve` also does so when it starts.
    Migrate(migrate::Migrate),
    /// Back up a SQLite store to a new file, beside a running server.
    Backup(backup::Backup),
    /// Restore a backup in place of a SQLite store that is not being served.
    Restore(backup::Restore),
    Copy(copy::Copy),
}

#[derive(Subcommand)]
enum Import {
    /// Import ward boundaries of one generation: read, check, activate, and reassign reports.
    Areas(Box<areas::ImportAreas>),
    /// Import city features into a collection: GeoJSON, CSV or OSM PBF, compared with the stored
    /// ones.
    Features(Box<features::ImportFeatures>),
    /// Import past reports: GeoJSON, CSV or Open311 JSON of any length; repeating an import stores
    /// nothing twice.
    Reports(Box<reports::ImportReports>),
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
            Role::Import(Import::Areas(import)) => import.run().await,
            Role::Import(Import::Features(import)) => import.run().await,
            Role::Import(Import::Reports(import)) => import.run().await,
            Role::Export(export) => export.run().await,
            Role::Check(check) => check.run().await,
            Role::Report(report) => report.run().await,
            Role::Keys(keys) => keys.run().await,
            Role::Migrate(migrate) => migrate.run().await,
            Role::Backup(backup) => backup.run().await,
            Role::Restore(restore) => restore.run().await,
            Role::Copy(copy) => copy.run().await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed(&*e),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    say::complain(format_args!("diaban: {error}"));
    ExitCode::FAILURE
}
