// The layers around the reports, as parts of a style: alerts under the ward lines, roads under the ward names, places and
// traffic marks under the reports. Symbols give way to what stands above them in this order.
import { ALERT_SEVERITY, HALO, INK, RIM, TRAFFIC_DASH, TRAFFIC_SEVERITY } from '../src/palette.js';
import { BOLD, get, inWords, picture, text } from './words.js';

const bySeverity = (scale, value) => ['match', text('severity'), ...scale.slice(1).flatMap((s) => [s.code, value(s)]), value(scale[0])];
const order = (scale) => bySeverity(scale, (s) => scale.indexOf(s));
const worstFirst = (scale) => ['-', 9, order(scale)];

const alerts = (id, type, rest) => ({ id, type, source: 'alerts', 'source-layer': 'alerts', ...rest });

export const areas = (pick) => {
  const colour = bySeverity(ALERT_SEVERITY, (s) => pick(s.colour));
  return [
    alerts('alert-fill', 'fill', { paint: { 'fill-color': colour, 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 11, 0.14, 15, 0.07] } }),
    alerts('alert-hatch', 'fill', {
      paint: { 'fill-pattern': picture(['concat', 'hatch-', text('severity')], 'hatch-unknown'), 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 11, 0.5, 15, 0.26] },
    }),
    alerts('alert-casing', 'line', {
      layout: { 'line-join': 'round' },
      paint: { 'line-color': pick(RIM), 'line-opacity': 0.8, 'line-width': bySeverity(ALERT_SEVERITY, (s) => s.width + 2.5) },
    }),
    alerts('alert-line', 'line', {
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colour, 'line-width': bySeverity(ALERT_SEVERITY, (s) => s.width) },
    }),
  ];
};

const road = (id, rest) => ({
  id, type: 'line', source: 'traffic', 'source-layer': 'traffic',
  ...rest,
  layout: { 'line-join': 'round', 'line-sort-key': order(TRAFFIC_SEVERITY), ...rest.layout },
});
/** Widths are those of zoom 15 and thinner from afar. */
const width = (more) => ['interpolate', ['linear'], ['zoom'], ...[[9, 0.35], [12, 0.6], [15, 1], [18, 1.6]].flatMap(([zoom, share]) =>
  [zoom, bySeverity(TRAFFIC_SEVERITY, (s) => s.width * share + more)])];
const dash = ['match', text('kind'), ...Object.entries(TRAFFIC_DASH).flatMap(([kind, lengths]) => [kind, ['literal', lengths]]), ['literal', [1, 0]]];

export const roads = (pick) => [
  road('traffic-casing', { paint: { 'line-color': pick(RIM), 'line-width': width(2.5) } }),
  road('traffic-line', { paint: { 'line-color': bySeverity(TRAFFIC_SEVERITY, (s) => pick(s.colour)), 'line-width': width(0), 'line-dasharray': dash } }),
  {
    id: 'traffic-arrows', type: 'symbol', source: 'traffic', 'source-layer': 'traffic', minzoom: 13,
    filter: ['in', text('direction'), ['literal', ['forward', 'backward']]],
    layout: {
      'symbol-placement': 'line',
      'symbol-spacing': 90,
      'icon-image': picture(['concat', 'arrow-', text('severity')], 'arrow-'),
      'icon-rotate': ['case', ['==', get('direction'), 'backward'], 180, 0],
      'icon-rotation-alignment': 'map',
      'icon-padding': 0,
    },
  },
];

/** Signs and words apart: of signs on one spot the worst lies on top, of words that collide the worst stay. */
export const labels = (pick) => [
  {
    id: 'alert-signs', type: 'symbol', source: 'alerts', 'source-layer': 'alert_labels',
    layout: { 'icon-image': picture(['concat', 'alert-', text('severity')], 'alert-unknown'), 'icon-size': 1.1, 'icon-allow-overlap': true, 'symbol-sort-key': order(ALERT_SEVERITY) },
  },
  {
    id: 'alert-labels', type: 'symbol', source: 'alerts', 'source-layer': 'alert_labels',
    layout: {
      'text-field': inWords('headline'),
      'text-font': BOLD,
      'text-size': ['interpolate', ['linear'], ['zoom'], 10, 11.5, 15, 14],
      'text-max-width': 13,
      'text-variable-anchor': ['top', 'bottom'],
      'text-radial-offset': 1.4,
      'symbol-sort-key': worstFirst(ALERT_SEVERITY),
    },
    paint: { 'text-color': bySeverity(ALERT_SEVERITY, (s) => pick(s.colour)), 'text-halo-color': pick(HALO), 'text-halo-width': 2 },
  },
];

const trafficBadge = ['coalesce', ...[
  ['concat', 'traffic-', text('kind'), '-', text('severity')], ['concat', 'traffic-', text('kind'), '-'],
  ['concat', 'traffic-other-', text('severity')], 'traffic-other-',
].map((name) => ['image', name])];
const growing = ['interpolate', ['linear'], ['zoom'], 10, 0.72, 15, 0.95];

export const marks = (pick) => [
  {
    id: 'facilities', type: 'symbol', source: 'facilities', 'source-layer': 'facilities',
    layout: {
      'icon-image': picture(['concat', 'facility-', text('kind')], 'facility-other'),
      'icon-size': growing,
      'icon-padding': 1,
      'symbol-sort-key': ['coalesce', get('rank'), 5],
      'text-field': ['step', ['zoom'], '', 15, inWords('name')],
      'text-font': BOLD,
      'text-size': 12,
      'text-max-width': 9,
      'text-optional': true,
      'text-variable-anchor': ['top', 'bottom', 'left', 'right'],
      'text-radial-offset': 1.15,
    },
    paint: { 'text-color': pick(INK), 'text-halo-color': pick(HALO), 'text-halo-width': 1.6 },
  },
  {
    id: 'traffic-marks', type: 'symbol', source: 'traffic', 'source-layer': 'traffic', minzoom: 11.5,
    layout: {
      'symbol-placement': 'line-center', 'icon-image': trafficBadge, 'icon-size': growing, 'icon-rotation-alignment': 'viewport',
      'icon-padding': 2, 'symbol-sort-key': worstFirst(TRAFFIC_SEVERITY),
    },
  },
  {
    id: 'traffic-points', type: 'symbol', source: 'traffic', 'source-layer': 'traffic_points',
    layout: { 'icon-image': trafficBadge, 'icon-size': growing, 'icon-padding': 1, 'icon-overlap': ['step', ['zoom'], 'never', 15, 'always'], 'symbol-sort-key': worstFirst(TRAFFIC_SEVERITY) },
  },
];
