//! Where an edition stands: one word for lists, commands and doors, and what may be done to it then.

use std::fmt;

use super::AreasError;
use crate::store::{Edition, EditionState, StoredAreas};
use diaban_core::domain::Instant;

/// Where an edition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Kept; it comes into force only when somebody says so.
    Prepared,
    /// It comes into force by itself.
    Scheduled,
    /// It comes into force in a moment.
    Announced,
    /// It is in force.
    InForce,
    /// It was in force.
    Former,
    /// It never comes into force.
    Withdrawn,
}

impl Stage {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 6] =
        [Self::Prepared, Self::Scheduled, Self::Announced, Self::InForce, Self::Former, Self::Withdrawn];

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Scheduled => "scheduled",
            Self::Announced => "announced",
            Self::InForce => "in_force",
            Self::Former => "former",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().replace('_', " "))
    }
}

/// An edition and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct EditionStatus<'a> {
    /// The edition.
    pub edition: &'a Edition,
    /// Where it stands.
    pub stage: Stage,
    /// When it came into force last.
    pub since: Option<Instant>,
    /// Of the edition in force: until when the turn to it can be taken back.
    pub undo_until: Option<Instant>,
    /// Whether every report has its place under it. What is not placed yet is placed before a turn.
    pub placed: bool,
}

impl<'a> EditionStatus<'a> {
    /// Of every edition, oldest first.
    pub fn all(stored: &'a StoredAreas) -> impl Iterator<Item = Self> {
        stored.editions.iter().map(|edition| Self::of(stored, edition))
    }

    /// Of the edition with this number.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(stored: &'a StoredAreas, seq: i64) -> Result<Self, AreasError> {
        let edition = stored.edition(seq).ok_or_else(|| AreasError::Missing(seq.to_string()))?;
        Ok(Self::of(stored, edition))
    }

    fn of(stored: &'a StoredAreas, edition: &'a Edition) -> Self {
        let turn = stored.turns.iter().rev().find(|turn| turn.edition == edition.seq);
        let stage = match edition.state {
            _ if edition.seq == stored.in_force() => Stage::InForce,
            EditionState::Withdrawn => Stage::Withdrawn,
            EditionState::Announced => Stage::Announced,
            EditionState::Used => Stage::Former,
            EditionState::Prepared if edition.from.is_some() => Stage::Scheduled,
            EditionState::Prepared => Stage::Prepared,
        };
        let in_force = stage == Stage::InForce;
        let undo = turn.filter(|turn| in_force && turn.former.is_some());
        Self {
            edition,
            stage,
            since: turn.map(|turn| turn.at),
            undo_until: undo.map(|turn| turn.undo_until),
            placed: in_force || (stage != Stage::Withdrawn && edition.prepared_to.is_some()),
        }
    }

    /// Itself, if it stands where something may be done to it.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn fit(self, fit: &'static [Stage]) -> Result<Self, AreasError> {
        if fit.contains(&self.stage) {
            return Ok(self);
        }
        Err(AreasError::Unfit { edition: self.edition.seq, stage: self.stage, fit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Turned;

    fn edition(seq: i64, state: EditionState, from: Option<i64>, prepared_to: Option<i64>) -> Edition {
        Edition {
            seq,
            generation: "2027-01-01".to_owned(),
            source: String::new(),
            imported: Instant::from_ms(0),
            boundaries: None,
            successors: None,
            state,
            from: from.map(Instant::from_ms),
            prepared_to,
        }
    }

    #[test]
    fn an_edition_stands_where_state_schedule_and_turns_say() {
        use EditionState::{Announced, Prepared, Used, Withdrawn};
        let turn = |edition, former, at: i64| Turned {
            edition,
            former,
            at: Instant::from_ms(at),
            undo_until: Instant::from_ms(at + 5),
        };
        let stored = StoredAreas {
            editions: vec![
                edition(0, Used, None, None),
                edition(1, Used, None, None),
                edition(2, Prepared, None, None),
                edition(3, Prepared, Some(9), Some(7)),
                edition(4, Announced, Some(9), Some(7)),
                edition(5, Withdrawn, None, Some(7)),
            ],
            turns: vec![turn(0, None, 1), turn(1, Some(0), 2)],
        };
        let all: Vec<_> = EditionStatus::all(&stored).map(|s| (s.stage.name(), s.placed)).collect();
        assert_eq!(
            all,
            [
                ("former", false),
                ("in_force", true),
                ("prepared", false),
                ("scheduled", true),
                ("announced", true),
                ("withdrawn", false),
            ]
        );
        let until = |n| EditionStatus::find(&stored, n).unwrap().undo_until.map(Instant::ms);
        assert_eq!((until(0), until(1)), (None, Some(7)));
        assert!(matches!(EditionStatus::find(&stored, 6), Err(AreasError::Missing(_))));
        let unfit = EditionStatus::find(&stored, 1).unwrap().fit(&[Stage::Prepared, Stage::Scheduled]);
        assert_eq!(
            unfit.unwrap_err().to_string(),
            "edition 1 is in force; this can be done to what is prepared or scheduled"
        );
    }
}
