//! The words of CQL2 Text, each with its place.

use super::{Dialect, MARK};

/// A word and the byte where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) at: usize,
    pub(super) is: Word<'a>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word<'a> {
    /// A bare word: a keyword, a function or a property.
    Name(&'a str),
    /// A name in double quotes: a property.
    Quoted(String),
    /// A text in single quotes.
    Text(String),
    /// A number with its sign.
    Number(&'a str),
    /// `=`, `<>`, `<`, `<=`, `>`, `>=`.
    Compare(&'static str),
    Open,
    Close,
    Comma,
    End,
}

/// Reads the words of a text one after the other.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    dialect: Dialect,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, dialect, at: 0 }
    }

    /// The next word; the place and what is wrong where there is none.
    pub(super) fn next(&mut self) -> Result<Token<'a>, (usize, String)> {
        let mut rest = self.text[self.at..].trim_start();
        while self.dialect == Dialect::Json
            && let Some((_, behind)) = rest.strip_prefix(MARK.0).and_then(|mark| mark.split_once(MARK.1))
        {
            rest = behind.trim_start();
        }
        let at = self.text.len() - rest.len();
        let compare = ["<>", "<=", ">=", "=", "<", ">"].into_iter().find(|op| rest.starts_with(op));
        let other = self.dialect == Dialect::Before && rest.starts_with("!=");
        let begins = rest.chars().next();
        let after_sign = rest.strip_prefix(['-', '+']).unwrap_or(rest);
        let (is, length) = match begins {
            None => (Word::End, 0),
            Some('(') => (Word::Open, 1),
            Some(')') => (Word::Close, 1),
            Some(',') => (Word::Comma, 1),
            Some('\'') => quoted(rest, '\'')
                .map(|(t, n)| (Word::Text(t), n))
                .ok_or_else(|| (at, "a text begins that does not end; close it with '".to_owned()))?,
            Some('"') => quoted(rest, '"')
                .map(|(t, n)| (Word::Quoted(t), n))
                .ok_or_else(|| (at, "a name begins that does not end; close it with \"".to_owned()))?,
            Some(_) if other => (Word::Compare("<>"), 2),
            Some(_) if let Some(op) = compare => (Word::Compare(op), op.len()),
            Some(_) if after_sign.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                let n = number(rest);
                (Word::Number(&rest[..n]), n)
            }
            Some(c) if c.is_alphabetic() || c == '_' || c == ':' => {
                let n = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                (Word::Name(&rest[..n]), n)
            }
            Some('+' | '-' | '*' | '/' | '%' | '^') => {
                return Err((at, "arithmetic is not read here; write the number that it gives".to_owned()));
            }
            Some(c) => return Err((at, format!("“{}” has no meaning here", c.escape_debug()))),
        };
        self.at = at + length;
        Ok(Token { at, is })
    }

    /// The text from a place to the parenthesis that closes the first one after it; goes on behind.
    pub(super) fn enclosed(&mut self, from: usize, depth: usize) -> Result<&'a str, (usize, String)> {
        let mut open = 0_usize;
        for (i, c) in self.text[from..].char_indices() {
            match c {
                '(' => open += 1,
                ')' if open == 1 => {
                    self.at = from + i + 1;
                    return Ok(&self.text[from..self.at]);
                }
                ')' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > depth {
                return Err((from + i, "too many parentheses inside each other".to_owned()));
            }
        }
        Err((from, "a shape begins that does not end; close it with )".to_owned()))
    }
}

pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '.')
}

/// The text between quotes and its length with them; a quote inside comes twice, or after a backslash
/// (which the standard allows in texts).
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        if c == quote && next != Some(quote) {
            return Some((out, i + quote.len_utf8()));
        }
        if c == quote || (c == '\\' && quote == '\'' && next == Some(quote)) {
            chars.next();
            out.push(quote);
        } else {
            out.push(c);
        }
    }
    None
}

/// The length of the number at the beginning.
fn number(text: &str) -> usize {
    let mut before = ' ';
    text.find(|c: char| {
        let sign = matches!(c, '+' | '-') && matches!(before, ' ' | 'e' | 'E');
        let inside = c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E') || sign;
        before = c;
        !inside
    })
    .unwrap_or(text.len())
}
