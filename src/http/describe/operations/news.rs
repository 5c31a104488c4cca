//! Feeds: of the city, of a ward, of a secret link, each in all forms; and live streams.

use super::stream;
use crate::http::describe::feeds::{News, geojson_feed, json_feed, json_item};
use crate::http::describe::schema::{flag, instant, list, object, text};
use crate::http::describe::{Describe, Operation, features, schema};
use crate::http::doors::events::PARAMS;
use diaban_core::format::feed;
use diaban_core::format::feed::{atom, geojson, json};
use diaban_core::query::features::filter_names;

/// A feed below `/feeds` in each of its forms.
fn all_forms(
    d: &mut Describe<'_>,
    path: &str,
    about: (&str, &str),
    news: News<'_>,
    query: &[&str],
) -> Vec<Operation> {
    forms(d, &format!("/feeds/{path}"), about, news, query)
}

/// A feed in each of its forms.
pub(super) fn forms(
    d: &mut Describe<'_>,
    path: &str,
    (id, summary): (&str, &str),
    news: News<'_>,
    query: &[&str],
) -> Vec<Operation> {
    let mut form = |f: &feed::Format| {
        let (form, schema) = match f.extension {
            e if e == atom::FORMAT.extension => ("Atom", schema::text()),
            e if e == json::FORMAT.extension => ("Json", json_feed(d, news)),
            e if e == geojson::FORMAT.extension => ("GeoJson", geojson_feed(d, news)),
            e => (e, schema::text()),
        };
        let operation = Operation::new(format!("{path}.{}", f.extension), format!("{id}{form}"), summary);
        operation.query(query.iter().copied().chain(["limit", "cursor"])).answers(f.media, schema)
    };
    feed::ALL.iter().map(|f| form(f)).collect()
}

/// The filters that a feed of a ward takes.
fn without_ward(mut filters: Vec<&str>) -> Vec<&str> {
    filters.retain(|f| *f != "ward");
    filters
}

pub(in crate::http) fn city(d: &mut Describe<'_>) -> Vec<Operation> {
    let about = ("reportsFeed", "Reports, newest update first");
    let mut all = all_forms(d, "reports", about, News::Reports, &features::report_filters());
    for c in d.about.pack.collections.iter().filter(|c| c.feed.is_some()) {
        let (id, summary) = (format!("{}Feed", c.id), format!("{} in force", c.title.en));
        all.extend(all_forms(d, &c.id, (&id, &summary), News::Features(&c.id), &filter_names(c)));
    }
    all
}

pub(in crate::http) fn events(_: &mut Describe<'_>) -> Vec<Operation> {
    let operation = stream("/feeds/reports/events", "reportsEvents", "What happens, live");
    vec![operation.query(["last_event_id"])]
}

pub(in crate::http) fn ward(d: &mut Describe<'_>) -> Vec<Operation> {
    let query = without_ward(features::report_filters());
    all_forms(d, "wards/{ward}", ("wardFeed", "Reports of a ward"), News::Reports, &query)
}

pub(in crate::http) fn ward_events(_: &mut Describe<'_>) -> Vec<Operation> {
    let operation = stream("/feeds/wards/{ward}/events", "wardEvents", "What happens in a ward, live");
    vec![operation.query(["last_event_id"])]
}

pub(in crate::http) fn ward_more(d: &mut Describe<'_>) -> Vec<Operation> {
    let query = without_ward(features::report_filters());
    let about = ("wardChanges", "What happened in a ward");
    let mut all = all_forms(d, "wards/{ward}/changes", about, News::Changes, &query);
    for c in d.about.pack.collections.iter().filter(|c| c.feed.is_some()) {
        let (path, id) = (format!("wards/{{ward}}/{}", c.id), format!("{}WardFeed", c.id));
        let summary = format!("{} in force in a ward", c.title.en);
        let query = without_ward(filter_names(c));
        all.extend(all_forms(d, &path, (&id, &summary), News::Features(&c.id), &query));
    }
    all
}

pub(in crate::http) fn secret(d: &mut Describe<'_>) -> Vec<Operation> {
    let mut of = |path, id, news| all_forms(d, path, (id, "The saved query of a secret link"), news, &[]);
    let reports = of("k/{secret}/reports", "secretReportsFeed", News::Reports);
    [reports, of("k/{secret}/changes", "secretChangesFeed", News::Changes)].concat()
}

pub(in crate::http) fn page_of_events(d: &mut Describe<'_>) -> Vec<Operation> {
    let about = "What happened after a cursor, oldest first, for programs with a key; offices are told what is theirs";
    let page = d.named("EventPage", |d| {
        let data = json_item(d, News::Changes);
        let event = d.named("EventMessage", |_| {
            let members = [("type", text()), ("timestamp", instant()), ("cursor", text()), ("data", data)];
            object(members, [])
        });
        object([("events", list(event)), ("next", text()), ("more", flag())], [])
    });
    vec![Operation::new("/events", "eventPage", about).query(PARAMS).json(page)]
}
