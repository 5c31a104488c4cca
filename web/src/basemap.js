// Puts the style of somebody else's basemap below ours, when the server names one: its sources, its pictures, its layers.
// Its letters are drawn from the fonts of this device, as ours are.
const OURS = 'diaban:over-basemap';
const PICTURES = { layout: ['icon-image'], paint: ['background-pattern', 'fill-pattern', 'fill-extrusion-pattern', 'line-pattern'] };

/** The style with the basemap below it; as it is when there is none, or when that cannot be read. */
export async function underlay(style) {
  const url = style.metadata?.['diaban:basemap-style'];
  if (!url) return style;
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return join(style, await answer.json(), url);
  } catch (error) {
    console.warn('the basemap cannot be read', error);
    return style;
  }
}

function join(style, base, url) {
  // A URL encodes the braces of a template.
  const absolute = (to) => new URL(to, url).href.replace(/%7B/gi, '{').replace(/%7D/gi, '}');
  const sources = Object.entries(base.sources ?? {}).map(([id, source]) => [`basemap-${id}`, {
    ...source,
    ...(source.url && { url: absolute(source.url) }),
    ...(source.tiles && { tiles: source.tiles.map(absolute) }),
  }]);
  const sprites = (typeof base.sprite === 'string' ? [{ id: 'default', url: base.sprite }] : (base.sprite ?? [])).map((one) => ({ id: `basemap-${one.id}`, url: absolute(one.url) }));
  const layers = (base.layers ?? []).map((one) => ({ ...one, id: `basemap-${one.id}`, ...(one.source && { source: `basemap-${one.source}` }), ...renamed(one) }));
  const ours = style.layers.filter(({ type }) => type !== 'background').map((one) => ({ ...one, paint: { ...one.paint, ...one.metadata?.[OURS] } }));
  return {
    ...style,
    sprite: [{ id: 'default', url: style.sprite }, ...sprites],
    sources: { ...style.sources, ...Object.fromEntries(sources) },
    layers: [...layers, ...ours],
  };
}

/** The properties of a layer that name pictures, with the names they have beside ours. */
function renamed(layer) {
  const part = (kind) => Object.fromEntries(PICTURES[kind].filter((name) => layer[kind]?.[name]).map((name) => [name, nameOf(layer[kind][name])]));
  return Object.fromEntries(Object.keys(PICTURES).filter((kind) => layer[kind]).map((kind) => [kind, { ...layer[kind], ...part(kind) }]));
}

/** A name, a function of stops, or an expression, whose zoom may stand at its top only. */
function nameOf(value) {
  const prefix = 'basemap-default:';
  if (typeof value === 'string') return value && prefix + value;
  if (value.stops) return { ...value, stops: value.stops.map(([at, name]) => [at, nameOf(name)]) };
  if (value[0] === 'step') return ['step', value[1], ...value.slice(2).map((one, i) => (i % 2 ? one : nameOf(one)))];
  return ['concat', prefix, value];
}
