// The reports in view as a list: the same the map shows, for those who do not use the map.
import { listReports } from './api.js';
import { categoryName } from './catalogue.js';
import { $, el } from './dom.js';
import { filterQuery } from './filters.js';
import { ago, known, onLang, reports, t } from './i18n.js';

const SHOWN = 20;
let view = () => null; // the bounds in view, or null without a map
let open = () => {};
let spot = null; // bounds of one place on the map, while that is what is listed
let page = null;
let loading;

export function startList(bounds, onOpen) {
  view = bounds;
  open = onOpen;
  onLang(draw);
}

/** Lists one spot instead of the view, until the map moves. */
export function listSpot(bounds) {
  spot = bounds;
  page = null;
  return loadList();
}

export function listView() {
  spot = null;
  return loadList();
}

export async function loadList() {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  const bounds = spot ?? view();
  const query = { limit: SHOWN, ...filterQuery() };
  if (bounds) query.bbox = bounds.map((degrees) => degrees.toFixed(6)).join(',');
  try {
    page = await listReports(query, signal);
  } catch {
    if (signal.aborted) return;
    page = { failed: true };
  }
  draw();
}

function draw() {
  $('list-title').textContent = t(spot ? 'list.titleAt' : view() ? 'list.title' : 'list.city');
  if (!page) return;
  const list = $('list');
  if (page.failed) {
    note(t('unreachable'), t('retry'), loadList);
    return list.replaceChildren();
  }
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  list.replaceChildren(...page.features.map(row));
  if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  const all = page.numberMatched;
  const text = !all ? t('list.empty') : all > page.features.length ? t('list.note', { n: page.features.length, all: reports(all) }) : reports(all);
  if (spot) note(text, t('list.whole'), listView);
  else note(text);
}

function note(text, label, act) {
  const old = $('list-note');
  if (!label && old.textContent === text) return;
  old.replaceChildren(text, ...(label ? [' ', el('button', { type: 'button', class: 'quiet', onclick: act }, label)] : []));
}

function row({ id, properties: p }) {
  const key = p.id ?? id;
  const state = `state.${p.state}`;
  return el('li', {},
    el('button', { type: 'button', 'data-id': key, onclick: () => open(key) },
      el('i', { class: `dot ${p.status === 'closed' ? 'closed' : 'open'}` }),
      el('span', { class: 'what' },
        el('b', {}, p.title || categoryName(p.category)),
        el('small', {}, [p.title && categoryName(p.category), p.ward_name].filter(Boolean).join(' · ')),
        el('small', {}, `${known(state) ? t(state) : p.status} · ${ago(p.created_at)}`),
      ),
    ),
  );
}
