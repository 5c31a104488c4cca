// Every request to the server, and the two ways one can fail: refused (Problem) or never answered (Unreachable).
import { CITY } from './city.js';
import { hear } from './clock.js';
import { lang } from './i18n.js';

const PATIENCE_MS = 20_000; // a phone on a bad link: longer than a slow answer, shorter than giving up on the page

/** The server said no, in RFC 9457's words. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.title = body.title;
    this.detail = body.detail;
    this.errors = Array.isArray(body.errors) ? body.errors : [];
    this.successors = body.successors ?? []; // of a ward that is no more
  }
}

/** No answer: it may or may not have reached the server. */
export class Unreachable extends Error {}

async function ask(path, { query, signal, heard, ...init } = {}) {
  const text = query ? new URLSearchParams(query).toString() : '';
  const limit = AbortSignal.timeout(PATIENCE_MS);
  const asked = Date.now();
  let response, body;
  try {
    response = await fetch(text ? `${path}?${text}` : path, {
      cache: 'no-cache',
      ...init,
      headers: { Accept: 'application/geo+json, application/json, */*;q=0.1', 'Accept-Language': lang(), ...init.headers },
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    hear(response, asked, Date.now());
    body = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(error.message);
  }
  let value = {};
  try {
    value = JSON.parse(body);
  } catch {
    // A proxy in between may answer an error in HTML; the status still tells.
    if (response.ok) throw new Unreachable('not JSON');
  }
  if (response.ok) {
    heard?.(response.headers);
    return value;
  }
  // These come from proxies and from a store that is away: the same request may pass in a moment.
  if ([502, 503, 504].includes(response.status)) throw new Unreachable(value.detail || `HTTP ${response.status}`);
  throw new Problem(response.status, value);
}

const REPORTS = '/collections/reports/items';

export const listReports = (query, signal) => ask(REPORTS, { query, signal });
export const readReport = (id, signal) => ask(`${REPORTS}/${encodeURIComponent(id)}`, { signal });
export const locate = (query, signal) => ask('/locate', { query, signal });
const items = (collection) => `/collections/${encodeURIComponent(collection)}/items`;
export const listFeatures = (collection, query, signal) => ask(items(collection), { query, signal });
export const readFeature = (collection, id, signal) => ask(`${items(collection)}/${encodeURIComponent(id)}`, { signal });
export const listCollections = () => ask('/collections').then(({ collections }) => collections.map(({ id }) => id));
export const readSchema = (collection) => ask(`/collections/${encodeURIComponent(collection)}/schema`);
export const nearest = (query, signal) => ask('/nearest', { query, signal });
export const readCategories = () => ask('/categories', { query: { lang: lang() } });

/** Sends a report; gives it as the server took it, with the token that opens it to whoever sent it. */
export async function sendReport(feature, key) {
  let token = '';
  const report = await ask(REPORTS, {
    method: 'POST',
    headers: { 'Content-Type': 'application/geo+json', 'Idempotency-Key': key },
    body: JSON.stringify(feature),
    heard: (headers) => { token = headers.get('Report-Token') ?? ''; },
  });
  return { report, token };
}

/** A ward by its code or its canonical id; a former code is a problem 410 with its successors. */
export const readWard = (name) => ask(`/collections/wards/items/${encodeURIComponent(name)}`).then((ward) => ({ ...ward, ...extent(ward.geometry) }));

let wards;
/** All wards as `{code, name, box, at}` with their bounds and a place in the middle of those, by name; asked for once, and again only after a failure. */
export function listWards() {
  wards ??= ask('/collections/wards/items', { query: { limit: 1000 } })
    .then((page) => page.features.map(({ geometry, properties: { code, name } }) => ({ code, name, ...extent(geometry) })))
    .then((all) => all.sort((a, b) => a.name.localeCompare(b.name, CITY.language)))
    .catch((error) => {
      wards = undefined;
      throw error;
    });
  return wards;
}

function extent(geometry) {
  const flat = (geometry?.coordinates ?? []).flat(geometry?.type === 'MultiPolygon' ? 2 : 1);
  if (!flat.length) return { box: null, at: null };
  const [west, south] = [0, 1].map((axis) => flat.reduce((least, position) => Math.min(least, position[axis]), Infinity));
  const [east, north] = [0, 1].map((axis) => flat.reduce((most, position) => Math.max(most, position[axis]), -Infinity));
  return { box: [west, south, east, north], at: { lon: (west + east) / 2, lat: (south + north) / 2 } };
}
