// What lies under our layers: a plain sketch of water and wards, or a basemap, if the operator names one. Its layers are
// those that the common schemas have (OpenMapTiles, Protomaps, Shortbread); the server leaves out what a file has not.
import { BOLD, PLAIN, WORD_LANG } from './words.js';

const WATER = ['#cfdfe4', '#0f2a37'];
const WATER_INK = ['#4c7686', '#7fb0c4'];
const LAND = [['#f6f3ea', '#1c2527'], ['#f1efe2', '#1f292b'], ['#f4f0e6', '#1a2426'], ['#eef0e3', '#202b2a']];
const EARTH = ['#f5f2ea', '#1b2426'];
const GREEN = ['#dfe9d2', '#1d3028'];
const BUILDING = ['#e5dfd2', '#28343a'];
const PATH = ['#d8cfbd', '#34413f'];
const STREET = ['#ffffff', '#323f43'];
const AVENUE = ['#fffaf0', '#3c4a4d'];
const HIGHWAY = ['#fbe7bf', '#5a5a48'];
const KERB = ['#d8cfbd', '#12191c'];
const RAIL = ['#b9b4ab', '#4a5457'];
const PLACE = ['#5d6d6b', '#9fb1b0'];
const STREET_INK = ['#6b6a62', '#93a3a3'];

const kind = ['coalesce', ['get', 'class'], ['get', 'kind'], ''];
const name = ['coalesce', ['get', ['concat', 'name:', WORD_LANG]], ['get', 'name'], ''];
const is = (...kinds) => ['in', kind, ['literal', kinds]];
const shape = (type) => ['==', ['geometry-type'], type];
const grows = (...stops) => ['interpolate', ['exponential', 1.4], ['zoom'], ...stops];

const HIGH = ['motorway', 'trunk', 'primary', 'highway', 'major_road'];
const MIDDLE = ['secondary', 'tertiary', 'medium_road'];
const SMALL = ['path', 'track', 'footway', 'cycleway', 'steps', 'pedestrian', 'service'];
const RAILS = ['rail', 'transit', 'subway', 'light_rail', 'tram'];
const OTHER = [...RAILS, ...SMALL, 'ferry', 'pier', 'aerialway', 'bridge', 'taxiway', 'runway'];

/** A layer for each of the names that its source layer has in one schema or another. */
const each = (id, sources, rest) => sources.map((source) => ({ id: `basemap-${id}-${source}`, source: 'basemap', 'source-layer': source, ...rest }));

/** The ground itself; what is under `diaban:over-basemap` is painted when there is a basemap. */
export const ground = (pick) => [
  { id: 'water', type: 'background', metadata: { 'diaban:over-basemap': { 'background-color': pick(EARTH) } }, paint: { 'background-color': pick(WATER) } },
  ...basemap(pick),
  {
    id: 'wards', type: 'fill', source: 'wards', 'source-layer': 'wards',
    metadata: { 'diaban:over-basemap': { 'fill-opacity': 0 } },
    paint: { 'fill-color': ['match', ['%', ['to-number', ['id'], 0], 4], 0, pick(LAND[0]), 1, pick(LAND[1]), 2, pick(LAND[2]), pick(LAND[3])] },
  },
];

const basemap = (pick) => {
  const dark = pick([false, true]);
  const roads = ['transportation', 'roads', 'streets'];
  const road = (id, filter, colour, width, rest = {}) =>
    each(id, roads, { type: 'line', filter, layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': pick(colour), 'line-width': width }, ...rest });
  return [
    { id: 'basemap-picture', type: 'raster', source: 'basemap-picture', paint: dark ? { 'raster-brightness-max': 0.55, 'raster-saturation': -0.5 } : { 'raster-saturation': -0.4, 'raster-opacity': 0.8 } },
    ...each('green', ['landcover', 'landuse', 'park', 'land', 'sites'], {
      type: 'fill',
      filter: is('wood', 'forest', 'grass', 'park', 'garden', 'scrub', 'meadow', 'grassland', 'nature_reserve', 'national_park', 'protected_area', 'recreation_ground', 'village_green', 'golf_course', 'cemetery', 'pitch', 'wetland', 'mangrove', 'zoo'),
      paint: { 'fill-color': pick(GREEN) },
    }),
    ...each('water', ['water', 'ocean', 'water_polygons'], { type: 'fill', filter: ['match', ['geometry-type'], ['Polygon', 'MultiPolygon'], true, false], paint: { 'fill-color': pick(WATER) } }),
    ...each('river', ['waterway', 'water_lines'], { type: 'line', minzoom: 9, paint: { 'line-color': pick(WATER), 'line-width': grows(9, 0.6, 16, 5) } }),
    ...each('building', ['building', 'buildings'], { type: 'fill', minzoom: 14, paint: { 'fill-color': pick(BUILDING), 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 14, 0, 15, 0.9] } }),
    ...road('rail', is(...RAILS), RAIL, grows(10, 0.5, 16, 1.6), { minzoom: 10 }),
    ...road('path', is(...SMALL), PATH, grows(14, 0.4, 18, 3), { minzoom: 14 }),
    ...road('street', ['!', is(...HIGH, ...MIDDLE, ...OTHER)], STREET, grows(12, 0.4, 16, 5, 19, 16), { minzoom: 12 }),
    ...road('avenue-kerb', is(...MIDDLE), KERB, grows(10, 0.9, 16, 10, 19, 27), { minzoom: 10 }),
    ...road('avenue', is(...MIDDLE), AVENUE, grows(10, 0.5, 16, 8, 19, 24), { minzoom: 10 }),
    ...road('highway-kerb', is(...HIGH), KERB, grows(7, 0.9, 16, 14, 19, 34), { minzoom: 7 }),
    ...road('highway', is(...HIGH), HIGHWAY, grows(7, 0.6, 16, 11.5, 19, 30), { minzoom: 7 }),
  ];
};

/** The words of a basemap; they give way to ours. */
export const groundWords = (pick, halo) => [
  ...each('street-name', ['transportation_name', 'roads', 'street_labels'], {
    type: 'symbol', minzoom: 14,
    layout: { 'symbol-placement': 'line', 'text-field': name, 'text-font': PLAIN, 'text-size': grows(14, 10, 18, 13) },
    paint: { 'text-color': pick(STREET_INK), 'text-halo-color': halo, 'text-halo-width': 1.2 },
  }),
  ...each('water-name', ['water_name', 'water_polygons_labels'], {
    type: 'symbol', minzoom: 9,
    layout: { 'text-field': name, 'text-font': PLAIN, 'text-size': 11.5, 'text-max-width': 7 },
    paint: { 'text-color': pick(WATER_INK), 'text-halo-color': pick(WATER), 'text-halo-width': 1 },
  }),
  ...each('place', ['place', 'places', 'place_labels'], {
    type: 'symbol',
    filter: is('city', 'town', 'village', 'suburb', 'quarter', 'neighbourhood', 'locality', 'neighborhood', 'macrohood'),
    layout: { 'text-field': name, 'text-font': BOLD, 'text-size': grows(6, 10, 14, 14), 'text-max-width': 7, 'text-padding': 8 },
    paint: { 'text-color': pick(PLACE), 'text-halo-color': halo, 'text-halo-width': 1.4 },
  }),
];
