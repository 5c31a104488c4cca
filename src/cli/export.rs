//! `diaban export`: writes the tiles of layers to a file, for a content delivery network or for
//! offline use.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use clap::{Args, ValueEnum};
use indicatif::HumanBytes;

use super::Outcome;
use super::import::source;
use super::say::say;
use crate::action::{self, ArchiveFormat, ExportStep, TileExport};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::Settings;
use crate::jobs;
use diaban_core::map::Tileset;

/// Write all tiles of layers to one file, as of one change; works beside a running server.
///
/// Each tile is identical to the server's, byte for byte. The same map gives the same file.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Export {
    /// Format: pmtiles or mbtiles (default: from the file's extension).
    #[arg(long)]
    format: Option<Format>,
    /// The layers, as in the URL of a tile: incidents, or incidents,wards.
    #[arg(long)]
    layer: String,
    /// The zooms, like 0-14 (default: all zooms of the layers).
    #[arg(long, value_parser = zooms)]
    zooms: Option<RangeInclusive<u8>>,
    /// The file to write; an existing file is replaced when the new one is complete.
    #[arg(long)]
    output: PathBuf,
    /// Query parameters, as in the URL of a tile: status=open category=pothole,drainage
    #[arg(value_parser = pair)]
    query: Vec<(String, String)>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Pmtiles,
    Mbtiles,
}

fn zooms(text: &str) -> Result<RangeInclusive<u8>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |t: &str| t.trim().parse::<u8>().map_err(|_| "must be like 0-14".to_owned());
    Ok(number(first)?..=number(last)?)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE, like status=open")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Export {
    pub(super) async fn run(self) -> Outcome {
        let format = self.format()?;
        let config = self.settings.resolve()?;
        let (store, city) = app::open(&config, &SystemClock).await?;
        let (city, watch, now) = (Arc::new(city), Stopwatch::now(), SystemClock.now());
        let layers = app::layers(&city.pack)?;
        let set = Tileset::named(&layers, &self.layer).map_err(|e| format!("--layer: {e}"))?;
        let view = jobs::view_now(&store, city.clone(), config.cache.as_deref()).await?;
        let filters = set
            .filters(&self.query, &view.codebook, now)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
        let areas = city.areas();
        let view = areas.view_at(Arc::new(view), filters.generation.as_deref())?;
        let at = view.snapshot.at();
        let changed = store.change(at).await?.map(|c| c.at);
        let begin = city.pack.city.map;
        let what =
            TileExport { view: &view, changed, areas: &areas, begin, set: &set, filters: &filters, now };
        let zooms = self.zooms.unwrap_or(set.minzoom()..=set.maxzoom());
        let bar = source::bar(0, "xuất / exporting");
        let mut progress = |step| match step {
            ExportStep::Total(tiles) => bar.set_length(tiles),
            ExportStep::Made(tiles) => bar.inc(tiles),
        };
        let done = action::export_tiles(&what, zooms, format, &self.output, &mut progress).await?;
        bar.finish_and_clear();
        say!(
            "{}: {} tiles of {} checked, {}, at change {at}, in {:.1} s",
            self.output.display(),
            done.tiles,
            done.looked_at,
            HumanBytes(done.size),
            watch.elapsed().as_secs_f64()
        );
        if set.licence().is_none() {
            say!(
                "no layer states its licence: add licence = \"…\" and attribution = \"…\" to its file before you publish this"
            );
        }
        store.close().await;
        Ok(())
    }

    fn format(&self) -> Result<ArchiveFormat, String> {
        let by_name =
            || self.output.extension().and_then(|e| Format::from_str(&e.to_string_lossy(), true).ok());
        match self.format.or_else(by_name) {
            Some(Format::Pmtiles) => Ok(ArchiveFormat::Pmtiles),
            Some(Format::Mbtiles) => Ok(ArchiveFormat::Mbtiles),
            None => Err("use --format pmtiles or mbtiles, or a file with one of these extensions".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooms_are_a_range_or_one() {
        assert_eq!(zooms("0-14"), Ok(0..=14));
        assert_eq!(zooms("7"), Ok(7..=7));
        for wrong in ["", "a-b", "3-", "1-300", "-1"] {
            assert!(zooms(wrong).is_err(), "{wrong}");
        }
    }
}
