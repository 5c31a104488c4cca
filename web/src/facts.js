// A feature of the city's layers in words: its heading, its lines in a list, the facts on its card. Text stays text.
import { badgeName, drawBadge } from './badges.js';
import { el } from './dom.js';
import { dateTime, hours, metres, number, pickOf, soon, t } from './i18n.js';
import { codeTitle, propertyTitle } from './schemas.js';

export function heading(collection, p) {
  return pickOf(p, collection === 'alerts' ? 'headline' : 'name') || codeTitle(collection, 'kind', p.kind);
}

export const badge = (collection, p, size) => drawBadge(badgeName(collection, p), size);

/** Whether a place is open, and until when, as far as `/nearest` knows. */
export function openWords({ open_now: open, closes_at, opens_at }) {
  const turn = open === true ? closes_at && t('time.until', { to: soon(closes_at) }) : open === false && opens_at && t('near.opens', { time: soon(opens_at) });
  return [t(open === true ? 'near.open' : open === false ? 'near.closed' : 'near.unknown'), turn].filter(Boolean).join(' ');
}

/** What it is, in a few words: kind, severity. */
export function nature(collection, p) {
  const parts = [];
  if (p.kind) parts.push(codeTitle(collection, 'kind', p.kind));
  if (p.severity) parts.push(`${t('alert.level')}: ${codeTitle(collection, 'severity', p.severity)}`);
  if (collection === 'alerts' && p.event) parts.unshift(p.event);
  return parts.join(' · ');
}

const begin = (p) => p.valid_from ?? p.onset;
const end = (p) => p.valid_to ?? p.expires;

/** From when until when, as far as that is said. */
function validity(p) {
  if (begin(p) && end(p)) return t('time.span', { from: dateTime(begin(p)), to: dateTime(end(p)) });
  if (end(p)) return t('time.until', { to: dateTime(end(p)) });
  return begin(p) ? t('time.from', { from: dateTime(begin(p)) }) : '';
}

/** The second line of its row in a list. */
export function line(collection, p) {
  if (collection === 'facilities') return [codeTitle(collection, 'kind', p.kind), p.address].filter(Boolean).join(' · ');
  return nature(collection, p);
}

export const until = (p) => (end(p) ? t('time.until', { to: soon(end(p)) }) : '');

const PLAIN = { facilities: ['wheelchair', 'fee', 'capacity'], traffic: ['direction'], alerts: ['urgency', 'certainty', 'sender'] };

/** The facts of its card, as pairs of words and what stands beside them. */
export function factsOf(collection, p, more = {}) {
  const said = (name) => propertyTitle(collection, name);
  const plain = (name) => {
    const value = p[name];
    if (value === null || value === undefined || value === '') return null;
    if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
    return typeof value === 'number' ? number(value) : codeTitle(collection, name, value);
  };
  return [
    [t('near.distance'), typeof more.distance_m === 'number' && metres(more.distance_m)],
    [t('near.now'), 'open_now' in more && openWords(more)],
    [said('opening_hours'), p.opening_hours && el('span', { class: 'lines' }, hours(p.opening_hours))],
    [said('address'), p.address],
    [said('phone'), p.phone && phones(p.phone)],
    [said('website'), p.website && website(p.website)],
    [t('time.valid'), validity(p) && el('span', {}, validity(p))],
    ...(PLAIN[collection] ?? []).map((name) => [said(name), plain(name)]),
  ].filter(([, value]) => value);
}

/** Several numbers may stand in one text, parted as people part them. */
function phones(text) {
  return el('span', {}, ...text.split(/\s*[;/]\s*/).filter(Boolean).flatMap((one, at) => {
    const digits = one.replace(/[^\d+]/g, '');
    return [at ? ', ' : '', digits.length >= 3 ? el('a', { href: `tel:${digits}`, class: 'tel' }, one) : one];
  }));
}

/** A link only where it leads to the web: a file may carry any text here. */
function website(text) {
  let url = null;
  try {
    url = new URL(/^[a-z][\w+.-]*:/i.test(text) ? text : `https://${text}`);
  } catch {
    // Not an address: shown as it is.
  }
  return url && ['http:', 'https:'].includes(url.protocol) ? el('a', { href: url.href, rel: 'noopener noreferrer nofollow', target: '_blank' }, text) : text;
}

/** The wards of a feature by name, as far as they are known. */
export const wardNames = (p, all) => (p.wards ?? []).map((id) => all.find(({ code }) => id.endsWith(`.${code}`))?.name).filter(Boolean).join(', ');

/** A point to stand a pin at: of an area its middle, of a line the vertex halfway. */
export function pointOf(geometry) {
  if (!geometry) return null;
  const { type, coordinates } = geometry;
  if (type === 'Point') return { lon: coordinates[0], lat: coordinates[1] };
  if (type === 'LineString') return pointOf({ type: 'Point', coordinates: coordinates[coordinates.length >> 1] });
  if (type === 'MultiLineString') return pointOf({ type: 'LineString', coordinates: coordinates[0] });
  if (type === 'GeometryCollection') return pointOf(geometry.geometries[0]);
  const rings = type === 'MultiPolygon' ? coordinates.map(([outer]) => outer) : type === 'Polygon' ? [coordinates[0]] : [];
  return rings.map(centroid).sort((a, b) => b.area - a.area)[0] ?? null;
}

/** The middle of a ring by area. */
function centroid(ring) {
  const [ox, oy] = ring[0]; // from here, so that small rings keep their digits
  let [area, lon, lat] = [0, 0, 0];
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay, bx, by] = [ring[i - 1][0] - ox, ring[i - 1][1] - oy, ring[i][0] - ox, ring[i][1] - oy];
    const cross = ax * by - bx * ay;
    area += cross;
    lon += (ax + bx) * cross;
    lat += (ay + by) * cross;
  }
  return { lon: ox + (area ? lon / (3 * area) : 0), lat: oy + (area ? lat / (3 * area) : 0), area: Math.abs(area) };
}
