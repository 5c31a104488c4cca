// What the signs of the layers that are on mean. It stands on the map where there is room, else in the panel.
import { ALERT_SEVERITY, BORDER, CLOSED, CLUSTERS, OPEN, TRAFFIC_DASH, TRAFFIC_SEVERITY, severityOf } from './palette.js';
import { drawBadge, inked, svg } from './badges.js';
import { $, el } from './dom.js';
import { LAYERS, isOn, kindOf, layerTitle } from './layers.js';
import { codesOf, codeTitle } from './schemas.js';
import { onLang, t } from './i18n.js';

const roomy = matchMedia('(min-width: 720px) and (min-height: 560px)');
const spacious = matchMedia('(min-width: 1440px)'); // where it stands open without hiding the middle of the city

export function startLegend() {
  roomy.addEventListener('change', place);
  place();
  onLang(drawLegend);
}

function place() {
  $(roomy.matches ? 'map-feet' : 'legend-home').prepend($('legend'));
  $('legend').open = roomy.matches && spacious.matches;
}

export function drawLegend() {
  $('legend-parts').replaceChildren(...LAYERS.filter(isOn).map((layer) =>
    el('section', { 'data-layer': layer },
      el('h3', {}, layerTitle(layer)),
      el('ul', {}, ...PARTS[layer]().map(([sign, words]) => el('li', {}, sign, el('span', {}, words)))),
    ),
  ));
  $('legend').hidden = !LAYERS.some(isOn);
}

const SCALE = { traffic: TRAFFIC_SEVERITY, alerts: ALERT_SEVERITY };

/** The codes of the schema, the worst first; those of our own scale until it is here. */
const severities = (layer) => {
  const codes = codesOf(layer, 'severity');
  return (codes.length ? codes : SCALE[layer].map(({ code }) => code).filter(Boolean)).toReversed();
};
const kinds = (layer) => (kindOf(layer) ? [kindOf(layer)] : codesOf(layer, 'kind'));

const PARTS = {
  incidents: () => [
    [el('i', { class: 'dot open' }), t('filter.open')],
    [el('i', { class: 'dot closed' }), t('filter.closed')],
    [cluster(), t('legend.cluster')],
  ],
  alerts: () => severities('alerts').map((code) => [swatch(code), codeTitle('alerts', 'severity', code)]),
  traffic: () => [
    ...severities('traffic').map((code) => [line(code), codeTitle('traffic', 'severity', code)]),
    ...kinds('traffic').map((kind) => [
      el('span', { class: 'pairing' }, drawBadge(`traffic-${kind}-`, 20), TRAFFIC_DASH[kind] && line('', kind)),
      codeTitle('traffic', 'kind', kind),
    ]),
  ],
  facilities: () => kinds('facilities').map((kind) => [drawBadge(`facility-${kind}`, 20), codeTitle('facilities', 'kind', kind)]),
  wards: () => [[svg('svg', { width: 30, height: 12, 'aria-hidden': 'true' }, svg('path', { d: 'M1 6H29', 'stroke-width': 2, ...inked('stroke', BORDER) })), t('legend.border')]],
};

function cluster() {
  const { fill, ink } = CLUSTERS[1];
  const number = svg('text', { y: 4, 'text-anchor': 'middle', 'font-size': 11, 'font-weight': 600, ...inked('fill', ink) });
  number.textContent = '25';
  return svg('svg', { viewBox: '-13 -13 26 26', width: 26, height: 26, 'aria-hidden': 'true' },
    svg('circle', { r: 8.5, ...inked('fill', fill) }),
    svg('circle', { r: 10.5, fill: 'none', 'stroke-width': 3.5, ...inked('stroke', CLOSED) }),
    svg('path', { d: 'M0-10.5A10.5 10.5 0 0 1 3.2 10', fill: 'none', 'stroke-width': 3.5, ...inked('stroke', OPEN) }),
    number,
  );
}

function line(code, kind) {
  const { colour, width } = severityOf(TRAFFIC_SEVERITY, code);
  const dash = (TRAFFIC_DASH[kind] ?? []).map((length) => length * width).join(' ');
  return svg('svg', { width: 30, height: 12, 'aria-hidden': 'true' }, svg('path', { d: 'M1 6H29', 'stroke-width': width, 'stroke-dasharray': dash || 'none', ...inked('stroke', colour) }));
}

/** A piece of an alert's area: its hatching drawn as on the map, its outline, its sign. */
function swatch(code) {
  const { colour, width, pattern } = severityOf(ALERT_SEVERITY, code);
  const marks = {
    dots: 'M4 4h.1M11 4h.1M7.5 9h.1M14.5 9h.1M4 14h.1M11 14h.1', lines: 'M-2 18L18-2M6 26L30 2', hatch: 'M-2 10L10-2M-2 20L20-2M6 22L30-2M16 22L36 2',
    cross: 'M-2 10L10-2M-2 20L20-2M6 22L30-2M16 22L36 2M-2 8L14 24M-2-2L24 24M8-2L34 24M18-2L36 16',
  }[pattern];
  const icon = drawBadge(`alert-${code}`, 18);
  return el('span', { class: 'pairing' },
    svg('svg', { width: 30, height: 18, 'aria-hidden': 'true', class: 'swatch' },
      svg('rect', { width: 30, height: 18, 'fill-opacity': 0.13, ...inked('fill', colour) }),
      svg('path', { d: marks, ...inked('stroke', colour), 'stroke-width': pattern === 'dots' ? 2.4 : 1.2, 'stroke-opacity': 0.55, 'stroke-linecap': 'round' }),
      svg('rect', { x: width / 2, y: width / 2, width: 30 - width, height: 18 - width, fill: 'none', 'stroke-width': width, ...inked('stroke', colour) }),
    ),
    icon,
  );
}
