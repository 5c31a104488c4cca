// Our icons: a shape that tells the layer (square: facility, diamond: traffic, triangle: alert), a colour, a sign. Described
// once; look/sprite.js draws them for the map when the page is built, and here they are SVG for the lists and the legend.
import { FACILITY, TRAFFIC, WARNING } from './glyphs.js';
import { ALERT_SEVERITY, FACILITY_COLOUR, SIGN, TRAFFIC_SEVERITY, severityOf } from './palette.js';

// On a field of 24 by 24 around its middle.
const SHAPES = {
  square: { path: 'M-6-10.5H6A4.5 4.5 0 0 1 10.5-6V6A4.5 4.5 0 0 1 6 10.5H-6A4.5 4.5 0 0 1-10.5 6V-6A4.5 4.5 0 0 1-6-10.5z', sign: 0.94, down: 0 },
  diamond: { path: 'M-1.8-10.7a2.5 2.5 0 0 1 3.6 0L10.7-1.8a2.5 2.5 0 0 1 0 3.6L1.8 10.7a2.5 2.5 0 0 1-3.6 0L-10.7 1.8a2.5 2.5 0 0 1 0-3.6z', sign: 0.76, down: 0 },
  triangle: { path: 'M-1.9-9.9a2.2 2.2 0 0 1 3.8 0L10.9 6.3A2.2 2.2 0 0 1 9 9.6H-9A2.2 2.2 0 0 1-10.9 6.3z', sign: 0.7, down: 2.4 },
};

/** How wide the line of a sign is that says no width itself. */
export const LINE = 1.7;

/** The badge of a name: `facility-{kind}`, `traffic-{kind}-{severity}`, `alert-{severity}`; null for other names. */
export function badgeOf(name) {
  const [layer, kind, severity = ''] = name.split('-');
  if (layer === 'facility') return { shape: SHAPES.square, colour: FACILITY_COLOUR[kind] ?? FACILITY_COLOUR.other, sign: FACILITY[kind] ?? FACILITY.other };
  if (layer === 'traffic') return { shape: SHAPES.diamond, colour: severityOf(TRAFFIC_SEVERITY, severity).colour, sign: TRAFFIC[kind] ?? TRAFFIC.other };
  if (layer === 'alert') return { shape: SHAPES.triangle, colour: severityOf(ALERT_SEVERITY, kind).colour, sign: WARNING };
  return null;
}

/** The name of the badge of a feature. */
export function badgeName(collection, { kind, severity }) {
  if (collection === 'facilities') return `facility-${kind}`;
  if (collection === 'traffic') return `traffic-${kind}-${severity ?? ''}`;
  return `alert-${severity}`;
}

export function svg(tag, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Attributes that fill or stroke (`how`) with the colour of a pair that suits the theme: style.css chooses. */
export const inked = (how, [light, dark]) => ({ class: how, style: `--light: ${light}; --dark: ${dark}` });

/** A badge as an element for the page, without a name: words beside it say the same. */
export function drawBadge(name, size = 24) {
  const { shape, colour, sign } = badgeOf(name);
  const inside = [];
  if (sign.fill) inside.push(svg('path', { d: sign.fill, 'fill-rule': 'evenodd', ...inked('fill', SIGN) }));
  if (sign.line) inside.push(svg('path', { d: sign.line, fill: 'none', 'stroke-width': sign.width ?? LINE, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', ...inked('stroke', SIGN) }));
  return svg('svg', { viewBox: '-12 -12 24 24', width: size, height: size, class: 'badge', 'aria-hidden': 'true' },
    svg('path', { d: shape.path, ...inked('fill', colour) }),
    svg('g', { transform: `translate(${-8 * shape.sign} ${-8 * shape.sign + shape.down}) scale(${shape.sign})` }, ...inside),
  );
}
