//! `diaban demo`: fills a database with generated reports and serves it. Without `--store` it is a
//! temporary database, deleted when the demo ends.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use clap::Args;
use tokio::sync::mpsc;

use super::areas::boundaries::Boundaries;
use super::import::source;
use super::say::say;
use super::{Outcome, serve};
use crate::action::City;
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::{DemoSettings, Settings};
use crate::demo::{self, Generator};
use crate::store::Store;
use diaban_core::domain::PlaceRule;
use diaban_core::geo::{LonLat, Mercator, TileId};

/// Reports per commit. Smaller batches write the same index pages repeatedly: with 5,000 the rate
/// falls by a third. Larger ones need more memory and make the progress bar jump.
const BATCH: usize = 20_000;

/// Default number of reports.
const REPORTS: usize = 200_000;
const SEED: u64 = 2025;

#[derive(Args)]
pub(super) struct Demo {
    #[command(flatten)]
    demo: DemoSettings,
    #[command(flatten)]
    settings: Settings,
}

impl Demo {
    pub(super) async fn run(self) -> Outcome {
        let demo = self.settings.resolve_demo(self.demo)?;
        let seed = demo.seed.unwrap_or(SEED);
        let folder = tempfile::Builder::new().prefix("diaban-demo-").tempdir()?;
        let config =
            self.settings.resolve_with(&format!("sqlite:{}", folder.path().join("demo.db").display()))?;
        // Bound before the work, so that a second demo on the same address fails at once.
        let listener = serve::bind(&config)?;
        let mut stop = pin!(serve::stop_signal()?);
        let (store, city) = app::open(&config, &SystemClock).await?;
        let city = Arc::new(city);
        let fill = async {
            if let Some(source) = demo.areas {
                let generation = demo.generation.unwrap_or_else(|| city.areas().active().id().to_string());
                Boundaries::of(source, generation).import(&store, &city, true).await?;
            }
            fill(&store, &city, seed, demo.reports.unwrap_or(REPORTS)).await
        };
        tokio::select! {
            filled = fill => filled?,
            () = &mut stop => {
                store.close().await;
                return Ok(());
            }
        }
        store.close().await;
        let hints = Hints::new(&city, seed);
        serve::serve(listener, config, stop, |url| hints.print(url)).await?;
        folder.close()?;
        Ok(())
    }
}

/// Fills an empty store: one batch is generated while the previous one is written.
async fn fill(store: &Store, city: &Arc<City>, seed: u64, count: usize) -> Outcome {
    let before = store.last_report().await?;
    if before > 0 {
        say!("Kho đã có phản ánh, không tạo thêm / the store holds reports already: none were made");
        return Ok(());
    }
    let (send, mut batches) = mpsc::channel(1);
    let (watch, now) = (Stopwatch::now(), SystemClock.now());
    let maker = {
        let city = city.clone();
        tokio::task::spawn_blocking(move || {
            let mut reports = Generator::new(&city, seed, now, count);
            loop {
                let batch = reports.batch(BATCH);
                // The receiver is gone if the demo is stopped meanwhile.
                if batch.is_empty() || send.blocking_send(batch).is_err() {
                    break;
                }
            }
        })
    };
    let bar = source::bar(count as u64, "tạo phản ánh / making reports");
    while let Some(batch) = batches.recv().await {
        let n = batch.len() as u64;
        store.load_reports(batch).await?;
        bar.inc(n);
    }
    maker.await?;
    bar.finish_and_clear();
    let mut shown = 0;
    for write in demo::features(city, seed, now) {
        shown += write.upserts.len();
        store.write_features(write, now).await?;
    }
    say!("Đã tạo {shown} đối tượng bản đồ / map features made: facilities, traffic, alerts");
    let seconds = watch.elapsed().as_secs_f64();
    let rate = count as f64 / seconds.max(1e-3);
    say!("Đã tạo {count} phản ánh trong {seconds:.1} s / reports made and stored ({rate:.0} rows/s)");
    Ok(())
}

/// Example requests for a place in the busiest ward.
struct Hints {
    at: LonLat,
    category: String,
}

impl Hints {
    fn new(city: &City, seed: u64) -> Self {
        let at = Generator::new(city, seed, SystemClock.now(), 0).busiest();
        let simple = |c: &&diaban_core::domain::Category| {
            c.place != PlaceRule::None && c.questions.iter().all(|q| !q.required)
        };
        let wanted = city.pack.categories.by_code("drainage").into_iter();
        let category = wanted.chain(city.pack.categories.iter()).find(simple);
        Self { at, category: category.map_or_else(String::new, |c| c.code.to_string()) }
    }

    fn print(&self, url: &str) {
        let (lon, lat) = (self.at.lon(), self.at.lat());
        let tile = TileId::holding(Mercator::from_lonlat(self.at), 14).expect("14 is a zoom");
        let (z, x, y) = (tile.z(), tile.x(), tile.y());
        let category = &self.category;
        say!(
            r#"
Mở bản đồ / open the map:
  {url}/
Gửi một phản ánh / post a report:
  curl -s '{url}/collections/reports/items' -H 'Content-Type: application/geo+json' -d '{{"type":"Feature","geometry":{{"type":"Point","coordinates":[{lon},{lat}]}},"properties":{{"category":"{category}","title":"Ngập trước chợ"}}}}'
Danh sách mới nhất / the newest:
  curl -s '{url}/collections/reports/items?limit=3&status=open'
Ô bản đồ / a tile:
  curl -s '{url}/tiles/incidents/{z}/{x}/{y}.mvt' -o tile.mvt
Ở đây thuộc phường nào / whose ward is this:
  curl -s '{url}/locate?lon={lon}&lat={lat}'
Ctrl-C để dừng / stops it."#
        );
    }
}
