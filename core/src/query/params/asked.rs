//! What is asked, in its normal form: what parameters say, and the rest that only an expression says. Both
//! ways of asking the same become one.

use crate::domain::CodeBook;
use crate::domain::field::{Derived, Operator, Vocabulary};
use crate::query::Schema;
use crate::query::cql::{self, Expr, Fold, Is, Literal, Range, Relation, Scalar, SpatialLiteral, Test};
use crate::query::datetime::Interval;
use crate::query::vocabulary::Refusal;

/// Tests that must all hold, and an expression beside them.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::query) struct Asked {
    /// What parameters say: a test for each property at most, in the order of properties.
    pub(in crate::query) said: Vec<Test>,
    /// What no parameter says.
    pub(in crate::query) rest: Expr<Test>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { said: Vec::new(), rest: Expr::yes() }
    }
}

impl Asked {
    /// What parameters say of a property.
    pub(in crate::query) fn of(&self, property: usize) -> Option<&Test> {
        self.said.iter().find(|t| t.property == property)
    }

    /// Takes in what a parameter says. Two that ask for the same (`status` and `state`) must both hold,
    /// even where nothing is left then.
    pub(in crate::query) fn say(&mut self, test: Test, schema: &Schema<'_>) {
        let test = ungrouped(test, schema);
        match self.said.iter_mut().find(|t| t.property == test.property) {
            None => {
                let at = self.said.partition_point(|t| t.property < test.property);
                self.said.insert(at, test);
            }
            Some(before) => {
                if let (Is::OneOf(list), Is::OneOf(more)) = (&mut before.is, &test.is) {
                    list.retain(|l| more.contains(l));
                }
            }
        }
    }

    /// Adds an expression. Its parts that a parameter can say, too, are taken as if it had said them, if
    /// `lower`: so that both ways of asking have one normal form.
    ///
    /// # Errors
    /// When a code is none, or when the expression is too large in its normal form.
    pub(in crate::query) fn narrow(
        &mut self,
        expr: Expr<Test>,
        schema: &Schema<'_>,
        codebook: &CodeBook,
        lower: bool,
    ) -> Result<(), Refusal> {
        let queryables = schema.queryables();
        // Only a body carries what is longer already, and no link has to.
        let long = cql::written(&expr, queryables).len() > cql::MAX_BYTES;
        let expr = expr.try_map(&mut |t| canonical(t, schema, codebook).map(Expr::Is))?;
        let expr = cql::simplified(expr, queryables);
        let expr = if long { cql::deep(expr)? } else { cql::checked(expr, queryables)? };
        let mut rest = Vec::new();
        for part in expr.into_parts() {
            rest.extend(if lower { self.lower(part, schema) } else { Some(part) });
        }
        self.rest = cql::simplified(Expr::All(rest), queryables);
        Ok(())
    }

    /// Takes a part that must hold as a parameter would say it; gives back what is left of it.
    fn lower(&mut self, part: Expr<Test>, schema: &Schema<'_>) -> Option<Expr<Test>> {
        let Expr::Is(test) = part else { return Some(part) };
        let Some((said, left)) = sayable(&test, schema) else { return Some(Expr::Is(test)) };
        if let Some(said) = said {
            let said = ungrouped(said, schema);
            match self.said.iter_mut().find(|t| t.property == said.property) {
                None => self.say(said, schema),
                Some(before) => match cql::both(before, &said) {
                    Some(Expr::Is(both)) => *before = both,
                    // No parameter can say that nothing is left.
                    _ => return Some(Expr::Is(test)),
                },
            }
        }
        left.map(Expr::Is)
    }
}

/// What a parameter can say of a test, if anything, and what is left of the test then.
fn sayable(test: &Test, schema: &Schema<'_>) -> Option<(Option<Test>, Option<Test>)> {
    let q = schema.get(test.property);
    let parameter = q.parameter?;
    if test.not || test.fold != Fold::default() {
        return None;
    }
    let whole = || Some((Some(test.clone()), None));
    match (parameter.operator, &test.is) {
        (Operator::OneOf, Is::OneOf(list))
            if q.vocabulary != Vocabulary::Free || list.iter().all(listable) =>
        {
            whole()
        }
        (Operator::Flag, Is::OneOf(_))
        | (Operator::Interval, Is::Within(_))
        | (Operator::Box, Is::Lies(Relation::Intersects, SpatialLiteral::Box(_))) => whole(),
        (Operator::AtLeast, Is::Within(Range { from: Some((Literal::Integer(least), _)), to })) => {
            let said = at_least(test.property, u32::try_from((*least).max(0)).ok()?);
            let left = to.clone().and_then(|to| Range::new(None, Some(to)));
            Some((said, left.map(|r| Test::new(test.property, Is::Within(r)))))
        }
        _ => None,
    }
}

/// Whether a text stays itself in a list separated by commas.
fn listable(l: &Literal) -> bool {
    matches!(l, Literal::Text(t) if !t.contains(',') && t.trim() == t)
}

/// At least so many; nothing is below 0.
pub(in crate::query) fn at_least(property: usize, least: u32) -> Option<Test> {
    let from = Some((Literal::Integer(least.into()), true));
    Range::new(from, None).filter(|_| least > 0).map(|r| Test::new(property, Is::Within(r)))
}

/// Inside an interval; nothing where all of time is.
pub(in crate::query) fn within(property: usize, i: Interval) -> Option<Test> {
    i.range().map(|r| Test::new(property, Is::Within(r)))
}

/// A test of groups as one of the terms that they group.
fn ungrouped(test: Test, schema: &Schema<'_>) -> Test {
    let Some(Derived::Groups { of, group, .. }) = schema.get(test.property).derived else { return test };
    let Some(property) = schema.position(of) else { return test };
    let Vocabulary::Terms(terms) = schema.get(property).vocabulary else { return test };
    let passing = terms.iter().enumerate().filter(|(i, _)| test.holds(Scalar::Text(group(*i))));
    let list = passing.map(|(_, t)| Literal::Text(t.name.to_owned())).collect();
    Test::new(property, Is::one_of(list))
}

/// The test with codes that people write in one way each; what is no code is a fault, as it is in the
/// parameter of that name.
fn canonical(test: Test, schema: &Schema<'_>, codebook: &CodeBook) -> Result<Test, Refusal> {
    let Is::OneOf(list) = &test.is else { return Ok(test) };
    if test.fold != Fold::default() {
        return Ok(test);
    }
    let q = schema.get(test.property);
    let list = list.iter().map(|l| match l {
        Literal::Text(t) => q.vocabulary.canonical(t, codebook).map(Literal::Text),
        other => Ok(other.clone()),
    });
    let list = list.collect::<Result<Vec<_>, _>>().map_err(|e: Refusal| e.of_property(q.name))?;
    Ok(Test { is: Is::one_of(list), ..test })
}
