// What the map shows as lists, one for each layer that is on: for those who do not use the map, and beside it for all.
import { listFeatures, listReports, listWards } from './api.js';
import { categoryName } from './catalogue.js';
import { $, el } from './dom.js';
import { badge, heading, line, until } from './facts.js';
import { filterQuery } from './filters.js';
import { ago, known, lang, number, onLang, reports, t } from './i18n.js';
import { isOn, layerQuery, layerTitle } from './layers.js';
import { ALERT_SEVERITY } from './palette.js';

const SHOWN = 20;
const MOST_ALERTS = 200;
const MOST_WARDS = 200;
let view = () => null; // the bounds in view, or null without a map
let open = () => {};
let openWard = () => {};
let spot = null; // bounds of one place on the map, while that is what is listed
let loading;

/** Each list: the elements it fills, what it asks, its title and rows. Alerts first: they are why people hurry. */
const LISTS = {
  alerts: {
    names: ['alerts-title', 'alerts-note', 'alerts-list'],
    ask: (query, signal) => listFeatures('alerts', { active: true, ...query, limit: MOST_ALERTS }, signal),
    sort: (a, b) => rank(b) - rank(a),
    row: (feature) => cityRow('alerts', feature),
  },
  incidents: {
    names: ['list-title', 'list-note', 'list'],
    ask: (query, signal) => listReports({ ...query, ...filterQuery() }, signal),
    row: reportRow,
  },
  traffic: {
    names: ['traffic-title', 'traffic-note', 'traffic-list'],
    ask: (query, signal) => listFeatures('traffic', { active: true, ...query, ...layerQuery('traffic') }, signal),
    row: (feature) => cityRow('traffic', feature),
  },
  facilities: {
    names: ['facilities-title', 'facilities-note', 'facilities-list'],
    ask: (query, signal) => listFeatures('facilities', { ...query, ...layerQuery('facilities') }, signal),
    row: (feature) => cityRow('facilities', feature),
  },
  wards: { names: ['wards-title', 'wards-note', 'wards-list'], ask: (_, signal) => askWards(signal), row: wardRow },
};
let wardsWanted = false; // their boundaries weigh much: they are read when someone wants the list
const pages = {};
const rank = ({ properties }) => ALERT_SEVERITY.findIndex(({ code }) => code === properties.severity);

/** `onOpen(id, collection)`: a row was chosen; without a collection it is a report. `onWard(at)`: a ward was. */
export function startList(bounds, onOpen, onWard) {
  view = bounds;
  open = onOpen;
  openWard = onWard;
  $('list-box').addEventListener('change', loadList);
  onLang(draw);
}

/** What is listed: the reports of one spot, or each layer that is on. */
const isListed = (layer) => (spot ? layer === 'incidents' : isOn(layer));
const box = () => spot ?? ($('list-box').checked ? view() : null);

/** Lists one spot instead of the view, until the map moves. */
export function listSpot(bounds) {
  spot = bounds;
  delete pages.incidents;
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
  const query = { limit: SHOWN };
  const bounds = box();
  if (bounds) query.bbox = bounds.map((degrees) => degrees.toFixed(6)).join(',');
  draw();
  await Promise.all(Object.entries(LISTS).filter(([layer]) => isListed(layer)).map(async ([layer, list]) => {
    try {
      pages[layer] = await list.ask(query, signal);
      if (list.sort) pages[layer].features.sort(list.sort);
    } catch {
      if (signal.aborted) return;
      pages[layer] = { failed: true };
    }
    drawOne(layer);
  }));
}

function draw() {
  $('list-box').closest('label').hidden = !view();
  $('lists-off').hidden = Object.keys(LISTS).some(isOn);
  for (const layer of Object.keys(LISTS)) drawOne(layer);
}

function drawOne(layer) {
  const { names, row } = LISTS[layer];
  const [title, note, list] = names.map($);
  title.closest('section').hidden = !isListed(layer);
  if (!isListed(layer)) delete pages[layer];
  title.textContent = titleOf(layer);
  if (layer === 'wards' && !wardsWanted) return offerWards(note);
  const page = pages[layer];
  if (!page) return;
  if (page.failed) {
    say(note, t('unreachable'), t('retry'), loadList);
    return list.replaceChildren();
  }
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  list.replaceChildren(...page.features.map(row));
  if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  const text = countOf(layer, page.features.length, page.numberMatched);
  if (spot && layer === 'incidents') say(note, text, t('list.whole'), listView);
  else say(note, text);
}

function offerWards(note) {
  if (note.firstChild && note.lang === lang()) return;
  note.lang = lang();
  note.replaceChildren(el('button', { type: 'button', class: 'quiet', onclick: showWards }, t('list.wards')));
}

async function showWards() {
  wardsWanted = true;
  $('wards-note').replaceChildren(t('loading'));
  await loadList();
  $('wards-title').focus();
}

async function askWards(signal) {
  if (!wardsWanted) return undefined;
  const all = await listWards();
  signal.throwIfAborted();
  const bounds = box();
  const meets = ({ box: b }) => !bounds || (b && b[0] <= bounds[2] && b[2] >= bounds[0] && b[1] <= bounds[3] && b[3] >= bounds[1]);
  const found = all.filter(meets);
  return { features: found.slice(0, MOST_WARDS), numberMatched: found.length };
}

function wardRow({ code, name, at }) {
  return el('li', {}, el('button', { type: 'button', 'data-id': code, onclick: () => openWard(at) }, el('i', { class: 'sign wards' }), el('span', { class: 'what' }, el('b', {}, name))));
}

function titleOf(layer) {
  if (layer === 'incidents') return t(spot ? 'list.titleAt' : box() ? 'list.title' : 'list.city');
  return t(box() ? 'list.layerView' : 'list.layerCity', { layer: layerTitle(layer) });
}

function countOf(layer, shown, all) {
  if (layer === 'incidents') return !all ? t('list.empty') : all > shown ? t('list.note', { n: shown, all: reports(all) }) : reports(all);
  return !all ? t('list.none') : t(all > shown ? 'list.some' : 'list.all', { n: number(shown), all: number(all) });
}

/** A live region speaks whenever it is written: only what is new is. */
function say(note, text, label, act) {
  if (!label && note.textContent === text) return;
  note.lang = lang();
  note.replaceChildren(text, ...(label ? [' ', el('button', { type: 'button', class: 'quiet', onclick: act }, label)] : []));
}

function reportRow({ id, properties: p }) {
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

function cityRow(collection, { id, properties: p }) {
  const end = until(p);
  return el('li', {},
    el('button', { type: 'button', 'data-id': id, onclick: () => open(id, collection) },
      badge(collection, p, 24),
      el('span', { class: 'what' },
        el('b', {}, heading(collection, p)),
        el('small', {}, line(collection, p)),
        end && el('small', {}, end),
      ),
    ),
  );
}
