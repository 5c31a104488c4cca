// The map page in a real browser against a real server.
//
//   node tests/browser/run.mjs [http://127.0.0.1:PORT]
//
// Without an address it starts `diaban demo` itself (DIABAN_EXE, or target/debug/diaban) and stops it at the end.
// CHROMIUM names another browser than /usr/bin/chromium. ONLY runs the tests whose name holds it. Screenshots go to
// tests/browser/shots/, and the log of the demo with them. Nothing waits for ever: a test has a minute, the whole run eight.
// The last line is `N passed, N failed`; the exit code is 1 when a test failed.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const shots = join(here, 'shots');
const { chromium } = createRequire(join(root, 'web/package.json'))('playwright-core');
const WAIT_MS = 30_000; // software rendering on a busy machine is slow; a condition that holds ends the wait at once
const TEST_MS = 60_000;
const RUN_MS = 8 * 60_000;
const CLOSE_MS = 10_000;

let base;
let browser;

// ---- the server and the browser --------------------------------------------------------------------------------

/** Starts the demo; resolves with its address and a way to stop it. */
function startDemo() {
  const exe = process.env.DIABAN_EXE ?? join(root, 'target/debug/diaban');
  const child = spawn(exe, ['demo', '--reports', '5000', '--listen', '127.0.0.1:0'], { cwd: root, stdio: ['ignore', 'pipe', openSync(join(shots, 'server.log'), 'w')] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const address = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${exe} ended with ${code} before it listened, see tests/browser/shots/server.log`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /listening on (http:\/\/\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
  });
  const stop = () => {
    if (child.pid === undefined) return null; // it never started
    child.kill('SIGTERM');
    return ended;
  };
  return { address, stop, kill: () => child.kill('SIGKILL') };
}

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--use-gl=angle', '--use-angle=swiftshader', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** A fresh page at `path`. `page.faults` collects console errors, thrown errors and requests to elsewhere. */
async function open(path = '/', options = desktop, before = async () => {}) {
  const context = await browser.newContext({ locale: 'vi-VN', ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (message) => message.type() === 'error' && page.faults.push(message.text()));
  page.on('pageerror', (error) => page.faults.push(String(error)));
  context.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== base) page.faults.push(`left the origin: ${request.url()}`);
  });
  page.setDefaultTimeout(WAIT_MS);
  await before(page);
  await page.goto(base + path);
  return page;
}

/** The map stands still and shows what it has loaded: what it says to be rendered is of the last frame, not of one before. */
async function settled(page) {
  await page.waitForFunction(() => window.diaban);
  await page.evaluate((ms) => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('the map does not come to rest')), ms);
    window.diaban.map.once('idle', resolve);
    window.diaban.map.triggerRepaint();
  }), WAIT_MS);
}

const rendered = (page, layer) => page.waitForFunction((l) => window.diaban?.map.loaded() && window.diaban.map.queryRenderedFeatures({ layers: [l] }).length > 0, layer);

/** A picture for people to look at, once the names on the map have faded in. */
async function shot(page, name) {
  if (await page.evaluate(() => !!window.diaban)) await settled(page);
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Where a symbol of `layer` stands that can be clicked: clear of the panel and the edges, nearest to the middle. */
const symbolAt = (page, layer) =>
  page.evaluate((l) => {
    const { map } = window.diaban;
    const { left, bottom } = map.getPadding();
    const { clientWidth: w, clientHeight: h } = map.getContainer();
    const middle = { x: (left + w) / 2, y: (h - bottom) / 2 };
    const far = ({ x, y }) => Math.hypot(x - middle.x, y - middle.y);
    return map.queryRenderedFeatures({ layers: [l] })
      .map((f) => ({ ...map.project(f.geometry.coordinates), id: f.properties.id ?? f.id, count: f.properties.point_count }))
      .filter(({ x, y }) => x > left + 30 && x < w - 70 && y > 60 && y < h - bottom - 60)
      .sort((a, b) => far(a) - far(b))[0] ?? null;
  }, layer);

async function api(path, init) {
  const response = await fetch(base + path, { signal: AbortSignal.timeout(WAIT_MS), ...init, headers: { Accept: 'application/geo+json, application/json', ...init?.headers } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const matched = async (filters = '') => (await api(`/collections/reports/items?limit=1${filters}`)).numberMatched;

// ---- saying what should hold --------------------------------------------------------------------------------------

function check(holds, what) {
  if (!holds) throw new Error(what);
}

function same(actual, expected, what) {
  check(Object.is(actual, expected), `${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
}

const clean = (page) => check(page.faults.length === 0, `the page complained: ${page.faults.join(' | ')}`);

/** The count line says what the API says; both are asked until they agree, as reports may arrive in between. */
async function countAgrees(page, filters) {
  const said = () => page.locator('#count').evaluate((node) => [Number(node.dataset.matched), Number(node.textContent.replace(/\D/g, ''))]);
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const expected = await matched(filters);
    const [value, text] = await said();
    if (value === expected && text === expected) return expected;
    if (Date.now() > end) throw new Error(`count line ${value} "${text}", the API ${expected}`);
    await page.waitForTimeout(100);
  }
}

const categories = async () => (await api('/categories?lang=vi')).groups.flatMap((group) => group.categories);

/** A category that wants a place and shows it exactly, and how to name it. */
async function placedCategory() {
  const all = (await categories()).filter((category) => category.place === 'required');
  const category = all.find(({ precision }) => precision === 'exact') ?? all[0];
  check(category, 'no category wants a place');
  return category;
}

/** Takes the map to a spot of the city where nothing stands, so that a new report will stand alone. */
async function emptySpot(page) {
  await settled(page);
  const reach = 0.002; // degrees; more than half a screen at this zoom
  for (let i = 0; i < 400; i++) {
    const [lon, lat] = [106.66 + 0.0037 * (i % 40), 10.74 + 0.0029 * ((i * 7) % 43)];
    if ((await matched(`&bbox=${[lon - reach, lat - reach, lon + reach, lat + reach]}`)) > 0) continue;
    await page.evaluate((center) => window.diaban.map.jumpTo({ center, zoom: 19 }), [lon, lat]);
    await settled(page);
    same(await page.evaluate(() => window.diaban.map.queryRenderedFeatures({ layers: ['clusters', 'reports'] }).length), 0, 'symbols where there are no reports');
    return;
  }
  throw new Error('no empty spot found');
}

async function fillReport(page, category, title) {
  await page.selectOption('#r-category', category.code);
  for (const question of category.questions ?? []) {
    if (!question.required) continue;
    const control = page.locator(`#q-${question.code}`);
    if (question.kind === 'choice') await control.selectOption(question.choices[0].code);
    else await control.fill('1');
  }
  await page.click('#r-centre');
  await page.locator('#r-where .ward-name').waitFor();
  await page.fill('#r-title', title);
  await page.fill('#r-description', 'Viết từ bài kiểm tra của trang bản đồ.');
}

/** Sends a report past the page, at the middle of its map. */
async function postAtCentre(page, category, title) {
  const { lng, lat } = await page.evaluate(() => window.diaban.map.getCenter());
  const answers = Object.fromEntries((category.questions ?? []).filter((q) => q.required).map((q) => [q.code, q.choices?.[0]?.code ?? '1']));
  return api('/collections/reports/items', {
    method: 'POST',
    headers: { 'Content-Type': 'application/geo+json', 'Idempotency-Key': crypto.randomUUID() },
    body: JSON.stringify({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [lng, lat] },
      properties: { category: category.code, title, description: 'Qua API.', ...(Object.keys(answers).length && { answers }) },
    }),
  });
}

const standsOnMap = (page, id) =>
  page.waitForFunction(
    (wanted) => window.diaban.map.queryRenderedFeatures({ layers: ['reports'] }).some((f) => String(f.properties.id ?? f.id) === wanted),
    String(id),
  );

// ---- the tests --------------------------------------------------------------------------------------------------

const tests = {
  async 'the page loads with clusters, a count and a list, and asks nothing of anyone else'() {
    const page = await open();
    await rendered(page, 'clusters');
    await rendered(page, 'ward-names');
    await page.locator('#list li').first().waitFor();
    const total = await countAgrees(page, '');
    check(total > 0, 'no reports');
    same(await page.getAttribute('html', 'lang'), 'vi', 'language');
    check(await page.evaluate(() => document.fonts.check('600 16px "Be Vietnam Pro"', 'Phường Thủ Đức')), 'the font is not loaded');
    const counts = await page.evaluate(() => window.diaban.map.queryRenderedFeatures({ layers: ['clusters'] }).map((f) => f.properties));
    check(counts.every((p) => p.point_count === p.open + p.closed), 'open and closed do not add up to point_count');
    await shot(page, 'desktop');
    clean(page);
  },

  async 'boundaries that are approximate are called so'() {
    const page = await open();
    await rendered(page, 'wards');
    const approximate = await page.evaluate(() => window.diaban.map.queryRenderedFeatures({ layers: ['wards'] }).some((f) => f.properties.approximate));
    if (approximate) await page.getByText('Ranh giới gần đúng').first().waitFor();
    clean(page);
  },

  async 'the status filter changes the count, the tiles, the list and the address'() {
    const page = await open();
    await rendered(page, 'clusters');
    const all = await countAgrees(page, '');
    await page.getByRole('radio', { name: 'Đã đóng' }).check();
    const closed = await countAgrees(page, '&status=closed');
    check(closed < all, `closed ${closed}, all ${all}`);
    check(new URL(page.url()).searchParams.get('status') === 'closed', page.url());
    await page.waitForFunction(() => {
      const features = window.diaban.map.loaded() ? window.diaban.map.queryRenderedFeatures({ layers: ['clusters', 'reports'] }) : [];
      return features.length > 0 && features.every((f) => (f.properties.point_count ? f.properties.open === 0 : f.properties.status === 'closed'));
    });
    await page.waitForFunction(() => document.querySelectorAll('#list .dot').length > 0 && document.querySelectorAll('#list .dot:not(.closed)').length === 0);
    clean(page);
  },

  async 'the category filter does the same, and its address opens the same view'() {
    const page = await open();
    const codes = (await categories()).slice(0, 2).map(({ code }) => code);
    await page.click('#category-filter summary');
    for (const code of codes) await page.check(`input[name=category][value="${code}"]`);
    const wanted = `&category=${codes.sort().join(',')}`;
    const count = await countAgrees(page, wanted);
    await shot(page, 'categories');
    const again = await open(new URL(page.url()).search);
    same(await countAgrees(again, wanted), count, 'count from the address');
    clean(page);
    clean(again);
  },

  async 'a click on a cluster zooms in on it'() {
    const page = await open();
    await rendered(page, 'clusters');
    await settled(page);
    const zoom = await page.evaluate(() => window.diaban.map.getZoom());
    const { x, y } = await symbolAt(page, 'clusters');
    await page.mouse.click(x, y);
    await page.waitForFunction((before) => window.diaban.map.getZoom() > before + 1.9 && !window.diaban.map.isMoving(), zoom);
    clean(page);
  },

  async 'a click on a single report opens its card'() {
    const page = await open('/#map=16/10.776/106.7');
    const { features } = await api('/collections/reports/items?limit=50');
    let symbol = null;
    for (const { geometry } of features.filter((feature) => feature.geometry)) {
      await settled(page);
      await page.evaluate((center) => window.diaban.map.jumpTo({ center, zoom: 17.5 }), geometry.coordinates);
      await settled(page);
      symbol = await symbolAt(page, 'reports');
      if (symbol) break;
    }
    check(symbol, 'no single report in view');
    await page.mouse.click(symbol.x, symbol.y);
    await page.locator('#card dl').waitFor();
    const report = await api(`/collections/reports/items/${symbol.id}`);
    // The card is headed by the title, or by the category where the citizen gave none; its number is the report's.
    same(await page.locator('#card dd').last().innerText(), String(symbol.id), 'number on the card');
    const heading = report.properties.title ?? (await categories()).find(({ code }) => code === report.properties.category).name.vi;
    same(await page.locator('#card-title').innerText(), heading, 'heading of the card');
    same(new URL(page.url()).searchParams.get('report'), String(symbol.id), 'address');
    await settled(page);
    await shot(page, 'card');
    // A link without a place of the map goes to where the report is.
    const again = await open(new URL(page.url()).search);
    await again.locator('#card dl').waitFor();
    await again.locator('.maplibregl-marker').waitFor();
    await again.waitForFunction(() => window.diaban?.map.getZoom() >= 16);
    clean(page);
    clean(again);
  },

  async 'a list item opens the same card, and back returns to it'() {
    const page = await open();
    const item = page.locator('#list button').first();
    const id = await item.getAttribute('data-id');
    await item.click();
    await page.locator('#card dl').waitFor();
    same(new URL(page.url()).searchParams.get('report'), id, 'address');
    await page.keyboard.press('Escape');
    await page.waitForFunction((wanted) => document.activeElement?.dataset.id === wanted, id);
    clean(page);
  },

  async 'text from the server stays text'() {
    const page = await open('/?report=1', desktop, (p) =>
      p.route('**/collections/reports/items/1', (route) =>
        route.fulfill({ json: { type: 'Feature', id: 1, geometry: null, properties: { id: 1, title: '<img src=x onerror=document.title=1>', status: 'open', state: 'received', category: 'x' } } }),
      ),
    );
    await page.locator('#card dl').waitFor();
    same(await page.locator('#card img').count(), 0, 'images on the card');
    check((await page.locator('#card-title').innerText()).includes('<img'), 'the title is not shown as it is');
    clean(page);
  },

  async 'which ward: a click, and a right click, answer as the API does'() {
    const page = await open('/#map=14/10.776/106.7');
    await settled(page);
    await page.click('#open-where');
    for (const [button, x, y] of [['left', 800, 400], ['right', 900, 300]]) {
      const { lng, lat } = await page.evaluate((point) => window.diaban.map.unproject(point), [x, y]);
      const { ward, body } = await api(`/locate?lon=${lng}&lat=${lat}`);
      await page.mouse.click(x, y, { button });
      await page.locator('#where-answer .ward-name', { hasText: ward.name }).waitFor();
      if (body) check((await page.locator('#where-answer').innerText()).includes(body.name.vi), 'the body is not named');
    }
    await page.waitForFunction(() => window.diaban.map.loaded() && window.diaban.map.queryRenderedFeatures({ layers: ['ward-picked'] }).length > 0);
    await shot(page, 'where');
    const ward = await page.locator('#where-answer .ward-name').innerText();
    await page.getByRole('button', { name: 'Phản ánh tại đây' }).click();
    await page.locator('#r-where .ward-name', { hasText: ward }).waitFor();
    same(await page.locator('.maplibregl-marker').count(), 1, 'pins');
    clean(page);
  },

  async 'which ward: the position of the device'() {
    const page = await open('/', { ...desktop, geolocation: { longitude: 106.7, latitude: 10.776, accuracy: 20 }, permissions: ['geolocation'] });
    await settled(page);
    await page.click('#open-where');
    await page.click('#where-me');
    const { ward } = await api('/locate?lon=106.7&lat=10.776&accuracy_m=20');
    await page.locator('#where-answer .ward-name', { hasText: ward.name }).waitFor();
    clean(page);
  },

  async 'which ward: near a border the neighbour is named; outside, the reason is'() {
    const answers = [
      { json: { ward: { code: '1', name: 'Phường A' }, body: { id: 'a', name: { vi: 'UBND Phường A', en: 'A' } }, runner_up: { code: '2', name: 'Phường B' }, border_m: 7, certain: false, offshore_m: null } },
      { status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Ngoài thành phố', detail: 'Cách ranh giới 12 km.' }) },
    ];
    const page = await open('/', desktop, (p) => p.route('**/locate?*', (route) => route.fulfill(answers.shift())));
    await settled(page);
    await page.click('#open-where');
    await page.mouse.click(800, 400);
    await page.getByText('gần ranh với Phường B').waitFor();
    await page.mouse.click(800, 300);
    await page.getByText('Cách ranh giới 12 km.').waitFor();
  },

  async 'a report is sent once over a broken link, and stands on the map'() {
    const category = await placedCategory();
    const keys = [];
    const page = await open('/', desktop, (p) =>
      p.route('**/collections/reports/items', async (route) => {
        if (route.request().method() !== 'POST') return route.fallback();
        keys.push(await route.request().headerValue('idempotency-key'));
        if (keys.length > 1) return route.continue();
        // The server takes it, the answer is lost: the worst case.
        await route.fetch();
        return route.abort('connectionreset');
      }),
    );
    await emptySpot(page);
    const title = `Nắp cống bể ${Date.now()}`;
    await page.click('#open-report');
    await fillReport(page, category, title);
    await shot(page, 'report');
    await page.click('#r-send');
    await page.getByText('Mất kết nối khi đang gửi').waitFor();
    await page.locator('#report-problem button').click();
    await page.locator('#done-title').waitFor();
    same(keys.length, 2, 'requests');
    check(keys[0] && keys[0] === keys[1], `keys differ: ${keys}`);
    const id = await page.locator('#report-done dd').first().innerText();
    await standsOnMap(page, id);
    const { features } = await api('/collections/reports/items?limit=100');
    same(features.filter(({ properties }) => properties.title === title).length, 1, 'reports after sending twice');
    await shot(page, 'report-done');
    await page.getByRole('button', { name: 'Xem phản ánh' }).click();
    await page.locator('#card dl').waitFor();
    same(page.faults.filter((fault) => !fault.includes('ERR_CONNECTION_RESET')).length, 0, `faults ${page.faults}`);
  },

  async 'what is wrong with a report is said at its field'() {
    const category = await placedCategory();
    const page = await open('/', desktop, (p) =>
      p.route('**/collections/reports/items', (route) =>
        route.request().method() === 'POST'
          ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Chưa hợp lệ', errors: [{ field: 'properties.title', detail: 'Tiêu đề quá dài.' }] }) })
          : route.fallback(),
      ),
    );
    await settled(page);
    await page.click('#open-report');
    await page.click('#r-send');
    await page.locator('[data-field="properties.category"] .bad').waitFor();
    await fillReport(page, category, 'x');
    await page.click('#r-send');
    await page.locator('[data-field="properties.title"] .bad', { hasText: 'Tiêu đề quá dài.' }).waitFor();
    same(await page.getAttribute('#r-title', 'aria-invalid'), 'true', 'aria-invalid');
    check(await page.evaluate(() => document.activeElement.id === 'r-title'), 'the field has not the focus');
    await shot(page, 'report-errors');
  },

  async 'a report that someone else sends appears when the page is looked at again'() {
    const category = await placedCategory();
    const page = await open();
    await emptySpot(page);
    const { id, properties } = await postAtCentre(page, category, 'Người khác gửi');
    const looking = setInterval(() => page.evaluate(() => dispatchEvent(new Event('focus'))).catch(() => {}), 1_100);
    try {
      await standsOnMap(page, properties.id ?? id);
    } finally {
      clearInterval(looking);
    }
    clean(page);
  },

  async 'reports on one spot are listed when zooming no longer parts them'() {
    const category = await placedCategory();
    const page = await open();
    await emptySpot(page);
    for (const title of ['Cùng chỗ, một', 'Cùng chỗ, hai']) await postAtCentre(page, category, title);
    await page.waitForFunction(() => {
      dispatchEvent(new Event('focus'));
      return window.diaban.map.loaded() && window.diaban.map.queryRenderedFeatures({ layers: ['clusters'] }).some((f) => f.properties.point_count === 2);
    }, null, { polling: 500 });
    const { x, y } = await symbolAt(page, 'clusters');
    await page.mouse.click(x, y);
    await page.getByRole('heading', { name: 'Tại điểm này' }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll('#list li').length === 2);
    clean(page);
  },

  async 'reading the tiles anew does not blink'() {
    const page = await open();
    await rendered(page, 'clusters');
    await settled(page);
    await page.evaluate(() => {
      const { map } = window.diaban;
      window.seen = [];
      window.read = 0;
      const look = () => window.seen.push(map.queryRenderedFeatures({ layers: ['clusters'] }).length);
      look();
      map.on('render', look);
      map.on('sourcedata', (event) => { if (event.sourceId === 'incidents' && event.tile) window.read++; });
    });
    // A tile that stayed the same is not drawn anew: a new report makes sure that one differs.
    await postAtCentre(page, await placedCategory(), 'Làm mới bản đồ');
    await page.waitForFunction(() => {
      dispatchEvent(new Event('focus'));
      return window.read > 0 && window.seen.length > 1 && window.diaban.map.loaded();
    }, null, { polling: 300 });
    const fewest = await page.evaluate(() => Math.min(...window.seen) / window.seen[0]);
    check(fewest > 0.8, `only ${Math.round(fewest * 100)}% of the clusters were on the map meanwhile`);
    clean(page);
  },

  async 'a lost connection is said, leaves map and list as they are, and is found again'() {
    const page = await open();
    await rendered(page, 'clusters');
    await page.locator('#list li').first().waitFor();
    await settled(page);
    const clusters = () => page.evaluate(() => window.diaban.map.queryRenderedFeatures({ layers: ['clusters'] }).length);
    const before = await clusters();
    const trouble = (yes) => page.waitForFunction((wanted) => {
      dispatchEvent(new Event('focus'));
      return document.getElementById('trouble').hidden !== wanted;
    }, yes, { polling: 300 });
    await page.context().setOffline(true);
    await trouble(true);
    await settled(page);
    same(await clusters(), before, 'clusters while the connection is lost');
    check((await page.locator('#list li').count()) > 0, 'the list is gone');
    await page.context().setOffline(false);
    await trouble(false);
    await countAgrees(page, '');
    same(page.faults.filter((fault) => !fault.includes('ERR_INTERNET_DISCONNECTED')).length, 0, `faults ${page.faults}`);
  },

  async 'a category without a place asks for a ward instead'() {
    const category = (await categories()).find(({ place }) => place === 'none');
    if (!category) return;
    const page = await open();
    await page.click('#open-report');
    await page.selectOption('#r-category', category.code);
    await page.waitForFunction(() => document.querySelectorAll('#r-ward option').length > 100);
    check(!(await page.isVisible('#r-place')), 'the place is still asked for');
    clean(page);
  },

  async 'English: the words, the address, and what was typed stays'() {
    const page = await open();
    await page.locator('#list li').first().waitFor();
    await page.click('#open-report');
    await page.fill('#r-title', 'Giữ nguyên');
    await page.click('#lang');
    await page.getByRole('heading', { name: 'Send a report' }).waitFor();
    same(await page.getAttribute('html', 'lang'), 'en', 'language');
    same(await page.inputValue('#r-title'), 'Giữ nguyên', 'title');
    check(new URL(page.url()).searchParams.get('lang') === 'en', page.url());
    const again = await open('/?lang=en');
    await again.getByText(/^[\d,]+ reports$/).first().waitFor();
    await rendered(again, 'clusters');
    await shot(again, 'english');
    clean(page);
    clean(again);
  },

  async 'keyboard: Tab reaches form, filters, list and map, and Enter works in each'() {
    const page = await open();
    await page.locator('#list li').first().waitFor();
    await rendered(page, 'clusters');
    await settled(page);
    const seen = new Set();
    for (let i = 0; i < 60 && !seen.has('map'); i++) {
      await page.keyboard.press('Tab');
      seen.add(await page.evaluate(() => {
        const at = document.activeElement;
        if (at.matches('#map canvas')) return 'map';
        if (at.matches('#list button')) return 'list';
        return at.name === 'status' ? 'status' : at.id || at.closest('details')?.id || at.tagName;
      }));
    }
    for (const stop of ['open-report', 'open-where', 'status', 'category-filter', 'list', 'map']) check(seen.has(stop), `Tab never reaches ${stop}: ${[...seen]}`);
    const { x, y } = await symbolAt(page, 'clusters');
    await page.evaluate(([px, py]) => window.diaban.map.jumpTo({ center: window.diaban.map.unproject([px, py]) }), [x, y]);
    await settled(page);
    const zoom = await page.evaluate(() => window.diaban.map.getZoom());
    await page.keyboard.press('Enter');
    await page.waitForFunction((before) => window.diaban.map.getZoom() > before + 1.9, zoom);
    await page.focus('#open-report');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement.id === 'report-title');
    await page.keyboard.press('Tab');
    same(await page.evaluate(() => document.activeElement.id), 'r-category', 'after the heading');
    clean(page);
  },

  async 'phone: the sheet leaves the map free, nothing is cut, a tap opens a report'() {
    const page = await open('/', phone);
    await rendered(page, 'clusters');
    await page.locator('#list li').first().waitFor();
    await settled(page);
    await shot(page, 'phone');
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the screen');
    const free = await page.evaluate(() => document.getElementById('panel').getBoundingClientRect().top / innerHeight);
    check(free > 0.5, `the sheet leaves ${free} of the screen`);
    const { x, y } = await symbolAt(page, 'clusters');
    const zoom = await page.evaluate(() => window.diaban.map.getZoom());
    await page.touchscreen.tap(x, y);
    await page.waitForFunction((before) => window.diaban.map.getZoom() > before + 1.9, zoom);
    await page.locator('#grip').click();
    same(await page.getAttribute('#panel', 'data-sheet'), 'half', 'sheet');
    // A report that lies under the sheet, or out of sight, is brought to the part of the map that is free.
    const id = await page.getAttribute('#list button', 'data-id');
    const { geometry } = await api(`/collections/reports/items/${id}`);
    await page.evaluate(([[lon, lat], listed]) => {
      window.diaban.map.jumpTo({ center: [lon, lat + 0.1] });
      document.querySelector(`#list [data-id="${listed}"]`).click(); // at once: the list follows the map soon
    }, [geometry.coordinates, id]);
    await page.locator('#card dl').waitFor();
    await page.waitForFunction(() => {
      const pin = document.querySelector('.maplibregl-marker')?.getBoundingClientRect();
      return pin && !window.diaban.map.isMoving() && pin.top > 0 && pin.left > 0 && pin.right < innerWidth && pin.bottom < document.getElementById('panel').getBoundingClientRect().top;
    });
    await settled(page);
    await shot(page, 'phone-card');
    await page.locator('#view-card .back').click();
    await page.locator('#grip').click();
    await page.waitForFunction(() => document.getElementById('panel').offsetHeight === innerHeight);
    await shot(page, 'phone-list');
    await page.locator('#lang').click({ trial: true }); // nothing of the map lies over the sheet
    await page.locator('#open-where').click({ trial: true, position: { x: 150, y: 10 } });
    await page.click('#open-report');
    await page.waitForFunction(() => document.getElementById('panel').offsetHeight < innerHeight * 0.6);
    await shot(page, 'phone-report');
    await page.locator('#r-send').scrollIntoViewIfNeeded();
    await shot(page, 'phone-report-end');
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the form is wider than the screen');
    clean(page);
  },

  async 'without WebGL2 the page says so, and list and form work'() {
    const category = await placedCategory();
    const page = await open('/', desktop, (p) =>
      p.addInitScript(() => {
        const real = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind === 'webgl2' ? null : real.call(this, kind, ...rest);
        };
      }),
    );
    await page.locator('#no-map').waitFor();
    await page.locator('#list li').first().waitFor();
    await shot(page, 'mapless');
    await page.click('#open-report');
    await page.selectOption('#r-category', category.code);
    await page.click('#r-place summary');
    await page.fill('#r-lon', '106.7');
    await page.fill('#r-lat', '10.776');
    await page.press('#r-lat', 'Tab');
    await page.locator('#r-where .ward-name').waitFor();
    clean(page);
  },

  async 'the licence texts are served'() {
    const page = await open();
    await page.getByRole('link', { name: 'Giấy phép phần mềm' }).click();
    const link = await page.getByRole('link', { name: 'maplibre-gl', exact: true }).getAttribute('href');
    const text = await (await page.request.get(base + link)).text();
    check(text.includes('Redistribution and use in source and binary forms'), 'the licence of MapLibre GL JS is not its text');
    clean(page);
  },
};

// ---- running them -------------------------------------------------------------------------------------------------

/** What `work` comes to, or a failure when that takes longer than `ms`. */
async function within(ms, work, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS, timeout: TEST_MS });

/** Leaves a browser without pages for the next test; one that does not answer any more is left for a new one. */
async function tidy() {
  try {
    await within(CLOSE_MS, Promise.all(browser.contexts().map((context) => context.close())), 'closing the pages');
  } catch {
    await within(CLOSE_MS, browser.close(), 'closing the browser').catch(() => {});
    browser = await launch();
  }
}

let passed = 0;
let failed = 0;

function fail(name, error) {
  failed++;
  console.log(`FAIL  ${name}\n      ${String(error?.stack ?? error).replaceAll('\n', '\n      ')}`);
}

async function runAll() {
  const only = process.env.ONLY;
  for (const [name, test] of Object.entries(tests)) {
    if (only && !name.includes(only)) continue;
    const began = Date.now();
    try {
      await within(TEST_MS, test(), 'the test');
      passed++;
      console.log(`ok    ${name} (${Date.now() - began} ms)`);
    } catch (error) {
      fail(name, error);
    }
    await tidy();
  }
}

// Whatever a test that ran out of time still waits for fails when its page closes; that is no news.
process.on('unhandledRejection', () => {});
const began = Date.now();
mkdirSync(shots, { recursive: true });
const demo = process.argv[2] ? null : startDemo();
try {
  base = new URL(process.argv[2] ?? (await within(TEST_MS, demo.address, 'starting the demo'))).origin;
  browser = await launch();
  await within(RUN_MS, runAll(), 'the whole run');
} catch (error) {
  fail('the run', error);
}
await within(CLOSE_MS, Promise.all([browser?.close(), demo?.stop()]), 'closing').catch(() => demo?.kill());
console.log(`in ${Math.round((Date.now() - began) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0); // a browser that did not close ends with its parent
