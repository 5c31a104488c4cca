//! Schemas of feeds: JSON Feed and GeoJSON, with the facts that each kind of feed tells besides.

use serde_json::Value;

use super::Describe;
use super::features::{self, REPORTS, geometry, pascal, written};
use super::schema::{flag, instant, integer, list, nullable, object, text};

/// What a feed tells of.
#[derive(Clone, Copy)]
pub(super) enum News<'a> {
    /// Reports, each as it stands.
    Reports,
    /// What happened to reports.
    Changes,
    /// The features of a declared collection.
    Features(&'a str),
}

type Member = (String, Value, bool);

impl News<'_> {
    fn name(self) -> String {
        match self {
            Self::Reports => "Reports".to_owned(),
            Self::Changes => "Changes".to_owned(),
            Self::Features(id) => pascal(id),
        }
    }

    /// What an entry tells besides title and text; a tombstone tells less, and a notice only what it is.
    fn facts(self, describe: &Describe<'_>) -> Vec<Member> {
        let maybe = |name: &str, schema: Value| (name.to_owned(), nullable(schema), false);
        let of = |collection: &str| {
            let held = features::properties(describe, collection).into_iter();
            held.map(|(name, schema, _)| (name, nullable(schema), false)).collect::<Vec<_>>()
        };
        let more = match self {
            Self::Reports => [of(REPORTS), vec![maybe("report", integer()), maybe("event", text())]],
            Self::Changes => {
                let texts = [
                    "event",
                    "ward",
                    "from_ward",
                    "body",
                    "from_body",
                    "category",
                    "from_state",
                    "state",
                    "from_level",
                    "level",
                    "from_due_at",
                    "due_at",
                    "reason",
                    "redirect_to",
                    "note",
                    "rating",
                    "task",
                ];
                let texts = texts.map(|name| maybe(name, text())).to_vec();
                [texts, vec![maybe("report", integer()), maybe("withdrawn", flag())]]
            }
            Self::Features(id) => {
                let texts = ["collection", "wards", "event"].map(|name| maybe(name, text()));
                let numbers = ["feature", "revision"].map(|name| maybe(name, integer()));
                [of(id), [texts.to_vec(), numbers.to_vec()].concat()]
            }
        };
        let mut facts: Vec<Member> = Vec::new();
        for fact in more.concat() {
            facts.retain(|known| known.0 != fact.0);
            facts.push(fact);
        }
        facts.retain(|fact| !["id", "title", "content"].contains(&fact.0.as_str()));
        facts
    }
}

fn maybe(name: &str, schema: Value) -> Member {
    (name.to_owned(), schema, false)
}

fn always(name: &str, schema: Value) -> Member {
    (name.to_owned(), schema, true)
}

fn feed_link() -> Value {
    object([("rel", text()), ("href", text()), ("type", text())], [])
}

fn authors() -> Value {
    list(object([("name", text())], []))
}

/// An item of a feed as JSON Feed has it.
pub(super) fn json_item(describe: &mut Describe<'_>, news: News<'_>) -> Value {
    let name = format!("{}JsonFeed", news.name());
    let mut facts = news.facts(describe);
    let geometry = geometry(describe);
    facts.extend([maybe("deleted", flag()), maybe("geometry", geometry), maybe("related", text())]);
    let facts = describe.named(&format!("{name}Facts"), |_| written(facts));
    describe.named(&format!("{name}Item"), |_| {
        object(
            [("id", text()), ("content_text", text()), ("date_modified", instant()), ("_diaban", facts)],
            [
                ("title", text()),
                ("date_published", instant()),
                ("authors", authors()),
                ("tags", list(text())),
                ("url", text()),
            ],
        )
    })
}

/// A page of a feed as JSON Feed 1.1.
pub(super) fn json_feed(describe: &mut Describe<'_>, news: News<'_>) -> Value {
    let name = format!("{}JsonFeed", news.name());
    describe.named(&name.clone(), |d| {
        let item = json_item(d, news);
        let link = d.named("FeedLink", |_| feed_link());
        let extension = object([("id", text()), ("updated", instant()), ("links", list(link))], []);
        let extension = d.named("JsonFeedExtension", |_| extension);
        object(
            [
                ("version", text()),
                ("title", text()),
                ("language", text()),
                ("authors", authors()),
                ("items", list(item)),
                ("_diaban", extension),
            ],
            [("feed_url", text()), ("next_url", text()), ("home_page_url", text())],
        )
    })
}

/// A page of a feed as a GeoJSON `FeatureCollection`.
pub(super) fn geojson_feed(describe: &mut Describe<'_>, news: News<'_>) -> Value {
    let name = format!("{}GeoFeed", news.name());
    describe.named(&name.clone(), |d| {
        let mut members = news.facts(d);
        let own = ["updated", "title", "content", "published", "author", "tags", "_diaban"];
        members.retain(|m| !own.contains(&m.0.as_str()));
        members.extend([
            always("updated", instant()),
            maybe("title", text()),
            maybe("content", text()),
            maybe("published", instant()),
            maybe("author", text()),
            maybe("tags", list(text())),
            maybe("_diaban", object([("deleted", flag())], [])),
        ]);
        let properties = d.named(&format!("{name}Properties"), |_| written(members));
        let link = d.named("FeedLink", |_| feed_link());
        let geometry = nullable(geometry(d));
        let feature = d.named(&format!("{name}Feature"), |_| {
            object(
                [
                    ("type", text()),
                    ("id", text()),
                    ("geometry", geometry),
                    ("properties", properties),
                    ("links", list(link.clone())),
                ],
                [],
            )
        });
        object(
            [
                ("type", text()),
                ("id", text()),
                ("title", text()),
                ("updated", instant()),
                ("links", list(link)),
                ("features", list(feature)),
            ],
            [],
        )
    })
}
