// Asking whose a place is, and sending reports.
import { api, check, clean, desktop, open, same, settled, shot, symbolAt, until } from './kit.mjs';
import { categories, emptySpot, fillReport, placedCategory, postAtCentre, standsOnMap } from './reports.mjs';

export const tests = {
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
    await until(page, () => window.diaban.map.loaded() && window.diaban.map.queryRenderedFeatures({ layers: ['ward-picked'] }).length > 0);
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
      { json: { ward: { code: '1', name: 'Phường A' }, body: { id: 'a', name: { vi: 'UBND phường A', en: 'A' } }, runner_up: { code: '2', name: 'Phường B' }, border_m: 7, certain: false, offshore_m: null } },
      { status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Ngoài thành phố', detail: 'Cách ranh giới 12 km.' }) },
    ];
    const page = await open('/', desktop, (p) => p.route('**/locate?*', (route) => route.fulfill(answers.shift())));
    await settled(page);
    await page.click('#open-where');
    await page.mouse.click(800, 400);
    await page.getByText('gần ranh giới với Phường B').waitFor();
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

  async 'a report that someone else sends appears by itself, and only its tiles are asked for'() {
    const category = await placedCategory();
    const page = await open();
    const listening = page.waitForResponse(/changes\?zoom=/);
    await emptySpot(page);
    same((await listening).status(), 200, 'the stream');
    await page.evaluate(() => dispatchEvent(new Event('focus'))); // from here on everything is fresh for half a minute
    await settled(page);
    const asked = new Set();
    page.on('request', (request) => /\/tiles\/incidents\/\d/.test(request.url()) && asked.add(request.url()));
    const { id, properties } = await postAtCentre(page, category, 'Người khác gửi');
    await standsOnMap(page, properties.id ?? id);
    check(asked.size >= 1 && asked.size <= 4, `asked for ${[...asked].join(' ')}`);
    clean(page);
  },

  async 'without a stream it appears when the page is looked at again'() {
    const category = await placedCategory();
    const page = await open('/', desktop, (p) => p.route(/changes\?zoom=/, (route) => route.fulfill({ status: 503 })));
    await emptySpot(page);
    const { id, properties } = await postAtCentre(page, category, 'Người khác gửi nữa');
    const looking = setInterval(() => page.evaluate(() => dispatchEvent(new Event('focus'))).catch(() => {}), 1_100);
    try {
      await standsOnMap(page, properties.id ?? id);
    } finally {
      clearInterval(looking);
    }
    same(page.faults.filter((fault) => !fault.includes('503')).length, 0, `faults ${page.faults}`);
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
    await until(page, () => document.querySelectorAll('#list li').length === 2);
    clean(page);
  },

  async 'a category without a place asks for a ward instead'() {
    const category = (await categories()).find(({ place }) => place === 'none');
    if (!category) return;
    const page = await open();
    await page.click('#open-report');
    await page.selectOption('#r-category', category.code);
    await until(page, () => document.querySelectorAll('#r-ward option').length > 100);
    check(!(await page.isVisible('#r-place')), 'the place is still asked for');
    clean(page);
  },
};
