// Looking at reports: the map, its filters, cards, and what happens when the server is away.
import { api, base, check, clean, countAgrees, desktop, jump, moving, open, rendered, same, settled, shot, symbolAt, until } from './kit.mjs';
import { categories, placedCategory, postAtCentre } from './reports.mjs';

export const tests = {
  async 'the page loads with clusters, a count and a list, and asks nothing of anyone else'() {
    const page = await open('/', moving);
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
    await page.getByRole('radio', { name: 'Đã kết thúc' }).check();
    const closed = await countAgrees(page, '&status=closed');
    check(closed < all, `closed ${closed}, all ${all}`);
    check(new URL(page.url()).searchParams.get('status') === 'closed', page.url());
    await until(page, () => {
      const features = window.diaban.map.loaded() ? window.diaban.map.queryRenderedFeatures({ layers: ['clusters', 'reports'] }) : [];
      return features.length > 0 && features.every((f) => (f.properties.point_count ? f.properties.open === 0 : f.properties.status === 'closed'));
    });
    await until(page, () => document.querySelectorAll('#list .dot').length > 0 && document.querySelectorAll('#list .dot:not(.closed)').length === 0);
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

  async 'an address that names a ward shows that ward alone, and the successors of one that is no more'() {
    const { features } = await api('/collections/wards/items?limit=1&filter=code%3D%2726740%27');
    const [{ id, properties }] = features;
    for (const name of [id, '26740']) {
      const page = await open(`/?ward=${name}`, moving);
      await page.locator('#of-ward', { hasText: properties.name }).waitFor();
      await countAgrees(page, `&ward=${name}`);
      await until(page, () => window.diaban?.map.getZoom() >= 12);
      await page.click('#ward-all');
      await countAgrees(page, '');
      check(!new URL(page.url()).searchParams.has('ward'), page.url());
      clean(page);
    }
    const now = new Set((await api('/collections/wards/items?limit=1000')).features.map((ward) => ward.properties.code));
    const then = (await api('/collections/wards/items?limit=1000&datetime=2025-05-01')).features;
    const former = then.find((ward) => !now.has(ward.properties.code));
    for (const name of [former.properties.code, former.id]) {
      const page = await open(`/?ward=${name}`, moving);
      await page.locator('#of-ward p[lang=vi]', { hasText: 'không còn nữa' }).waitFor();
      await page.locator('#of-ward p[lang=en]', { hasText: 'is no more' }).waitFor();
      const link = page.locator('#of-ward p[lang=en] a').first();
      const heir = await link.textContent();
      await link.click();
      await page.locator('#of-ward', { hasText: `Chỉ ${heir}` }).waitFor();
    }
  },

  async 'a click on a cluster zooms in on it'() {
    const page = await open('/', moving);
    await rendered(page, 'clusters');
    await settled(page);
    const zoom = await page.evaluate(() => window.diaban.map.getZoom());
    const { x, y } = await symbolAt(page, 'clusters');
    await page.mouse.click(x, y);
    await until(page, (before) => window.diaban.map.getZoom() > before + 1.9 && !window.diaban.map.isMoving(), zoom);
    clean(page);
  },

  async 'a click on a single report opens its card'() {
    const page = await open('/#map=16/10.776/106.7');
    const { features } = await api('/collections/reports/items?limit=50');
    let symbol = null;
    for (const { geometry } of features.filter((feature) => feature.geometry)) {
      await settled(page);
      await jump(page, { center: geometry.coordinates, zoom: 17.5 });
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
    await until(again, () => window.diaban?.map.getZoom() >= 16);
    clean(page);
    clean(again);
  },

  async 'a list item opens the same card, and back returns to it'() {
    const page = await open();
    await settled(page);
    await until(page, () => document.getElementById('list-title').textContent === 'Phản ánh trong vùng đang xem');
    // In one step: the list follows the map, so a row that was read before may be another when it is clicked.
    const id = await page.locator('#list button').first().evaluate((row) => {
      row.focus();
      row.click();
      return row.dataset.id;
    });
    await page.locator('#card dl').waitFor();
    same(new URL(page.url()).searchParams.get('report'), id, 'address');
    await page.keyboard.press('Escape');
    await until(page, (wanted) => document.activeElement?.dataset.id === wanted, id);
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

  async 'reading the tiles anew does not blink'() {
    const page = await open('/', moving);
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

  async 'the licence texts are served'() {
    const page = await open();
    await page.getByRole('link', { name: 'Giấy phép phần mềm' }).click();
    const link = await page.getByRole('link', { name: 'maplibre-gl', exact: true }).getAttribute('href');
    const text = await (await page.request.get(base + link)).text();
    check(text.includes('Redistribution and use in source and binary forms'), 'the licence of MapLibre GL JS is not its text');
    clean(page);
  },
};
