//! Draws reports, clusters and pins as the page does (web/src/symbols.js). The disc of a cluster
//! shows the count, the ring around it the share of open reports. A closed report has a tick.
#![expect(clippy::unreadable_literal, reason = "colours are written as six hex digits")]

use tiny_skia::FillRule;

use super::Scene;
use super::canvas::{Canvas, Ink, Outline, Pen};
use super::label::Labels;
use super::palette::{CLOSED, CLUSTERS, ClusterLook, OPEN, Palette};
use super::text::{Face, Script};
use crate::domain::Status;
use crate::geo::Mercator;
use crate::map::{Cluster, Figure, Pixel, SymbolKind, abbreviated};

const RING_PX: f32 = 4.5;
const REPORT_PX: f32 = 10.0;
const COUNT_PX: f32 = 12.5;
/// The smallest visible share of a ring, in turns: a ring is full or empty only if all or none are
/// open.
const SLIVER: f32 = 1.0 / 16.0;

fn look(count: u64) -> &'static ClusterLook {
    CLUSTERS.iter().rev().find(|c| count >= c.from).unwrap_or(&CLUSTERS[0])
}

fn count(kind: &SymbolKind) -> u64 {
    match kind {
        SymbolKind::Row(_) => 1,
        SymbolKind::Cluster(c) => c.count,
    }
}

fn all<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a SymbolKind, Pixel)> {
    scene
        .figures
        .iter()
        .filter_map(|f| if let Figure::Symbol(kind, at) = f { Some((kind, *at)) } else { None })
}

/// Reserves the areas of symbols and pins, so that no label covers them or lies below them.
pub(super) fn keep_free(labels: &mut Labels, scene: &Scene<'_>) {
    for (kind, at) in all(scene) {
        let radius = match kind {
            SymbolKind::Row(_) => REPORT_PX,
            SymbolKind::Cluster(c) => look(c.count).size / 2.0 - 1.0,
        };
        labels.keep_free(at, radius);
    }
    for marker in &scene.markers {
        let (x, y) = scene.viewport.pixel(Mercator::from_lonlat(*marker));
        labels.keep_free((x, y - 23.0), 13.0);
        labels.keep_free((x, y - 6.0), 6.0);
    }
}

pub(super) fn draw(canvas: &mut Canvas, scene: &Scene<'_>, palette: &Palette, face: &Face) {
    let mut symbols: Vec<_> = all(scene).collect();
    // Larger symbols on top. The order of equal ones must not depend on the tiles they came from.
    symbols.sort_by(|(a, p), (b, q)| {
        count(a).cmp(&count(b)).then(p.1.total_cmp(&q.1)).then(p.0.total_cmp(&q.0))
    });
    for (kind, at) in symbols {
        match kind {
            SymbolKind::Row(row) => report(canvas, at, row.state().status(), palette),
            SymbolKind::Cluster(c) => cluster(canvas, at, c, palette, face),
        }
    }
}

fn report(canvas: &mut Canvas, at: Pixel, status: Status, palette: &Palette) {
    canvas.disc(at, REPORT_PX + 1.0, Ink(0x12343b, 64));
    canvas.disc(at, REPORT_PX, palette.casing);
    if status == Status::Closed {
        canvas.disc(at, REPORT_PX - 2.0, palette.pick(CLOSED));
        let spot = |dx: f32, dy: f32| (at.0 + dx, at.1 + dy);
        let tick = Outline::lines(&[vec![spot(-3.5, 0.3), spot(-1.0, 2.8), spot(3.6, -2.6)]]);
        canvas.stroke(tick.as_ref(), palette.sign, &Pen::round(2.0));
    } else {
        canvas.disc(at, REPORT_PX - 2.0, palette.pick(OPEN));
        canvas.disc(at, 3.0, palette.sign);
    }
}

fn cluster(canvas: &mut Canvas, at: Pixel, c: &Cluster, palette: &Palette, face: &Face) {
    let look = look(c.count);
    let edge = look.size / 2.0 - 1.0;
    let middle = edge - 1.5 - RING_PX / 2.0;
    canvas.disc(at, edge, palette.casing);
    let open = u64::from(c.with_status(Status::Open));
    let share = match open {
        0 => 0.0,
        n if n >= c.count => 1.0,
        n => (n as f32 / c.count as f32).clamp(SLIVER, 1.0 - SLIVER),
    };
    for (from, to, ink) in [(0.0, share, OPEN), (share, 1.0, CLOSED)] {
        if from < to {
            canvas.stroke(
                Outline::arc(at, middle, from, to).as_ref(),
                palette.pick(ink),
                &Pen::flat(RING_PX),
            );
        }
    }
    canvas.disc(at, middle - RING_PX / 2.0 + 0.5, palette.casing);
    canvas.disc(at, middle - RING_PX / 2.0 - 1.0, palette.pick(look.fill));
    let script = Script { size: COUNT_PX, ink: palette.pick(look.ink), halo: None, weight: 0.5 };
    face.draw(canvas, &[&abbreviated(c.count)], at, &script);
}

/// A pin whose tip is at a place.
pub(super) fn pin(canvas: &mut Canvas, (x, y): Pixel, palette: &Palette) {
    let mut out = Outline::default();
    let b = out.builder();
    b.move_to(x, y);
    b.cubic_to(x - 3.0, y - 9.0, x - 11.0, y - 13.0, x - 11.0, y - 23.0);
    b.cubic_to(x - 11.0, y - 38.0, x + 11.0, y - 38.0, x + 11.0, y - 23.0);
    b.cubic_to(x + 11.0, y - 13.0, x + 3.0, y - 9.0, x, y);
    b.close();
    let drop = out.finish();
    canvas.stroke(drop.as_ref(), palette.casing, &Pen::round(3.0));
    canvas.fill(drop.as_ref(), palette.pin, FillRule::Winding);
    canvas.disc((x, y - 23.0), 4.2, palette.casing);
}
