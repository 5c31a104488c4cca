//! Expressions as CQL2 Text, in one way each.

use wkt::ToWkt;

use super::Queryable;
use super::expr::Expr;
use super::lex::is_name;
use super::like::Fold;
use super::spatial::SpatialLiteral;
use super::test::{Is, Literal, Range, Test};
use crate::domain::Instant;

/// Words that mean something where a property may stand.
const WORDS: [&str; 10] = ["and", "or", "not", "true", "false", "like", "between", "in", "is", "null"];
const DAY_MS: i64 = 86_400_000;

pub(super) fn expr(e: &Expr<Test>, schema: &[Queryable<'_>]) -> String {
    let list = |parts: &[Expr<Test>], word: &str, enclose: fn(&Expr<Test>) -> bool| {
        let one = |p: &Expr<Test>| {
            let text = expr(p, schema);
            if enclose(p) { format!("({text})") } else { text }
        };
        parts.iter().map(one).collect::<Vec<_>>().join(word)
    };
    match e {
        Expr::All(parts) if parts.is_empty() => "TRUE".to_owned(),
        Expr::Any(parts) if parts.is_empty() => "FALSE".to_owned(),
        Expr::All(parts) => list(parts, " AND ", |p| matches!(p, Expr::Any(_))),
        Expr::Any(parts) => list(parts, " OR ", |_| false),
        Expr::Is(t) => test(t, schema),
    }
}

fn test(t: &Test, schema: &[Queryable<'_>]) -> String {
    let name = property(schema[t.property].name);
    let name = folded(t.fold, &name);
    let not = if t.not { "NOT " } else { "" };
    let value = |l: &Literal| literal(l, t.fold);
    match &t.is {
        Is::Null => format!("{name} IS {not}NULL"),
        Is::OneOf(list) if list.len() == 1 => {
            format!("{name} {} {}", if t.not { "<>" } else { "=" }, value(&list[0]))
        }
        Is::OneOf(list) => {
            format!("{name} {not}IN ({})", list.iter().map(value).collect::<Vec<_>>().join(","))
        }
        Is::Within(r) => range(&name, r, t.fold),
        Is::Like(pattern) => format!("{name} {not}LIKE {}", folded(t.fold, &text(&pattern.to_string()))),
        Is::Lies(relation, ground) => format!("{not}{}({name},{})", relation.name(), place(ground)),
    }
}

fn range(name: &str, r: &Range, fold: Fold) -> String {
    match (&r.from, &r.to) {
        (Some((Literal::Instant(a), _)), Some((Literal::Instant(b), _)))
            if b.ms() - a.ms() == DAY_MS - 1 && day(*a) =>
        {
            format!("{name} = {}", first(*a))
        }
        (Some((Literal::Instant(a), _)), Some((Literal::Instant(b), _))) if a == b => {
            format!("{name} = {}", timestamp(*a))
        }
        (Some((a, true)), Some((b, true))) => {
            format!("{name} BETWEEN {} AND {}", literal(a, fold), last(b, fold))
        }
        (from, to) => {
            let from = from.as_ref().map(|(v, inside)| {
                format!("{name} {} {}", if *inside { ">=" } else { ">" }, literal(v, fold))
            });
            let to = to
                .as_ref()
                .map(|(v, inside)| format!("{name} {} {}", if *inside { "<=" } else { "<" }, last(v, fold)));
            from.into_iter().chain(to).collect::<Vec<_>>().join(" AND ")
        }
    }
}

/// The last value of a range: the end of a day is that day.
fn last(v: &Literal, fold: Fold) -> String {
    match v {
        Literal::Instant(t) => {
            let next = Instant::from_ms(t.ms() + 1);
            if day(next) { date(*t) } else { timestamp(*t) }
        }
        v => literal(v, fold),
    }
}

fn literal(l: &Literal, fold: Fold) -> String {
    match l {
        Literal::Boolean(b) => if *b { "TRUE" } else { "FALSE" }.to_owned(),
        Literal::Integer(i) => i.to_string(),
        Literal::Number(n) => number(*n),
        Literal::Instant(t) => first(*t),
        Literal::Text(t) => folded(fold, &text(t)),
    }
}

/// The first value of a range: the beginning of a day is that day.
fn first(t: Instant) -> String {
    if day(t) { date(t) } else { timestamp(t) }
}

/// Whether a UTC day begins then.
fn day(t: Instant) -> bool {
    t.ms().rem_euclid(DAY_MS) == 0
}

fn date(t: Instant) -> String {
    format!("DATE('{}')", &t.to_string()[..10])
}

fn timestamp(t: Instant) -> String {
    format!("TIMESTAMP('{t}')")
}

/// The shortest digits that read back as the same number.
fn number(n: f64) -> String {
    if n.abs() >= 1e16 || (n != 0.0 && n.abs() < 1e-6) { format!("{n:e}") } else { n.to_string() }
}

fn text(t: &str) -> String {
    format!("'{}'", t.replace('\'', "''"))
}

fn folded(fold: Fold, inner: &str) -> String {
    let case = if fold.case { format!("CASEI({inner})") } else { inner.to_owned() };
    if fold.accent { format!("ACCENTI({case})") } else { case }
}

fn property(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(is_name)
        && !WORDS.iter().any(|w| name.eq_ignore_ascii_case(w));
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn place(ground: &SpatialLiteral) -> String {
    match ground {
        SpatialLiteral::Box(b) => format!("BBOX({},{},{},{})", b.west, b.south, b.east, b.north),
        SpatialLiteral::Shape(g) => g.wkt_string(),
    }
}
