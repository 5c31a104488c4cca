// The map: its layers, what a click means, where it looks. What happens then is for app.js to say.
import { CENTRE, REACH, firstZoom } from './city.js';
import { $ } from './dom.js';
import { NOTHING, pageStyle, switched } from './style.js';
import { lang, onLang, t } from './i18n.js';
import { PICKED } from './palette.js';
import { onTheme, pick, theme } from './theme.js';

export const DEEPEST_TILES = 18;
export const SHALLOWEST = 7;
export const CLICK_PX = 6; // a finger is not a needle
const HOLD_MS = 600;
const LIVE = ['incidents', 'alerts', 'traffic', 'facilities'];
const NAME_ZOOM = 13; // from here on the name of the ward in the middle may well be out of sight
const AGAIN_MS = 5_000; // until the style is asked for again

/** What a click may mean besides a report, nearest the eye first. */
const TOUCHED = {
  'near-found': 'facilities', 'traffic-points': 'traffic', 'traffic-marks': 'traffic', facilities: 'facilities',
  'alert-signs': 'alerts', 'alert-labels': 'alerts', 'traffic-line': 'traffic', 'traffic-casing': 'traffic', 'alert-fill': 'alerts',
};

export const hasWebGL2 = () => !!document.createElement('canvas').getContext('webgl2');

/**
 * Makes the map in #map. `queryOf(layer)` is the filter of a layer, `isOn(layer)` whether it is seen. `on` are the
 * callbacks: `move(padding)` (true when only the padding moved), `report(id)`, `feature(collection, id)` for one of the
 * city's layers, `place(bbox)` for a cluster that cannot open further, `point({lon, lat})` for a click while pointing and for a long press at any time, `approximate()`, `trouble(yes)`.
 */
export async function createMap(queryOf, isOn, on) {
  const reader = { tiles: (layer) => tiles(layer, queryOf(layer)), isOn, ward: '', near: NOTHING };
  const [maplibregl, style] = await Promise.all([import('./vendor/maplibre-gl.mjs'), readStyle(reader, on.trouble), fonts()]);
  maplibregl.setWorkerUrl(new URL('./vendor/maplibre-gl-worker.mjs', import.meta.url).href);
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = new maplibregl.Map({
    container: 'map',
    style,
    center: CENTRE,
    zoom: firstZoom(),
    minZoom: SHALLOWEST,
    maxZoom: 20,
    maxBounds: REACH,
    hash: 'map',
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0, // otherwise a cluster whose number changes is gone until MapLibre places symbols again, up to that long
    refreshExpiredTiles: false, // refresh() below does it, for all tiles at once
    // What changes is asked for with its ETag each time: 304 costs little, and no cache in between shows an old map.
    transformRequest: (url) => (url.startsWith(`${location.origin}/tiles/`) && !url.includes('/tiles/wards/') ? { url, cache: 'no-cache' } : { url }),
    locale: { 'Map.Title': t('map.keys'), 'NavigationControl.ZoomIn': t('map.in'), 'NavigationControl.ZoomOut': t('map.out'), 'Marker.Title': t('place.pin') },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), 'bottom-right');
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 90 }), 'bottom-left');
  if (Object.keys(style.sources).some((id) => id.startsWith('basemap'))) map.addControl(new maplibregl.AttributionControl({ compact: true }), 'bottom-right');

  let pointing = false;
  let marker = null;
  let padding = { top: 0, right: 0, bottom: 0, left: 0 };
  let goal = null; // where the move under way ends, so that a change of padding meanwhile does not end it early
  let wardsLost = false;
  let elsewhere = false; // whether tiles that are kept out of sight may be old

  function ease(target, options, data) {
    map.easeTo({ ...target, padding, ...options }, data);
    goal = map.isMoving() ? target : null;
  }

  let styles = 0; // how often another style was asked for: only the last counts
  async function restyle() {
    const mine = ++styles;
    const next = await readStyle(reader, on.trouble);
    if (mine === styles) map.setStyle(next, { diff: true });
  }
  onLang(restyle);
  onTheme(restyle);
  map.on('moveend', (event) => {
    goal = null;
    if (elsewhere) map.refreshTiles('incidents');
    elsewhere = false;
    on.move(!!event.padding);
  });
  map.on('click', (event) => {
    if (pointing) return on.point(lonLat(event.lngLat));
    act(nearest(event.point, CLICK_PX), event.point, CLICK_PX);
  });
  for (const layer of ['clusters', 'reports', ...Object.keys(TOUCHED).filter((id) => id !== 'alert-fill')]) {
    map.on('mouseenter', layer, () => { if (!pointing) map.getCanvas().style.cursor = 'pointer'; });
    map.on('mouseleave', layer, () => { map.getCanvas().style.cursor = pointing ? 'crosshair' : ''; });
  }
  map.getCanvas().addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    if (pointing) on.point(lonLat(map.getCenter()));
    else {
      const middle = map.project(map.getCenter());
      act(nearest(middle, 40), middle, 40);
    }
  });
  onLongPress(map, (lngLat) => on.point(lonLat(lngLat)));

  map.on('error', ({ error, sourceId }) => {
    if (sourceId === 'wards') wardsLost = true;
    if (error instanceof maplibregl.AJAXError || error instanceof TypeError) on.trouble(true);
    else console.error(error);
  });
  map.on('idle', () => {
    const [ward] = map.getZoom() >= NAME_ZOOM ? seen(map.project(map.getCenter()), { layers: ['wards'] }) : [];
    $('here').hidden = !ward;
    $('here').textContent = ward?.properties.name ?? '';
  });
  map.on('sourcedata', (event) => {
    if (!event.tile) return;
    if (LIVE.includes(event.sourceId)) on.trouble(false);
    if (event.sourceId === 'wards' && map.querySourceFeatures('wards', { sourceLayer: 'wards', filter: ['==', ['get', 'approximate'], true] }).length) {
      on.approximate();
    }
  });

  /** Features on the screen. While a tile is exchanged MapLibre may look for those of the old one in the new, and throws. */
  function seen(where, { layers }) {
    try {
      return map.queryRenderedFeatures(where, { layers: layers.filter((id) => map.getLayer(id)) }); // a city may not have them all
    } catch (error) {
      if (error instanceof TypeError) throw error;
      return [];
    }
  }

  /** MapLibre does not ask again for a tile that is under way: what is read anew meanwhile is read once more at rest. */
  function surely(layer, read, again = () => map.refreshTiles(layer)) {
    const busy = !map.isSourceLoaded(layer);
    read();
    if (busy) map.once('idle', again);
  }

  /** The report or cluster nearest to a point of the screen, within `reach` pixels of its symbol. */
  function nearest(point, reach) {
    const box = [[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]];
    const far = (feature) => {
      const at = map.project(feature.geometry.coordinates);
      return Math.hypot(at.x - point.x, at.y - point.y);
    };
    return seen(box, { layers: ['clusters', 'reports'] }).sort((a, b) => far(a) - far(b))[0];
  }

  /** A feature of the city's layers under a point, the topmost sign first; an area only right under it. */
  function touched(point, reach) {
    const around = [[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]];
    const signs = seen(around, { layers: Object.keys(TOUCHED).filter((id) => id !== 'alert-fill') });
    return signs[0] ?? seen(point, { layers: ['alert-fill'] })[0];
  }

  function act(feature, point, reach) {
    if (!feature) {
      const other = touched(point, reach);
      if (other) on.feature(TOUCHED[other.layer.id], other.properties.id ?? other.id);
      return;
    }
    const center = feature.geometry.coordinates;
    if (!feature.properties.point_count) return on.report(feature.properties.id ?? feature.id);
    const zoom = map.getZoom();
    if (zoom < DEEPEST_TILES) return ease({ center, zoom: Math.min(zoom + 2, DEEPEST_TILES) });
    // Many reports on one spot never come apart by zooming: list those the symbol stands for.
    const at = map.project(center);
    const size = 40 * 2 ** (zoom - DEEPEST_TILES);
    on.place(box(at.x - size, at.y - size, at.x + size, at.y + size));
  }

  function box(left, top, right, bottom) {
    const a = map.unproject([left, bottom]);
    const b = map.unproject([right, top]);
    return [a.lng, a.lat, b.lng, b.lat];
  }

  return {
    map,
    /** The part of the map that no panel covers, as [west, south, east, north]. */
    bounds() {
      const { left, top, right, bottom } = map.getPadding();
      const { clientWidth: width, clientHeight: height } = map.getContainer();
      return box(left, top, Math.max(width - right, left + 1), Math.max(height - bottom, top + 1));
    },
    centre: () => lonLat(map.getCenter()),
    /** Asks for the tiles of a layer with the filter it has now. */
    setFilters(layer) {
      const source = map.getSource(layer);
      if (!source) return map.once('load', () => this.setFilters(layer));
      const wanted = tiles(layer, queryOf(layer));
      if (source.tiles?.[0] !== wanted) surely(layer, () => source.setTiles([wanted]));
    },
    /** Shows or hides what a layer's switch is for. */
    showLayer(layer) {
      if (!map.getLayer('reports')) return map.once('load', () => this.showLayer(layer));
      for (const { id } of switched(map.getStyle().layers, layer)) map.setLayoutProperty(id, 'visibility', isOn(layer) ? 'visible' : 'none');
    },
    /** Stands the answers of "near me" on the map, and the place they are near to. */
    showNear(at, features) {
      const point = ({ lon, lat }, properties) => ({ type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties });
      const found = features.map(({ id, geometry, properties: { kind } }) => ({ type: 'Feature', geometry, properties: { id, kind } }));
      // The nearest few in sight: the rest may be far.
      const few = [...(at ? [[at.lon, at.lat]] : []), ...found.slice(0, 5).map(({ geometry }) => geometry.coordinates)];
      const camera = few.length > 1 && map.cameraForBounds(few.reduce((all, one) => all.extend(one), new maplibregl.LngLatBounds()), { padding: { top: 90, right: 45, bottom: 45, left: 45 }, maxZoom: 16 });
      if (camera) ease({ center: camera.center, zoom: camera.zoom });
      reader.near = { type: 'FeatureCollection', features: [...(at ? [point(at, { me: true })] : []), ...found] };
      map.getSource('near')?.setData(reader.near);
    },
    /** Reads tiles anew: of one layer, or of all that change and are seen. */
    refresh(only) {
      for (const layer of only ? [only] : LIVE) if (isOn(layer) && map.getSource(layer)) surely(layer, () => map.refreshTiles(layer));
      if (wardsLost) map.refreshTiles('wards');
      wardsLost = false;
    },
    /** Reads the tiles of reports anew that the server names; what is not in sight, when the map is moved there. */
    renew(names) {
      if (!isOn('incidents') || !map.getSource('incidents')) return;
      const named = names.map((name) => name.split('/').map(Number)).map(([z, x, y]) => ({ z, x, y }));
      const read = () => map.refreshTiles('incidents', named);
      surely('incidents', read, read);
      elsewhere = true;
    },
    pad(next) {
      padding = next;
      ease(goal, { duration: still || !map.isStyleLoaded() ? 0 : 200 }, { padding: true });
    },
    go: ({ lon, lat }, zoom = 16) => ease({ center: [lon, lat], zoom: Math.max(map.getZoom(), zoom) }),
    /** Brings a point into sight that the panel covers or that lies outside; one in sight stays where it is. */
    reveal({ lon, lat }) {
      const { x, y } = map.project([lon, lat]);
      const { clientWidth: width, clientHeight: height } = map.getContainer();
      const inSight = x > padding.left + 30 && x < width - padding.right - 30 && y > padding.top + 60 && y < height - padding.bottom - 30;
      if (!inSight) ease({ center: [lon, lat] });
    },
    setPointing(yes) {
      pointing = yes;
      $('stage').classList.toggle('pointing', yes);
      map.getCanvas().style.cursor = yes ? 'crosshair' : '';
    },
    pickWard(code) {
      if (!map.getLayer('ward-picked')) return map.once('load', () => this.pickWard(code));
      reader.ward = code ?? '';
      for (const layer of ['ward-picked', 'ward-picked-line']) map.setFilter(layer, ['==', ['get', 'code'], reader.ward]);
    },
    /** Stands the one pin at a point: `moved` lets it be dragged, `raised` leaves the symbol of a report under it in sight. */
    pin(point, { moved, raised } = {}) {
      marker?.remove();
      marker = new maplibregl.Marker({ color: pick(PICKED), draggable: !!moved, offset: [0, raised ? -27 : -14] }).setLngLat([point.lon, point.lat]).addTo(map);
      if (moved) marker.on('dragend', () => moved(lonLat(marker.getLngLat())));
    },
    unpin() {
      marker?.remove();
      marker = null;
    },
  };
}

/** The style as it has to be now; a server that does not answer is asked until it does. */
async function readStyle(reader, trouble) {
  for (;;) {
    try {
      return await pageStyle(theme(), lang(), reader);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      trouble(true);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

const round = (degrees) => Math.round(degrees * 1e6) / 1e6;
export const lonLat = ({ lng, lat }) => ({ lon: round(lng), lat: round(lat) });

function tiles(layer, query = {}) {
  const text = new URLSearchParams(query).toString();
  return `${location.origin}/tiles/${layer}/{z}/{x}/{y}.mvt${text && `?${text}`}`;
}

/** MapLibre draws glyphs from the loaded faces; each subset of a face loads only when text needs it. */
function fonts() {
  const text = 'Phường Thủ Đức ăâêôơư 0123';
  return Promise.all(['400 16px "Be Vietnam Pro"', '600 16px "Be Vietnam Pro"', '600 16px "Be Vietnam Pro SemiBold"'].map((font) => document.fonts.load(font, text)));
}

/** Right click, and a finger held still: `contextmenu` covers both but on iOS, which never sends it. */
function onLongPress(map, act) {
  let timer;
  let last = 0;
  const once = (lngLat) => {
    if (performance.now() - last > 1500) act(lngLat);
    last = performance.now();
  };
  map.on('contextmenu', (event) => once(event.lngLat));
  map.on('touchstart', (event) => {
    clearTimeout(timer);
    if (event.points.length === 1) timer = setTimeout(() => once(event.lngLat), HOLD_MS);
  });
  for (const end of ['touchend', 'touchmove', 'touchcancel', 'movestart']) map.on(end, () => clearTimeout(timer));
}
