// The two MapLibre styles, light and dark, one structure: ground, wards, the layers of city.js, reports and their clusters.
// Addresses begin with a slash: the server puts its own before them, and the language of the words.
import { BORDER, CLUSTERS, THEMES } from '../src/palette.js';
import { areas, labels, marks, roads } from './city.js';
import { ground, groundWords } from './ground.js';
import { SHARES } from './sprite.js';
import { BOLD } from './words.js';

const WARD_INK = ['#4d5f5c', '#b3c3c1'];
const WARD_HALO = ['#f7f5ee', '#151d20'];
const NAMES = { light: 'Địa bàn · sáng', dark: 'Địa bàn · tối' };

// Where the wards are small their kind is left out, so that more of the names find room: "Sài Gòn", not "Phường Sài Gòn".
// Which kinds, the city says: the server puts the expression in.
const NAME = ['get', 'name'];
const SHORT_NAME = ['global-state', 'short-name'];

/** `step` over the member count; `value` takes a cluster class and its number. */
const byCount = (value) => ['step', ['get', 'point_count'], ...CLUSTERS.flatMap((c, i) => (i ? [c.from, value(c, i)] : [value(c, i)]))];

// A ring is full, or empty, only when all, or none, are open: the sixteenths between are rounded, the ends are not.
const share = [
  'let', 'open', ['to-number', ['get', 'open'], 0],
  ['case',
    ['==', ['var', 'open'], 0], 0,
    ['>=', ['var', 'open'], ['get', 'point_count']], SHARES,
    ['max', 1, ['min', SHARES - 1, ['round', ['*', SHARES, ['/', ['var', 'open'], ['get', 'point_count']]]]]],
  ],
];

const layer = (name) => ({ type: 'vector', url: `/tiles/${name}.json` });

export function style(theme) {
  const pick = (pair) => pair[THEMES.indexOf(theme)];
  return {
    version: 8,
    name: NAMES[theme],
    state: { lang: { default: 'vi' }, 'short-name': { default: '' } },
    sprite: `/sprites/${theme}`,
    glyphs: '/fonts/{fontstack}/{range}.pbf',
    sources: {
      basemap: { type: 'vector', url: '/basemap.json' },
      'basemap-picture': { type: 'raster', url: '/basemap.json', tileSize: 256 },
      ...Object.fromEntries(['wards', 'alerts', 'traffic', 'facilities', 'incidents'].map((name) => [name, layer(name)])),
    },
    layers: [
      ...ground(pick),
      ...areas(pick),
      {
        id: 'ward-lines', type: 'line', source: 'wards', 'source-layer': 'wards',
        layout: { 'line-join': 'round' },
        paint: {
          'line-color': pick(BORDER),
          'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.4, 12, 1, 16, 2],
          'line-opacity': ['interpolate', ['linear'], ['zoom'], 8, 0.5, 12, 0.9],
        },
      },
      ...groundWords(pick, pick(WARD_HALO)),
      ...roads(pick),
      {
        id: 'ward-names', type: 'symbol', source: 'wards', 'source-layer': 'ward_labels', minzoom: 9.5,
        layout: {
          'text-field': ['step', ['zoom'], SHORT_NAME, 13, NAME],
          'text-font': BOLD,
          'text-size': ['interpolate', ['linear'], ['zoom'], 10, 11, 15, 16],
          'text-max-width': 7,
          'text-padding': 3,
          'text-variable-anchor': ['center', 'top', 'bottom'],
          'text-radial-offset': 1.6,
        },
        paint: { 'text-color': pick(WARD_INK), 'text-halo-color': pick(WARD_HALO), 'text-halo-width': 1.6 },
      },
      ...labels(pick),
      ...marks(pick),
      {
        id: 'reports', type: 'symbol', source: 'incidents', 'source-layer': 'incidents',
        filter: ['!', ['has', 'point_count']],
        layout: {
          'icon-image': ['case', ['==', ['get', 'status'], 'closed'], 'report-closed', 'report-open'],
          'icon-allow-overlap': true,
          'icon-size': ['interpolate', ['linear'], ['zoom'], 10, 0.75, 15, 1],
        },
      },
      {
        id: 'clusters', type: 'symbol', source: 'incidents', 'source-layer': 'incidents',
        filter: ['has', 'point_count'],
        layout: {
          'icon-image': ['concat', 'cluster-', byCount((_, i) => i), '-', share],
          'icon-allow-overlap': true,
          'text-field': ['to-string', ['get', 'point_count_abbreviated']],
          'text-font': BOLD,
          'text-size': 12.5,
          'text-allow-overlap': true,
          'symbol-sort-key': ['get', 'point_count'],
        },
        paint: { 'text-color': byCount((c) => pick(c.ink)) },
      },
    ],
  };
}
