//! By what reports, wards or the features of a collection can be asked for: what each property holds, its
//! vocabulary, and the parameter that asks for it. Filters differ in their schema and in nothing else.

use super::cql;
use crate::domain::field::{Derived, Parameter, Type, Vocabulary};

/// Names the group of a term, by the term's code.
type Group = fn(usize) -> &'static str;

/// A property that can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Queryable<'a> {
    /// Its public name.
    pub name: &'a str,
    /// What it holds.
    pub holds: Type,
    /// The codes that it may be.
    pub vocabulary: Vocabulary<'a>,
    /// Whether only its presence can be asked, `IS NULL` and `IS NOT NULL`, and only by clients of before CQL2.
    pub presence_only: bool,
    /// Whether it may be missing.
    pub nullable: bool,
    /// How it follows from other properties, if it does.
    pub derived: Option<Derived>,
    /// The parameter that asks for it.
    pub parameter: Option<Parameter<'a>>,
}

impl<'a> Queryable<'a> {
    /// A property of which only name and type are known.
    pub const fn new(name: &'a str, holds: Type) -> Self {
        Self {
            name,
            holds,
            vocabulary: Vocabulary::Free,
            presence_only: false,
            nullable: true,
            derived: None,
            parameter: None,
        }
    }
}

/// What can be asked for. Tests name a property by its position.
#[derive(Clone, Debug)]
pub struct Schema<'a> {
    all: Vec<Queryable<'a>>,
    /// How many of them an expression can name; for the others there are only parameters.
    named: usize,
    /// Positions of those with a parameter, in the order of the normal form.
    parameters: Vec<usize>,
}

impl<'a> Schema<'a> {
    /// What an expression can name, and behind it what only parameters ask for.
    pub fn new(named: impl IntoIterator<Item = Queryable<'a>>, others: &[Queryable<'a>]) -> Self {
        let mut all: Vec<_> = named.into_iter().collect();
        let named = all.len();
        all.extend_from_slice(others);
        let rank = |i: &usize| all[*i].parameter.map(|p| p.rank);
        let mut parameters: Vec<usize> = (0..all.len()).filter(|i| rank(i).is_some()).collect();
        parameters.sort_by_key(rank);
        Self { all, named, parameters }
    }

    /// What an expression can name.
    pub fn queryables(&self) -> &[Queryable<'a>] {
        &self.all[..self.named]
    }

    /// The language that an expression needs to be read again, if that is not CQL2.
    pub(super) fn language(&self, expr: &cql::Expr<cql::Test>) -> Option<&'static str> {
        expr.any(&|t| self.all[t.property].presence_only).then_some(cql::LANGUAGES[2])
    }

    /// The parameters and the positions of what they ask for, in the order of the normal form.
    pub fn parameters(&self) -> impl Iterator<Item = (Parameter<'a>, usize)> {
        self.parameters.iter().filter_map(|&i| Some((self.all[i].parameter?, i)))
    }

    /// The names of all parameters that filter, those of expressions among them.
    pub fn filter_names(&self) -> Vec<&'a str> {
        self.parameters().map(|(p, _)| p.name).chain(cql::PARAMS).collect()
    }

    /// The property at a position.
    pub fn get(&self, property: usize) -> &Queryable<'a> {
        &self.all[property]
    }

    /// Position of the property of that name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|q| q.name == name)
    }

    /// The parameter of that name, and the position of what it asks for.
    pub fn parameter(&self, name: &str) -> Option<(Parameter<'a>, usize)> {
        self.parameters().find(|(p, _)| p.name == name)
    }

    /// The property that groups the terms of another one, and the group of each term.
    pub(super) fn groups_of(&self, property: usize) -> Option<(&Queryable<'a>, Group)> {
        self.all.iter().find_map(|q| match q.derived {
            Some(Derived::Groups { of, group, .. }) if of == self.all[property].name => Some((q, group)),
            _ => None,
        })
    }
}
