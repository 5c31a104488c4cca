//! A look at the rows of a file before any is taken: whether the numbers are degrees of this city, which
//! columns hold the places, where the ids are, which columns nobody reads. What looks wrong is refused as a
//! whole.

mod columns;
mod identity;
mod wards;

use std::ops::ControlFlow;

pub(in crate::import) use identity::{Guess, Identity};

use self::columns::Columns;
use self::identity::Candidates;
use self::wards::WardNames;
use super::clean::folded;
use super::error::ImportError;
use super::place::{Named, PlaceColumns, Reading, Survey, Wrong, unknown};
use super::profile::mapping::Mapping;
use super::profile::{NoColumn, Profile};
use super::raw::{Raw, Row};
use super::read::{FormatError, Part, Sink};
use diaban_core::area::Generation;
use diaban_core::geo::Crs;

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
    /// How the numbers of places are read.
    pub(in crate::import) reading: Reading,
    /// What is told of the file as a whole.
    pub(in crate::import) told: Vec<String>,
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
    user: Option<Crs>,
    wards: WardNames,
    part: Option<Part>,
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
            candidates: Candidates::new(profile.id.as_deref()),
            survey: Survey::default(),
            crs: None,
            is_table: false,
            twice: Vec::new(),
            // A name that is not known was refused before.
            user: profile.crs.as_deref().and_then(Crs::named),
            wards: WardNames::of(areas),
            part: None,
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
            if raw.crs.is_some() && self.user.is_none() {
                self.survey.see_own();
            } else {
                let wards = || self.wards.named_by(raw);
                self.survey.see(geometry, self.profile.swap_axes, self.areas, wards);
            }
        }
    }

    /// How the coordinates are read, and what is told of that.
    ///
    /// # Errors
    /// When nobody can tell, with what they look like.
    pub(in crate::import) fn verdict(&self) -> Result<(Reading, Vec<String>), Wrong> {
        let (file, swap) = (self.crs.as_deref(), self.profile.swap_axes);
        self.survey.verdict(Named { user: self.user, file, swap }, self.areas)
    }

    /// How the place of a row is read where the file is read so: by the system that the row names itself,
    /// unless the user decides.
    ///
    /// # Errors
    /// When it names one that is not known.
    pub(in crate::import) fn reading(&self, raw: &Raw, file: Reading) -> Result<Reading, String> {
        match &raw.crs {
            Some(name) if self.user.is_none() => {
                let crs = Crs::named(name).ok_or_else(|| unknown(name).to_string())?;
                Ok(Reading { crs, north_first: self.profile.swap_axes })
            }
            _ => Ok(file),
        }
    }

    /// Why what was read is not the whole answer.
    pub(in crate::import) fn missing_part(&self) -> Option<&Part> {
        self.part.as_ref()
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
        if let Some(part) = &self.part {
            return Err(ImportError::Part(part.clone()));
        }
        let (reading, mut told) = self.verdict()?;
        self.columns.needed(self.profile)?;
        // In our own exports of features `id` is the public one, which follows from the source's.
        let ours = self.columns.are_our_features().then_some("source_id");
        let identity = self.candidates.choose(ours.filter(|_| guess == Guess::Likely), guess);
        if let Some(repeated) = self.candidates.repeated(&identity) {
            return Err(ImportError::NotUnique(repeated));
        }
        told.extend(self.candidates.passed_over(&identity));
        self.once(&identity)?;
        Ok(Recognised {
            guarded: self.profile.guarded || (self.is_table && self.columns.are_ours()),
            reading,
            told,
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

    fn part(&mut self, part: Part) {
        self.part.get_or_insert(part);
    }

    fn row(&mut self, mut row: Row) -> ControlFlow<()> {
        self.see(&mut row);
        if self.rows > self.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
