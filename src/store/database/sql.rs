//! A statement with its parameters, written for either database.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::store::database::dialect::Dialect;

/// Where a pushed parameter stands until the statement is written for its database.
const HERE: char = '\u{0}';

/// A parameter.
#[derive(Clone, Debug)]
pub(in crate::store) enum Arg {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Blob(Vec<u8>),
}

macro_rules! arg {
    ($($from:ty => $kind:ident($value:ident => $to:expr)),+ $(,)?) => { $(
        impl From<$from> for Arg {
            fn from($value: $from) -> Self { Self::$kind($to) }
        }
    )+ };
}

arg! {
    i64 => Integer(v => Some(v)),
    u32 => Integer(v => Some(v.into())),
    u8 => Integer(v => Some(v.into())),
    Option<i64> => Integer(v => v),
    Option<u8> => Integer(v => v.map(i64::from)),
    f64 => Real(v => Some(v)),
    Option<f64> => Real(v => v),
    &str => Text(v => Some(v.to_owned())),
    Option<&str> => Text(v => v.map(str::to_owned)),
    String => Text(v => Some(v)),
    &String => Text(v => Some(v.clone())),
    Option<String> => Text(v => v),
    &Option<String> => Text(v => v.clone()),
    &[u8] => Blob(v => v.to_vec()),
    &Vec<u8> => Blob(v => v.clone()),
}

/// A statement and its parameters.
#[derive(Clone, Debug)]
pub(in crate::store) struct Sql {
    text: Cow<'static, str>,
    pub(super) args: Vec<Arg>,
}

impl Sql {
    /// Begins with a text; parameters that it numbers itself (`$1`) come by [`Sql::bind`], the others
    /// by [`Sql::push_bind`]; no statement has both.
    pub(in crate::store) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), args: Vec::new() }
    }

    /// The next numbered parameter.
    pub(in crate::store) fn bind(mut self, arg: impl Into<Arg>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Goes on with a text.
    pub(in crate::store) fn push(&mut self, text: &str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Goes on with a parameter.
    pub(in crate::store) fn push_bind(&mut self, arg: impl Into<Arg>) -> &mut Self {
        self.text.to_mut().push(HERE);
        self.args.push(arg.into());
        self
    }

    /// Goes on with parameters separated by commas.
    pub(in crate::store) fn push_list<A: Into<Arg>>(
        &mut self,
        list: impl IntoIterator<Item = A>,
    ) -> &mut Self {
        for (i, arg) in list.into_iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.push_bind(arg);
        }
        self
    }

    /// Goes on with ` IN (…)`; nothing is in an empty list, which PostgreSQL does not read.
    pub(in crate::store) fn push_in<A: Into<Arg>>(&mut self, list: impl IntoIterator<Item = A>) -> &mut Self {
        let before = self.args.len();
        self.push(" IN (").push_list(list);
        if self.args.len() == before {
            self.push("NULL");
        }
        self.push(")")
    }

    /// Goes on with ` IN (…)` for keys of rows. The last one is repeated up to a power of two, so that there are few
    /// statements and the database knows them again.
    pub(in crate::store) fn push_keys(
        &mut self,
        keys: impl ExactSizeIterator<Item = i64> + Clone,
    ) -> &mut Self {
        let last = keys.clone().last();
        let more = keys.len().next_power_of_two() - keys.len();
        self.push_in(keys.chain(last.into_iter().cycle().take(more)))
    }

    /// Goes on with `VALUES (…), (…)`, each row made by `row`.
    pub(in crate::store) fn push_values<T>(
        &mut self,
        rows: impl IntoIterator<Item = T>,
        mut row: impl FnMut(&mut Values<'_>, T),
    ) -> &mut Self {
        self.push("VALUES ");
        for (i, item) in rows.into_iter().enumerate() {
            self.push(if i == 0 { "(" } else { ", (" });
            row(&mut Values { sql: self, first: true }, item);
            self.push(")");
        }
        self
    }

    /// The text for one database.
    pub(super) fn written(&self, dialect: Dialect) -> String {
        let mut out = String::with_capacity(self.text.len() + self.args.len() * 4);
        let mut n = 0;
        for (i, part) in self.text.split(HERE).enumerate() {
            if i > 0 {
                n += 1;
                match dialect {
                    // Named parameters are looked up one by one there.
                    Dialect::Sqlite => out.push('?'),
                    Dialect::Postgres => write!(out, "${n}").expect("writing to memory cannot fail"),
                }
            }
            out.push_str(part);
        }
        out
    }
}

/// One row of values in the making.
pub(in crate::store) struct Values<'a> {
    sql: &'a mut Sql,
    first: bool,
}

impl Values<'_> {
    /// The next value.
    pub(in crate::store) fn push_bind(&mut self, arg: impl Into<Arg>) -> &mut Self {
        if !std::mem::take(&mut self.first) {
            self.sql.push(", ");
        }
        self.sql.push_bind(arg);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_as_each_database_likes_them() {
        let mut sql = Sql::new("SELECT 1 WHERE a = ");
        sql.push_bind(1_i64).push(" AND b IN (").push_list(["x", "y"]).push(")");
        assert_eq!(sql.written(Dialect::Sqlite), "SELECT 1 WHERE a = ? AND b IN (?, ?)");
        assert_eq!(sql.written(Dialect::Postgres), "SELECT 1 WHERE a = $1 AND b IN ($2, $3)");
        let mut sql = Sql::new("INSERT INTO t (a, b) ");
        sql.push_values([(1_i64, "x"), (2, "y")], |row, (a, b)| {
            row.push_bind(a).push_bind(b);
        });
        assert_eq!(sql.written(Dialect::Postgres), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
        let mut sql = Sql::new("a");
        sql.push_keys([7, 8, 9].into_iter());
        assert_eq!((sql.written(Dialect::Sqlite).as_str(), sql.args.len()), ("a IN (?, ?, ?, ?)", 4));
        let mut sql = Sql::new("a");
        sql.push_keys([].into_iter());
        assert_eq!(sql.written(Dialect::Sqlite), "a IN (NULL)");
        let numbered = Sql::new("SELECT $1").bind(1_i64);
        assert_eq!(numbered.written(Dialect::Sqlite), "SELECT $1");
    }
}
