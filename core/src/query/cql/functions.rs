//! Reads the functions of CQL2: those of time, of instants, and those of place, with what stands in them.

use geo::Geometry;
use wkt::TryFromWkt;

use super::expr::Expr;
use super::lex::{Token, Word};
use super::parse::{Fault, Parser, Side, Value, any_value, opposite, shown};
use super::spatial::{Relation, SpatialLiteral};
use super::test::{Is, Literal, Range, Test};
use super::{MAX_VERTICES, Type};
use crate::domain::Instant;
use crate::domain::field::Kind;
use crate::geo::Bbox;
use crate::query::datetime::{self, Interval};

/// Shapes that well-known text names.
pub(super) const SHAPES: [&str; 7] =
    ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"];
/// Parentheses inside each other in one shape.
const SHAPE_DEPTH: usize = 6;

impl Parser<'_> {
    /// `DATE('…')` or `TIMESTAMP('…')`.
    pub(super) fn moment(&mut self) -> Result<Interval, Fault> {
        let is_date = self.function().as_deref() == Some("DATE");
        self.step()?;
        self.expect(&Word::Open, "an opening parenthesis")?;
        let Token { at, is: Word::Text(text) } = self.step()? else {
            return self.fail("a text in single quotes is missing");
        };
        self.expect(&Word::Close, "a closing parenthesis")?;
        let right = if is_date { "a date like 2026-01-31" } else { "a date-time like 2026-01-31T08:30:00Z" };
        datetime::moment(&text)
            .filter(|_| text.contains(['T', 't']) != is_date)
            .ok_or_else(|| (at, format!("“{}” must be {right}", shown(&text))))
    }

    pub(super) fn temporal(&mut self, name: &str) -> Result<Expr<Test>, Fault> {
        let begins = self.next.at;
        self.step()?;
        self.expect(&Word::Open, "an opening parenthesis")?;
        let at = self.next.at;
        let Side::Property(p, _) = self.side()? else {
            return Err((at, "the first argument must be a property here".to_owned()));
        };
        if self.plain(p, at)? != Kind::Instant {
            return Err((at, format!("“{}” is no instant", self.schema[p].name)));
        }
        self.expect(&Word::Comma, "a comma")?;
        let i = match self.function().as_deref() {
            Some("INTERVAL") => self.interval()?,
            Some("DATE" | "TIMESTAMP") => self.moment()?,
            _ => return self.fail("the second argument must be TIMESTAMP, DATE or INTERVAL"),
        };
        self.expect(&Word::Close, "a closing parenthesis")?;
        let never = || Is::OneOf(Vec::new());
        let end = |t: Instant, open: Instant, inside| (t != open).then_some((Literal::Instant(t), inside));
        let within = |inside| match (end(i.from, Instant::MIN, inside), end(i.to, Instant::MAX, inside)) {
            (None, None) => any_value(p),
            (from, to) => Expr::Is(Test::new(p, Range::new(from, to).map_or_else(never, Is::Within))),
        };
        let beyond = |from, to: Option<_>| {
            let range = if from == to { None } else { Range::new(from, to) };
            Expr::Is(Test::new(p, range.map_or_else(never, Is::Within)))
        };
        Ok(match name {
            "T_AFTER" => beyond(end(i.to, Instant::MAX, false), None),
            "T_BEFORE" => beyond(None, end(i.from, Instant::MIN, false)),
            "T_DURING" => within(false),
            "T_INTERSECTS" => within(true),
            "T_DISJOINT" => opposite(within(true)),
            "T_EQUALS" if i.from == i.to || is_day(i) => within(true),
            // An instant is never a longer interval.
            "T_EQUALS" => Expr::Is(Test::new(p, never())),
            _ => {
                let all = "T_AFTER, T_BEFORE, T_DURING, T_INTERSECTS, T_DISJOINT and T_EQUALS";
                return Err((begins, format!("of an instant, {all} can be asked")));
            }
        })
    }

    /// `INTERVAL('…','…')` with `..` for an open end.
    fn interval(&mut self) -> Result<Interval, Fault> {
        self.step()?;
        self.expect(&Word::Open, "an opening parenthesis")?;
        let mut ends = [Interval::ALL; 2];
        let mut began = self.next.at;
        for (n, end) in ends.iter_mut().enumerate() {
            if n == 1 {
                self.expect(&Word::Comma, "a comma")?;
            } else {
                began = self.next.at;
            }
            *end = if self.function().is_some() {
                self.moment()?
            } else {
                let Token { at, is: Word::Text(text) } = self.step()? else {
                    return self.fail("a text in single quotes is missing");
                };
                let right = "must be a date, a date-time or ..";
                match text.as_str() {
                    ".." => Interval::ALL,
                    t => datetime::moment(t).ok_or_else(|| (at, format!("“{}” {right}", shown(t))))?,
                }
            };
        }
        self.expect(&Word::Close, "a closing parenthesis")?;
        let i = Interval { from: ends[0].from, to: ends[1].to };
        if i.from > i.to {
            return Err((began, "an interval must begin before it ends".to_owned()));
        }
        Ok(i)
    }

    pub(super) fn spatial(&mut self, name: &str) -> Result<Expr<Test>, Fault> {
        let apart = name == "S_DISJOINT";
        let known = Relation::ALL.into_iter().find(|r| r.name() == name);
        let Some(relation) = known.or(apart.then_some(Relation::Intersects)) else {
            let all = Relation::ALL.map(Relation::name).join(", ");
            return self
                .fail(format!("there is no function {} here; there are {all}, S_DISJOINT", shown(name)));
        };
        self.step()?;
        self.expect(&Word::Open, "an opening parenthesis")?;
        let first = self.function().is_some();
        let (p, ground) = if first {
            let ground = self.ground(relation)?;
            self.expect(&Word::Comma, "a comma")?;
            (self.place()?, ground)
        } else {
            let p = self.place()?;
            self.expect(&Word::Comma, "a comma")?;
            (p, self.ground(relation)?)
        };
        self.expect(&Word::Close, "a closing parenthesis")?;
        let relation = if first { relation.turned() } else { relation };
        Ok(Expr::Is(Test { not: apart, ..Test::new(p, Is::Lies(relation, ground)) }))
    }

    fn place(&mut self) -> Result<usize, Fault> {
        let at = self.next.at;
        match self.side()? {
            Side::Property(p, _) if self.schema[p].holds == Type::Place => Ok(p),
            _ => Err((at, "the property that is a place is missing: geometry".to_owned())),
        }
    }

    fn ground(&mut self, relation: Relation) -> Result<SpatialLiteral, Fault> {
        let at = self.next.at;
        match self.function().as_deref() {
            Some("BBOX") => {
                self.step()?;
                self.expect(&Word::Open, "an opening parenthesis")?;
                let mut numbers = Vec::new();
                loop {
                    let Side::Value(Value::Number(n, _)) = self.side()? else {
                        return Err((at, "a box has four numbers: west,south,east,north".to_owned()));
                    };
                    numbers.push(n.to_string());
                    if self.next.is != Word::Comma || numbers.len() == 6 {
                        break;
                    }
                    self.step()?;
                }
                self.expect(&Word::Close, "a closing parenthesis")?;
                let bbox = Bbox::parse(&numbers.join(",")).map_err(|e| e.to_string());
                bbox.and_then(|b| SpatialLiteral::boxed(b, relation))
                    .map_err(|e| (at, format!("the box {e}")))
            }
            Some(name) if SHAPES.contains(&name) => {
                let text = self.lexer.enclosed(at, SHAPE_DEPTH)?;
                self.next = self.lexer.next()?;
                // Before it is read: a corner has a comma or a parenthesis behind it.
                self.vertices += text.matches([',', ')']).count();
                self.shapes += text.len();
                if self.vertices > MAX_VERTICES {
                    return Err((at, format!("more than {MAX_VERTICES} corners are not read")));
                }
                let shape: Result<Geometry<f64>, _> = Geometry::try_from_wkt_str(text);
                let shape = shape.map_err(|_| (at, "the shape is no well-known text".to_owned()))?;
                SpatialLiteral::shaped(&shape).map_err(|e| (at, format!("the shape {e}")))
            }
            _ => self.fail(format!("a shape is missing: BBOX, {}", SHAPES.join(", "))),
        }
    }
}

fn is_day(i: Interval) -> bool {
    i.from.ms().rem_euclid(86_400_000) == 0 && i.to == Instant::from_ms(i.from.ms() + 86_399_999)
}
