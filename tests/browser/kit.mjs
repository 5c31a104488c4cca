// What the tests of the page share: the demo, the browser, waiting for the map, saying what should hold.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../..');
export const shots = join(here, 'shots');
export const fromWeb = createRequire(join(root, 'web/package.json'));
const { chromium } = fromWeb('playwright-core');
export const WAIT_MS = 60_000; // software rendering on a busy machine is slow; a condition that holds ends the wait at once
export const TEST_MS = 120_000;

/** Where the server answers, and the browser: set once by run.mjs, read by all. */
export let base;
/** The database of the demo, to write past the server; from DIABAN_STORE when the server was there before. */
export let store = process.env.DIABAN_STORE ?? null;
export const exe = process.env.DIABAN_EXE ?? join(root, 'target/debug/diaban');
export let browser;
export const useServer = (address) => { base = address; };
export const useBrowser = (one) => { browser = one; };

/** The server at `address` has its live map: until then it refuses tiles. */
export async function ready(address) {
  const end = Date.now() + WAIT_MS;
  while (!(await fetch(`${address}/readyz`)).ok) {
    if (Date.now() > end) throw new Error('the server does not become ready');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return address;
}

/** Starts the demo; resolves with its address, once it is ready, and a way to stop it. */
export function startDemo() {
  const folder = mkdtempSync(join(tmpdir(), 'diaban-page-'));
  store = `sqlite:${join(folder, 'demo.db')}`;
  const child = spawn(exe, ['demo', '--reports', '5000', '--listen', '127.0.0.1:0', '--store', store], { cwd: root, stdio: ['ignore', 'pipe', openSync(join(shots, 'server.log'), 'w')] });
  const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => rmSync(folder, { recursive: true, force: true }));
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
  return { address: address.then(ready), stop, kill: () => child.kill('SIGKILL') };
}

export const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--use-gl=angle', '--use-angle=swiftshader', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

// Without motion: each frame of a move or a fade is drawn by the processor here.
export const desktop = { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' };
export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, reducedMotion: 'reduce' };
/** As most people have it: moves and fades are drawn. */
export const moving = { ...desktop, reducedMotion: 'no-preference' };

/** A fresh page at `path`. `page.faults` collects console errors, thrown errors and requests to elsewhere. */
export async function open(path = '/', options = desktop, before = async () => {}) {
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
export async function settled(page) {
  await until(page, () => !!window.diaban);
  await page.evaluate((ms) => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('the map does not come to rest')), ms);
    window.diaban.map.once('idle', () => resolve()); // not with the event: it holds the whole map, which would be copied here
    window.diaban.map.triggerRepaint();
  }), WAIT_MS);
}

/** Looks elsewhere at once. Says nothing: what MapLibre answers is the whole map, and copying that takes seconds. */
export const jump = (page, camera) => page.evaluate((to) => { window.diaban.map.jumpTo(to); }, camera);

/** Waits until the page says yes to `question`. Asked ten times a second: at every frame it would keep the map from drawing. */
export const until = (page, question, about) => page.waitForFunction(question, about, { polling: 100 });

export const rendered = (page, layer) =>
  until(page, (l) => {
    try {
      return window.diaban?.map.loaded() && window.diaban.map.queryRenderedFeatures({ layers: [l] }).length > 0;
    } catch {
      return false; // MapLibre throws while a tile is exchanged
    }
  }, layer);

/** A picture for people to look at, once the names on the map have faded in; `fullPage` has what is below the screen, too. */
export async function shot(page, name, fullPage = false) {
  if (await page.evaluate(() => !!window.diaban)) await settled(page);
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage });
}

/** Where a symbol of `layer` stands that can be clicked: clear of the panel and the edges, nearest to the middle. */
export const symbolAt = (page, layer) =>
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

export async function api(path, init) {
  const response = await fetch(base + path, { signal: AbortSignal.timeout(WAIT_MS), ...init, headers: { Accept: 'application/geo+json, application/json', ...init?.headers } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

export const matched = async (filters = '') => (await api(`/collections/reports/items?limit=1${filters}`)).numberMatched;

// ---- saying what should hold --------------------------------------------------------------------------------------

export function check(holds, what) {
  if (!holds) throw new Error(what);
}

export function same(actual, expected, what) {
  check(Object.is(actual, expected), `${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
}

export const clean = (page) => check(page.faults.length === 0, `the page complained: ${page.faults.join(' | ')}`);

/** The count line says what the API says; both are asked until they agree, as reports may arrive in between. */
export async function countAgrees(page, filters) {
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

/** What `work` comes to, or a failure when that takes longer than `ms`. */
export async function within(ms, work, what) {
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

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS, timeout: TEST_MS });
