//! Open311 GeoReport v2 and its Service Discovery: each document is one tree, written as XML and as JSON.
//! The JSON follows the standard's rule (the "Spark convention"): the root has no name, and an array
//! loses the names of its items.

use serde_json::Value as Json;

use super::xml::Xml;
use crate::domain::{Categories, Category, Instant, Lang, Question, QuestionKind};

/// What `specification` says in the discovery document.
const SPECIFICATION: &str = "http://wiki.open311.org/GeoReport_v2";

/// A way to write a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// XML, which the standard requires.
    Xml,
    /// JSON.
    Json,
}

impl Form {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Xml, Self::Json];

    /// What stands behind the last dot of an address.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Json => "json",
        }
    }

    /// The media type without its parameter, as the discovery document lists it.
    const fn format(self) -> &'static str {
        match self {
            Self::Xml => "text/xml",
            Self::Json => "application/json",
        }
    }

    /// The media type with its encoding, as answers carry it.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Xml => "text/xml; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    /// Splits a file's name into what it names and how that is to be written.
    pub fn of(file: &str) -> Option<(&str, Self)> {
        let (name, extension) = file.rsplit_once('.')?;
        Self::ALL.into_iter().find(|f| f.extension() == extension).map(|f| (name, f))
    }
}

/// A document of the standard.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    root: &'static str,
    node: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Absent,
    Text(String),
    Flag(bool),
    Number(usize),
    /// Items, each under this name in XML.
    List(&'static str, Vec<Node>),
    Record(Vec<(&'static str, Node)>),
}

impl Document {
    /// The bytes.
    pub fn write(&self, form: Form) -> Vec<u8> {
        match form {
            Form::Xml => {
                let mut x = Xml::new(1_024);
                self.node.xml(self.root, &mut x);
                x.finish()
            }
            Form::Json => self.node.json().to_string().into_bytes(),
        }
    }
}

impl Node {
    fn xml(&self, name: &str, x: &mut Xml) {
        match self {
            Self::Absent => x.empty(name, &[]),
            Self::Text(text) => x.text(name, text),
            Self::Flag(flag) => x.text(name, &flag.to_string()),
            Self::Number(n) => x.text(name, &n.to_string()),
            Self::List(item, nodes) => x.element(name, |x| nodes.iter().for_each(|n| n.xml(item, x))),
            Self::Record(members) => x.element(name, |x| members.iter().for_each(|(n, node)| node.xml(n, x))),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Absent => Json::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Number(n) => (*n).into(),
            Self::List(_, nodes) => nodes.iter().map(Self::json).collect(),
            Self::Record(members) => members.iter().map(|(n, node)| ((*n).to_owned(), node.json())).collect(),
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The categories as services.
pub fn services(categories: &Categories, lang: Lang) -> Document {
    let service = |c: &Category| {
        let group = categories.groups().iter().find(|g| g.code == c.group);
        let other = if lang == Lang::Vi { Lang::En } else { Lang::Vi };
        Node::Record(vec![
            ("service_code", (*c.code).into()),
            ("service_name", c.name.get(lang).into()),
            // Whom to call instead: a client that shows nothing else of a category shows this.
            ("description", c.stop.as_ref().map_or(Node::Absent, |s| s.get(lang).into())),
            ("metadata", Node::Flag(!c.questions.is_empty())),
            ("type", "realtime".into()),
            ("keywords", c.name.get(other).into()),
            ("group", group.map_or(Node::Absent, |g| g.name.get(lang).into())),
        ])
    };
    Document { root: "services", node: Node::List("service", categories.iter().map(service).collect()) }
}

/// What a service asks beside place and description: the questions of its category.
pub fn definition(category: &Category, lang: Lang) -> Document {
    let attributes = category.questions.iter().zip(1..).map(|(q, order)| attribute(q, order, lang)).collect();
    let members =
        vec![("service_code", (*category.code).into()), ("attributes", Node::List("attribute", attributes))];
    Document { root: "service_definition", node: Node::Record(members) }
}

fn attribute(q: &Question, order: usize, lang: Lang) -> Node {
    let datatype = match q.kind {
        QuestionKind::Choice(_) => "singlevaluelist",
        QuestionKind::Text => "text",
        QuestionKind::Number => "number",
    };
    let mut members = vec![
        ("variable", Node::Flag(true)),
        ("code", q.code.as_str().into()),
        ("datatype", datatype.into()),
        ("required", Node::Flag(q.required)),
        ("datatype_description", Node::Absent),
        ("order", Node::Number(order)),
        ("description", q.text.get(lang).into()),
    ];
    if let QuestionKind::Choice(choices) = &q.kind {
        let value = |c: &crate::domain::Choice| {
            Node::Record(vec![("key", c.code.as_str().into()), ("name", c.name.get(lang).into())])
        };
        members.push(("values", Node::List("value", choices.iter().map(value).collect())));
    }
    Node::Record(members)
}

/// Where the service is found, and since when it is as it is. `public_url` has no slash at its end.
pub fn discovery(public_url: &str, changed: Instant, lang: Lang) -> Document {
    let (contact, key_service) = match lang {
        Lang::Vi => (
            format!("Mô tả dịch vụ: {public_url}/api"),
            format!("Đọc không cần khóa; phản ánh gửi đến {public_url}/collections/reports/items"),
        ),
        Lang::En => (
            format!("This service is described at {public_url}/api"),
            format!("Reading needs no key; reports are sent to {public_url}/collections/reports/items"),
        ),
    };
    let changed = Node::Text(changed.to_string());
    let endpoint = Node::Record(vec![
        ("specification", SPECIFICATION.into()),
        ("url", Node::Text(format!("{public_url}/open311/v2"))),
        ("changeset", changed.clone()),
        ("type", "production".into()),
        ("formats", Node::List("format", Form::ALL.map(|f| f.format().into()).to_vec())),
    ]);
    let members = vec![
        ("changeset", changed),
        ("contact", Node::Text(contact)),
        ("key_service", Node::Text(key_service)),
        ("endpoints", Node::List("endpoint", vec![endpoint])),
    ];
    Document { root: "discovery", node: Node::Record(members) }
}

/// Why a request was not answered as asked, each reason with the status of the answer.
pub fn errors(status: u16, reasons: &[String]) -> Document {
    let error = |reason: &String| {
        Node::Record(vec![
            ("code", Node::Number(usize::from(status))),
            ("description", reason.as_str().into()),
        ])
    };
    Document { root: "errors", node: Node::List("error", reasons.iter().map(error).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Choice, Group, PlaceRule, Precision, Reopening, Text};

    fn text(vi: &str, en: &str) -> Text {
        Text { vi: vi.into(), en: en.into() }
    }

    fn categories() -> Categories {
        let question = |code: &str, required, kind| Question {
            code: code.into(),
            text: text("Bao nhiêu?", "How many?"),
            required,
            kind,
        };
        let choices = vec![
            Choice { code: "one".into(), name: text("Một", "One") },
            Choice { code: "all".into(), name: text("Tất cả <&>", "All <&>") },
        ];
        let plain = Category {
            code: "pothole".into(),
            group: "roads".into(),
            name: text("Ổ gà", "Pothole"),
            icon: "pothole".into(),
            place: PlaceRule::Required,
            precision: Precision::Exact,
            target_days: 5,
            level: crate::domain::report::Level::Normal,
            questions: Vec::new(),
            stop: Some(text("Gọi 114", "Call 114")),
            redirect: None,
            proof: crate::domain::report::Proof::None,
            reopening: Reopening::Decided,
        };
        let asking = Category {
            code: "light".into(),
            questions: vec![
                question("extent", true, QuestionKind::Choice(choices)),
                question("pole", false, QuestionKind::Text),
                question("since", false, QuestionKind::Number),
            ],
            stop: None,
            ..plain.clone()
        };
        let group = Group { code: "roads".into(), name: text("Đường", "Roads") };
        Categories::new(vec![group], vec![plain, asking]).unwrap()
    }

    /// Both forms of a document, XML with an element a line.
    fn both(document: &Document) -> String {
        let json: Json = serde_json::from_slice(&document.write(Form::Json)).unwrap();
        let xml = String::from_utf8(document.write(Form::Xml)).unwrap();
        format!("{json:#}\n{}", xml.replace("><", ">\n<"))
    }

    #[test]
    fn the_documents() {
        let all = categories();
        insta::assert_snapshot!("services", both(&services(&all, Lang::En)));
        insta::assert_snapshot!("definition", both(&definition(all.by_code("light").unwrap(), Lang::Vi)));
        let changed = Instant::from_ms(1_764_034_200_000);
        insta::assert_snapshot!("discovery", both(&discovery("https://map.test", changed, Lang::En)));
        insta::assert_snapshot!("errors", both(&errors(404, &["no such service".into()])));
    }

    #[test]
    fn a_name_is_split_at_its_last_dot() {
        assert_eq!(Form::of("a.b.xml"), Some(("a.b", Form::Xml)));
        assert_eq!(Form::of("services.json"), Some(("services", Form::Json)));
        assert!(Form::of("services").is_none() && Form::of("services.html").is_none());
    }
}
