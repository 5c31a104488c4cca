// The pictures of the incidents layer, drawn when the map first asks for one by name:
//   cluster-{class}-{share}   a disc whose fill says how many and whose ring says how many sixteenths are open
//   report-open, report-closed   one report; the closed one carries a tick, so that colour is not the only sign
// and of the layers around it: the badges of badges.js, and
//   hatch-{severity}   what fills an alert's area: dots, lines, dense lines, crossed lines
//   arrow-{severity}   which way along a road
import { badgeOf, paintBadge } from './badges.js';
import { ALERT_SEVERITY, CLOSED, CLUSTERS, OPEN, TRAFFIC_SEVERITY, severityOf } from './palette.js';

export const SHARES = 16;
const RATIO = Math.min(3, Math.max(2, Math.ceil(devicePixelRatio))); // pixels per CSS pixel: sharp on any screen
const TURN = 2 * Math.PI;

/** The picture called `name` as MapLibre wants it, or null when it is none of ours. */
export function drawSymbol(name) {
  const cluster = /^cluster-(\d+)-(\d+)$/.exec(name);
  if (cluster) return drawCluster(CLUSTERS[cluster[1]], cluster[2] / SHARES);
  if (name === 'report-open') return drawReport(OPEN, false);
  if (name === 'report-closed') return drawReport(CLOSED, true);
  const badge = badgeOf(name);
  if (badge) return drawBadge(badge);
  const [what, severity] = name.split('-');
  if (what === 'hatch') return drawHatch(severityOf(ALERT_SEVERITY, severity));
  if (what === 'arrow') return drawArrow(severityOf(TRAFFIC_SEVERITY, severity));
  return null;
}

function drawBadge(badge) {
  const c = canvas(28);
  paintBadge(c, badge);
  return picture(c);
}

/** A square that tiles without a seam. */
function drawHatch({ colour, pattern }) {
  const size = 24;
  const c = canvas(size);
  c.strokeStyle = c.fillStyle = colour;
  if (pattern === 'dots') {
    for (const [x, y] of [[-6, -6], [6, -6], [-6, 6], [6, 6]]) {
      c.beginPath();
      c.arc(x, y, 1.5, 0, TURN);
      c.fill();
    }
    return picture(c);
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
  return picture(c);
}

function drawArrow({ colour }) {
  const c = canvas(18);
  c.lineCap = c.lineJoin = 'round';
  for (const [width, ink] of [[5.5, '#ffffff'], [2.6, colour]]) {
    c.beginPath();
    c.moveTo(-2.5, -4.5);
    c.lineTo(2.5, 0);
    c.lineTo(-2.5, 4.5);
    c.lineWidth = width;
    c.strokeStyle = ink;
    c.stroke();
  }
  return picture(c);
}

function canvas(size) {
  const c = new OffscreenCanvas(size * RATIO, size * RATIO).getContext('2d');
  c.scale(RATIO, RATIO);
  c.translate(size / 2, size / 2);
  return c;
}

function picture(c) {
  const { width, height } = c.canvas;
  return { data: c.getImageData(0, 0, width, height), options: { pixelRatio: RATIO } };
}

function disc(c, radius, fill) {
  c.beginPath();
  c.arc(0, 0, radius, 0, TURN);
  c.fillStyle = fill;
  c.fill();
}

function drawCluster({ size, fill }, share) {
  const c = canvas(size);
  const edge = size / 2 - 1;
  const ring = 4.5;
  disc(c, edge, '#ffffff');
  c.lineWidth = ring;
  const middle = edge - 1.5 - ring / 2;
  const top = -TURN / 4;
  for (const [from, to, colour] of [[0, share, OPEN], [share, 1, CLOSED]]) {
    if (from === to) continue;
    c.beginPath();
    c.arc(0, 0, middle, top + from * TURN, top + to * TURN);
    c.strokeStyle = colour;
    c.stroke();
  }
  disc(c, middle - ring / 2 + 0.5, '#ffffff');
  disc(c, middle - ring / 2 - 1, fill);
  return picture(c);
}

function drawReport(colour, tick) {
  const c = canvas(24);
  disc(c, 11, 'rgba(18, 52, 59, 0.25)');
  disc(c, 10, '#ffffff');
  disc(c, 8, colour);
  if (tick) {
    c.beginPath();
    c.moveTo(-3.5, 0.3);
    c.lineTo(-1, 2.8);
    c.lineTo(3.6, -2.6);
    c.lineWidth = 2;
    c.lineCap = c.lineJoin = 'round';
    c.strokeStyle = '#ffffff';
    c.stroke();
  } else {
    disc(c, 3, '#ffffff');
  }
  return picture(c);
}
