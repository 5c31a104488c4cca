// The map style of the page: the one that the server gives everybody, read for this theme and language, with the addresses
// of this origin, the filters and switches of this reader, and what only the page shows: the chosen ward, "near me".
import { underlay } from './basemap.js';
import { HALO, PICKED } from './palette.js';
import { pick } from './theme.js';

/** Nobody found yet. */
export const NOTHING = { type: 'FeatureCollection', features: [] };
/** Which of the layers of a style a switch turns on and off: those of its source. The land stays, it is the ground. */
export const switched = (layers, source) => layers.filter((one) => one.source === source && !['wards', 'ward-picked', 'ward-picked-line'].includes(one.id));

/**
 * `reader` says what is seen: `tiles(layer)` the address of its tiles, `isOn(layer)` whether it is shown, `ward` the code
 * of the chosen ward, `near` what "near me" found.
 */
export async function pageStyle(theme, lang, reader) {
  const answer = await fetch(`/styles/${theme}.json?lang=${lang}`, { cache: 'no-cache' });
  if (!answer.ok) throw new TypeError(`the style: ${answer.status}`);
  const { glyphs, ...served } = await answer.json(); // without glyphs MapLibre draws letters from the fonts of the page
  const here = (url) => location.origin + new URL(url).pathname;
  const layers = Object.keys(served.sources).filter((id) => new URL(served.sources[id].url).pathname === `/tiles/${id}.json`);
  const style = await underlay({
    ...served,
    sprite: here(served.sprite),
    sources: Object.fromEntries(Object.entries(served.sources).map(([id, source]) => [id, { ...source, url: here(source.url) }])),
  });
  // Nothing is waited for from here on, so that it is as the reader has it at the end.
  for (const id of layers) {
    const { url, ...source } = style.sources[id];
    style.sources[id] = { ...source, tiles: [reader.tiles(id)] };
    if (!reader.isOn(id)) for (const one of switched(style.layers, id)) one.layout = { ...one.layout, visibility: 'none' }; // its tiles are never asked for
  }
  return withReader(style, reader);
}

/** The layers that are the reader's own. */
function withReader(style, { ward, near }) {
  const chosen = { source: 'wards', 'source-layer': 'wards', filter: ['==', ['get', 'code'], ward] };
  const after = {
    wards: { id: 'ward-picked', type: 'fill', ...chosen, paint: { 'fill-color': pick(PICKED), 'fill-opacity': 0.18 } },
    'ward-lines': { id: 'ward-picked-line', type: 'line', ...chosen, layout: { 'line-join': 'round' }, paint: { 'line-color': pick(PICKED), 'line-width': 2.5 } },
  };
  return {
    ...style,
    sources: { ...style.sources, near: { type: 'geojson', data: near } },
    layers: [
      ...style.layers.flatMap((one) => (after[one.id] ? [one, after[one.id]] : [one])),
      // The place asked from, and each answer.
      {
        id: 'near-me', type: 'circle', source: 'near', filter: ['==', ['get', 'me'], true],
        paint: { 'circle-radius': 7, 'circle-color': '#1464c8', 'circle-stroke-color': pick(HALO), 'circle-stroke-width': 3 },
      },
      {
        id: 'near-found', type: 'symbol', source: 'near', filter: ['!=', ['get', 'me'], true],
        layout: { 'icon-image': ['coalesce', ['image', ['concat', 'facility-', ['get', 'kind']]], ['image', 'facility-other']], 'icon-size': 1.1, 'icon-overlap': 'always' },
      },
    ],
  };
}
