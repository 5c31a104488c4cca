//! Features of a collection (alerts, traffic) as entries of feeds, as the collection declares it.

use std::sync::Arc;

use super::Entries;
use diaban_core::domain::feed::{Entry, Link, Tag};
use diaban_core::domain::field::Value;
use diaban_core::domain::{CodeBook, Collection, Feature, Instant, PropertyKind, Text};
use diaban_core::format::geojson;

/// Names of wards in a text; what is more is counted.
const NAMED: usize = 10;

/// When feeds tell of a feature: when it last changed or when it came into force, whichever was later.
pub fn told_at(f: &Feature, now: Instant) -> Instant {
    if f.valid.from <= now { f.updated.max(f.valid.from) } else { f.updated }
}

impl Entries<'_> {
    /// A feature as the feed of its collection tells it.
    pub fn feature(
        &self,
        collection: &Collection,
        f: &Arc<Feature>,
        codebook: &CodeBook,
        now: Instant,
    ) -> Entry {
        let feed = collection.feed.clone().unwrap_or_default();
        let said = |positions: &[usize]| -> Vec<&str> {
            positions.iter().filter_map(|i| text(&f.values[*i])).collect()
        };
        let tags = tags(collection, f);
        let line = said(&feed.title).join(" / ");
        let first = tags.first().map_or("", |t| t.label.as_str());
        let mut content: Vec<String> = said(&feed.content).iter().map(|t| (*t).to_owned()).collect();
        content.push(self.where_and_when(collection, f, codebook));
        let item = format!("{}/collections/{}/items/{}", self.base, collection.id, f.id);
        let properties = collection.properties.iter().zip(&f.values);
        let told = [&feed.title[..], &feed.content[..]].concat();
        let facts = properties.enumerate().filter(|(i, _)| !told.contains(i));
        let mut facts: Vec<_> = facts.map(|(_, (p, v))| (p.name.clone().into(), v.clone())).collect();
        let wards: Vec<String> = codebook.ward_names(&f.wards).collect();
        facts.extend([
            ("collection".into(), Value::Text(collection.id.to_string())),
            ("feature".into(), Value::Integer(f.id as i64)),
            ("revision".into(), Value::Integer(i64::from(f.revision))),
            ("wards".into(), Value::from(Some(wards.join(",")).filter(|w| !w.is_empty()))),
        ]);
        let updated = told_at(f, now);
        Entry {
            id: self.mint(&format!("{}/{}", collection.id, f.id)),
            title: [first, &line].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(": "),
            content: content.join("\n\n"),
            updated,
            published: f.created.min(updated),
            author: feed.author.and_then(|i| text(&f.values[i])).unwrap_or("diaban").to_owned(),
            geometry: f.geometry.clone(),
            tags,
            links: vec![Link { rel: "alternate", href: item, media: geojson::MEDIA }],
            facts,
            deleted: false,
        }
    }

    /// In force from when until when, in the city's own time, and in which wards.
    fn where_and_when(&self, collection: &Collection, f: &Feature, codebook: &CodeBook) -> String {
        let zone = self.city.pack.time_zone();
        let shown = |t: Instant| zone.to_datetime(t.timestamp()).strftime("%H:%M %d/%m/%Y").to_string();
        let [from, to] = [f.valid.from, f.valid.to].map(|t| {
            let open = collection.validity.is_none() || t <= Instant::MIN || t >= Instant::MAX;
            if open { "…".to_owned() } else { shown(t) }
        });
        let mut lines = vec![format!("Hiệu lực / In force: {from} – {to}")];
        let names: Vec<String> = f
            .wards
            .iter()
            .filter_map(|w| codebook.wards.get(usize::from(*w)))
            .map(|w| self.ward_name(w))
            .collect();
        if !names.is_empty() {
            let more = names.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(", +{more}") } else { String::new() };
            lines.push(format!("{}{more}", names[..names.len().min(NAMED)].join(", ")));
        }
        lines.join("\n")
    }
}

fn text(value: &Value) -> Option<&str> {
    if let Value::Text(t) = value { Some(t) } else { None }
}

/// Its codes in the order of the declaration.
fn tags(collection: &Collection, f: &Feature) -> Vec<Tag> {
    let named = collection.properties.iter().zip(&f.values).filter_map(|(p, v)| match (&p.kind, v) {
        (PropertyKind::Code(codes), Value::Text(code)) => {
            Some((codes.iter().find(|c| c.code == *code), code))
        }
        _ => None,
    });
    named
        .map(|(known, code)| {
            let label = known.map_or_else(|| code.clone(), |c| Text::both(&c.name));
            Tag { term: code.clone(), label }
        })
        .collect()
}
