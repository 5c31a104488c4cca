//! A look at the rows of a file before any is taken: whether the numbers are degrees of this city, which
//! columns hold the places, where the ids are, which columns nobody reads. What looks wrong is refused as a
//! whole.

mod columns;
mod identity;

use std::ops::ControlFlow;

pub(in crate::import) use identity::{Guess, Identity};

use self::columns::Columns;
use self::identity::Candidates;
use super::clean::folded;
use super::error::ImportError;
use super::mapping::Mapping;
use super::place::{PlaceColumns, Survey, Wrong};
use super::profile::{NoColumn, Profile};
use super::raw::{Raw, Row};
use super::read::{FormatError, Sink};
use diaban_core::area::Generation;

/// What was recognised.
#[derive(Debug)]
pub(in crate::import) struct Recognised {
    /// Where the source ids come from.
    pub(in crate::import) identity: Identity,
    /// Columns that the profile names and no row has, with the nearest one.
    pub(in crate::import) missing: Vec<String>,
    /// Some columns that nothing is read from.
    pub(in crate::import) unread: Vec<String>,
    /// Whether texts that look like formulas have an apostrophe before them.
    pub(in crate::import) guarded: bool,
}

/// Takes in rows and then says what they are.
pub(in crate::import) struct Look<'a> {
    profile: &'a Profile,
    mapping: &'a Mapping,
    areas: &'a Generation,
    /// More rows than this are refused.
    most: usize,
    rows: usize,
    places: PlaceColumns<'a>,
    no_column: Option<NoColumn>,
    columns: Columns,
    candidates: Candidates,
    survey: Survey,
    crs: Option<String>,
    /// Whether the file is a table.
    is_table: bool,
    /// Columns whose names are there more than once.
    twice: Vec<String>,
    notes: Vec<String>,
}

impl<'a> Look<'a> {
    pub(in crate::import) fn new(
        profile: &'a Profile,
        mapping: &'a Mapping,
        areas: &'a Generation,
        most: usize,
    ) -> Self {
        Self {
            profile,
            mapping,
            areas,
            most,
            rows: 0,
            places: PlaceColumns::new(profile),
            no_column: None,
            columns: Columns::default(),
            candidates: Candidates::default(),
            survey: Survey::default(),
            crs: None,
            is_table: false,
            twice: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Takes in a row that decides for the file; its place is read on the way.
    pub(in crate::import) fn see(&mut self, row: &mut Row) {
        self.rows += 1;
        let Ok(raw) = row else { return };
        if let Err(absent) = self.places.decide(Some(raw)) {
            self.no_column = Some(absent);
        }
        self.locate(raw);
        self.columns.see(raw);
        if self.mapping.wants(raw) {
            self.candidates.see(raw);
            self.measure(raw);
        }
    }

    /// Takes in a row of the rest: only its numbers still count.
    pub(in crate::import) fn watch(&mut self, row: &mut Row) {
        let Ok(raw) = row else { return };
        // What the user names was found or missed before.
        let _ = self.places.decide(Some(raw));
        self.locate(raw);
        if self.mapping.wants(raw) {
            self.measure(raw);
        }
    }

    /// Reads the place of a row from its columns.
    pub(in crate::import) fn locate(&self, raw: &mut Raw) {
        self.places.read(raw);
    }

    fn measure(&mut self, raw: &Raw) {
        if let Ok(Some(geometry)) = &raw.geometry {
            self.survey.see(geometry, self.profile.swap_axes, self.areas);
        }
    }

    /// Whether the coordinates are degrees of the city.
    ///
    /// # Errors
    /// When most are not, with what they look like.
    pub(in crate::import) fn verdict(&self) -> Result<(), Wrong> {
        self.survey.verdict(self.crs.as_deref(), self.areas)
    }

    /// Says what the rows are.
    ///
    /// # Errors
    /// When the file as a whole cannot be taken.
    pub(in crate::import) fn settle(&mut self, guess: Guess) -> Result<Recognised, ImportError> {
        if self.rows > self.most {
            // A part of the file would make the rest look gone.
            return Err(FormatError::Broken(format!("the file has more than {} rows", self.most)).into());
        }
        self.places.decide(None)?;
        if let Some(absent) = self.no_column.take() {
            return Err(absent.into());
        }
        self.verdict()?;
        self.columns.needed(self.profile)?;
        // In our own exports of features `id` is the public one, which follows from the source's.
        let ours = self.columns.are_our_features().then_some("source_id");
        let named = self.profile.id.as_deref().or(ours.filter(|_| guess == Guess::Likely));
        let identity = self.candidates.choose(named, guess);
        self.once(&identity)?;
        Ok(Recognised {
            guarded: self.profile.guarded || (self.is_table && self.columns.are_ours()),
            missing: self.columns.missing(self.profile),
            unread: self.columns.unread(self.mapping, &identity, self.profile, &self.places),
            identity,
        })
    }
}

impl Look<'_> {
    /// A column that is read must be there once; of others the name is only told.
    fn once(&mut self, identity: &Identity) -> Result<(), FormatError> {
        for name in std::mem::take(&mut self.twice) {
            let same = |other: &str| folded(other) == folded(&name);
            let is_id = matches!(identity, Identity::Column(column) if same(column));
            let filters = self.profile.only.keys().any(|column| same(column));
            if is_id || filters || self.places.needs(&name) || self.mapping.columns().any(same) {
                let broken = format!("the column {name:?} is there twice and would be read; rename one");
                return Err(FormatError::Broken(broken));
            }
            self.notes.push(format!("the column {name:?} is there twice; nothing is read from it"));
        }
        Ok(())
    }

    /// What was found in the file as a whole, in words.
    pub(in crate::import) fn notes(self) -> Vec<String> {
        self.notes.into_iter().chain(self.places.found()).collect()
    }
}

impl Sink for Look<'_> {
    fn twice(&mut self, name: &str) {
        self.twice.push(name.to_owned());
    }

    fn note(&mut self, words: String) {
        self.notes.push(words);
    }

    fn header(&mut self, names: &[String]) {
        self.is_table = true;
        self.places.header(names);
    }

    fn crs(&mut self, name: String) {
        self.crs = Some(name);
    }

    fn row(&mut self, mut row: Row) -> ControlFlow<()> {
        self.see(&mut row);
        if self.rows > self.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
