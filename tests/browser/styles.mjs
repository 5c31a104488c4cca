// How the map looks: two themes, the styles as other clients draw them, a basemap below, clusters that stand still.
import { api, base, check, clean, desktop, jump, moving, open, phone, rendered, same, settled, shot, until } from './kit.mjs';
import { placedCategory } from './reports.mjs';

const everything = '/?layers=incidents,alerts,traffic,facilities,wards';
const THEMES = ['light', 'dark'];
const VIEWS = [
  ['a desk', desktop, [[10, 10.776, 106.7, 'clusters'], [13, 10.776, 106.7, 'clusters'], [16, 10.7755, 106.699, 'facilities']]],
  ['a phone', phone, [[11, 10.776, 106.7, 'clusters']]],
];
const water = { light: '#cfdfe4', dark: '#0f2a37' };
const ground = (page) => page.evaluate(() => window.diaban.map.getPaintProperty('water', 'background-color'));

/** A page of somebody else's at this origin: MapLibre and a script, nothing of ours. */
async function bare(script, asked = []) {
  return open('/bare', desktop, async (page) => {
    page.on('response', (response) => asked.push([new URL(response.url()).pathname, response.status()]));
    await page.route('**/bare', (route) => route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><link rel="icon" href="data:,"><link rel="stylesheet" href="/assets/vendor/maplibre-gl.css">
<style>body { margin: 0; } #map { position: absolute; inset: 0; }</style><div id="map"></div>
<script type="module">
import * as maplibregl from '/assets/vendor/maplibre-gl.mjs';
maplibregl.setWorkerUrl('/assets/vendor/maplibre-gl-worker.mjs');
const rest = { refreshExpiredTiles: false }; // tiles are good for a second: read anew each time, the map would never come to rest
${script}
window.diaban = { map };
</script>`,
    }));
  });
}

/** The layers of MapLibre's example "create and style clusters" as they stand there, with the name of the layer in the tile. */
const stockLayers = (layer) => [
  {
    id: 'clusters', type: 'circle', source: 'earthquakes', 'source-layer': layer, filter: ['has', 'point_count'],
    paint: {
      'circle-color': ['step', ['get', 'point_count'], '#51bbd6', 100, '#f1f075', 750, '#f28cb1'],
      'circle-radius': ['step', ['get', 'point_count'], 20, 100, 30, 750, 40],
    },
  },
  {
    id: 'cluster-count', type: 'symbol', source: 'earthquakes', 'source-layer': layer, filter: ['has', 'point_count'],
    layout: { 'text-field': '{point_count_abbreviated}', 'text-font': ['Noto Sans Regular', 'Be Vietnam Pro Regular'], 'text-size': 12 },
  },
  {
    id: 'unclustered-point', type: 'circle', source: 'earthquakes', 'source-layer': layer, filter: ['!', ['has', 'point_count']],
    paint: { 'circle-color': '#11b4da', 'circle-radius': 4, 'circle-stroke-width': 1, 'circle-stroke-color': '#fff' },
  },
];

export const tests = {
  async 'the theme follows the system, the switch overrules it, and that stays'() {
    const page = await open(everything, { ...desktop, colorScheme: 'dark' });
    await rendered(page, 'clusters');
    same(await page.getAttribute('html', 'data-theme'), 'dark', 'theme');
    same(await ground(page), water.dark, 'water');
    same(await page.getAttribute('#theme', 'aria-pressed'), 'true', 'pressed');
    await shot(page, 'dark');
    await page.click('#theme');
    await until(page, (colour) => window.diaban.map.getPaintProperty('water', 'background-color') === colour, water.light);
    await rendered(page, 'clusters');
    await page.reload();
    await rendered(page, 'clusters');
    same(await page.getAttribute('html', 'data-theme'), 'light', 'theme after a reload');
    same(await ground(page), water.light, 'water after a reload');
    await page.click('#theme');
    await page.emulateMedia({ colorScheme: 'light' });
    await until(page, () => document.documentElement.dataset.theme === 'light'); // it follows the system again
    clean(page);
  },

  async 'switches, filters and the chosen ward outlive a change of theme and language'() {
    const page = await open('/?layers=incidents,facilities&facility=hospital&status=open');
    await rendered(page, 'clusters');
    await page.locator('#kind-facilities option[value=hospital]').waitFor({ state: 'attached' });
    const state = () => page.evaluate(() => {
      const { layers, sources } = window.diaban.map.getStyle();
      const seen = layers.filter(({ layout }) => layout?.visibility === 'none').map(({ id }) => id);
      return JSON.stringify([seen, sources.facilities.tiles, sources.incidents.tiles]);
    });
    const before = await state();
    check(before.includes('kind=hospital') && before.includes('status=open') && before.includes('ward-names'), before);
    await page.click('#theme');
    await page.click('#lang');
    await until(page, ([colour]) => {
      const { map } = window.diaban;
      return map.getPaintProperty('water', 'background-color') === colour && JSON.stringify(map.getLayoutProperty('facilities', 'text-field')).includes('"en","en"');
    }, [water.dark]);
    same(await state(), before, 'state');
    await rendered(page, 'clusters');
    clean(page);
  },

  ...Object.fromEntries(THEMES.flatMap((theme) => VIEWS.map(([where, device, views]) => [`the ${theme} style on ${where}`, async () => {
    const [[first, south, west]] = views;
    const page = await open(`${everything}#map=${first}/${south}/${west}`, { ...device, colorScheme: theme });
    await settled(page);
    for (const [zoom, lat, lon, layer] of views) {
      await jump(page, { center: [lon, lat], zoom });
      await rendered(page, layer);
      await shot(page, `style-${theme}-${zoom}`);
    }
    clean(page);
  }]))),

  ...Object.fromEntries(THEMES.map((theme) => [`the ${theme} style as a client draws it that knows nothing of the page`, async () => {
    const asked = [];
    const page = await bare(`const map = new maplibregl.Map({ container: 'map', style: '/styles/${theme}.json?lang=en', center: [106.7, 10.776], zoom: 12.5, ...rest });`, asked);
    for (const layer of ['clusters', 'ward-names', 'traffic-line', 'alert-signs']) await rendered(page, layer);
    await settled(page);
    await shot(page, `client-${theme}`);
    for (const part of ['/fonts/Be%20Vietnam%20Pro%20SemiBold/7680-7935.pbf', `/sprites/${theme}.png`, `/sprites/${theme}.json`]) {
      check(asked.some(([path, status]) => path === part && status === 200), `${part} was not read: ${asked.filter(([path]) => !path.startsWith('/tiles'))}`);
    }
    clean(page);
  }])),

  async "MapLibre's stock cluster example, with another source"() {
    const page = await bare(`
const map = new maplibregl.Map({ container: 'map', style: { version: 8, glyphs: location.origin + '/fonts/{fontstack}/{range}.pbf', sources: {}, layers: [] }, center: [106.7, 10.776], zoom: 9, ...rest });
map.on('load', () => {
  map.addSource('earthquakes', { type: 'vector', url: '/tiles/incidents.json' });
  for (const layer of ${JSON.stringify(stockLayers('incidents'))}) map.addLayer(layer);
  map.on('click', 'clusters', (e) => {
    const features = map.queryRenderedFeatures(e.point, { layers: ['clusters'] });
    map.easeTo({ center: features[0].geometry.coordinates, zoom: map.getZoom() + 2 });
  });
});`);
    for (const layer of ['clusters', 'cluster-count']) await rendered(page, layer);
    await settled(page);
    await shot(page, 'stock-clusters');
    const clusters = await page.evaluate(() => {
      const { map } = window.diaban;
      return map.queryRenderedFeatures({ layers: ['clusters'] }).map(({ properties, geometry }) => ({ ...properties, at: map.project(geometry.coordinates) }));
    });
    for (const one of clusters) {
      check(one.cluster === true && one.cluster_id > 0 && one.point_count > 1 && String(one.point_count_abbreviated).length < 6, JSON.stringify(one));
    }
    const { at } = clusters.sort((a, b) => b.point_count - a.point_count)[0];
    await page.mouse.click(at.x, at.y);
    await until(page, () => window.diaban.map.getZoom() > 10.9);
    await rendered(page, 'clusters');
    clean(page);
  },

  async 'clusters stand still while their tiles are read anew, and when one of them grows'() {
    const { code } = await placedCategory();
    const page = await open('/#map=13/10.776/106.7', moving);
    await rendered(page, 'clusters');
    await settled(page);
    const { frames, grown, worst } = await page.evaluate(async (category) => {
      const { map } = window.diaban;
      const canvas = map.getCanvas();
      const gl = canvas.getContext('webgl2');
      const ratio = canvas.width / canvas.clientWidth;
      const { left } = map.getPadding();
      const spots = map.queryRenderedFeatures({ layers: ['clusters'] }).filter(({ properties }) => properties.point_count >= 20 && properties.point_count < 90)
        .map(({ geometry, properties }) => ({ ...map.project(geometry.coordinates), coordinates: geometry.coordinates, count: properties.point_count }))
        .filter(({ x, y }) => x > left + 30 && x < canvas.clientWidth - 70 && y > 30 && y < canvas.clientHeight - 60);
      // Below the number, inside the disc.
      const look = () => spots.map(({ x, y }) => {
        const pixel = new Uint8Array(4);
        gl.readPixels(Math.round(x * ratio), Math.round(canvas.height - (y + 10) * ratio), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
        return [...pixel];
      });
      const seen = [];
      map.on('render', () => seen.push(look()));
      const [one] = spots;
      const geometry = { type: 'Point', coordinates: one.coordinates };
      const body = JSON.stringify({ type: 'Feature', geometry, properties: { category, title: 'Đứng yên' } });
      const answer = await fetch('/collections/reports/items', { method: 'POST', headers: { 'content-type': 'application/geo+json' }, body });
      const grown = () => map.queryRenderedFeatures([one.x, one.y], { layers: ['clusters'] })[0]?.properties.point_count > one.count;
      for (let turn = 0; turn < 20 && !grown(); turn++) {
        map.refreshTiles('incidents');
        map.triggerRepaint();
        await new Promise((resolve) => map.once('idle', resolve));
      }
      const off = (frame) => Math.max(0, ...frame.flatMap((pixel, i) => pixel.map((value, j) => Math.abs(value - seen[0][i][j]))));
      return { frames: seen.length, grown: answer.ok && grown(), worst: Math.max(...seen.map(off)) };
    }, code);
    check(grown, 'the cluster did not grow');
    check(frames >= 2 && worst <= 8, `a disc changed by ${worst} of 255 in ${frames} frames`);
    clean(page);
  },

  async "a basemap of others lies below, with its own pictures"() {
    const foreign = {
      version: 8,
      sprite: './sprites/dark',
      glyphs: 'https://nowhere.example/{fontstack}/{range}.pbf',
      sources: { land: { type: 'geojson', data: { type: 'Point', coordinates: [106.7, 10.776] } }, tiles: { type: 'vector', tiles: ['../tiles/wards/{z}/{x}/{y}.mvt'] } },
      layers: [
        { id: 'ground', type: 'background', paint: { 'background-color': '#dceadc' } },
        { id: 'wards', type: 'line', source: 'tiles', 'source-layer': 'wards', paint: { 'line-color': '#00aa00' } },
        { id: 'pin', type: 'symbol', source: 'land', layout: { 'icon-image': ['step', ['zoom'], 'report-open', 22, 'none'], 'icon-allow-overlap': true } },
      ],
    };
    const page = await open('/#map=13/10.776/106.7', desktop, async (p) => {
      await p.route('**/styles/light.json*', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), metadata: { 'diaban:basemap-style': `${base}/foreign/style.json` } } });
      });
      await p.route('**/foreign/style.json', (route) => route.fulfill({ json: foreign }));
      await p.route('**/foreign/sprites/*', async (route) => route.fulfill({ response: await route.fetch({ url: route.request().url().replace('/foreign', '') }) }));
    });
    await rendered(page, 'clusters');
    await rendered(page, 'basemap-wards');
    await rendered(page, 'basemap-pin');
    const style = await page.evaluate(() => window.diaban.map.getStyle());
    same(style.layers[0].id, 'basemap-ground', 'the lowest layer');
    same(style.layers.find(({ id }) => id === 'wards').paint['fill-opacity'], 0, 'the tint of the wards');
    same(style.sources['basemap-tiles'].tiles[0], `${base}/tiles/wards/{z}/{x}/{y}.mvt`, 'tiles');
    await shot(page, 'basemap-style');
    clean(page);
  },

  async 'the page goes on without the basemap of others when that does not answer'() {
    const page = await open('/', desktop, async (p) => {
      await p.route('**/styles/light.json*', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), metadata: { 'diaban:basemap-style': `${base}/healthz/none` } } });
      });
    });
    await rendered(page, 'clusters');
    same(await ground(page), water.light, 'water');
    check(page.faults.every((fault) => fault.includes('404')), page.faults.join());
    check((await api('/healthz')) !== null, 'the server lives');
  },
};
