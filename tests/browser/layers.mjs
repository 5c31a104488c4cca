// The layers around the reports: their switches, their signs on the map, legend, lists, cards, and "near me".
import { api, check, clean, desktop, jump, open, phone, rendered, same, settled, shot, until } from './kit.mjs';

const SIGNS = { incidents: ['clusters'], traffic: ['traffic-line', 'traffic-points'], facilities: ['facilities'], alerts: ['alert-fill', 'alert-signs'], wards: ['ward-names'] };
const everything = '/?layers=incidents,alerts,traffic,facilities,wards';
const box = (page, layer) => page.locator(`#layer-boxes input[value=${layer}]`);
const here = { geolocation: { longitude: 106.7, latitude: 10.776, accuracy: 15 }, permissions: ['geolocation'] };
const now = async (collection, more = '') => (await api(`/collections/${collection}/items?active=true&limit=1${more}`)).features[0];

/** Looks at a place from so near that its sign stands. */
async function lookAt(page, [lon, lat], zoom) {
  await settled(page);
  await jump(page, { center: [lon, lat], zoom });
  await settled(page);
}

/** One test a layer: its signs stand from afar, the first of them near too. */
const drawn = Object.fromEntries(Object.entries(SIGNS).map(([layer, signs]) => [`the layer ${layer} is drawn, from afar and near, without a complaint`, async () => {
  const lines = layer === 'traffic' || layer === 'alerts';
  const found = lines ? (await api(`/collections/${layer}/items?active=true&severity=severe&limit=100`)).features.find(({ geometry }) => geometry.type !== 'Point') : null;
  const page = await open(`/?layers=${layer}`);
  for (const zoom of [11, 15]) {
    const [lon, lat] = found && (zoom === 15 || layer === 'alerts') ? found.geometry.coordinates.flat(3) : [106.7, 10.776];
    await lookAt(page, [lon, lat], zoom);
    for (const sign of zoom === 11 ? signs : signs.slice(0, 1)) await rendered(page, sign === 'ward-names' && zoom === 15 ? 'ward-lines' : sign);
    await shot(page, `layer-${layer}-${zoom}`);
  }
  clean(page);
}]));

export const tests = {
  ...drawn,

  async 'a switch shows and hides its layer on the map, in the legend, in the list and in the address'() {
    const page = await open('/#map=12/10.776/106.7');
    await rendered(page, 'clusters');
    same(await page.locator('#legend [data-layer=traffic]').count(), 0, 'traffic in the legend while off');
    check(!(await page.isVisible('#traffic-list')), 'traffic is listed while off');
    await box(page, 'traffic').check();
    await rendered(page, 'traffic-line');
    same(new URL(page.url()).searchParams.get('layers'), 'incidents,alerts,traffic,wards', 'address');
    await page.click('#legend summary');
    await page.locator('#legend [data-layer=traffic]', { hasText: 'Rất nặng' }).waitFor();
    await page.locator('#traffic-list li').first().waitFor();
    await box(page, 'incidents').uncheck();
    await until(page, () => window.diaban.map.queryRenderedFeatures({ layers: ['clusters', 'reports'] }).length === 0);
    check(!(await page.isVisible('#list')) && !(await page.isVisible('#filters')), 'reports are listed or filtered while off');
    const again = await open(new URL(page.url()).search);
    await rendered(again, 'traffic-line');
    check(!(await box(again, 'incidents').isChecked()), 'the address does not turn the reports off');
    for (const layer of ['alerts', 'traffic', 'wards']) await box(page, layer).uncheck();
    same(new URL(page.url()).searchParams.get('layers'), 'none', 'address with nothing on');
    await page.getByText('Chưa bật lớp nào').waitFor();
    clean(page);
    clean(again);
  },

  async 'all layers together, on a desk and on a phone, in English too'() {
    for (const [name, options] of [['desktop', desktop], ['phone', phone]]) {
      const page = await open(`${everything}&lang=en#map=12/10.77/106.69`, options);
      for (const sign of ['clusters', 'traffic-line']) await rendered(page, sign);
      await page.click('#legend summary');
      await page.locator('#legend [data-layer=facilities]', { hasText: 'Hospital' }).waitFor();
      check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the screen');
      await shot(page, `layers-${name}`);
      clean(page);
    }
  },

  async 'a kind narrows the map, the legend and the list'() {
    const page = await open('/?layers=facilities#map=13/10.776/106.7');
    await page.locator('#kind-facilities option[value=hospital]').waitFor({ state: 'attached' });
    await page.selectOption('#kind-facilities', 'hospital');
    same(new URL(page.url()).searchParams.get('facility'), 'hospital', 'address');
    await until(page, () => {
      const { map } = window.diaban;
      try {
        const features = map.loaded() ? map.queryRenderedFeatures({ layers: ['facilities'] }) : [];
        return features.length > 0 && features.every((f) => f.properties.kind === 'hospital');
      } catch {
        return false; // MapLibre throws while a tile is exchanged
      }
    });
    same(await page.locator('#legend [data-layer=facilities] li').count(), 1, 'kinds in the legend');
    const { numberMatched } = await api(`/collections/facilities/items?limit=1&kind=hospital`);
    await page.locator('#list-box').uncheck();
    await page.locator('#facilities-note', { hasText: String(numberMatched) }).waitFor();
    const again = await open('/?layers=facilities&facility=nonsense');
    await rendered(again, 'facilities');
    clean(page);
    clean(again);
  },

  async 'a click on a facility opens its card, a link opens it again'() {
    const { geometry, id, properties } = (await api('/collections/facilities/items?kind=public_office&limit=1')).features[0];
    const page = await open('/?layers=facilities,wards');
    await lookAt(page, geometry.coordinates, 17);
    const { x, y } = await page.evaluate((at) => window.diaban.map.project(at), geometry.coordinates);
    await page.mouse.click(x, y);
    await page.locator('#card dl').waitFor();
    same(await page.locator('#card-title').innerText(), properties.name_vi, 'heading');
    check((await page.locator('#card').innerText()).includes('T2–T6 07:30–11:30, 13:00–17:00'), 'the opening hours are not in words');
    same(new URL(page.url()).searchParams.get('feature'), `facilities.${id}`, 'address');
    await shot(page, 'card-facility');
    const again = await open(`/?feature=facilities.${id}&lang=en`);
    await again.locator('#card-title', { hasText: properties.name_en }).waitFor();
    await again.locator('.maplibregl-marker').waitFor();
    clean(page);
    clean(again);
  },

  async 'a click on an alert opens its card with the time it is in force'() {
    const { geometry, properties } = await now('alerts', '&severity=severe');
    const page = await open('/?layers=alerts');
    const ring = geometry.type === 'Polygon' ? geometry.coordinates[0] : geometry.coordinates[0][0];
    await lookAt(page, ring[0], 16);
    const inside = await page.evaluate((corner) => {
      const { map } = window.diaban;
      const { x, y } = map.project(corner);
      const turns = Array.from({ length: 16 }, (_, i) => [x + 25 * Math.cos((i * Math.PI) / 8), y + 25 * Math.sin((i * Math.PI) / 8)]);
      return turns.find((at) => map.queryRenderedFeatures(at, { layers: ['alert-fill'] }).length);
    }, ring[0]);
    await page.mouse.click(...inside);
    await page.locator('#card-title', { hasText: properties.headline_vi }).waitFor();
    await page.locator('#card dt', { hasText: 'Hiệu lực' }).waitFor();
    await shot(page, 'card-alert');
    clean(page);
  },

  async 'what a feature says stays text, a phone number can be called, a script is no link'() {
    const properties = { kind: 'hospital', name_vi: '<img src=x onerror=document.title=1>', phone: '028 3855 4137; 115', website: 'javascript:alert(1)', opening_hours: '24/7', wards: [], updated_at: '2026-01-01T00:00:00Z' };
    const page = await open('/?feature=facilities.7', desktop, (p) =>
      p.route('**/collections/facilities/items/7', (route) => route.fulfill({ json: { type: 'Feature', id: 7, geometry: { type: 'Point', coordinates: [106.7, 10.776] }, properties } })),
    );
    await page.locator('#card dl').waitFor();
    same(await page.locator('#card img').count(), 0, 'images on the card');
    same((await page.locator('#card a').evaluateAll((all) => all.map((a) => a.getAttribute('href')))).join(' '), 'tel:02838554137 tel:115', 'links');
    check((await page.locator('#card').innerText()).includes('Mở cửa 24/7'), 'opening hours');
    clean(page);
  },

  async 'near me: the position of the device, a list that the server made, and the choice on the map'() {
    const page = await open('/', { ...desktop, ...here });
    await settled(page);
    await page.click('#open-near');
    await page.locator('#near-list li').first().waitFor();
    const { features } = await api('/nearest?lon=106.7&lat=10.776&kind=hospital&limit=12');
    same(await page.locator('#near-list li').count(), features.length, 'places');
    same(await page.locator('#near-list button').first().getAttribute('data-id'), String(features[0].id), 'the nearest');
    await page.selectOption('#near-kind', 'pharmacy');
    await until(page, () => window.diaban.map.loaded() && window.diaban.map.queryRenderedFeatures({ layers: ['near-found'] }).some((f) => f.properties.kind === 'pharmacy'));
    await shot(page, 'near');
    const chosen = page.locator('#near-list button').first();
    const id = await chosen.getAttribute('data-id');
    await chosen.click();
    await page.locator('#card dt', { hasText: 'Khoảng cách' }).waitFor();
    await page.locator('.maplibregl-marker').waitFor();
    await page.keyboard.press('Escape');
    await until(page, (wanted) => document.activeElement?.dataset.id === wanted, id);
    clean(page);
  },

  async 'near me: the centre of the map when the position is refused'() {
    const page = await open('/#map=14/10.776/106.7', phone);
    await settled(page);
    await page.click('#open-near');
    await page.getByText('Tính từ tâm bản đồ.').waitFor();
    await page.locator('#near-list li').first().waitFor();
    await shot(page, 'near-phone');
    clean(page);
  },
};
