// The MapLibre style: water, wards as land, ward names, incidents, and between them the layers of city.js. All of it
// from our own tiles.
import { FONT, areas, citySources, labels, marks, near, roads } from './city.js';
import { CLUSTERS } from './palette.js';
import { SHARES } from './symbols.js';

const LAND = ['#f6f3ea', '#f1efe2', '#f4f0e6', '#eef0e3'];

// Where the wards are small their kind is left out, so that more of the names find room: "Sài Gòn", not "Phường Sài Gòn".
const NAME = ['get', 'name'];
const without = (kind) => [['==', ['slice', NAME, 0, kind.length], kind], ['slice', NAME, kind.length]];
const SHORT_NAME = ['case', ...without('Phường '), ...without('Xã '), NAME];

/** `step` over the member count; `pick` takes a cluster class and its number. */
const byCount = (pick) => ['step', ['get', 'point_count'], ...CLUSTERS.flatMap((c, i) => (i ? [c.from, pick(c, i)] : [pick(c, i)]))];

// A ring is full, or empty, only when all, or none, are open: the sixteenths between are rounded, the ends are not.
const share = [
  'let', 'open', ['to-number', ['get', 'open'], 0],
  ['case',
    ['==', ['var', 'open'], 0], 0,
    ['>=', ['var', 'open'], ['get', 'point_count']], SHARES,
    ['max', 1, ['min', SHARES - 1, ['round', ['*', SHARES, ['/', ['var', 'open'], ['get', 'point_count']]]]]],
  ],
];

export function mapStyle(tiles, lang) {
  return {
    version: 8,
    state: { lang: { default: lang } },
    sources: {
      wards: { type: 'vector', tiles: [tiles('wards')], maxzoom: 18 },
      // The server makes point tiles for a 512 px tile, to zoom 18; deeper zooms enlarge the last.
      incidents: { type: 'vector', tiles: [tiles('incidents')], maxzoom: 18 },
      ...citySources(tiles),
    },
    layers: [
      { id: 'water', type: 'background', paint: { 'background-color': '#cfdfe4' } },
      {
        id: 'wards', type: 'fill', source: 'wards', 'source-layer': 'wards',
        paint: {
          'fill-color': ['match', ['%', ['to-number', ['get', 'code'], 0], 4], 0, LAND[0], 1, LAND[1], 2, LAND[2], LAND[3]],
          'fill-antialias': true,
        },
      },
      {
        id: 'ward-picked', type: 'fill', source: 'wards', 'source-layer': 'wards',
        filter: ['==', ['get', 'code'], ''],
        paint: { 'fill-color': '#2a7781', 'fill-opacity': 0.18 },
      },
      ...areas,
      {
        id: 'ward-lines', type: 'line', source: 'wards', 'source-layer': 'wards',
        layout: { 'line-join': 'round' },
        paint: {
          'line-color': '#8d9c94',
          'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.4, 12, 1, 16, 2],
          'line-opacity': ['interpolate', ['linear'], ['zoom'], 8, 0.5, 12, 0.9],
        },
      },
      {
        id: 'ward-picked-line', type: 'line', source: 'wards', 'source-layer': 'wards',
        filter: ['==', ['get', 'code'], ''],
        layout: { 'line-join': 'round' },
        paint: { 'line-color': '#0b4a54', 'line-width': 2.5 },
      },
      ...roads,
      {
        id: 'ward-names', type: 'symbol', source: 'wards', 'source-layer': 'ward_labels', minzoom: 9.5,
        layout: {
          'text-field': ['step', ['zoom'], SHORT_NAME, 13, NAME],
          'text-font': FONT,
          'text-size': ['interpolate', ['linear'], ['zoom'], 10, 11, 15, 16],
          'text-max-width': 7,
          'text-padding': 3,
          'text-variable-anchor': ['center', 'top', 'bottom'],
          'text-radial-offset': 1.6,
        },
        paint: { 'text-color': '#4d5f5c', 'text-halo-color': '#f7f5ee', 'text-halo-width': 1.6 },
      },
      ...labels,
      ...marks,
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
          'text-font': FONT,
          'text-size': 12.5,
          'text-allow-overlap': true,
          'symbol-sort-key': ['get', 'point_count'],
        },
        paint: { 'text-color': byCount((c) => c.ink) },
      },
      ...near,
    ],
  };
}
