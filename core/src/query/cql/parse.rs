//! Reads CQL2 Text (OGC 21-065r2, annex B) into tests, by recursive descent without a step back: the
//! time is that of reading the text once.
//! Not here: what a comparison means for a property (compare), functions of time and place (functions).

use unicode_normalization::UnicodeNormalization;

use super::compare::turned;
use super::expr::Expr;
use super::functions::SHAPES;
use super::lex::{Lexer, Token, Word};
use super::like::{Fold, Pattern};
use super::test::{Is, Literal, Test};
use super::{
    Dialect, MARK, MAX_BYTES, MAX_DEPTH, MAX_LONG_BYTES, MAX_LONG_NODES, MAX_NODES, Queryable, Type, unknown,
};
use crate::domain::field::{Kind, Vocabulary};
use crate::query::datetime::Interval;

/// The place of a fault, as a byte of the text, and what is wrong.
pub(super) type Fault = (usize, String);

/// Reads a text of so many bytes that count.
pub(super) fn parse(
    text: &str,
    (dialect, length): (Dialect, usize),
    schema: &[Queryable<'_>],
) -> Result<Expr<Test>, String> {
    // In the text that the caller sent: a JSON document has no characters of ours.
    let place = |at: usize| match dialect {
        Dialect::Json => {
            let mark = text[..at].rsplit_once(MARK.0).and_then(|(_, rest)| rest.split_once(MARK.1));
            mark.filter(|(pointer, _)| !pointer.is_empty()).map(|(pointer, _)| format!("at {pointer}: "))
        }
        _ => Some(format!("at character {}: ", text[..at].chars().count() + 1)),
    };
    Parser::read(text, (dialect, length), schema)
        .map_err(|(at, detail)| format!("{}{detail}", place(at).unwrap_or_default()))
}

pub(super) struct Parser<'a> {
    pub(super) lexer: Lexer<'a>,
    /// The next word.
    pub(super) next: Token<'a>,
    pub(super) schema: &'a [Queryable<'a>],
    pub(super) dialect: Dialect,
    depth: usize,
    nodes: usize,
    /// How many there may be.
    most: usize,
    /// Corners of shapes, and the bytes of their texts.
    pub(super) vertices: usize,
    pub(super) shapes: usize,
}

/// One side of a comparison.
pub(super) enum Side {
    Property(usize, Fold),
    Value(Value),
}

/// A value as it was written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Number(f64, Option<i64>),
    Boolean(bool),
    /// A date is a whole UTC day.
    Moment(Interval),
}

impl<'a> Parser<'a> {
    fn read(
        text: &'a str,
        (dialect, length): (Dialect, usize),
        schema: &'a [Queryable<'a>],
    ) -> Result<Expr<Test>, Fault> {
        let mut lexer = Lexer::new(text, dialect);
        let next = lexer.next()?;
        let most = if length > MAX_BYTES { MAX_LONG_NODES } else { MAX_NODES };
        let mut parser =
            Self { lexer, next, schema, dialect, depth: 0, nodes: 0, most, vertices: 0, shapes: 0 };
        let expr = parser.any()?;
        if length.saturating_sub(parser.shapes) > MAX_LONG_BYTES {
            return Err((0, format!("must have at most {MAX_LONG_BYTES} bytes beside its shapes")));
        }
        if parser.next.is != Word::End {
            return Err((parser.next.at, "the expression has ended here; go on with AND or OR".to_owned()));
        }
        Ok(expr)
    }

    pub(super) fn step(&mut self) -> Result<Token<'a>, Fault> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    pub(super) fn fail<T>(&self, detail: impl Into<String>) -> Result<T, Fault> {
        Err((self.next.at, detail.into()))
    }

    pub(super) fn expect(&mut self, word: &Word<'_>, what: &str) -> Result<(), Fault> {
        if self.next.is != *word {
            return self.fail(format!("{what} is missing"));
        }
        self.step().map(drop)
    }

    /// Takes a keyword if it is the next word.
    fn keyword(&mut self, word: &str) -> Result<bool, Fault> {
        let found = matches!(self.next.is, Word::Name(n) if n.eq_ignore_ascii_case(word));
        if found {
            self.step()?;
        }
        Ok(found)
    }

    /// The next word as a name in upper case, if a parenthesis follows it.
    pub(super) fn function(&self) -> Option<String> {
        let Word::Name(name) = self.next.is else { return None };
        let opens = matches!(self.lexer.clone().next(), Ok(Token { is: Word::Open, .. }));
        opens.then(|| name.to_ascii_uppercase())
    }

    fn node(&mut self) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > self.most {
            return self.fail(format!("more than {} tests and values are not read", self.most));
        }
        Ok(())
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail(format!("must not be nested deeper than {MAX_DEPTH}"));
        }
        let out = inner(self)?;
        self.depth -= 1;
        Ok(out)
    }

    fn any(&mut self) -> Result<Expr<Test>, Fault> {
        let mut parts = vec![self.all()?];
        while self.keyword("OR")? {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) })
    }

    fn all(&mut self) -> Result<Expr<Test>, Fault> {
        let mut parts = vec![self.factor()?];
        while self.keyword("AND")? {
            parts.push(self.factor()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) })
    }

    fn factor(&mut self) -> Result<Expr<Test>, Fault> {
        if self.keyword("NOT")? {
            return self.deeper(|p| p.factor()).map(opposite);
        }
        if self.next.is == Word::Open {
            self.step()?;
            let inner = self.deeper(Self::any)?;
            self.expect(&Word::Close, "a closing parenthesis")?;
            return Ok(inner);
        }
        self.node()?;
        if let Some(name) = self.function() {
            if name.starts_with("S_") {
                return self.spatial(&name);
            }
            if name.starts_with("T_") {
                return self.temporal(&name);
            }
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr<Test>, Fault> {
        let begins = self.next.at;
        let left = self.side()?;
        if let Word::Compare(op) = self.next.is {
            self.step()?;
            let at = self.next.at;
            let right = self.side()?;
            return match (left, right) {
                (Side::Property(p, fold), Side::Value(v)) => self.compare(p, fold, op, &v, at),
                (Side::Value(v), Side::Property(p, fold)) => self.compare(p, fold, turned(op), &v, begins),
                (Side::Property(..), Side::Property(..)) => Err((
                    at,
                    "a property is compared with a value here, not with another property".to_owned(),
                )),
                (Side::Value(_), Side::Value(_)) => {
                    Err((begins, "two values are compared; name a property".to_owned()))
                }
            };
        }
        let (p, fold) = match left {
            Side::Property(p, fold) => (p, fold),
            Side::Value(Value::Boolean(b)) => return Ok(if b { Expr::yes() } else { Expr::no() }),
            Side::Value(_) => return self.fail("a comparison is missing: =, <>, <, <=, >, >="),
        };
        if self.keyword("IS")? {
            let not = self.keyword("NOT")?;
            if !self.keyword("NULL")? {
                return self.fail("NULL is missing");
            }
            return Ok(Expr::Is(Test { not, ..Test::new(p, Is::Null) }));
        }
        let not = self.keyword("NOT")?;
        let found = if self.keyword("LIKE")? {
            self.like(p, fold)?
        } else if self.dialect == Dialect::Before && self.keyword("ILIKE")? {
            self.like(p, Fold { case: true, ..fold })?
        } else if self.keyword("BETWEEN")? {
            self.between(p, fold)?
        } else if self.keyword("IN")? {
            self.one_of(p, fold)?
        } else {
            let names = "=, <>, <, <=, >, >=, LIKE, BETWEEN, IN or IS NULL";
            return self.fail(format!("after “{}” one of {names} is missing", self.schema[p].name));
        };
        Ok(if not { opposite(found) } else { found })
    }

    /// A property or a value.
    pub(super) fn side(&mut self) -> Result<Side, Fault> {
        match self.function().as_deref() {
            Some("CASEI") => return self.folded(Fold { case: true, accent: false }),
            Some("ACCENTI") => return self.folded(Fold { case: false, accent: true }),
            Some("DATE" | "TIMESTAMP") => return Ok(Side::Value(Value::Moment(self.moment()?))),
            Some("INTERVAL") => return self.fail("an interval may only stand in a function T_…"),
            Some(name) if SHAPES.contains(&name) || name == "BBOX" => {
                return self.fail("a shape may only stand in a function S_…");
            }
            Some(name) => return self.fail(format!("there is no function {} here", shown(name))),
            None => {}
        }
        let token = self.step()?;
        Ok(Side::Value(match token.is {
            Word::Text(t) => Value::Text(t.nfc().collect()),
            Word::Number(n) => {
                let number = n.parse::<f64>().ok().filter(|v| v.is_finite());
                // `+ 0.0` turns a negative zero into a plain one.
                let number = number.ok_or_else(|| (token.at, format!("“{}” is no number", shown(n))))?;
                Value::Number(number + 0.0, n.parse().ok())
            }
            Word::Name(n) if n.eq_ignore_ascii_case("true") => Value::Boolean(true),
            Word::Name(n) if n.eq_ignore_ascii_case("false") => Value::Boolean(false),
            Word::Name(n) => return self.property(n, token.at).map(|p| Side::Property(p, Fold::default())),
            Word::Quoted(n) => {
                return self.property(&n, token.at).map(|p| Side::Property(p, Fold::default()));
            }
            Word::End => return Err((token.at, "a property or a value is missing at the end".to_owned())),
            _ => return Err((token.at, "a property or a value is missing".to_owned())),
        }))
    }

    fn property(&self, name: &str, at: usize) -> Result<usize, Fault> {
        // Whether anything is there is asked by clients of before; CQL2 names what is listed, and nothing else.
        let listed = |q: &Queryable<'_>| !q.presence_only || self.dialect == Dialect::Before;
        let found = self.schema.iter().position(|q| q.name == name && listed(q));
        found.ok_or_else(|| (at, unknown(name, self.schema)))
    }

    fn folded(&mut self, fold: Fold) -> Result<Side, Fault> {
        self.step()?;
        self.expect(&Word::Open, "an opening parenthesis")?;
        let at = self.next.at;
        let inner = self.deeper(Self::side)?;
        self.expect(&Word::Close, "a closing parenthesis")?;
        match inner {
            Side::Property(p, f) if self.schema[p].holds == Type::Of(Kind::Text) => {
                Ok(Side::Property(p, Fold { case: fold.case | f.case, accent: fold.accent | f.accent }))
            }
            Side::Value(Value::Text(t)) => Ok(Side::Value(Value::Text(fold.of(&t).into_owned()))),
            Side::Property(p, _) => Err((at, format!("“{}” is no text", self.schema[p].name))),
            Side::Value(_) => Err((at, "a text is missing".to_owned())),
        }
    }

    fn like(&mut self, p: usize, fold: Fold) -> Result<Expr<Test>, Fault> {
        let at = self.next.at;
        self.valued(p, at)?;
        if self.schema[p].holds != Type::Of(Kind::Text) {
            return self.fail(format!("“{}” is no text, which LIKE asks about", self.schema[p].name));
        }
        let Side::Value(Value::Text(text)) = self.side()? else {
            return Err((at, "a pattern in single quotes is missing".to_owned()));
        };
        let pattern = Pattern::parse(&fold.of(&text)).map_err(|e| (at, format!("the pattern {e}")))?;
        let is = match pattern.exact() {
            // A pattern is about what people write: where there are codes, it need not be one.
            Some(text) if self.schema[p].vocabulary == Vocabulary::Free => {
                Is::OneOf(vec![Literal::Text(text)])
            }
            // A text of any length: every value passes, and none its opposite.
            None if pattern.fits_all() => return Ok(any_value(p)),
            _ => Is::Like(pattern),
        };
        Ok(Expr::Is(Test { fold, ..Test::new(p, is) }))
    }

    fn between(&mut self, p: usize, fold: Fold) -> Result<Expr<Test>, Fault> {
        let end = |p: &mut Self| {
            let at = p.next.at;
            p.value().map(|v| (v, at))
        };
        let (from, from_at) = end(self)?;
        if !self.keyword("AND")? {
            return self.fail("AND and the upper end are missing");
        }
        let (to, to_at) = end(self)?;
        let from = self.compare(p, fold, ">=", &from, from_at)?;
        Ok(Expr::All(vec![from, self.compare(p, fold, "<=", &to, to_at)?]))
    }

    fn one_of(&mut self, p: usize, fold: Fold) -> Result<Expr<Test>, Fault> {
        self.expect(&Word::Open, "an opening parenthesis")?;
        let mut any = Vec::new();
        let mut list = Vec::new();
        loop {
            self.node()?;
            let at = self.next.at;
            let v = self.value()?;
            if self.plain(p, at)? == Kind::Instant {
                any.push(self.compare(p, fold, "=", &v, at)?);
            } else {
                let (low, high) = self.values(p, fold, &v, at)?;
                list.extend((low == high).then_some(low));
            }
            if self.next.is != Word::Comma {
                break;
            }
            self.step()?;
        }
        self.expect(&Word::Close, "a comma or a closing parenthesis")?;
        if any.is_empty() {
            return Ok(Expr::Is(Test { fold, ..Test::new(p, Is::one_of(list)) }));
        }
        Ok(Expr::Any(any))
    }

    fn value(&mut self) -> Result<Value, Fault> {
        let at = self.next.at;
        match self.side()? {
            Side::Value(v) => Ok(v),
            Side::Property(..) => {
                Err((at, "a value is missing; another property may not stand here".to_owned()))
            }
        }
    }
}

/// What holds where the expression does not, values being there.
pub(super) fn opposite(e: Expr<Test>) -> Expr<Test> {
    match e {
        Expr::All(parts) => Expr::Any(parts.into_iter().map(opposite).collect()),
        Expr::Any(parts) => Expr::All(parts.into_iter().map(opposite).collect()),
        Expr::Is(t) => t.opposite(),
    }
}

/// What every value passes, and what is missing does not. Its opposite nothing passes, so it is not
/// `IS NOT NULL`, whose opposite a missing value passes.
pub(super) fn any_value(property: usize) -> Expr<Test> {
    Expr::Is(Test { not: true, ..Test::new(property, Is::OneOf(Vec::new())) })
}

/// Shown back only when short.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
