// The alerts that are in force or yet to come. New ones are asked for now and then; when one begins or ends is told by
// the server's clock here, so that nothing has to be reloaded or written for it to be seen.
import { listFeatures, locate } from './api.js';
import { doubt, now } from './clock.js';
import { ALERT_SEVERITY } from './palette.js';

const POLL_MS = 15_000;
const LOST_MS = 5_000;
const STEADY_MS = 10 * 60_000; // the query says a time cut to this, so that it stays one address with one ETag
const LONGEST_MS = 60_000; // a timer set for longer is late after a sleep
const MOST = 1_000;

let known = []; // not over when last read
let place = null; // where the reader is, or looks
let ward = null; // the id of the ward of `place`, once asked for
let shown = '';
let turning, polling;
let turned = () => {};
let inside = () => {};

/** `onTurn()`: one began, ended or changed. `onInside(alerts)`: those around the place, the worst first. */
export function startAlerts(onTurn, onInside) {
  turned = onTurn;
  inside = onInside;
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && poll());
  addEventListener('online', poll);
  return poll();
}

/** Where the reader is: `{lon, lat}`, or null when nobody knows. */
export function standAt(at) {
  if (at?.lon === place?.lon && at?.lat === place?.lat) return;
  place = at;
  ward = null;
  tell();
}

const begins = (alert) => Date.parse(alert.properties.onset);
const ends = (alert) => Date.parse(alert.properties.expires);
const worse = (a, b) => rank(b) - rank(a);
const rank = ({ properties }) => ALERT_SEVERITY.findIndex(({ code }) => code === properties.severity);
export const alertKey = ({ id, properties }) => `${id}.${properties.revision}`;

const active = () => known.filter((alert) => begins(alert) <= now() && now() < ends(alert));

async function poll() {
  clearTimeout(polling);
  let next = POLL_MS;
  try {
    const since = new Date(Math.floor(now() / STEADY_MS) * STEADY_MS).toISOString();
    known = (await listFeatures('alerts', { datetime: `${since}/..`, limit: MOST })).features;
    look();
  } catch {
    next = LOST_MS; // what is known goes on beginning and ending
  }
  clearTimeout(polling); // another may have been asked for meanwhile
  polling = setTimeout(poll, next);
}

/** Tells when what is in force is not what it was, and wakes at the next beginning or end. */
function look() {
  const keys = active().map(alertKey).sort().join();
  if (keys !== shown) {
    shown = keys;
    turned();
    // Our idea of the server's clock may be early by this: then the answer was still the old one.
    if (doubt() > 20) setTimeout(turned, doubt());
  }
  tell();
  clearTimeout(turning);
  const turns = known.flatMap((alert) => [begins(alert), ends(alert)]).filter((at) => at > now());
  turning = setTimeout(look, Math.min(LONGEST_MS, Math.min(...turns) - now() + 20));
}

async function tell() {
  const at = place;
  if (!at) return inside([]);
  const all = active();
  // An alert without an area is for the wards it names: whose the place is must be asked.
  if (ward === null && all.some((alert) => !alert.geometry)) {
    const found = await locate({ lon: at.lon, lat: at.lat }).then((answer) => answer.ward?.id ?? '', (error) => (error.status ? '' : null));
    if (at !== place) return undefined;
    ward = found;
  }
  return inside(all.filter((alert) => (alert.geometry ? covers(alert.geometry, at) : ward && alert.properties.wards.includes(ward))).sort(worse));
}

/** Whether a polygon or several cover a point. */
export function covers({ type, coordinates, geometries }, at) {
  if (type === 'GeometryCollection') return geometries.some((one) => covers(one, at));
  if (type === 'MultiPolygon') return coordinates.some((rings) => within(rings, at));
  return type === 'Polygon' && within(coordinates, at);
}

/** Even-odd over all rings: a hole is out. */
function within(rings, { lon, lat }) {
  let is = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [ax, ay] = ring[i];
      const [bx, by] = ring[j];
      if (ay > lat !== by > lat && lon < ((bx - ax) * (lat - ay)) / (by - ay) + ax) is = !is;
    }
  }
  return is;
}
