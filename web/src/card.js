// One report, or one feature of a city's layer, read whole.
import { Problem, listWards, readFeature, readReport } from './api.js';
import { categoryName } from './catalogue.js';
import { $, el, fill } from './dom.js';
import { badge, factsOf, heading, nature, pointOf, wardNames } from './facts.js';
import { ago, dateTime, known, lang, onLang, pick, pickOf, t } from './i18n.js';
import { kept, pageOf } from './kept.js';
import { loadSchemas } from './schemas.js';

let shown = null; // the feature on the card
let of = null; // its collection, or nothing for a report
let more = {}; // what the list that it was chosen from knew besides
let wards = [];
let loading;
let show = () => {};

export function startCard(onShow) {
  show = onShow;
  onLang(() => shown && draw());
}

/** Reads report `id` onto the card, or a feature of `collection`; `extra` are facts that the feature itself does not hold. */
export async function loadCard(id, collection = null, extra = {}) {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  shown = null;
  of = collection;
  more = extra;
  $('card').replaceChildren(el('h2', { id: 'card-title', tabindex: -1 }, t(of ? 'loading' : 'card.loading')));
  try {
    if (of) {
      const [feature, all] = await Promise.all([readFeature(of, id, signal), listWards().catch(() => []), loadSchemas([of]).catch(() => {})]);
      if (signal.aborted) return;
      [shown, wards] = [feature, all];
    } else shown = await readReport(id, signal);
    draw();
  } catch (error) {
    if (signal.aborted) return;
    const gone = error instanceof Problem;
    $('card').replaceChildren(
      el('h2', { id: 'card-title', tabindex: -1 }, t(!gone ? 'unreachable' : of ? 'card.goneFeature' : 'card.gone')),
      gone ? el('p', {}, error.message) : el('button', { type: 'button', onclick: () => loadCard(id, collection, extra) }, t('retry')),
    );
  }
  if ($('card').offsetParent) $('card-title').focus();
}

export const shownPoint = () => pointOf(shown?.geometry);

function draw() {
  if (of) drawFeature();
  else drawReport();
}

function drawFeature() {
  const { properties: p } = shown;
  const point = shownPoint();
  const words = of === 'alerts' ? pickOf(p, 'text') : p.description;
  const facts = [...factsOf(of, p, more), [t('card.wards'), wardNames(p, wards)], [t('card.updated'), p.updated_at && when(p.updated_at)]].filter(([, value]) => value);
  fill($('card'),
    el('div', { class: 'card-head' }, badge(of, p, 40), el('div', {}, el('h2', { id: 'card-title', tabindex: -1 }, heading(of, p)), el('p', { class: 'kind' }, nature(of, p)))),
    words && el('p', { class: 'text' }, words),
    el('dl', {}, ...facts.flatMap(([key, value]) => [el('dt', {}, key), el('dd', {}, value)])),
    actions(point),
  );
}

function drawReport() {
  const { properties: p } = shown;
  const id = p.id ?? shown.id;
  const closed = p.status === 'closed';
  const overdue = !closed && p.due_at && new Date(p.due_at) < Date.now();
  const state = `state.${p.state}`;
  const point = shownPoint();
  const facts = [
    ['card.redirect', p.redirect_to],
    ['card.address', p.address],
    ['card.ward', p.ward_name ?? p.ward],
    ['card.body', pick(p.body_name) || p.body],
    ['card.created', p.created_at && when(p.created_at)],
    ['card.updated', p.updated_at && p.updated_at !== p.created_at && when(p.updated_at)],
    ['card.due', p.due_at && el('span', {}, dateTime(p.due_at), overdue && el('b', { class: 'late' }, ` ${t('card.overdue')}`))],
    ['card.number', String(id)],
  ].filter(([, value]) => value);
  fill($('card'),
    el('p', { class: `state ${closed ? 'closed' : 'open'}` }, el('i', { class: `dot ${closed ? 'closed' : 'open'}` }), known(state) ? t(state) : p.status),
    el('h2', { id: 'card-title', tabindex: -1 }, p.title || categoryName(p.category)),
    p.title && el('p', { class: 'kind' }, categoryName(p.category)),
    p.description && el('p', { class: 'text' }, p.description),
    el('dl', {}, ...facts.flatMap(([key, value]) => [el('dt', {}, t(key)), el('dd', {}, value)])),
    p.approximate && el('p', { class: 'hint' }, t('card.approximate')),
    !point && el('p', { class: 'hint' }, t('card.placeless')),
    el('p', {}, el('a', { href: pageOf(kept().find((one) => one.id === Number(id)) ?? { id }, lang()) }, t('card.page'))),
    actions(point),
  );
}

const actions = (point) =>
  el('div', { class: 'actions' },
    point && el('button', { type: 'button', class: 'on-map', onclick: () => show(point, of) }, t('card.show')),
    navigator.clipboard && el('button', { type: 'button', onclick: copy }, t('card.copy')),
  );

const when = (instant) => el('time', { datetime: instant }, `${dateTime(instant)} (${ago(instant)})`);

async function copy({ currentTarget: button }) {
  await navigator.clipboard.writeText(location.href).then(() => { button.textContent = t('card.copied'); }, () => {});
}
