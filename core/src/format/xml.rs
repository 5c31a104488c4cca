//! Writing XML to memory, and what text it can hold at all. Not here: what is written (atom, georeport).

use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// A document in the making.
pub(super) struct Xml(Writer<Vec<u8>>);

impl Xml {
    /// Begins with the declaration.
    pub(super) fn new(capacity: usize) -> Self {
        let mut x = Self(Writer::new(Vec::with_capacity(capacity)));
        x.write(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)));
        x
    }

    pub(super) fn write(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("writing to memory cannot fail");
    }

    /// An element around what `inner` writes.
    pub(super) fn element(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.write(Event::Start(BytesStart::new(name)));
        inner(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// An element that holds text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.element(name, |x| x.write(Event::Text(BytesText::from_escaped(escape(clean(text))))));
    }

    /// An element that holds nothing.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let mut element = BytesStart::new(name);
        for (key, value) in attributes {
            element.push_attribute((*key, clean(value).as_str()));
        }
        self.write(Event::Empty(element));
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0.into_inner()
    }
}

/// What XML 1.0 can hold: control characters and non-characters, which no escape makes right, become the
/// replacement character; a carriage return, which parsers read as a line feed, goes.
pub(super) fn clean(text: &str) -> String {
    let refused = |c: char| match c {
        '\t' | '\n' => false,
        '\u{FFFE}' | '\u{FFFF}' => true,
        c => c.is_control(),
    };
    text.chars().filter(|c| *c != '\r').map(|c| if refused(c) { '\u{FFFD}' } else { c }).collect()
}
