//! By what reports can be asked for: the queryable fields of their table, as rows of the live map hold them.

use std::sync::LazyLock;

use super::cql::Scalar;
use super::filter::{Row, RowTest};
use super::{CodeSet, Filter, Queryable, Schema};
use crate::domain::CodeBook;
use crate::domain::field::{Column, Field, TABLE, Type};
use crate::domain::view::MapRow;

static FIELDS: LazyLock<Vec<&'static Field>> =
    LazyLock::new(|| TABLE.iter().filter(|f| f.queryable).collect());

static SCHEMA: LazyLock<Schema<'static>> =
    LazyLock::new(|| Schema::new(FIELDS.iter().map(|f| queryable(f)), &[]));

static CATEGORY: LazyLock<usize> =
    LazyLock::new(|| SCHEMA.position("category").expect("the table has categories"));

static WARD: LazyLock<usize> = LazyLock::new(|| SCHEMA.position("ward").expect("the table has wards"));

/// All that reports can be asked for.
pub fn schema() -> &'static Schema<'static> {
    &SCHEMA
}

/// The field behind a position in the schema.
pub fn field(property: usize) -> &'static Field {
    FIELDS[property]
}

fn queryable(f: &Field) -> Queryable<'static> {
    Queryable {
        vocabulary: f.vocabulary,
        nullable: f.nullable,
        derived: f.derived,
        parameter: f.parameter,
        ..Queryable::new(f.name, f.holds)
    }
}

impl Row for MapRow {
    fn value(&self, property: usize, _: Type) -> Scalar<'_> {
        match field(property).column {
            Some(Column::Point) => self.point.map_or(Scalar::Null, Scalar::Point),
            Some(Column::Id) => Scalar::Integer(self.id as i64),
            Some(Column::Count(slot)) => Scalar::Integer(self[slot].into()),
            Some(Column::Time(slot)) => self.instant(slot).map_or(Scalar::Null, Scalar::Instant),
            Some(Column::Code8(..) | Column::Code16(_)) | None => Scalar::Null,
        }
    }

    fn has(&self, property: usize, codes: &CodeSet) -> bool {
        match field(property).column {
            Some(Column::Code8(slot, _)) => codes.contains(self[slot].into()),
            Some(Column::Code16(slot)) => codes.contains(self[slot]),
            _ => false,
        }
    }
}

impl Filter {
    /// Whether a report matches.
    pub fn matches(&self, row: &MapRow) -> bool {
        self.takes(row)
    }

    /// The filter as query parameters in normal form.
    pub fn pairs(&self, codebook: &CodeBook) -> Vec<(&'static str, String)> {
        self.pairs_in(&SCHEMA, codebook)
    }

    /// The wards among which that of every report must be; none for any.
    pub fn wards(&self) -> Option<CodeSet> {
        self.codes(*WARD)
    }

    /// The categories that every report must be of, if it says so.
    pub fn categories(&self) -> Option<CodeSet> {
        self.codes(*CATEGORY)
    }

    /// What it says of the category, and nothing else.
    #[must_use]
    pub fn of_category_only(&self) -> Self {
        let all = Self::default();
        self.categories().map_or(all.clone(), |set| all.bound_to(RowTest::Code(*CATEGORY, set)))
    }

    /// The same, of reports of these wards only: what a feed is bound to.
    #[must_use]
    pub fn in_wards(&self, wards: CodeSet) -> Self {
        self.bound_to(RowTest::Code(*WARD, wards))
    }

    /// The same without what it says of the ward by itself.
    #[must_use]
    pub fn of_any_ward(&self) -> Self {
        self.without(*WARD)
    }
}
