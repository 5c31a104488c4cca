//! The normal form of an expression: AND and OR alternate, tests of one property are put together where
//! they make one, parts stand in the order of their texts, each once.

use super::expr::Expr;
use super::test::{Is, Literal, Test};
use super::{Queryable, write};

/// Which of the two a list of parts is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    All,
    Any,
}

pub(super) fn simplify(expr: Expr<Test>, schema: &[Queryable<'_>]) -> Expr<Test> {
    match expr {
        Expr::Is(test) => single(test),
        Expr::All(parts) => join(Joined::All, parts, schema),
        Expr::Any(parts) => join(Joined::Any, parts, schema),
    }
}

/// What two tests make together where both must hold.
pub(super) fn both(a: &Test, b: &Test) -> Option<Expr<Test>> {
    together(Joined::All, a, b)
}

fn join(how: Joined, parts: Vec<Expr<Test>>, schema: &[Queryable<'_>]) -> Expr<Test> {
    let (decided, neutral) = match how {
        Joined::All => (Expr::no(), Expr::yes()),
        Joined::Any => (Expr::yes(), Expr::no()),
    };
    let mut tests: Vec<Test> = Vec::new();
    let mut others: Vec<Expr<Test>> = Vec::new();
    let mut left: Vec<Expr<Test>> = parts.into_iter().rev().collect();
    while let Some(part) = left.pop() {
        match (how, simplify(part, schema)) {
            (_, p) if p == decided => return decided,
            (_, p) if p == neutral => {}
            (Joined::All, Expr::All(inner)) | (Joined::Any, Expr::Any(inner)) => {
                left.extend(inner.into_iter().rev());
            }
            (_, Expr::Is(test)) => {
                // What two tests make together may fit with a third.
                let met = tests.iter().enumerate().find_map(|(i, t)| Some((i, together(how, t, &test)?)));
                match met {
                    None => tests.push(test),
                    Some((i, both)) => {
                        tests.remove(i);
                        left.push(both);
                    }
                }
            }
            (_, other) => others.push(other),
        }
    }
    others.extend(tests.into_iter().map(Expr::Is));
    let mut named: Vec<(String, Expr<Test>)> =
        others.into_iter().map(|p| (write::expr(&p, schema), p)).collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named.dedup_by(|a, b| a.0 == b.0);
    let mut parts: Vec<Expr<Test>> = named.into_iter().map(|(_, p)| p).collect();
    match (parts.len(), how) {
        (1, _) => parts.remove(0),
        (_, Joined::All) => Expr::All(parts),
        (_, Joined::Any) => Expr::Any(parts),
    }
}

/// One test in its own normal form.
fn single(mut test: Test) -> Expr<Test> {
    if let Is::Within(r) = &test.is
        && let (Some((a, true)), Some((b, true))) = (&r.from, &r.to)
        && a == b
        && !matches!(a, Literal::Instant(_))
    {
        test.is = Is::OneOf(vec![a.clone()]);
    }
    match &test.is {
        // An instant of nothing, or everything that has a value.
        Is::OneOf(list) if list.is_empty() => {
            if test.not {
                known(&test)
            } else {
                Expr::no()
            }
        }
        Is::Within(r) if r.from.is_none() && r.to.is_none() => known(&test),
        Is::OneOf(list) if list.len() == 2 && list[0] == Literal::Boolean(false) => {
            if test.not {
                Expr::no()
            } else {
                known(&test)
            }
        }
        _ => Expr::Is(test),
    }
}

/// That the property has a value.
fn known(test: &Test) -> Expr<Test> {
    Expr::Is(Test { not: true, ..Test::new(test.property, Is::Null) })
}

/// What two tests of one property make together, where that is one test or plain.
fn together(how: Joined, a: &Test, b: &Test) -> Option<Expr<Test>> {
    if a.property != b.property {
        return None;
    }
    match (&a.is, &b.is) {
        (Is::Null, Is::Null) if a.not != b.not => {
            return Some(if how == Joined::All { Expr::no() } else { Expr::yes() });
        }
        (Is::Null, _) => return with_null(how, a, b),
        (_, Is::Null) => return with_null(how, b, a),
        _ if a.fold != b.fold => return None,
        _ => {}
    }
    let with = |not, is| Some(single(Test { property: a.property, fold: a.fold, not, is }));
    let one_of = |not, list| with(not, Is::OneOf(list));
    match (how, &a.is, &b.is) {
        (Joined::All, Is::Within(r), Is::Within(s)) => {
            r.meet(s).map_or(Some(Expr::no()), |r| with(false, Is::Within(r)))
        }
        (Joined::Any, Is::Within(r), Is::Within(s)) => r.join(s).and_then(|r| with(false, Is::Within(r))),
        (Joined::All, Is::OneOf(list), Is::Within(r)) | (Joined::All, Is::Within(r), Is::OneOf(list)) => {
            let listed = if matches!(a.is, Is::OneOf(_)) { a } else { b };
            let inside: Vec<Literal> = list.iter().filter(|l| r.contains(l.scalar())).cloned().collect();
            match (listed.not, inside.is_empty()) {
                (false, _) => one_of(false, inside),
                // What is left out lies outside anyway.
                (true, true) => with(false, Is::Within(r.clone())),
                (true, false) => None,
            }
        }
        (_, Is::OneOf(x), Is::OneOf(y)) => {
            let minus = |x: &[Literal], y: &[Literal]| x.iter().filter(|l| !y.contains(l)).cloned().collect();
            let both = |x: &[Literal], y: &[Literal]| x.iter().filter(|l| y.contains(l)).cloned().collect();
            let union = |x: &[Literal], y: &[Literal]| Is::one_of(x.iter().chain(y).cloned().collect());
            match (how, a.not, b.not) {
                (Joined::All, false, false) => one_of(false, both(x, y)),
                (Joined::All, false, true) => one_of(false, minus(x, y)),
                (Joined::All, true, false) => one_of(false, minus(y, x)),
                (Joined::All, true, true) => with(true, union(x, y)),
                (Joined::Any, false, false) => with(false, union(x, y)),
                (Joined::Any, false, true) => one_of(true, minus(y, x)),
                (Joined::Any, true, false) => one_of(true, minus(x, y)),
                (Joined::Any, true, true) => one_of(true, both(x, y)),
            }
        }
        (_, x, y) if x == y && a.not == b.not => Some(Expr::Is(a.clone())),
        _ => None,
    }
}

/// `IS NULL` or its opposite with another test, which only a value passes.
fn with_null(how: Joined, null: &Test, other: &Test) -> Option<Expr<Test>> {
    match (how, null.not) {
        (Joined::All, true) => Some(Expr::Is(other.clone())),
        (Joined::All, false) => Some(if other.is == Is::Null { Expr::Is(other.clone()) } else { Expr::no() }),
        (Joined::Any, true) => Some(Expr::Is(null.clone())),
        (Joined::Any, false) => (other.is == Is::Null).then(|| Expr::Is(null.clone())),
    }
}
