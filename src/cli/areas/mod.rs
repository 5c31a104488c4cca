//! `diaban areas`: the life of boundaries.

pub(in crate::cli) mod boundaries;
pub(in crate::cli) mod compare;
mod moves;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::action::{self, Activation, AreasError, City, EditionStatus, Stage};
use crate::app;
use crate::cli::say::say;
use crate::cli::{Outcome, With};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::store::{Edition, EditionState, Store, StoredAreas};
use boundaries::Boundaries;
use diaban_core::domain::Instant;

#[derive(Subcommand)]
pub(in crate::cli) enum Areas {
    /// List all boundaries that were imported, and when they came into force.
    List(With<List>),
    /// Read and check boundaries and place every report under them, beside those in force; nobody sees it.
    Prepare(With<Prepare>),
    /// Say when prepared boundaries come into force by themselves; a running server does it.
    Schedule(With<Schedule>),
    /// Show what prepared boundaries move, by ward and body.
    Moves(With<Moves>),
    /// Bring prepared boundaries into force now.
    Activate(With<Activate>),
    /// Take back what is in force, for thirty days; or prepared boundaries, which never come into force then.
    Withdraw(With<Withdraw>),
    /// List reports whose ward was divided and that have no place to decide by; `diaban report transfer` gives them one.
    Homeless(With<Homeless>),
}

#[derive(Args)]
pub(in crate::cli) struct List {}

#[derive(Args)]
pub(in crate::cli) struct Prepare {
    #[command(flatten)]
    boundaries: Boundaries,
    /// When they come into force by themselves: 2027-01-01T00:00:00+07:00; only by `activate` when not said.
    #[arg(long)]
    at: Option<String>,
}

#[derive(Args)]
pub(in crate::cli) struct Schedule {
    /// The generation, like 2027-01-01, or the number of an edition, like 3.
    which: String,
    /// When: 2027-01-01T00:00:00+07:00.
    #[arg(long, required_unless_present = "never")]
    at: Option<String>,
    /// Only by `activate`.
    #[arg(long, conflicts_with = "at")]
    never: bool,
}

#[derive(Args)]
pub(in crate::cli) struct Moves {
    /// The generation, like 2027-01-01, or the number of an edition, like 3.
    which: String,
    /// Also write them as GeoJSON: a line for each pair of wards, with the numbers of reports.
    #[arg(long)]
    geojson: Option<PathBuf>,
}

#[derive(Args)]
pub(in crate::cli) struct Activate {
    /// The generation, like 2027-01-01, or the number of an edition, like 3.
    which: String,
}

#[derive(Args)]
pub(in crate::cli) struct Withdraw {
    /// Prepared boundaries: the generation or the number. Without it the last turn is taken back.
    which: Option<String>,
}

#[derive(Args)]
pub(in crate::cli) struct Homeless {
    /// At most so many.
    #[arg(long, default_value_t = 1_000)]
    limit: u32,
}

/// A store with its city.
struct Opened {
    store: Store,
    city: Arc<City>,
}

impl Opened {
    async fn new(settings: Settings) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (store, city) = app::open(&settings.resolve()?, &SystemClock).await?;
        Ok(Self { store, city: Arc::new(city) })
    }

    async fn activate(&self, edition: i64) -> Outcome {
        let areas = action::activate(&self.city, &self.store, &SystemClock, edition, None, tell).await?;
        self.follow(areas).await
    }

    /// Features follow the boundaries.
    async fn follow(&self, areas: Arc<action::Areas>) -> Outcome {
        let done = action::reassign_features(&areas, &self.store, &SystemClock, |_| {}).await?;
        self.city.turn(areas);
        say!(
            "{} features looked at, {} moved to other wards, {} in no ward now",
            done.looked_at,
            done.moved,
            done.outside
        );
        let homeless = self.store.homeless(i64::MAX).await?.len();
        if homeless > 0 {
            say!("{homeless} reports have no ward: theirs was divided; `diaban areas homeless` lists them");
        }
        Ok(())
    }
}

/// What an activation does, for the operator.
fn tell(step: Activation) {
    match step {
        Activation::Announced => {
            say!("all reports are placed; the processes that serve make their maps ready …");
        }
        Activation::InForce(kept) => {
            say!("in force; other writes waited for {} ms", kept.as_millis());
        }
        Activation::Preparing(_) | Activation::Writing(_) => {}
    }
}

impl Areas {
    pub(in crate::cli) async fn run(self) -> Outcome {
        match self {
            Self::List(With { settings, .. }) => {
                let opened = Opened::new(settings).await?;
                list(&opened.store.area_states().await?);
                opened.store.close().await;
            }
            Self::Prepare(With { what, settings }) => {
                let opened = Opened::new(settings).await?;
                let from = what.at.as_deref().map(instant).transpose()?;
                if what.boundaries.dry_run {
                    what.boundaries.check(&opened.store, &opened.city).await?;
                } else {
                    what.boundaries.prepare(&opened.store, &opened.city, from).await?;
                }
                opened.store.close().await;
            }
            Self::Schedule(With { what, settings }) => {
                let opened = Opened::new(settings).await?;
                let edition = prepared(&opened.store.area_states().await?, &what.which)?.seq;
                let at = what.at.as_deref().map(instant).transpose()?;
                action::schedule_edition(&opened.store, &SystemClock, edition, at).await?;
                match at {
                    Some(at) => say!("edition {edition} comes into force at {at}, by a process that serves"),
                    None => say!("edition {edition} comes into force by `diaban areas activate` only"),
                }
                opened.store.close().await;
            }
            Self::Moves(With { what, settings }) => {
                let opened = Opened::new(settings).await?;
                let edition = prepared(&opened.store.area_states().await?, &what.which)?.seq;
                moves::show(&opened.store, &opened.city, edition, what.geojson.as_deref()).await?;
                opened.store.close().await;
            }
            Self::Activate(With { what, settings }) => {
                let opened = Opened::new(settings).await?;
                let edition = prepared(&opened.store.area_states().await?, &what.which)?.seq;
                opened.activate(edition).await?;
                opened.store.close().await;
            }
            Self::Withdraw(with) => withdraw(with).await?,
            Self::Homeless(With { what, settings }) => {
                let opened = Opened::new(settings).await?;
                for report in opened.store.homeless(what.limit.into()).await? {
                    say!(
                        "{}\t{}\t{}\t{}\t{}",
                        report.id,
                        report.category,
                        report.state.name(),
                        report.body,
                        report.note.unwrap_or_default()
                    );
                }
                opened.store.close().await;
            }
        }
        Ok(())
    }
}

async fn withdraw(With { what, settings }: With<Withdraw>) -> Outcome {
    let opened = Opened::new(settings).await?;
    if let Some(which) = &what.which {
        let edition = prepared(&opened.store.area_states().await?, which)?.seq;
        match action::withdraw_edition(&opened.store, &SystemClock, edition).await {
            Err(AreasError::Unfit { stage: Stage::Former, .. }) => {
                return Err(format!(
                    "edition {edition} was in force; `areas withdraw` alone takes the last turn back"
                )
                .into());
            }
            done => done?,
        }
        say!("edition {edition} will not come into force");
    } else {
        let areas = action::undo(&opened.city, &opened.store, &SystemClock, tell).await?;
        say!("generation {} is in force again", areas.active().id());
        opened.follow(areas).await?;
    }
    opened.store.close().await;
    Ok(())
}

fn instant(text: &str) -> Result<Instant, String> {
    Instant::parse(text)
        .map_err(|e| format!("--at {text}: {e}; it is written like 2027-01-01T00:00:00+07:00"))
}

/// The edition that a number names, or the newest of a generation, unless it is in force or withdrawn.
fn prepared<'a>(stored: &'a StoredAreas, which: &str) -> Result<&'a Edition, String> {
    let named = |e: &&Edition| e.seq.to_string() == which || e.generation == which;
    let open = |e: &&Edition| e.state != EditionState::Withdrawn && e.seq != stored.in_force();
    let mut found = stored.editions.iter().rev().filter(open).filter(named);
    found.next().ok_or_else(|| {
        format!("no edition {which} is there to come into force; `diaban areas list` shows them")
    })
}

fn list(stored: &StoredAreas) {
    for EditionStatus { edition: e, stage, since, .. } in EditionStatus::all(stored) {
        let when = match (e.from, since) {
            (Some(from), _) => format!("from {from}"),
            (None, Some(since)) => format!("since {since}"),
            (None, None) => String::new(),
        };
        say!("{}\t{}\t{stage}\t{when}\t{}", e.seq, e.generation, e.source);
    }
}
