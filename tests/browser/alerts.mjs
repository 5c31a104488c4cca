// Alerts as a banner: for whom, from when, until when. The clock of the server is real, so the tests write alerts that
// begin in some seconds.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { api, base, check, clean, desktop, exe, jump, open, rendered, same, settled, shot, store, until, WAIT_MS } from './kit.mjs';

const LATE_MS = 2_000;
const EARLY_MS = 500; // the page sets its clock by the Date of answers and their way
const SPOT = [106.55, 10.95]; // where the demo warns of nothing
const around = ([lon, lat], reach = 0.02) => [[[lon - reach, lat - reach], [lon + reach, lat - reach], [lon + reach, lat + reach], [lon - reach, lat + reach], [lon - reach, lat - reach]]];
const POLLED = '**/collections/alerts/items?datetime=*';
const revisions = new Map();
const stamp = (ms) => new Date(ms).toISOString();

const knowsImport = () => {
  try {
    return !!store && /features/.test(execFileSync(exe, ['import', '--help'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
};

/**
 * Makes an alert known: by the executable, as an operator would; where that cannot, in the answers the page gets.
 * Done when the service answers with it.
 */
async function announce(page, name, properties) {
  const feature = { type: 'Feature', id: name, geometry: { type: 'Polygon', coordinates: around(SPOT) }, properties: { event: 'Thử', headline_vi: name, ...properties } };
  if (knowsImport()) {
    const folder = mkdtempSync(join(tmpdir(), 'diaban-alert-'));
    try {
      const file = join(folder, 'alerts.geojson');
      writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features: [feature] }));
      execFileSync(exe, ['import', 'features', 'alerts', file, '--source', name, '--store', store], { stdio: 'pipe' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    await served(name, properties);
    return;
  }
  const revision = (revisions.get(name) ?? 0) + 1;
  revisions.set(name, revision);
  await page.unroute(POLLED);
  await page.route(POLLED, async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    body.features.push({ ...feature, id: 7, properties: { ...feature.properties, id: 7, revision, wards: [] } });
    await route.fulfill({ response: answer, json: body });
  });
}

/** The service answers with the alert as it was announced last: it follows its log. */
async function served(name, properties) {
  const end = Date.now() + WAIT_MS;
  const told = async () => {
    const { features } = await api('/collections/alerts/items?datetime=2020-01-01T00:00:00Z/..&limit=1000');
    return features.some((one) => one.properties.headline_vi === name && Object.entries(properties).every(([field, value]) => sameValue(one.properties[field], value)));
  };
  while (!(await told())) {
    if (Date.now() > end) throw new Error(`the service does not know the alert ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** An instant has several spellings. */
const sameValue = (a, b) => a === b || (Number.isFinite(Date.parse(a)) && Date.parse(a) === Date.parse(b));

/** Makes an alert known before its onset, and says when that is: later each time, until the machine is quick enough. */
async function announceAhead(page, name, properties) {
  for (let lead = 8_000; lead < WAIT_MS; lead *= 2) {
    const onset = Date.now() + lead;
    const expires = onset + lead;
    await announce(page, name, { ...properties, onset: stamp(onset), expires: stamp(expires) });
    if (Date.now() < onset - 3_000) return { onset, expires };
  }
  throw new Error('this machine takes too long to make an alert known');
}

/** When the banner came and when it went, as the page saw it. */
const watch = (page, headline) =>
  page.evaluate((text) => {
    window.seen = { came: null, gone: null };
    const look = () => {
      const there = document.getElementById('banner').innerText.includes(text);
      if (there && !window.seen.came) window.seen.came = Date.now();
      if (!there && window.seen.came && !window.seen.gone) window.seen.gone = Date.now();
    };
    new MutationObserver(look).observe(document.getElementById('banner'), { childList: true, subtree: true, characterData: true });
  }, headline);

/** When `there` first held, and when it held no more, asked until well after `expires`. */
async function appearance(expires, there) {
  const seen = { came: null, gone: null };
  while (!seen.gone && Date.now() < expires + 2 * LATE_MS) {
    const now = await there();
    const at = Date.now();
    if (now && !seen.came) seen.came = at;
    if (!now && seen.came) seen.gone = at;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return seen;
}

/** The tile that holds SPOT, as `x/y`. */
function tileAt(z) {
  const [lon, lat] = SPOT;
  const y = Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI;
  return [(lon / 180 + 1) / 2, (1 - y) / 2].map((part) => Math.floor(part * 2 ** z)).join('/');
}

/** A new alert is learnt of at the next poll: coming back to the page is one. */
const learn = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

export const tests = {
  async 'an alert appears at its onset and goes when it expires, without a reload'() {
    const page = await open(`/?layers=alerts,wards#map=13/${SPOT[1]}/${SPOT[0]}`);
    await settled(page);
    const headline = `Thử còi ${Date.now()}`;
    const { onset, expires } = await announceAhead(page, headline, { severity: 'severe' });
    await watch(page, headline);
    await learn(page);
    // The tile and the feed are asked beside the page, all the while: nothing is written any more.
    const asked = knowsImport() ? Promise.all([
      appearance(expires, async () => (await fetch(`${base}/tiles/alerts/14/${tileAt(14)}.mvt`)).status === 200),
      appearance(expires, async () => (await (await fetch(`${base}/feeds/alerts.json`)).text()).includes(headline)),
    ]) : [];
    await page.locator('#banner-now .alert', { hasText: headline }).waitFor();
    if (knowsImport()) await rendered(page, 'alert-fill');
    await shot(page, 'banner');
    await page.waitForFunction(() => window.seen.gone, null, { timeout: 20_000 });
    if (knowsImport()) await until(page, () => window.diaban.map.loaded() && window.diaban.map.queryRenderedFeatures({ layers: ['alert-fill'] }).length === 0);
    const seen = [await page.evaluate(() => window.seen), ...await asked];
    for (const [i, { came, gone }] of seen.entries()) {
      const what = ['banner', 'tile', 'feed'][i];
      console.log(`      ${what}: ${came - onset} ms after the onset, gone ${gone - expires} ms after the end`);
      check(came - onset > -EARLY_MS && came - onset < LATE_MS, `the ${what} came ${came - onset} ms after the onset`);
      check(gone - expires > -EARLY_MS && gone - expires < LATE_MS, `the ${what} went ${gone - expires} ms after the end`);
    }
    clean(page);
  },

  async 'an alert put away stays away until it is revised'() {
    const headline = `Thử ẩn ${Date.now()}`;
    const times = { onset: stamp(Date.now() - 1_000), expires: stamp(Date.now() + 60_000) };
    const page = await open(`/#map=13/${SPOT[1]}/${SPOT[0]}`, desktop, (p) => announce(p, headline, { severity: 'minor', ...times }));
    const row = page.locator('#banner-later .alert', { hasText: headline });
    await row.waitFor();
    await page.getByRole('button', { name: `Ẩn cảnh báo: ${headline}` }).click();
    await row.waitFor({ state: 'detached' });
    await page.reload();
    await settled(page);
    await page.waitForTimeout(800);
    same(await row.count(), 0, 'banners after it was put away');
    await announce(page, headline, { severity: 'minor', text_vi: 'Đã sửa.', ...times });
    await learn(page);
    await row.waitFor();
    clean(page);
  },

  async 'an alert is for those inside: the position counts before the centre of the map'() {
    const inside = (await api('/collections/alerts/items?active=true&severity=severe&limit=1')).features[0];
    const ring = inside.geometry.type === 'Polygon' ? inside.geometry.coordinates[0] : inside.geometry.coordinates[0][0];
    const middle = [0, 1].map((axis) => ring.reduce((sum, at) => sum + at[axis], 0) / ring.length);
    const row = (page) => page.locator('#banner .alert', { hasText: inside.properties.headline_vi });
    const page = await open(`/#map=14/${middle[1]}/${middle[0]}`);
    await row(page).waitFor();
    await jump(page, { center: [106.2, 10.4] });
    await row(page).waitFor({ state: 'detached' });
    const far = await open('/#map=14/10.4/106.2', { ...desktop, geolocation: { longitude: middle[0], latitude: middle[1], accuracy: 10 }, permissions: ['geolocation'] });
    await row(far).waitFor();
    await row(far).getByRole('button', { name: 'Xem' }).click();
    await far.locator('#card-title', { hasText: inside.properties.headline_vi }).waitFor();
    clean(page);
    clean(far);
  },
};
