// The page for everyone: both languages, keyboard, phone, no WebGL2, and what axe-core finds.
import { readFileSync } from 'node:fs';
import { check, clean, desktop, fromWeb, open, phone, rendered, same, settled, shot, symbolAt, until } from './kit.mjs';
import { placedCategory } from './reports.mjs';

const axe = readFileSync(fromWeb.resolve('axe-core/axe.min.js'), 'utf8');
const everything = 'layers=incidents,alerts,traffic,facilities,wards';

/** Nothing that axe-core calls serious or critical; what it calls lesser is said and passes. */
export async function accessible(page, where) {
  await page.emulateMedia({ reducedMotion: 'reduce' }); // colours change at once
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const words = ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 4).map((node) => node.target.join(' ')).join(', ')}`;
  const grave = found.violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  for (const lesser of found.violations.filter((one) => !grave.includes(one))) console.log(`      axe, ${where}: ${words(lesser)}`);
  check(!grave.length, `axe, ${where}: ${grave.map(words).join(' | ')}`);
}

/** A browser that cannot draw the map. */
const withoutWebGL = (p) =>
  p.addInitScript(() => {
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      return kind === 'webgl2' ? null : real.call(this, kind, ...rest);
    };
  });

/** The address of the picture that shows the map, once it is another than `before`. */
async function pictured(page, before = '') {
  await until(page, (old) => {
    const img = document.querySelector('#still img');
    return img?.complete && img.naturalWidth > 0 && img.src !== old;
  }, before);
  return page.locator('#still img').evaluate((img) => img.src);
}

async function everyPanel(lang, theme) {
  const page = await open(`/?${everything}&lang=${lang}#map=14/10.757565/106.705707`, { ...desktop, colorScheme: theme });
  same(await page.getAttribute('html', 'data-theme'), theme, 'theme');
  await rendered(page, 'clusters');
  for (const list of ['alerts-list', 'list', 'traffic-list', 'facilities-list']) await page.locator(`#${list} li`).first().waitFor();
  await page.locator('#banner .alert').first().waitFor();
  await page.click('#category-filter summary');
  await page.click('#legend summary');
  await accessible(page, `list ${lang}`);
  await page.locator('#facilities-list button').first().click();
  await page.locator('#card dl').waitFor();
  await accessible(page, `facility ${lang}`);
  await page.keyboard.press('Escape');
  await page.locator('#list button').first().click();
  await page.locator('#card dl').waitFor();
  await accessible(page, `report ${lang}`);
  await page.keyboard.press('Escape');
  for (const [button, view] of [['open-near', 'near-list li'], ['open-where', 'where-centre'], ['open-report', 'r-send']]) {
    await page.click(`#${button}`);
    await page.locator(`#${view}`).first().waitFor();
    await accessible(page, `${button} ${lang}`);
    await page.keyboard.press('Escape');
  }
  clean(page);
}

export const tests = {
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
    await page.evaluate((at) => { window.diaban.map.jumpTo({ center: window.diaban.map.unproject(at) }); }, [x, y]);
    await settled(page);
    const zoom = await page.evaluate(() => window.diaban.map.getZoom());
    await page.keyboard.press('Enter');
    await until(page, (before) => window.diaban.map.getZoom() > before + 1.9, zoom);
    await page.focus('#open-report');
    await page.keyboard.press('Enter');
    await until(page, () => document.activeElement.id === 'report-title');
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
    await until(page, (before) => window.diaban.map.getZoom() > before + 1.9, zoom);
    await page.locator('#grip').click();
    same(await page.getAttribute('#panel', 'data-sheet'), 'half', 'sheet');
    // A report that lies under the sheet, or out of sight, is brought to the part of the map that is free.
    // In one step: the list follows the map, so a row that was read before may be gone when it is clicked.
    await page.locator('#list button').first().waitFor();
    await page.evaluate(() => {
      const { lng, lat } = window.diaban.map.getCenter();
      window.diaban.map.jumpTo({ center: [lng, lat + 0.1] });
      document.querySelector('#list button').click();
    });
    await page.locator('#card dl').waitFor();
    await until(page, () => {
      const pin = document.querySelector('.maplibregl-marker')?.getBoundingClientRect();
      return pin && !window.diaban.map.isMoving() && pin.top > 0 && pin.left > 0 && pin.right < innerWidth && pin.bottom < document.getElementById('panel').getBoundingClientRect().top;
    });
    await settled(page);
    await shot(page, 'phone-card');
    await page.locator('#view-card .back').click();
    await page.locator('#grip').click();
    await until(page, () => document.getElementById('panel').offsetHeight === innerHeight);
    await shot(page, 'phone-list');
    await page.locator('#lang').click({ trial: true }); // nothing of the map lies over the sheet
    await page.locator('#open-where').click({ trial: true, position: { x: 150, y: 10 } });
    await page.click('#open-report');
    await until(page, () => document.getElementById('panel').offsetHeight < innerHeight * 0.6);
    await shot(page, 'phone-report');
    await page.locator('#r-send').scrollIntoViewIfNeeded();
    await shot(page, 'phone-report-end');
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the form is wider than the screen');
    clean(page);
  },

  async 'without WebGL2 the map is a picture that moves, and list and form work'() {
    const category = await placedCategory();
    const page = await open('/', desktop, withoutWebGL);
    await page.locator('#no-map').waitFor();
    await page.locator('#list li').first().waitFor();
    const asked = [];
    page.on('request', (request) => request.url().includes('/static/') && asked.push(request.url()));
    const first = await pictured(page);
    await shot(page, 'still');
    // Nearer by a button: the picture, the address and the list follow.
    const [before] = asked.slice(-1);
    await page.getByRole('button', { name: 'Phóng to' }).click();
    const nearer = await pictured(page, first);
    check(/#map=12\//.test(page.url()), page.url());
    check(asked.length > 0 && asked.at(-1) !== before, `nothing was asked for: ${asked}`);
    await page.getByRole('button', { name: 'Lên phía bắc' }).click();
    const north = await pictured(page, nearer);
    // Dragged back by hand.
    await page.mouse.move(900, 300);
    await page.mouse.down();
    await page.mouse.move(900, 120, { steps: 4 });
    await page.mouse.up();
    const dragged = await pictured(page, north);
    // A filter is one of the picture too.
    await page.locator('#filters input[value=closed]').check({ force: true });
    await pictured(page, dragged);
    check(/status=closed/.test(asked.at(-1)), asked.at(-1));
    await shot(page, 'still-closed');
    // While a place is wanted a click names one.
    await page.click('#open-where');
    await page.mouse.click(900, 400);
    await page.locator('#where-answer .ward-name').waitFor();
    await page.keyboard.press('Escape');
    await page.click('#open-report');
    await page.selectOption('#r-category', category.code);
    await page.click('#r-place summary');
    await page.fill('#r-lon', '106.7');
    await page.fill('#r-lat', '10.776');
    await page.press('#r-lat', 'Tab');
    await page.locator('#r-where .ward-name').waitFor();
    check(asked.some((url) => /marker=106\.7%2C10\.776/.test(url)), 'the pin is not on the picture');
    clean(page);
  },

  async 'without WebGL2 a phone has the picture above the list'() {
    const page = await open('/', phone, withoutWebGL);
    await pictured(page);
    await page.locator('#list li').first().waitFor();
    await shot(page, 'still-phone');
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the screen');
    const { width } = await page.locator('#still img').evaluate((img) => ({ width: img.naturalWidth }));
    same(width, 780, 'pixels of the picture, two to each of the screen');
    clean(page);
  },

  async 'without WebGL2 the layers are lists, and near me works'() {
    const page = await open(`/?${everything}`, { ...desktop, geolocation: { longitude: 106.7, latitude: 10.776, accuracy: 15 }, permissions: ['geolocation'] }, withoutWebGL);
    await pictured(page);
    for (const list of ['alerts-list', 'list', 'traffic-list', 'facilities-list']) await page.locator(`#${list} li`).first().waitFor();
    await shot(page, 'still-layers');
    await page.locator('#layer-boxes input[value=traffic]').uncheck();
    check(!(await page.isVisible('#traffic-list')), 'traffic is listed while off');
    await page.locator('#facilities-list button').first().click();
    await page.locator('#card dl').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Hiện danh sách phường, xã' }).click();
    await page.locator('#wards-list button').first().click();
    await page.locator('#where-answer .ward-name').waitFor();
    await page.keyboard.press('Escape');
    await page.click('#open-near');
    await page.locator('#near-list li').first().waitFor();
    await shot(page, 'still-near');
    clean(page);
    const refused = await open('/?lang=en', desktop, withoutWebGL);
    await refused.getByText('This browser cannot draw the live map').waitFor();
    await pictured(refused);
    await refused.click('#open-near');
    await refused.getByText('From the centre of the map.').waitFor();
    await refused.locator('#near-list li').first().waitFor();
    clean(refused);
  },

  async 'a map that cannot be made leaves the rest of the page at work'() {
    const page = await open('/', desktop, (p) => p.route('**/vendor/maplibre-gl.mjs', (route) => route.abort()));
    await page.locator('#no-map').waitFor();
    await pictured(page);
    await page.locator('#list li').first().waitFor();
    await page.locator('#alerts-list li').first().waitFor();
  },

  async 'keyboard: the first Tab leads to the list, and each row of each layer opens with Enter'() {
    const page = await open(`/?${everything}#map=12/10.776/106.7`);
    for (const list of ['list', 'traffic-list', 'facilities-list']) await page.locator(`#${list} li`).first().waitFor();
    await page.keyboard.press('Tab');
    same(await page.evaluate(() => document.activeElement.id), 'skip', 'first stop');
    await page.keyboard.press('Enter');
    check(await page.evaluate(() => document.activeElement.matches('#lists h3')), 'the link does not lead to the list');
    for (const list of ['traffic-list', 'facilities-list']) {
      await page.locator(`#${list} button`).first().focus();
      await page.keyboard.press('Enter');
      await page.locator('#card dl').waitFor();
      await page.keyboard.press('Escape');
    }
    clean(page);
  },

  // A theme is colours and a language is words: each is met with every panel, not with each other.
  ...Object.fromEntries([['vi', 'light'], ['en', 'dark']].map(([lang, theme]) => [`axe-core finds nothing serious: every panel, ${lang}, ${theme}`, () => everyPanel(lang, theme)])),

  async 'axe-core finds nothing serious: on a phone, with a picture for a map, and on the page of licences'() {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(`/?${everything}#map=14/10.757565/106.705707`, { ...phone, colorScheme });
      await rendered(page, 'clusters');
      await accessible(page, `phone, ${colorScheme}`);
      await page.click('#grip');
      await page.click('#grip');
      await settled(page);
      await accessible(page, `phone, full sheet, ${colorScheme}`);
      const still = await open(`/?${everything}`, { ...desktop, colorScheme }, withoutWebGL);
      await still.locator('#facilities-list li').first().waitFor();
      await still.getByRole('button', { name: 'Hiện danh sách phường, xã' }).click();
      await still.locator('#wards-list li').first().waitFor();
      await accessible(still, `still, ${colorScheme}`);
      await accessible(await open('/licences/index.html', { ...desktop, colorScheme }), `licences, ${colorScheme}`);
    }
  },
};
