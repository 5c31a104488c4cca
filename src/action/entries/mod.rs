//! Reports and their events as entries of feeds. A hidden or erased report is a tombstone here, whatever
//! is asked: no text of it leaves this room.

mod features;
mod message;

pub use features::told_at;
pub use message::Message;

use std::sync::Arc;

use bytes::Bytes;
use geo::{Geometry, Point};

use crate::action::city::{Areas, City};
use crate::store::{News, Position};
use diaban_core::domain::feed::{Entry, Link, Minter, Tag};
use diaban_core::domain::field::{self, Value};
use diaban_core::domain::report::{EventKind, Level, Rating, Withdrawn};
use diaban_core::domain::view::PublicReport;
use diaban_core::domain::{BodyId, Instant, Lang, State, Text, WardId, time_words};
use diaban_core::format::geojson;
use diaban_core::geo::LonLat;

/// Fields that an entry says in its title and content.
const SAID: &[&str] = &["title", "description"];

/// One event as live streams send it, made once for all who listen.
#[derive(Clone, Debug)]
pub struct Told {
    /// Where it stands.
    pub at: Position,
    /// The ward it happened in, and the one that a transfer came from.
    pub wards: [Option<WardId>; 2],
    /// A message of an event stream.
    pub message: Bytes,
}

/// What cursors and the ids of live streams are made of: the report's public id and the number of its event. It says
/// nothing about how many there are.
pub fn cursor(report: u64, n: i64) -> String {
    format!("{report}.{n}")
}

fn on_ground(p: LonLat) -> Geometry<f64> {
    Point::new(p.lon(), p.lat()).into()
}

/// Turns news into entries, with the names of one moment.
pub struct Entries<'a> {
    pub(in crate::action) city: &'a City,
    areas: Arc<Areas>,
    pub(in crate::action) base: &'a str,
    minter: Minter,
}

impl<'a> Entries<'a> {
    /// With addresses under `base`, the public one.
    pub fn new(city: &'a City, base: &'a str) -> Self {
        Self { city, areas: city.areas(), base, minter: Minter::new(base) }
    }

    /// The URI of a thing of this house.
    pub fn mint(&self, what: &str) -> String {
        self.minter.mint(what)
    }

    /// A report as the feeds of reports tell it.
    pub fn report(&self, news: News) -> Entry {
        let id = self.mint(&format!("reports/{}", news.report.id));
        let number = ("report".into(), Value::Integer(news.report.id as i64));
        if news.withdrawn != Withdrawn::No {
            return Entry { facts: vec![number], ..Entry::tombstone(id, news.told) };
        }
        let updated = news.at.shown();
        let r = self.city.view(news.report);
        let fields =
            field::REPORT.iter().filter(|f| !SAID.contains(&f.name)).map(|f| (f.name.into(), (f.get)(&r)));
        Entry {
            id,
            title: self.headline(&r),
            content: self.standing(
                &r,
                r.facts.state,
                r.ward_name.as_deref(),
                [r.facts.description.as_deref(), r.facts.address.as_deref()],
            ),
            updated,
            published: r.facts.created.min(updated),
            author: r.body_name.clone(),
            geometry: r.facts.point.map(on_ground),
            tags: self.tags(&r, r.facts.state),
            links: self.of_report(r.id),
            facts: std::iter::once(number).chain(fields).collect(),
            deleted: false,
        }
    }

    /// An event as the feeds of changes tell it.
    pub fn change(&self, news: News) -> Entry {
        let id = self.mint(&format!("reports/{}/events/{}", news.report.id, news.n));
        let number = ("report".into(), Value::Integer(news.report.id as i64));
        // That it was withdrawn is the one thing that is still told of a withdrawn report.
        let last_word = news.is_last && matches!(news.kind, EventKind::Hidden | EventKind::Erased);
        if news.withdrawn != Withdrawn::No && !last_word {
            return Entry { facts: vec![number], ..Entry::tombstone(id, news.told) };
        }
        let at = news.at.shown();
        let event = match (news.kind, news.from) {
            (EventKind::State, None) => "received",
            (kind, _) => kind.name(),
        };
        let what = self.what_happened(&news);
        let mut facts = vec![("event".into(), Value::Text(event.to_owned())), number];
        let ward = |w: &Option<WardId>| Value::from(w.as_ref().map(ToString::to_string));
        facts.push(("ward".into(), ward(&news.ward)));
        let (report, hidden) = (news.report.id, news.withdrawn != Withdrawn::No);
        let r = self.city.view(news.report);
        let mut entry = Entry {
            id,
            title: what.both(),
            content: String::new(),
            updated: at,
            published: at,
            author: r.body_name.clone(),
            geometry: None,
            tags: Vec::new(),
            links: self.of_report(report),
            facts,
            deleted: false,
        };
        if hidden {
            entry.facts.push(("withdrawn".into(), Value::Boolean(true)));
            entry.content =
                format!("Phản ánh {report} không còn công khai.\nReport {report} is not public any more.");
            return entry;
        }
        entry.title = format!("{}: {}", entry.title, self.headline(&r));
        // As it was then: what happened is not told anew when more happens.
        let place = news.ward.as_ref().map(|w| self.ward_name(w));
        // A level that changes with the state is told beside it.
        let level =
            news.levels[0].filter(|_| news.kind != EventKind::Level).map(|_| levels(news.levels).both());
        let why = (!news.rating_reasons.is_empty()).then(|| self.reasons(&news.rating_reasons));
        let said = [
            level.as_deref(),
            why.as_deref(),
            news.reason.as_deref(),
            news.redirect_to.as_deref(),
            news.note.as_deref(),
        ];
        entry.content = self.standing(&r, news.to, place.as_deref(), said);
        entry.geometry = r.facts.point.map(on_ground);
        entry.tags = self.tags(&r, news.to);
        let [body, from_body] = news.bodies;
        let [due, from_due] = news.dues.map(|t| Value::from(t.map(|t| t.to_string())));
        let [level, from_level] = news.levels.map(|l| Value::from(l.map(|l| l.name().to_owned())));
        entry.facts.extend([
            ("from_ward".into(), ward(&news.from_ward)),
            ("body".into(), body.into()),
            ("from_body".into(), from_body.into()),
            ("category".into(), r.facts.category.clone().into()),
            ("from_state".into(), Value::from(news.from.map(|s| s.name().to_owned()))),
            ("state".into(), news.to.name().to_owned().into()),
            ("from_level".into(), from_level),
            ("level".into(), level),
            ("from_due_at".into(), from_due),
            ("due_at".into(), due),
            ("reason".into(), news.reason.into()),
            ("redirect_to".into(), news.redirect_to.into()),
            ("note".into(), news.note.into()),
            ("rating".into(), Value::from(news.rating.map(|r| r.name().to_owned()))),
            ("task".into(), Value::from(news.task.map(|(_, state)| state.name().to_owned()))),
        ]);
        entry
    }

    /// An event as live streams send it.
    pub fn told(&self, news: News) -> Told {
        let (at, wards) = (news.at, [news.ward.clone(), news.from_ward.clone()]);
        let told = self.message(news);
        // JSON escapes line feeds, so one `data` line holds it.
        let message = format!("id: {}\nevent: {}\ndata: {}\n\n", told.cursor(), told.kind, told.data);
        Told { at, wards, message: message.into() }
    }

    /// The last word of a ward that is not in force any more: which wards took over. `after` is the
    /// newest entry of its feed, which the notice must not stand before.
    pub fn notice(&self, ward: &WardId, after: Option<Instant>) -> Entry {
        let name = self.ward_name(ward);
        let successors = self.successors(ward);
        let names: Vec<String> = successors.iter().map(|w| self.ward_name(w)).collect();
        let since = self.areas.active().valid_from();
        let start = self.city.pack.time_zone().to_timestamp(since.at(0, 0, 0, 0));
        let at = start.map_or(Instant::MIN, Instant::from_timestamp);
        let at = after.map_or(at, |t| t.max(at));
        let list = names.join(", ");
        Entry {
            id: self.mint(&format!("wards/{ward}/notice")),
            title: format!("{name}: thay đổi địa giới / boundaries changed"),
            content: format!(
                "Từ {since}, địa bàn này thuộc: {list}. Mời theo dõi nguồn tin của đơn vị mới.\n\
                 Since {since} this ground belongs to: {list}. Follow the feeds of the new units."
            ),
            updated: at,
            published: at,
            author: "diaban".to_owned(),
            geometry: None,
            tags: vec![Tag { term: "notice".into(), label: "Thông báo / Notice".into() }],
            links: successors.iter().map(|w| self.ward_link("related", w)).collect(),
            facts: vec![("event".into(), Value::Text("notice".into()))],
            deleted: false,
        }
    }

    /// The wards in force that took over the ground of a former one, the main one first.
    pub fn successors(&self, ward: &WardId) -> Vec<WardId> {
        let mut heirs = self.areas.standing_for(ward);
        heirs.retain(|w| self.areas.is_in_force(w) && w != ward);
        heirs
    }

    /// A link to a ward in the collection of wards.
    pub fn ward_link(&self, rel: &'static str, ward: &WardId) -> Link {
        Link { rel, href: format!("{}/collections/wards/items/{ward}", self.base), media: geojson::MEDIA }
    }

    /// How people call a ward.
    pub fn ward_name(&self, ward: &WardId) -> String {
        self.areas.book.unit(ward).map_or_else(|| ward.to_string(), |u| u.name.clone())
    }

    fn what_happened(&self, news: &News) -> Text {
        let text = |vi: &str, en: &str| Text { vi: vi.to_owned(), en: en.to_owned() };
        match news.kind {
            EventKind::State if news.from.is_none() => text("Phản ánh mới", "New report"),
            EventKind::State => {
                let (vi, en) = news.to.titles();
                text(vi, en)
            }
            EventKind::Note => text("Ghi chú", "Note"),
            EventKind::Transfer => {
                let [to, from] = match &news.bodies {
                    [Some(to), Some(from)] => {
                        [to, from].map(|id| self.city.body_name(&self.areas, &BodyId::new(id)))
                    }
                    _ => [&news.ward, &news.from_ward].map(|w| {
                        let name = w.as_ref().map_or_else(|| "?".into(), |w| self.ward_name(w));
                        Text { vi: name.clone(), en: name }
                    }),
                };
                text(
                    &format!("Chuyển {} → {}", from.vi, to.vi),
                    &format!("Transferred {} → {}", from.en, to.en),
                )
            }
            EventKind::Level => levels(news.levels),
            EventKind::Extended => {
                let zone = self.city.pack.time_zone();
                let day =
                    |lang| news.dues[0].map_or_else(|| "?".to_owned(), |at| time_words::day(at, zone, lang));
                text(
                    &format!("Lùi hạn trả lời đến {}", day(Lang::Vi)),
                    &format!("Answer put off to {}", day(Lang::En)),
                )
            }
            EventKind::Question => text("Hỏi thêm người gửi", "The reporter is asked"),
            EventKind::Reply => text("Người gửi đã trả lời", "The reporter answered"),
            EventKind::Silence => {
                text("Người gửi chưa trả lời trong hạn", "No answer of the reporter in time")
            }
            EventKind::Rating => {
                let (vi, en) = news.rating.map_or(("?", "?"), Rating::titles);
                text(&format!("Người gửi {vi}"), &format!("The reporter is {en}"))
            }
            EventKind::Kept => text("Không mở lại", "Not opened again"),
            EventKind::Task => {
                let (vi, en) = news.task.map_or(("?", "?"), |(_, state)| state.titles());
                let by = news.bodies[0]
                    .as_deref()
                    .map_or_else(contractor, |id| self.city.body_name(&self.areas, &BodyId::new(id)));
                text(&format!("Phần việc của {}: {vi}", by.vi), &format!("Task of {}: {en}", by.en))
            }
            EventKind::Hidden => text("Đã ẩn một phản ánh", "A report was hidden"),
            EventKind::Shown => text("Hiện lại", "Shown again"),
            EventKind::Erased => text("Đã xóa một phản ánh", "A report was erased"),
            EventKind::Areas => text("Thay đổi địa giới", "Boundaries changed"),
        }
    }

    /// Why somebody is not satisfied, a line for each reason.
    fn reasons(&self, codes: &[String]) -> String {
        let known = |code: &String| {
            let reason = self.city.pack.ratings.reasons.iter().find(|r| r.code == *code);
            reason.map_or_else(|| code.clone(), |r| r.name.both())
        };
        codes.iter().map(known).collect::<Vec<_>>().join("\n")
    }

    /// What it is about, and the line that its author gave it.
    fn headline(&self, r: &PublicReport) -> String {
        let category = self.category(&r.facts.category).both();
        r.facts.title.as_ref().map_or_else(|| category.clone(), |title| format!("{category}: {title}"))
    }

    /// Where it stands, in both languages, then what people wrote.
    fn standing<'s>(
        &self,
        r: &PublicReport,
        state: State,
        ward: Option<&str>,
        written: impl IntoIterator<Item = Option<&'s str>>,
    ) -> String {
        let body = self.city.body_name(&self.areas, &BodyId::new(&r.facts.body));
        let (vi, en) = state.titles();
        let ward = ward.map_or_else(String::new, |w| format!(" · {w}"));
        let mut text = format!("{vi}{ward} · {}\n{en}{ward} · {}", body.vi, body.en);
        for line in written.into_iter().flatten() {
            text.push_str("\n\n");
            text.push_str(line);
        }
        text
    }

    fn tags(&self, r: &PublicReport, state: State) -> Vec<Tag> {
        let (vi, en) = state.titles();
        let category = Tag { term: r.facts.category.clone(), label: self.category(&r.facts.category).both() };
        vec![category, Tag { term: state.name().to_owned(), label: format!("{vi} / {en}") }]
    }

    fn category(&self, code: &str) -> Text {
        let known = self.city.pack.categories.by_code(code).map(|c| c.name.clone());
        known.unwrap_or_else(|| Text { vi: code.to_owned(), en: code.to_owned() })
    }

    /// The page of a report, for people, and what programs read of it.
    fn of_report(&self, id: u64) -> Vec<Link> {
        let page = format!("{}/r/{id}", self.base);
        let item = format!("{}/collections/reports/items/{id}", self.base);
        vec![
            Link { rel: "alternate", href: page, media: "text/html" },
            Link { rel: "related", href: item, media: geojson::MEDIA },
        ]
    }
}

/// Somebody outside who does a part of a report: everybody reads no name.
pub fn contractor() -> Text {
    Text { vi: "đơn vị thi công".to_owned(), en: "a contractor".to_owned() }
}

/// How much a report presses, after and before.
fn levels([to, from]: [Option<Level>; 2]) -> Text {
    let title = |level: Option<Level>| level.map_or(("?", "?"), Level::titles);
    let ((to_vi, to_en), (from_vi, from_en)) = (title(to), title(from));
    Text { vi: format!("Mức độ: {from_vi} → {to_vi}"), en: format!("Level: {from_en} → {to_en}") }
}
