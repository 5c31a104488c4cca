//! What a filter means: which rows it is true of, false of, or neither.

use super::Row;

/// A filter by its meaning.
#[derive(Clone, Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Plain(bool),
    Missing(&'static str, bool),
    /// Property, what is folded in which order, operator, value.
    Text(&'static str, Folds, &'static str, String),
    Among(&'static str, Folds, bool, Vec<String>),
    Like(&'static str, Folds, bool, String),
    Number(&'static str, &'static str, f64),
    Numbers(&'static str, bool, Vec<f64>),
    Between(&'static str, bool, f64, f64),
    Flag(bool, bool),
    Time(&'static str, i64),
    Times(bool, i64, i64),
    /// A function of time and its ends; none for an open one.
    When(&'static str, Option<i64>, Option<i64>),
    Where(&'static str, Ground),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Folds {
    None,
    Case,
    Accent,
    CaseAccent,
    AccentCase,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ground {
    Box,
    Square,
    /// Two squares that share an edge.
    Squares,
    /// Two squares that share a corner.
    Corners,
    Spots,
}

impl Folds {
    fn of(self, text: &str) -> String {
        let case = |t: &str| -> String {
            let low = |c| match c {
                'A' => 'a',
                'Á' => 'á',
                'Đ' | 'Ð' | 'ð' => 'đ',
                c => c,
            };
            t.chars().map(low).collect()
        };
        let accent = |t: &str| -> String {
            let plain = |c| match c {
                'á' => 'a',
                'Á' => 'A',
                'đ' | 'ð' => 'd',
                'Đ' | 'Ð' => 'D',
                c => c,
            };
            t.chars().map(plain).collect()
        };
        let lower = |t: String| t.to_lowercase();
        match self {
            Self::None => text.to_owned(),
            Self::Case => case(text),
            Self::Accent => accent(text),
            Self::CaseAccent | Self::AccentCase => lower(accent(text)),
        }
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|n| like(rest, &text[n..])),
        ['_', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && like(rest, &text[1..]),
    }
}

fn compare<T: PartialOrd>(a: &T, op: &str, b: &T) -> bool {
    match op {
        "=" => a == b,
        "<>" => a != b,
        "<" => a < b,
        "<=" => a <= b,
        ">" => a > b,
        _ => a >= b,
    }
}

impl Ground {
    pub(super) fn squares(self) -> &'static [[f64; 4]] {
        match self {
            Self::Box | Self::Square => &[[0.0, 0.0, 2.0, 2.0]],
            Self::Squares => &[[0.0, 0.0, 1.0, 2.0], [1.0, 0.0, 3.0, 2.0]],
            Self::Corners => &[[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 3.0, 3.0]],
            Self::Spots => &[],
        }
    }

    /// Whether a place lies inside, and whether it lies inside or on the rim.
    fn holds(self, (x, y): (f64, f64)) -> (bool, bool) {
        if matches!(self, Self::Spots) {
            let on = (x, y) == (1.0, 1.0) || (x, y) == (2.0, 3.0);
            return (on, on);
        }
        let any = |f: &dyn Fn(&[f64; 4]) -> bool| self.squares().iter().any(f);
        (
            any(&|[w, s, e, n]| *w < x && x < *e && *s < y && y < *n),
            any(&|[w, s, e, n]| *w <= x && x <= *e && *s <= y && y <= *n),
        )
    }
}

impl Node {
    /// True, false, or unknown.
    #[expect(clippy::manual_try_fold, reason = "what is unknown may still become false, or true")]
    pub(super) fn meaning(&self, row: &Row) -> Option<bool> {
        let text = |name: &str| if name == "name" { row.name.as_deref() } else { row.kind };
        let number = |name: &str| if name == "n" { row.n.map(|n| n as f64) } else { row.x };
        match self {
            // Kleene's AND and OR.
            Self::All(parts) => parts.iter().fold(Some(true), |all, p| match (all, p.meaning(row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }),
            Self::Any(parts) => parts.iter().fold(Some(false), |any, p| match (any, p.meaning(row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            }),
            Self::Not(inner) => inner.meaning(row).map(|is| !is),
            Self::Plain(is) => Some(*is),
            Self::Missing(name, not) => {
                let missing = match *name {
                    "name" => row.name.is_none(),
                    "kind" => row.kind.is_none(),
                    "n" => row.n.is_none(),
                    "x" => row.x.is_none(),
                    "fee" => row.fee.is_none(),
                    "at" => row.at.is_none(),
                    _ => row.place.is_none(),
                };
                Some(missing != *not)
            }
            Self::Text(name, folds, op, v) => Some(compare(&folds.of(text(name)?), op, &folds.of(v))),
            Self::Among(name, folds, not, list) => {
                let value = folds.of(text(name)?);
                Some(list.iter().any(|l| folds.of(l) == value) != *not)
            }
            Self::Like(name, folds, not, pattern) => {
                let chars = |t: &str| folds.of(t).chars().collect::<Vec<_>>();
                Some(like(&chars(pattern), &chars(text(name)?)) != *not)
            }
            Self::Number(name, op, v) => Some(compare(&number(name)?, op, v)),
            Self::Numbers(name, not, list) => Some(list.contains(&number(name)?) != *not),
            Self::Between(name, not, a, b) => {
                let v = number(name)?;
                Some((*a <= v && v <= *b) != *not)
            }
            Self::Flag(not, v) => Some((row.fee? == *v) != *not),
            Self::Time(op, v) => Some(compare(&row.at?, op, v)),
            Self::Times(not, a, b) => {
                let t = row.at?;
                Some((*a <= t && t <= *b) != *not)
            }
            Self::When(function, from, to) => {
                let t = row.at?;
                let (a, b) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
                Some(match *function {
                    "T_AFTER" => t > b,
                    "T_BEFORE" => t < a,
                    // Nothing lies at an end that is open.
                    "T_DURING" => a < t && t < b,
                    "T_INTERSECTS" => a <= t && t <= b,
                    _ => t < a || b < t,
                })
            }
            Self::Where(function, ground) => {
                let (inside, on) = ground.holds(row.place?);
                Some(match *function {
                    "S_INTERSECTS" => on,
                    "S_DISJOINT" => !on,
                    "S_WITHIN" => inside,
                    _ => on && !inside,
                })
            }
        }
    }
}
