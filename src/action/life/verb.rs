//! What all verbs on a stored report share: they read how it stands, decide, write, and decide anew when
//! somebody else was quicker.

use crate::action::city::City;
use crate::clock::Clock;
use crate::store::{Amendment, Applied, Happening, Standing, Step, Store, StoreError};
use diaban_core::domain::caller::{Act, Caller, Refusal, authorize};
use diaban_core::domain::key::KeyId;
use diaban_core::domain::mask::{Written, mask};
use diaban_core::domain::report::Level;
use diaban_core::domain::text;
use diaban_core::domain::{Instant, Precision, State, Violation};

/// Characters of a reason or a note.
const WORDS: usize = 2_000;
/// Decisions before giving up: each means that somebody else changed the report in between.
const TRIES: usize = 4;

/// Why a verb did nothing.
#[derive(Debug, thiserror::Error)]
pub enum VerbError {
    /// There is no such report.
    #[error("no report has this id")]
    Missing,
    /// It was erased: nothing can happen to it any more.
    #[error("the report was erased")]
    Erased,
    /// Another office answers for it.
    #[error("another office answers for this report")]
    NotTheirs,
    /// The report is not as the caller saw it.
    #[error("the report was changed meanwhile: {0} things have happened to it by now")]
    Outdated(i64),
    /// The state cannot follow the one that it has.
    #[error("{} cannot follow {}; possible: {}", .to.name(), .from.name(), names(.from.next()))]
    Illegal {
        /// The state that it has.
        from: State,
        /// The state that was asked for.
        to: State,
    },
    /// It is not the time for it.
    #[error("{0}")]
    NotNow(&'static str),
    /// It was done before, by the same request sent once more.
    #[error("done before")]
    Done,
    /// A rule forbids it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Violation>),
    /// Others change it all the time.
    #[error("the report was changed by somebody else meanwhile; look at it again")]
    Changed,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VerbError {
    pub(super) fn refused(field: &str, detail: impl Into<String>) -> Self {
        Self::Refused(vec![Violation::new(field, detail)])
    }
}

/// The public names of states.
fn names(states: &[State]) -> String {
    states.iter().map(|s| s.name()).collect::<Vec<_>>().join(", ")
}

/// On whose behalf a verb is carried out.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who asks.
    pub caller: Caller,
    /// The key that was sent.
    pub key: Option<KeyId>,
    /// How many things had happened to the report when the caller looked at it: one of these, or nothing is done.
    pub saw: Option<Vec<i64>>,
}

impl Actor {
    /// Who has the command line.
    pub const OPERATOR: Self = Self { caller: Caller::Operator, key: None, saw: None };
}

impl From<Refusal> for VerbError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unseen => Self::Missing,
            Refusal::Erased => Self::Erased,
            Refusal::NotTheirs => Self::NotTheirs,
        }
    }
}

/// What was decided: the step and the words that go with it.
pub(super) struct Decision {
    pub(super) step: Step,
    pub(super) role: &'static str,
    pub(super) reason: Option<Written>,
    pub(super) note: Option<Written>,
    pub(super) internal: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) redirect_to: Option<String>,
    pub(super) due: Option<Instant>,
    pub(super) said: Option<String>,
}

impl Decision {
    /// Without a word.
    pub(super) const fn new(step: Step, role: &'static str) -> Self {
        Self {
            step,
            role,
            reason: None,
            note: None,
            internal: None,
            level: None,
            redirect_to: None,
            due: None,
            said: None,
        }
    }
}

/// Reads, looks whether the actor may, decides, writes. The life of a report is told to transfers, to its reporter, and
/// to whoever ends a task.
pub(super) async fn decide(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    (actor, act): (&Actor, Act),
    rule: impl Fn(&Standing, Vec<Happening>) -> Result<Decision, VerbError>,
) -> Result<(), VerbError> {
    let needs_life = matches!(act, Act::Transfer | Act::Reply | Act::EndTask);
    for _ in 0..TRIES {
        let was = store.standing(id).await?.ok_or(VerbError::Missing)?;
        permit(city, &actor.caller, act, &was)?;
        if actor.saw.as_ref().is_some_and(|seen| !seen.contains(&was.events)) {
            return Err(VerbError::Outdated(was.events));
        }
        // If it is of another moment than the standing, nothing will be written.
        let life = if needs_life { store.life(was.seq).await? } else { Vec::new() };
        let Decision { step, role, reason, note, internal, level, redirect_to, due, said } =
            rule(&was, life)?;
        let at = clock.now();
        let precision = precision(city, &was);
        let waits = precision != Precision::Exact;
        let (shown, actor) = (precision.shown(at), actor.key.clone());
        let amendment = Amendment {
            was,
            step,
            role,
            at,
            shown,
            waits,
            reason,
            note,
            internal,
            actor,
            level,
            redirect_to,
            due,
            said,
        };
        if store.amend_report(amendment).await? == Applied::Done {
            return Ok(());
        }
    }
    Err(VerbError::Changed)
}

/// The same request sent once more is no fault: nothing happens.
pub(super) fn done_before(done: Result<(), VerbError>) -> Result<(), VerbError> {
    if matches!(done, Err(VerbError::Done)) { Ok(()) } else { done }
}

/// Whether a caller may do this with a report.
///
/// # Errors
/// Why not.
pub fn permit(city: &City, caller: &Caller, act: Act, was: &Standing) -> Result<(), VerbError> {
    authorize(caller, act, &was.resource()).map_err(|refusal| {
        // The wards of the caller may be of boundaries that went out of force just now.
        let turned = refusal != Refusal::Erased && was.edition != city.areas().codebook.edition;
        if turned { VerbError::Changed } else { refusal.into() }
    })
}

/// How precisely the public may see a report.
pub fn precision(city: &City, was: &Standing) -> Precision {
    was.decided.with(city.pack.categories.by_code(&was.category).map(|c| c.precision))
}

/// A word from the office for everybody, cleaned and masked as a citizen's is.
pub(super) fn public_words(raw: Option<&str>, field: &str) -> Result<Option<Written>, VerbError> {
    Ok(words(raw, field)?.map(Written::of))
}

/// The same of at most so many characters, in words of which nothing is kept apart: what would be masked is refused.
pub(super) fn plain_words(raw: Option<&str>, field: &str, max: usize) -> Result<Option<String>, VerbError> {
    let words = cleaned(raw, field, max)?;
    if words.as_deref().is_some_and(|words| *mask(words) != *words) {
        let detail = "must hold no phone number, number of a paper, mail address or plate; hotlines are fine";
        return Err(VerbError::refused(field, detail));
    }
    Ok(words)
}

/// A word from the office, cleaned as a citizen's is.
pub(super) fn words(raw: Option<&str>, field: &str) -> Result<Option<String>, VerbError> {
    cleaned(raw, field, WORDS)
}

/// The same of at most so many characters.
fn cleaned(raw: Option<&str>, field: &str, max: usize) -> Result<Option<String>, VerbError> {
    raw.map_or(Ok(None), |raw| text::clean(raw, max).map_err(|e| VerbError::refused(field, e.to_string())))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::{Decided, Tasks};
    use diaban_core::domain::report::Withdrawn;

    /// A public report of which nothing else is known.
    pub(in crate::action) fn standing(state: State) -> Standing {
        Standing {
            seq: 1,
            received: Instant::MIN,
            due: None,
            state,
            level: Level::Normal,
            withdrawn: Withdrawn::No,
            category: "pothole".into(),
            ward: None,
            body: "centre".to_owned(),
            point: None,
            placed: true,
            decided: Decided { stored: Some(Precision::Exact), looks: Precision::Exact },
            told: true,
            events: 1,
            edition: 0,
            awaited: None,
            tasks: Tasks::default(),
        }
    }
}
