// Which layers are on, and which kind of them: kept in the address, followed by the map, the legend and the list.
import { codesOf, codeTitle, collectionTitle } from './schemas.js';
import { setAddress } from './filters.js';
import { $, el } from './dom.js';
import { drawBadge } from './badges.js';
import { onLang, t } from './i18n.js';

export const LAYERS = ['incidents', 'alerts', 'traffic', 'facilities', 'wards'];
const FIRST = ['incidents', 'alerts', 'wards']; // what is on when the address says nothing
const SIGN = { alerts: 'alert-severe', traffic: 'traffic-congestion-moderate', facilities: 'facility-hospital' };
/** The layers that can be narrowed to one kind, each with its word in the address. */
const KINDS = { traffic: 'traffic', facilities: 'facility' };

const on = new Set();
let offered = new Set(LAYERS);
const kinds = {};
let changed = () => {};

export const isOn = (layer) => on.has(layer) && offered.has(layer);
export const isOffered = (layer) => offered.has(layer);
export const kindOf = (layer) => kinds[layer] ?? '';
export const isNarrowed = () => Object.values(kinds).some(Boolean);
/** The filter of a layer besides that of the reports, as query parameters of its tiles and its list. A link may name a kind that is none. */
export const layerQuery = (layer) => (codesOf(layer, 'kind').includes(kinds[layer]) ? { kind: kinds[layer] } : {});
export const layerTitle = (layer) => collectionTitle(layer) ?? t(`layer.${layer}`);

/** `onChange(layer)` hears of a switch as well as of a kind. */
export function startLayers(onChange) {
  changed = onChange;
  const address = new URLSearchParams(location.search);
  const wanted = address.has('layers') ? address.get('layers').split(',') : FIRST;
  for (const layer of LAYERS) if (wanted.includes(layer)) on.add(layer);
  for (const [layer, word] of Object.entries(KINDS)) kinds[layer] = address.get(word) ?? '';
  drawLayers();
  onLang(drawLayers);
}

/** A city's pack says which collections there are: a layer without one is not offered. */
export function offer(collections) {
  offered = new Set(LAYERS.filter((layer) => collections.includes(layer === 'incidents' ? 'reports' : layer)));
  drawLayers();
}

/** Turns a layer on, as when something of it is to be seen. */
export function switchOn(layer) {
  if (on.has(layer)) return;
  on.add(layer);
  apply(layer);
}

function apply(layer) {
  const now = LAYERS.filter((one) => on.has(one));
  setAddress({ layers: now.join() === FIRST.join() ? '' : now.join() || 'none', ...Object.fromEntries(Object.entries(KINDS).map(([one, word]) => [word, kinds[one]])) });
  drawChosen();
  changed(layer);
}

/** The switches and the choices of kind, in the words of the schemas once those are here. */
export function drawLayers() {
  $('layer-boxes').replaceChildren(...LAYERS.filter(isOffered).map((layer) => {
    const box = el('input', { type: 'checkbox', name: 'layer', value: layer });
    box.addEventListener('change', () => {
      if (box.checked) on.add(layer);
      else on.delete(layer);
      apply(layer);
    });
    const sign = SIGN[layer] ? drawBadge(SIGN[layer], 20) : el('i', { class: `sign ${layer}` });
    return el('label', {}, box, el('span', {}, sign, layerTitle(layer)));
  }));
  for (const layer of Object.keys(KINDS)) {
    const codes = codesOf(layer, 'kind');
    // A link may name a kind that is no more: the server would refuse it.
    if (codes.length && kinds[layer] && !codes.includes(kinds[layer])) {
      kinds[layer] = '';
      apply(layer);
    }
    const select = $(`kind-${layer}`);
    select.replaceChildren(el('option', { value: '' }, t('layer.every')), ...codes.map((code) => el('option', { value: code }, codeTitle(layer, 'kind', code))));
    select.onchange = () => {
      kinds[layer] = select.value;
      apply(layer);
    };
  }
  drawChosen();
}

function drawChosen() {
  for (const box of $('layer-boxes').querySelectorAll('input')) box.checked = on.has(box.value);
  for (const layer of Object.keys(KINDS)) {
    $(`kind-${layer}`).value = kinds[layer];
    $(`kind-${layer}`).closest('.kind-choice').hidden = !isOn(layer);
  }
  for (const part of ['count', 'filters']) $(part).hidden = !isOn('incidents');
}
