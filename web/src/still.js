// The map as a picture that the server draws, for browsers without WebGL2: moved and zoomed by buttons and by dragging,
// a click lists what stands there. It answers to the same names as the map of map.js.
import { CENTRE, REACH, firstZoom } from './city.js';
import { $, el } from './dom.js';
import { lang, onLang, t } from './i18n.js';
import { onTheme, theme } from './theme.js';
import { CLICK_PX, DEEPEST_TILES, SHALLOWEST, lonLat } from './map.js';

const TILE_PX = 512; // the world at zoom 0
const MOST_PX = 1280; // a side of a picture; a larger stage enlarges it
const STEP = 0.4; // how far a button moves, of what is in sight
const SPOT_PX = 22;
const DRAWN = ['alerts', 'traffic', 'facilities', 'incidents'];

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const side = (zoom) => TILE_PX * 2 ** zoom;
const project = ({ lon, lat }, zoom) => ({
  x: ((lon + 180) / 360) * side(zoom),
  y: (0.5 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI)) * side(zoom),
});
const unproject = ({ x, y }, zoom) => lonLat({
  lng: (x / side(zoom)) * 360 - 180,
  lat: (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / side(zoom)))) * 180) / Math.PI,
});

/** Puts the picture into #map. Takes what createMap takes; of the callbacks `report` and `feature` are never called. */
export function createStill(queryOf, isOn, on) {
  const home = $('map');
  const img = el('img', { draggable: 'false' });
  const buttons = [
    ['north', '↑', () => move(0, -STEP)], ['west', '←', () => move(-STEP, 0)], ['east', '→', () => move(STEP, 0)], ['south', '↓', () => move(0, STEP)],
    ['in', '+', () => zoomTo(Math.floor(zoom) + 1)], ['out', '−', () => zoomTo(Math.ceil(zoom) - 1)],
  ].map(([way, sign, act]) => el('button', { type: 'button', class: way, onclick: act }, sign));
  const frame = el('div', { id: 'still' }, img, el('div', { id: 'still-buttons', role: 'group' }, ...buttons));
  home.replaceChildren(frame);

  let { centre, zoom } = fromAddress();
  let padding = { top: 0, right: 0, bottom: 0, left: 0 };
  let pointing = false;
  let pin = null;
  let near = null;
  let loading;
  let waiting;

  function words() {
    img.alt = t('map.still');
    for (const button of buttons) button.setAttribute('aria-label', t(`map.${button.className}`));
    buttons[0].parentNode.setAttribute('aria-label', t('map.label'));
  }

  /** The middle of what no panel covers, in pixels of the stage. */
  function middle() {
    const { clientWidth: width, clientHeight: height } = home;
    return { x: (padding.left + width - padding.right) / 2, y: (padding.top + height - padding.bottom) / 2 };
  }

  /** The place under a pixel of the stage, and back. */
  function at({ x, y }) {
    const [c, m] = [project(centre, zoom), middle()];
    return unproject({ x: c.x + x - m.x, y: c.y + y - m.y }, zoom);
  }
  function place(point) {
    const [c, m, p] = [project(centre, zoom), middle(), project(point, zoom)];
    return { x: m.x + p.x - c.x, y: m.y + p.y - c.y };
  }

  function box(left, top, right, bottom) {
    const [a, b] = [at({ x: left, y: bottom }), at({ x: right, y: top })];
    return [a.lon, a.lat, b.lon, b.lat];
  }

  function address() {
    const { clientWidth: width, clientHeight: height } = home;
    const larger = Math.max(1, width / MOST_PX, height / MOST_PX);
    const { lon, lat } = at({ x: width / 2, y: height / 2 });
    const shown = DRAWN.filter(isOn);
    const query = new URLSearchParams({ layers: ['wards', ...shown].join(), lang: lang(), style: theme() });
    for (const [name, value] of shown.flatMap((layer) => Object.entries(queryOf(layer) ?? {}))) {
      // Kinds of several layers stand in one list: each takes those that it knows.
      query.set(name, query.has(name) ? `${query.get(name)},${value}` : value);
    }
    const marker = pin ?? near;
    if (marker) query.set('marker', `${marker.lon},${marker.lat}`);
    const px = (length) => clamp(Math.round(length / larger), 1, MOST_PX);
    const sharp = devicePixelRatio * larger > 1 ? '@2x' : '';
    return `/static/${lon},${lat},${clamp(zoom - Math.log2(larger), 0, DEEPEST_TILES).toFixed(3)}/${px(width)}x${px(height)}${sharp}.png?${query}`;
  }

  /** Asks for the picture as it is to be now; several changes at once are one picture. */
  function load() {
    clearTimeout(waiting);
    waiting = setTimeout(show, 0);
  }

  async function show() {
    loading?.abort();
    loading = new AbortController();
    const { signal } = loading;
    frame.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(address(), { cache: 'no-cache', signal });
      if (!answer.ok) throw new Error(`the picture: ${answer.status}`);
      const fresh = URL.createObjectURL(await answer.blob());
      signal.throwIfAborted();
      const old = img.src;
      img.src = fresh;
      await img.decode();
      img.style.transform = '';
      if (old) URL.revokeObjectURL(old);
      on.trouble(false);
    } catch {
      if (signal.aborted) return;
      on.trouble(true);
    }
    frame.removeAttribute('aria-busy');
  }

  function look(next, nextZoom = zoom) {
    const [[west, south], [east, north]] = REACH;
    centre = { lon: clamp(next.lon, west, east), lat: clamp(next.lat, south, north) };
    zoom = clamp(nextZoom, SHALLOWEST, DEEPEST_TILES);
    const text = `map=${Number(zoom.toFixed(2))}/${centre.lat.toFixed(5)}/${centre.lon.toFixed(5)}`;
    history.replaceState(history.state, '', `#${text}`);
    load();
    on.move(false);
  }

  function move(x, y) {
    const { clientWidth: width, clientHeight: height } = home;
    const m = middle();
    look(at({ x: m.x + x * (width - padding.left - padding.right), y: m.y + y * (height - padding.top - padding.bottom) }));
  }

  const zoomTo = (next) => look(centre, next);

  /** A finger or mouse moves the picture, or clicks. */
  let drag = null;
  img.addEventListener('pointerdown', (event) => {
    drag = { x: event.clientX, y: event.clientY };
    img.setPointerCapture(event.pointerId);
  });
  img.addEventListener('pointermove', (event) => {
    if (drag) img.style.transform = `translate(${event.clientX - drag.x}px, ${event.clientY - drag.y}px)`;
  });
  img.addEventListener('pointercancel', () => {
    drag = null;
    img.style.transform = '';
  });
  img.addEventListener('pointerup', (event) => {
    if (!drag) return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    drag = null;
    if (Math.hypot(x, y) > CLICK_PX) {
      const m = middle();
      return look(at({ x: m.x - x, y: m.y - y }));
    }
    img.style.transform = '';
    const { left, top } = home.getBoundingClientRect();
    const here = { x: event.clientX - left, y: event.clientY - top };
    if (pointing) return on.point(at(here));
    return on.place(box(here.x - SPOT_PX, here.y - SPOT_PX, here.x + SPOT_PX, here.y + SPOT_PX));
  });

  onTheme(load);
  onLang(() => {
    words();
    load();
  });
  addEventListener('resize', load);
  words();
  load();

  return {
    bounds() {
      const { left, top, right, bottom } = padding;
      const { clientWidth: width, clientHeight: height } = home;
      return box(left, top, Math.max(width - right, left + 1), Math.max(height - bottom, top + 1));
    },
    centre: () => centre,
    setFilters: load,
    showLayer: load,
    showNear(from, found) {
      near = from;
      if (from && found.length) look(from, Math.max(zoom, 14));
      else load();
    },
    refresh: load,
    pad(next) {
      padding = next;
      load();
      on.move(true);
    },
    go: (point, nearest = 16) => look(point, Math.max(zoom, nearest)),
    reveal(point) {
      const { x, y } = place(point);
      const { clientWidth: width, clientHeight: height } = home;
      const inSight = x > padding.left + 30 && x < width - padding.right - 30 && y > padding.top + 60 && y < height - padding.bottom - 30;
      if (!inSight) look(point);
    },
    setPointing(yes) {
      pointing = yes;
      $('stage').classList.toggle('pointing', yes);
    },
    pickWard() {}, // its name and border stand on the picture anyway
    pin(point) {
      pin = point;
      load();
    },
    unpin() {
      pin = null;
      load();
    },
  };
}

function fromAddress() {
  const [, zoom, lat, lon] = /map=([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)/.exec(location.hash)?.map(Number) ?? [];
  const known = [zoom, lat, lon].every(Number.isFinite);
  return {
    centre: known ? { lon, lat: clamp(lat, -85, 85) } : { lon: CENTRE[0], lat: CENTRE[1] },
    zoom: known ? clamp(zoom, SHALLOWEST, DEEPEST_TILES) : firstZoom(),
  };
}
