// The pictures of the styles, drawn when the page is built: a sheet for each theme, as MapLibre reads them.
//   cluster-{class}-{share}   a disc whose fill says how many and whose ring says how many sixteenths are open
//   report-open, report-closed   one report; the closed one carries a tick, so that colour is not the only sign
//   facility-…, traffic-…, alert-…   the badges of badges.js
//   hatch-{severity}   what fills an alert's area: dots, lines, dense lines, crossed lines
//   arrow-{severity}   which way along a road
import { Path2D, createCanvas } from '@napi-rs/canvas';
import potpack from 'potpack';
import { LINE, badgeOf } from '../src/badges.js';
import { FACILITY, TRAFFIC } from '../src/glyphs.js';
import { ALERT_SEVERITY, CLOSED, CLUSTERS, OPEN, RIM, SHADOW, SIGN, THEMES, TRAFFIC_SEVERITY } from '../src/palette.js';

export const SHARES = 16;
const TURN = 2 * Math.PI;
const RATIO = 2; // pixels a unit, on any screen: MapLibre shows coarser ones without smoothing, and rings with jags
const GAP = 2; // between pictures, so that none bleeds into its neighbour

/** Each picture by name: how wide it is and how it is drawn around the origin; `pick` takes the theme's colour of a pair. */
const PICTURES = {
  'report-open': report(OPEN, false),
  'report-closed': report(CLOSED, true),
  ...named(CLUSTERS.flatMap((_, i) => Array.from({ length: SHARES + 1 }, (_, share) => [`cluster-${i}-${share}`, cluster(CLUSTERS[i], share / SHARES)]))),
  ...named(Object.keys(FACILITY).map((kind) => badge(`facility-${kind}`))),
  ...named(Object.keys(TRAFFIC).flatMap((kind) => TRAFFIC_SEVERITY.map(({ code }) => badge(`traffic-${kind}-${code}`)))),
  ...named(ALERT_SEVERITY.flatMap((severity) => [badge(`alert-${severity.code}`), [`hatch-${severity.code}`, hatch(severity)]])),
  ...named(TRAFFIC_SEVERITY.map(({ code, colour }) => [`arrow-${code}`, arrow(colour)])),
};

/** The sheet of a theme: where each picture lies, and the PNG. */
export function sprite(theme) {
  const pick = (pair) => pair[THEMES.indexOf(theme)];
  const boxes = Object.entries(PICTURES).map(([name, { size, draw }]) => ({ name, size, draw, w: size * RATIO + GAP, h: size * RATIO + GAP }));
  const { w, h } = potpack(boxes);
  const c = createCanvas(w, h).getContext('2d');
  const index = {};
  for (const { name, size, draw, x, y } of boxes) {
    c.setTransform(RATIO, 0, 0, RATIO, x + (size * RATIO) / 2, y + (size * RATIO) / 2);
    c.save();
    c.beginPath();
    c.rect(-size / 2, -size / 2, size, size);
    c.clip();
    draw(c, pick);
    c.restore();
    index[name] = { x, y, width: size * RATIO, height: size * RATIO, pixelRatio: RATIO };
  }
  return { index: Object.fromEntries(Object.entries(index).sort(([a], [b]) => (a < b ? -1 : 1))), png: c.canvas.toBuffer('image/png') };
}

function named(pairs) {
  return Object.fromEntries(pairs);
}

function disc(c, radius, fill) {
  c.beginPath();
  c.arc(0, 0, radius, 0, TURN);
  c.fillStyle = fill;
  c.fill();
}

function cluster({ size, fill }, share) {
  const draw = (c, pick) => {
    const edge = size / 2 - 1;
    const ring = 4.5;
    const middle = edge - 1.5 - ring / 2;
    const top = -TURN / 4;
    disc(c, edge, pick(RIM));
    c.lineWidth = ring;
    for (const [from, to, colour] of [[0, share, OPEN], [share, 1, CLOSED]]) {
      if (from === to) continue;
      c.beginPath();
      c.arc(0, 0, middle, top + from * TURN, top + to * TURN);
      c.strokeStyle = pick(colour);
      c.stroke();
    }
    disc(c, middle - ring / 2 + 0.5, pick(RIM));
    disc(c, middle - ring / 2 - 1, pick(fill));
  };
  return { size, draw };
}

function report(colour, tick) {
  const draw = (c, pick) => {
    disc(c, 11, pick(SHADOW));
    disc(c, 10, pick(RIM));
    disc(c, 8, pick(colour));
    if (!tick) return disc(c, 3, pick(RIM));
    c.beginPath();
    c.moveTo(-3.5, 0.3);
    c.lineTo(-1, 2.8);
    c.lineTo(3.6, -2.6);
    c.lineWidth = 2;
    c.lineCap = c.lineJoin = 'round';
    c.strokeStyle = pick(RIM);
    c.stroke();
  };
  return { size: 24, draw };
}

function badge(name) {
  const { shape, colour, sign } = badgeOf(name);
  const draw = (c, pick) => {
    const outline = new Path2D(shape.path);
    const rim = 3;
    c.lineJoin = c.lineCap = 'round';
    for (const [width, ink] of [[rim + 1, SHADOW], [rim, RIM]]) {
      c.strokeStyle = pick(ink);
      c.lineWidth = width;
      c.stroke(outline);
    }
    c.fillStyle = pick(colour);
    c.fill(outline);
    c.translate(-8 * shape.sign, -8 * shape.sign + shape.down);
    c.scale(shape.sign, shape.sign);
    c.fillStyle = c.strokeStyle = pick(SIGN);
    if (sign.fill) c.fill(new Path2D(sign.fill), 'evenodd');
    if (sign.line) {
      c.lineWidth = sign.width ?? LINE;
      c.stroke(new Path2D(sign.line));
    }
  };
  return [name, { size: 28, draw }];
}

/** A square that tiles without a seam. */
function hatch({ colour, pattern }) {
  const size = 24;
  const draw = (c, pick) => {
    c.strokeStyle = c.fillStyle = pick(colour);
    if (pattern === 'dots') {
      for (const [x, y] of [[-6, -6], [6, -6], [-6, 6], [6, 6]]) {
        c.beginPath();
        c.arc(x, y, 1.5, 0, TURN);
        c.fill();
      }
      return;
    }
    c.lineWidth = pattern === 'lines' ? 1.2 : 1.5;
    const step = pattern === 'lines' ? size : size / 2;
    for (const way of pattern === 'cross' ? [1, -1] : [1]) {
      for (let at = -2 * size; at <= 2 * size; at += step) {
        c.beginPath();
        c.moveTo(at - size, way * size);
        c.lineTo(at + size, -way * size);
        c.stroke();
      }
    }
  };
  return { size, draw };
}

function arrow(colour) {
  const draw = (c, pick) => {
    c.lineCap = c.lineJoin = 'round';
    for (const [width, ink] of [[5.5, RIM], [2.6, colour]]) {
      c.beginPath();
      c.moveTo(-2.5, -4.5);
      c.lineTo(2.5, 0);
      c.lineTo(-2.5, 4.5);
      c.lineWidth = width;
      c.strokeStyle = pick(ink);
      c.stroke();
    }
  };
  return { size: 18, draw };
}
