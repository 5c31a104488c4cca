// One report, read whole.
import { Problem, readReport } from './api.js';
import { categoryName } from './catalogue.js';
import { $, el, fill } from './dom.js';
import { ago, dateTime, known, onLang, pick, t } from './i18n.js';

let shown = null; // the feature on the card
let loading;
let show = () => {};

export function startCard(onShow) {
  show = onShow;
  onLang(() => shown && draw());
}

/** Reads report `id` onto the card. */
export async function loadCard(id) {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  shown = null;
  $('card').replaceChildren(el('h2', { id: 'card-title', tabindex: -1 }, t('card.loading')));
  try {
    shown = await readReport(id, signal);
    draw();
  } catch (error) {
    if (signal.aborted) return;
    const gone = error instanceof Problem;
    $('card').replaceChildren(
      el('h2', { id: 'card-title', tabindex: -1 }, t(gone ? 'card.gone' : 'unreachable')),
      gone ? el('p', {}, error.message) : el('button', { type: 'button', onclick: () => loadCard(id) }, t('retry')),
    );
  }
  if ($('card').offsetParent) $('card-title').focus();
}

export const shownPoint = () => (shown?.geometry ? { lon: shown.geometry.coordinates[0], lat: shown.geometry.coordinates[1] } : null);

function draw() {
  const { properties: p } = shown;
  const id = p.id ?? shown.id;
  const closed = p.status === 'closed';
  const overdue = !closed && p.due_at && new Date(p.due_at) < Date.now();
  const state = `state.${p.state}`;
  const point = shownPoint();
  const facts = [
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
    el('div', { class: 'actions' },
      point && el('button', { type: 'button', onclick: () => show(point) }, t('card.show')),
      navigator.clipboard && el('button', { type: 'button', onclick: copy }, t('card.copy')),
    ),
  );
}

const when = (instant) => el('time', { datetime: instant }, `${dateTime(instant)} (${ago(instant)})`);

async function copy({ currentTarget: button }) {
  await navigator.clipboard.writeText(location.href).then(() => { button.textContent = t('card.copied'); }, () => {});
}
