//! The markup of a report's page.

use maud::{Markup, html};

use super::words::{self, Pair};
use super::{Asked, Seen};
use crate::http::Service;
use crate::http::wire::html::Page;
use crate::store::Happening;
use diaban_core::domain::report::words::{promise, sentence};
use diaban_core::domain::report::{EventKind, Level, Withdrawn};
use diaban_core::domain::time_words::moment;
use diaban_core::domain::{Instant, Lang, Precision, State, Status};
use diaban_core::format::feed::atom;
use diaban_core::format::geojson;
use diaban_core::geo::LonLat;

/// Width and height of the picture in the page, and of the one that others show beside a link to it.
const PICTURE: (u32, u32) = (640, 300);
const CARD: (u32, u32) = (1_200, 630);
/// The layer on that picture.
const WARDS: &str = "wards";
/// Characters of the description that others show beside a link.
const CARD_TEXT: usize = 200;

/// What all parts of the page need.
pub(super) struct Writer<'a> {
    pub(super) service: &'a Service,
    pub(super) asked: &'a Asked,
}

impl Writer<'_> {
    fn say(&self, pair: Pair) -> &'static str {
        self.asked.lang.pick(pair)
    }

    /// The language of what people of the city wrote, where it is not the page's.
    pub(super) fn theirs(&self) -> Option<&'static str> {
        let lang = self.service.city.pack.city.lang;
        (lang != self.asked.lang).then(|| lang.tag())
    }

    fn moment(&self, at: Instant, by_hour: bool) -> Markup {
        let zone = self.service.city.pack.time_zone();
        html! { time datetime=(at) { (moment(at, by_hour, zone, self.asked.lang)) } }
    }

    fn foot(&self) -> Markup {
        let zone = self.service.city.pack.time_zone().iana_name().unwrap_or_default();
        html! { p { (self.say(words::TIMES)) " " (zone) "." } }
    }

    pub(super) fn page<'p>(&'p self, title: &'p str, path: &'p str, head: Markup, main: Markup) -> Page<'p> {
        let service = &self.service.city.pack.city.page.name;
        Page { lang: self.asked.lang, service, title, path, head, main, foot: self.foot() }
    }

    /// A page that says one thing; where that is of use, it asks for the code of the report.
    pub(super) fn note(&self, (title, why): (Pair, Pair), code_of: Option<&str>) -> Markup {
        html! {
            h1 { (self.say(title)) }
            p { (self.say(why)) }
            nav { ul { li { a href={ "/?lang=" (self.asked.lang.tag()) } { (self.say(words::HOME)) } } } }
            @if let Some(path) = code_of { (self.code_form(path)) }
        }
    }

    /// Asks for the code that came when the report was sent. The script of the page fills it in from the address.
    fn code_form(&self, path: &str) -> Markup {
        html! {
            details.code {
                summary { (self.say(words::ARE_YOU)) }
                p { (self.say(words::PASTE)) }
                form #session method="post" action={ (path) "/session" (self.asked.suffix) } {
                    label for="token" { (self.say(words::CODE)) }
                    input #token name="token" required autocomplete="off" autocapitalize="none" spellcheck="false";
                    button { (self.say(words::OPEN)) }
                }
            }
        }
    }
}

/// The page of a report as somebody may see it.
pub(super) struct View<'a> {
    pub(super) to: Writer<'a>,
    pub(super) seen: &'a Seen,
    /// What is to be said first.
    pub(super) alert: Option<Pair>,
}

impl View<'_> {
    /// What it is called: by its author, or by its category.
    pub(super) fn title(&self) -> &str {
        self.seen.report.facts.title.as_deref().unwrap_or(self.category())
    }

    fn category(&self) -> &str {
        self.seen.category.get(self.to.asked.lang)
    }

    pub(super) fn lang(&self) -> Lang {
        self.to.asked.lang
    }

    pub(super) fn say(&self, pair: Pair) -> &'static str {
        self.to.say(pair)
    }

    fn by_hour(&self) -> bool {
        self.seen.precision != Precision::Exact
    }

    fn ward_name(&self) -> Option<&str> {
        self.seen.report.ward_name.as_deref()
    }

    /// What others show beside a link, and where machines find more.
    pub(super) fn head(&self) -> Markup {
        let (id, base) = (self.seen.report.id, &self.to.service.public_url);
        let facts = &self.seen.report.facts;
        let state = self.lang().pick(facts.state.titles());
        let parts = [Some(state), self.ward_name(), facts.description.as_deref()];
        let about: String =
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ").chars().take(CARD_TEXT).collect();
        let locale = self.lang().pick(("vi_VN", "en_GB"));
        let title = if facts.title.is_some() {
            format!("{}: {}", self.category(), self.title())
        } else {
            self.category().to_owned()
        };
        html! {
            link rel="canonical" href={ (base) "/r/" (id) };
            link rel="alternate" type=(atom::MEDIA) href={ "/r/" (id) ".atom" } title=(self.say(words::FOLLOW));
            link rel="alternate" type=(geojson::MEDIA) href={ "/collections/reports/items/" (id) };
            meta name="description" content=(about);
            meta property="og:type" content="article";
            meta property="og:site_name" content=(self.to.service.city.pack.city.page.name);
            meta property="og:locale" content=(locale);
            meta property="og:url" content={ (base) "/r/" (id) };
            meta property="og:title" content=(title);
            meta property="og:description" content=(about);
            @if let Some(picture) = self.picture(CARD, 1, false) {
                meta property="og:image" content={ (base) (picture) };
                meta property="og:image:width" content=(CARD.0);
                meta property="og:image:height" content=(CARD.1);
                meta property="og:image:alt" content=(self.say(words::PICTURE));
                meta name="twitter:card" content="summary_large_image";
            }
            script src="/assets/own.js" type="module" {}
        }
    }

    pub(super) fn main(&self) -> Markup {
        let facts = &self.seen.report.facts;
        let closed = facts.state.status() == Status::Closed;
        let due = self.promise();
        html! {
            @if let Some(alert) = self.alert { p.alert role="alert" { (self.say(alert)) } }
            p.state.closed[closed] { (self.lang().pick(facts.state.titles())) }
            @if facts.level == Level::Urgent { p.state.urgent { (self.say(words::URGENT)) } }
            h1 lang=[self.to.theirs().filter(|_| facts.title.is_some())] { (self.title()) }
            @if facts.title.is_some() { p.kind { (self.category()) } }
            @match self.seen.withdrawn {
                Withdrawn::Waiting => p.notice { (self.say(words::WAITING)) },
                Withdrawn::Hidden => p.notice { (self.say(words::HIDDEN)) },
                _ => {}
            }
            p.due.late[due.late] { (due.words) }
            @if let Some(text) = &facts.description { p.text lang=[self.to.theirs()] { (text) } }
            (self.place())
            (self.facts())
            (self.history())
            @if let Some(until) = self.seen.own { (self.own(until)) } @else { (self.to.code_form(&self.path())) }
            (self.links())
        }
    }

    pub(super) fn path(&self) -> String {
        format!("/r/{}", self.seen.report.id)
    }

    /// When an answer is due, or whether it came in time.
    fn promise(&self) -> diaban_core::domain::report::words::Promise {
        let facts = &self.seen.report.facts;
        let own = self.seen.own.is_some();
        let closes = |e: &&Happening| e.kind == EventKind::State && e.to.status() == Status::Closed;
        let closed = self.seen.life.iter().rev().find(closes).and_then(|e| e.told_at(own));
        let zone = self.to.service.city.pack.time_zone();
        promise((facts.state, facts.due, closed), self.seen.now, zone, self.lang())
    }

    /// The address of a picture of the place; none where there is nothing to be seen.
    fn picture(&self, (width, height): (u32, u32), scale: u32, dark: bool) -> Option<String> {
        let place: LonLat = self.seen.report.facts.point?;
        let zoom = match self.seen.precision {
            Precision::Exact | Precision::Grid20m | Precision::Grid150m => 12.5,
            Precision::Ward => 12.0,
            Precision::Hidden => return None,
        };
        let (lon, lat) = (place.lon(), place.lat());
        let scale = if scale == 2 { "@2x" } else { "" };
        let of = |given: bool, more: String| if given { more } else { String::new() };
        // Other reports would only hide this one.
        let wards = of(self.to.service.layers.iter().any(|l| l.id == WARDS), format!("&layers={WARDS}"));
        let pin = of(self.seen.precision != Precision::Ward, format!("&marker={lon},{lat}"));
        let style = if dark { "&style=dark" } else { "" };
        let lang = self.lang().tag();
        Some(format!("/static/{lon},{lat},{zoom}/{width}x{height}{scale}.png?lang={lang}{wards}{pin}{style}"))
    }

    fn place(&self) -> Markup {
        let about = match self.seen.precision {
            _ if self.seen.report.facts.point.is_none() => None,
            Precision::Ward => {
                Some(self.say(words::ABOUT_WARD).replace("{ward}", self.ward_name().unwrap_or("?")))
            }
            blurred => blurred.cell_m().map(|m| self.say(words::ABOUT_METRES).replace("{m}", &m.to_string())),
        };
        let of = |scale, dark| self.picture(PICTURE, scale, dark).unwrap_or_default();
        let both = |dark| format!("{}, {} 2x", of(1, dark), of(2, dark));
        let missing =
            if self.seen.precision == Precision::Hidden { words::PLACE_HIDDEN } else { words::PLACELESS };
        let alt = match &about {
            Some(about) => format!("{}. {about}", self.say(words::PICTURE)),
            None => format!("{}.", self.say(words::PICTURE)),
        };
        html! {
            @if self.picture(PICTURE, 1, false).is_some() {
                figure {
                    picture {
                        source media="(prefers-color-scheme: dark)" srcset=(both(true));
                        img src=(of(1, false)) srcset=(both(false)) width=(PICTURE.0) height=(PICTURE.1) alt=(alt);
                    }
                    @if let Some(about) = about { figcaption { (about) } }
                }
            } @else {
                p.notice { (self.say(missing)) }
            }
        }
    }

    fn facts(&self) -> Markup {
        let report = &self.seen.report;
        let facts = &report.facts;
        let theirs = self.to.theirs();
        html! {
            dl aria-label=(self.say(words::ABOUT)) {
                @if let Some(ward) = self.ward_name() {
                    dt { (self.say(words::WHERE)) }
                    dd {
                        span lang=[theirs] { (ward) }
                        @if report.approximate { " " small { "(" (self.say(words::APPROXIMATE)) ")" } }
                    }
                }
                dt { (self.say(words::BODY)) }
                dd { (self.seen.body.get(self.lang())) }
                @if let Some(address) = &facts.address {
                    dt { (self.say(words::ADDRESS)) }
                    dd lang=[theirs] { (address) }
                }
                @if let Some(at) = facts.observed {
                    dt { (self.say(words::SEEN)) }
                    dd { (self.to.moment(at, self.by_hour())) }
                }
                dt { (self.say(words::RECEIVED)) }
                dd { (self.to.moment(facts.created, self.by_hour())) }
                dt { (self.say(words::NUMBER)) }
                dd { (report.id) }
            }
        }
    }

    fn history(&self) -> Markup {
        html! {
            @if !self.seen.life.is_empty() {
                section.history {
                    h2 { (self.say(words::HISTORY)) }
                    ol { @for event in self.seen.life.iter().rev() { li { (self.event(event)) } } }
                }
            }
        }
    }

    fn event(&self, event: &Happening) -> Markup {
        let own = self.seen.own.is_some();
        let mut told = self.lang().pick(sentence(event.kind, event.from, event.to)).to_owned();
        if let Some([from, to]) = self.seen.between.get(&event.n) {
            told = told.replace("{from}", from.get(self.lang())).replace("{to}", to.get(self.lang()));
        }
        // Of a duplicate the reason is the number of the report that it repeats.
        let repeats = event.kind == EventKind::State && event.to == State::Duplicate;
        let original = event.reason.as_deref().filter(|_| repeats).and_then(|id| id.parse::<u64>().ok());
        let reason = event.reason.as_deref().filter(|_| original.is_none());
        html! {
            @if let Some(at) = event.told_at(own) { (self.to.moment(at, self.by_hour() && !own)) }
            p { (told) }
            @if let Some(id) = original {
                p { a href={ "/r/" (id) (self.to.asked.suffix) } { (self.say(words::REPORT)) " " (id) } }
            }
            @if !event.rating_reasons.is_empty() { ul.reasons { @for code in &event.rating_reasons { li { (self.reason(code)) } } } }
            @if let Some(reason) = reason {
                p.said { b { (self.say(words::REASON)) ": " } span lang=[self.to.theirs()] { (reason) } }
            }
            @if let Some(to) = &event.redirect_to {
                p.said { b { (self.say(words::ELSEWHERE)) ": " } span lang=[self.to.theirs()] { (to) } }
            }
            @if let Some(said) = event.said.as_deref().filter(|_| own) {
                p.said lang=[self.to.theirs()] { (said) }
            }
            @if let Some(note) = &event.note { p.said lang=[self.to.theirs()] { (note) } }
        }
    }

    /// Why somebody is not satisfied, by the code of the pack.
    fn reason<'r>(&'r self, code: &'r str) -> &'r str {
        let reasons = &self.to.service.city.pack.ratings.reasons;
        reasons.iter().find(|r| r.code == code).map_or(code, |r| r.name.get(self.lang()))
    }

    fn links(&self) -> Markup {
        let report = &self.seen.report;
        html! {
            nav aria-label=(self.say(words::LINKS)) {
                ul {
                    li { a href={ "/?report=" (report.id) "&lang=" (self.lang().tag()) } { (self.say(words::ON_MAP)) } }
                    li { a href={ (self.path()) ".atom" } { (self.say(words::FOLLOW)) } }
                    @if let (Some(ward), Some(name)) = (&report.facts.ward, self.ward_name()) {
                        li {
                            a href={ "/feeds/wards/" (ward) ".atom" } {
                                (self.say(words::FOLLOW_WARD).replace("{ward}", name))
                            }
                        }
                    }
                    li { a href={ "/collections/reports/items/" (report.id) } { (self.say(words::DATA)) } }
                }
            }
        }
    }
}
