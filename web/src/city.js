// The layers around the reports, as parts of the MapLibre style: alerts under the ward lines, roads under the ward names,
// places and traffic marks under the reports. Symbols give way to what stands above them in this order.
import { ALERT_SEVERITY, TRAFFIC_DASH, TRAFFIC_SEVERITY } from './palette.js';

// MapLibre takes the weight from the name of the font, so style.css names the 600 face once more as a family.
export const FONT = ['Be Vietnam Pro Semibold'];

const get = (name) => ['get', name];
const text = (name) => ['to-string', ['coalesce', get(name), '']];
const bySeverity = (scale, pick) => ['match', text('severity'), ...scale.slice(1).flatMap((s) => [s.code, pick(s)]), pick(scale[0])];
const order = (scale) => bySeverity(scale, (s) => scale.indexOf(s));

/** In the language of the page, which is a state of the map; Vietnamese where there is no English. */
const inWords = (name) => {
  const vi = ['coalesce', get(`${name}_vi`), get(`${name}_en`), ''];
  return ['case', ['==', ['global-state', 'lang'], 'en'], ['coalesce', get(`${name}_en`), vi], vi];
};

/** The zooms are those of tiles/layers: nearer, the last tile is enlarged. */
export const citySources = (tiles) => ({
  alerts: { type: 'vector', tiles: [tiles('alerts')], maxzoom: 16 },
  traffic: { type: 'vector', tiles: [tiles('traffic')], minzoom: 7, maxzoom: 16 },
  facilities: { type: 'vector', tiles: [tiles('facilities')], minzoom: 8, maxzoom: 16 },
  near: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
});

const alerts = (id, type, rest) => ({ id, type, source: 'alerts', 'source-layer': 'alerts', ...rest });

export const areas = [
  alerts('alert-fill', 'fill', { paint: { 'fill-color': bySeverity(ALERT_SEVERITY, (s) => s.colour), 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 11, 0.14, 15, 0.07] } }),
  alerts('alert-hatch', 'fill', { paint: { 'fill-pattern': ['concat', 'hatch-', text('severity')], 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 11, 0.5, 15, 0.26] } }),
  alerts('alert-casing', 'line', {
    layout: { 'line-join': 'round' },
    paint: { 'line-color': '#ffffff', 'line-opacity': 0.8, 'line-width': bySeverity(ALERT_SEVERITY, (s) => s.width + 2.5) },
  }),
  alerts('alert-line', 'line', {
    layout: { 'line-join': 'round' },
    paint: { 'line-color': bySeverity(ALERT_SEVERITY, (s) => s.colour), 'line-width': bySeverity(ALERT_SEVERITY, (s) => s.width) },
  }),
];

const road = (id, rest) => ({
  id, type: 'line', source: 'traffic', 'source-layer': 'traffic',
  ...rest,
  layout: { 'line-join': 'round', 'line-sort-key': order(TRAFFIC_SEVERITY), ...rest.layout },
});
/** Widths are those of zoom 15 and thinner from afar. */
const width = (more) => ['interpolate', ['linear'], ['zoom'], ...[[9, 0.35], [12, 0.6], [15, 1], [18, 1.6]].flatMap(([zoom, share]) =>
  [zoom, bySeverity(TRAFFIC_SEVERITY, (s) => s.width * share + more)])];
const dash = ['match', text('kind'), ...Object.entries(TRAFFIC_DASH).flatMap(([kind, lengths]) => [kind, ['literal', lengths]]), ['literal', [1, 0]]];

export const roads = [
  road('traffic-casing', { paint: { 'line-color': '#ffffff', 'line-width': width(2.5) } }),
  road('traffic-line', { paint: { 'line-color': bySeverity(TRAFFIC_SEVERITY, (s) => s.colour), 'line-width': width(0), 'line-dasharray': dash } }),
  {
    id: 'traffic-arrows', type: 'symbol', source: 'traffic', 'source-layer': 'traffic', minzoom: 13,
    filter: ['in', text('direction'), ['literal', ['forward', 'backward']]],
    layout: {
      'symbol-placement': 'line',
      'symbol-spacing': 90,
      'icon-image': ['concat', 'arrow-', text('severity')],
      'icon-rotate': ['case', ['==', get('direction'), 'backward'], 180, 0],
      'icon-rotation-alignment': 'map',
      'icon-padding': 0,
    },
  },
];

const trafficBadge = ['concat', 'traffic-', text('kind'), '-', text('severity')];
const worstFirst = ['-', 9, order(TRAFFIC_SEVERITY)];
const growing = ['interpolate', ['linear'], ['zoom'], 10, 0.72, 15, 0.95];

export const labels = [
  // Signs and words apart: of signs on one spot the worst lies on top, of words that collide the worst stay.
  {
    id: 'alert-signs', type: 'symbol', source: 'alerts', 'source-layer': 'alert_labels',
    layout: { 'icon-image': ['concat', 'alert-', text('severity')], 'icon-size': 1.1, 'icon-overlap': 'always', 'symbol-sort-key': order(ALERT_SEVERITY) },
  },
  {
    id: 'alert-labels', type: 'symbol', source: 'alerts', 'source-layer': 'alert_labels',
    layout: {
      'text-field': inWords('headline'),
      'text-font': FONT,
      'text-size': ['interpolate', ['linear'], ['zoom'], 10, 11.5, 15, 14],
      'text-max-width': 13,
      'text-variable-anchor': ['top', 'bottom'],
      'text-radial-offset': 1.4,
      'symbol-sort-key': ['-', 9, order(ALERT_SEVERITY)],
    },
    paint: { 'text-color': bySeverity(ALERT_SEVERITY, (s) => s.colour), 'text-halo-color': '#ffffff', 'text-halo-width': 2 },
  },
];

export const marks = [
  {
    id: 'facilities', type: 'symbol', source: 'facilities', 'source-layer': 'facilities',
    layout: {
      'icon-image': ['concat', 'facility-', text('kind')],
      'icon-size': growing,
      'icon-padding': 1,
      'symbol-sort-key': ['coalesce', get('rank'), 5],
      'text-field': ['step', ['zoom'], '', 15, inWords('name')],
      'text-font': FONT,
      'text-size': 12,
      'text-max-width': 9,
      'text-optional': true,
      'text-variable-anchor': ['top', 'bottom', 'left', 'right'],
      'text-radial-offset': 1.15,
    },
    paint: { 'text-color': '#27444b', 'text-halo-color': '#ffffff', 'text-halo-width': 1.6 },
  },
  {
    id: 'traffic-marks', type: 'symbol', source: 'traffic', 'source-layer': 'traffic', minzoom: 11.5,
    layout: { 'symbol-placement': 'line-center', 'icon-image': trafficBadge, 'icon-size': growing, 'icon-rotation-alignment': 'viewport', 'icon-padding': 2, 'symbol-sort-key': worstFirst },
  },
  {
    id: 'traffic-points', type: 'symbol', source: 'traffic', 'source-layer': 'traffic_points',
    layout: { 'icon-image': trafficBadge, 'icon-size': growing, 'icon-padding': 1, 'icon-overlap': ['step', ['zoom'], 'never', 15, 'always'], 'symbol-sort-key': worstFirst },
  },
];

/** What "near me" found, above all else: the place asked from, and each answer. */
export const near = [
  {
    id: 'near-me', type: 'circle', source: 'near', filter: ['==', get('me'), true],
    paint: { 'circle-radius': 7, 'circle-color': '#1464c8', 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 3 },
  },
  {
    id: 'near-found', type: 'symbol', source: 'near', filter: ['!=', get('me'), true],
    layout: { 'icon-image': ['concat', 'facility-', text('kind')], 'icon-size': 1.1, 'icon-overlap': 'always' },
  },
];

/** Which layers of the style each switch turns on and off. The land stays when the wards are off: it is the ground. */
export const SWITCHED = {
  incidents: ['reports', 'clusters'],
  alerts: [...areas, ...labels].map(({ id }) => id),
  traffic: [...roads.map(({ id }) => id), 'traffic-marks', 'traffic-points'],
  facilities: ['facilities'],
  wards: ['ward-lines', 'ward-names'],
};

/** What a click may mean besides a report, nearest the eye first. */
export const TOUCHED = {
  'near-found': 'facilities', 'traffic-points': 'traffic', 'traffic-marks': 'traffic', facilities: 'facilities',
  'alert-signs': 'alerts', 'alert-labels': 'alerts', 'traffic-line': 'traffic', 'traffic-casing': 'traffic', 'alert-fill': 'alerts',
};
