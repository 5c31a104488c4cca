//! What is personal in words that everybody may read: phone numbers, numbers of identity papers, e-mail addresses and
//! vehicle plates are replaced by a token. `docs/decisions/masking.md` says what counts as one, and what does not.
//!
//! [`Masked`] is the only text of people that public facts and events hold, and it is made by masking alone. So no
//! output has to think of it.

mod email;
mod numbers;
mod plates;
mod runs;
mod signs;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, Range};

use signs::{Sign, may_hold, signs};

/// What is masked. Tokens are read in both languages, and as long whatever they hide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Phone,
    Paper,
    Email,
    Plate,
}

impl Kind {
    const fn token(self) -> &'static str {
        match self {
            Self::Phone => "[SĐT/phone]",
            Self::Paper => "[giấy tờ/ID]",
            Self::Email => "[email]",
            Self::Plate => "[biển số/plate]",
        }
    }
}

/// What was found: from the first byte to behind the last one.
type Found = (Range<usize>, Kind);

/// The text with a token for each phone number, number of an identity paper, e-mail address and vehicle plate.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    // What is left can be one again, now that what stood beside it is gone. Each round takes digits or an @ away.
    while may_hold(&out) {
        let found = find(&out);
        if found.is_empty() {
            break;
        }
        out = Cow::Owned(replaced(&out, &found));
    }
    out
}

/// All that is found at first sight, in the order of the text.
fn find(text: &str) -> Vec<Found> {
    let mut page = Page { text, signs: signs(text), found: Vec::new() };
    email::find(&mut page);
    // A number beside a floor is no plate: “51D 0903 123 456”.
    numbers::find(&mut page);
    plates::find(&mut page);
    numbers::find_likely(&mut page);
    page.found.sort_unstable_by_key(|(bytes, _)| bytes.start);
    page.found
}

fn replaced(text: &str, found: &[Found]) -> String {
    let mut out = String::with_capacity(text.len() + 8 * found.len());
    let mut from = 0;
    for (bytes, kind) in found {
        out.push_str(&text[from..bytes.start]);
        out.push_str(kind.token());
        from = bytes.end;
    }
    out.push_str(&text[from..]);
    out
}

/// A text in search.
struct Page<'a> {
    text: &'a str,
    signs: Vec<Sign>,
    found: Vec<Found>,
}

impl Page<'_> {
    /// These signs are something; nothing else is found in them.
    fn take(&mut self, range: Range<usize>, kind: Kind) {
        let signs = &mut self.signs[range];
        let (Some(first), Some(last)) = (signs.first(), signs.last()) else { return };
        self.found.push((first.from..last.to, kind));
        signs.iter_mut().for_each(|s| s.c = signs::TAKEN);
    }
}

/// Words that everybody may read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Masked(String);

impl Masked {
    /// Of words as they were written.
    pub fn of(text: &str) -> Self {
        Self(mask(text).into_owned())
    }

    /// What the record holds, which was masked before it was stored.
    pub(in crate::domain) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Masked {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Words of people: what everybody reads, and apart from it what their office reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What everybody may read.
    pub shown: Masked,
    /// As they were written, if something was masked.
    pub original: Option<String>,
}

impl Written {
    /// Words of people.
    pub fn of(text: String) -> Self {
        let shown = Masked::of(&text);
        let original = (*shown != *text).then_some(text);
        Self { shown, original }
    }

    /// Words that this program made itself, as an id: nothing personal is in them.
    pub fn by_us(text: String) -> Self {
        Self { shown: Masked(text), original: None }
    }
}
