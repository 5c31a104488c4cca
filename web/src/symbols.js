// The pictures of the incidents layer, drawn when the map first asks for one by name:
//   cluster-{class}-{share}   a disc whose fill says how many and whose ring says how many sixteenths are open
//   report-open, report-closed   one report; the closed one carries a tick, so that colour is not the only sign
import { CLOSED, CLUSTERS, OPEN } from './palette.js';

export const SHARES = 16;
const RATIO = 2; // pixels per CSS pixel: sharp on most phones, small enough for the others
const TURN = 2 * Math.PI;

/** The picture called `name` as MapLibre wants it, or null when it is none of ours. */
export function drawSymbol(name) {
  const cluster = /^cluster-(\d+)-(\d+)$/.exec(name);
  if (cluster) return drawCluster(CLUSTERS[cluster[1]], cluster[2] / SHARES);
  if (name === 'report-open') return drawReport(OPEN, false);
  if (name === 'report-closed') return drawReport(CLOSED, true);
  return null;
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
