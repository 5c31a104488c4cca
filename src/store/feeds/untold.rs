//! What is not public yet, for the office that must act on it.

use std::collections::HashMap;

use super::rows::{columns, news};
use super::{News, NewsPage};
use crate::store::database::Sql;
use crate::store::record::fields::placed;
use crate::store::{Store, StoreError};
use diaban_core::domain::WardId;
use diaban_core::domain::report::{EventKind, Withdrawn};

/// So many of the newest events that wait are looked at.
const MOST: i64 = 1_000;

impl Store {
    /// Events that wait for the end of their hour, newest first, each with its report as it is with all of them. Reports
    /// that a moderator holds back are not among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn untold(&self, page: NewsPage<'_>) -> Result<Vec<News>, StoreError> {
        let mut q = Sql::new(format!("SELECT {}, w.body FROM ", columns("(e.at_ms - e.at_ms % 3600000)")));
        q.push("waiting w JOIN event e ON e.seq = w.event JOIN report_public r ON r.seq = w.report ");
        q.push(&placed(page.codebook.edition));
        q.push(" WHERE r.withdrawn IN (0, 3) ORDER BY w.event DESC LIMIT ").push_bind(MOST);
        let mut all = Vec::new();
        // Newest first: what came last is how the report stands.
        let (mut standing, mut extended) = (HashMap::new(), HashMap::new());
        for row in &self.read.fetch_all(q).await? {
            let mut news = news(row)?;
            news.withdrawn = Withdrawn::No;
            let body: Option<String> = row.try_get("body")?;
            let now = standing.entry(news.report.id).or_insert((news.to, None, None, None));
            if news.kind == EventKind::Transfer && now.1.is_none() {
                now.1 = Some((news.ward.clone(), body));
            }
            now.2 = now.2.or(news.levels[0]);
            if let Some(due) = news.dues[0] {
                let times = i64::from(news.kind == EventKind::Extended);
                extended.entry(news.report.id).or_insert((due, 0)).1 += times;
            }
            if news.kind == EventKind::State && now.3.is_none() {
                now.3 = Some(news.redirect_to.clone());
            }
            all.push(news);
        }
        for news in &mut all {
            let Some((state, moved, level, redirect)) = standing.get(&news.report.id) else { continue };
            let facts = &mut news.report.facts;
            facts.state = *state;
            facts.level = level.unwrap_or(facts.level);
            if let Some((due, times)) = extended.get(&news.report.id) {
                facts.due = Some(*due);
                facts.extensions += times;
            }
            if let Some(to) = redirect {
                facts.redirect_to.clone_from(to);
            }
            facts.updated = facts.updated.max(news.at.shown());
            if let Some((ward, body)) = moved {
                facts.ward.clone_from(ward);
                facts.body = body.clone().unwrap_or_default();
            }
        }
        all.retain(|n| asked(&page, n));
        Ok(all)
    }
}

/// Of a transfer the ward that it left is told as well.
fn asked(page: &NewsPage<'_>, n: &News) -> bool {
    let left = |w: &WardId| {
        let mut from = n.report.clone();
        from.facts.ward = Some(w.clone());
        page.filter.matches(&from.on_map(page.codebook))
    };
    page.filter.matches(&n.report.on_map(page.codebook)) || n.from_ward.as_ref().is_some_and(left)
}
