// What is asked for: categories, status and ward. Kept in the address of the page, so that a view is a link.
import { reports, lang, onLang, pick, t } from './i18n.js';
import { listReports } from './api.js';
import { allGroups, categoryOf } from './catalogue.js';
import { $, el } from './dom.js';

const chosen = new Set();
let status = '';
let ward = ''; // the code or canonical id of the only ward
let changed = () => {};
let counting;

/** The filters as query parameters; the same words on tiles, lists and counts. */
export function filterQuery() {
  const query = {};
  if (chosen.size) query.category = [...chosen].sort().join(',');
  if (status) query.status = status;
  if (ward) query.ward = ward;
  return query;
}

export function startFilters(onChange) {
  changed = onChange;
  const address = new URLSearchParams(location.search);
  ward = address.get('ward') ?? '';
  for (const code of (address.get('category') ?? '').split(',')) if (code) chosen.add(code);
  if (['open', 'closed'].includes(address.get('status'))) status = address.get('status');
  for (const radio of $('filters').elements.status) radio.checked = radio.value === status;
  $('filters').addEventListener('submit', (event) => event.preventDefault());
  $('filters').addEventListener('change', (event) => {
    if (event.target.name === 'status') status = event.target.value;
    else toggle(event.target);
    apply();
  });
  onLang(() => {
    drawCategories();
    showCount();
  });
}

/** Writes query parameters of the page: an empty value takes one out. The map keeps its place after the #. */
export function setAddress(values) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  // A comma may stand as it is in a query: a link that people share should be readable.
  history.replaceState(history.state, '', url.href.replaceAll('%2C', ','));
}

/** Reports of this ward only; nothing for all. */
export function setWard(name) {
  ward = name;
  setAddress({ ward });
  showCount();
  changed();
}

function apply() {
  setAddress({ category: filterQuery().category, status });
  drawChosen();
  showCount();
  changed();
}

function toggle(box) {
  const codes = box.dataset.group ? allGroups().find((group) => group.code === box.dataset.group).categories.map((c) => c.code) : [box.value];
  for (const code of codes) {
    if (box.checked) chosen.add(code);
    else chosen.delete(code);
  }
}

export function drawCategories() {
  // An old link may name a category that is no more: the server would refuse it, and no box here could clear it.
  const gone = [...chosen].filter((code) => !categoryOf(code));
  for (const code of gone) chosen.delete(code);
  if (gone.length) apply();
  $('category-boxes').replaceChildren(
    ...allGroups().map((group) =>
      el('fieldset', {},
        el('legend', {}, el('label', {}, el('input', { type: 'checkbox', 'data-group': group.code }), el('b', {}, pick(group.name)))),
        ...group.categories.map((category) =>
          el('label', {}, el('input', { type: 'checkbox', name: 'category', value: category.code }), el('span', {}, pick(category.name))),
        ),
      ),
    ),
    el('button', { type: 'button', class: 'quiet', id: 'category-clear', onclick: clear }, t('filter.clear')),
  );
  drawChosen();
}

function clear() {
  chosen.clear();
  apply();
}

function drawChosen() {
  for (const box of $('category-boxes').querySelectorAll('input[name=category]')) box.checked = chosen.has(box.value);
  for (const box of $('category-boxes').querySelectorAll('input[data-group]')) {
    const codes = allGroups().find((group) => group.code === box.dataset.group).categories.map((c) => c.code);
    const some = codes.filter((code) => chosen.has(code)).length;
    box.checked = some === codes.length;
    box.indeterminate = some > 0 && some < codes.length;
  }
  $('category-summary').textContent = chosen.size ? t('filter.some', { n: chosen.size }) : t('filter.any');
}

export function failCategories(retry) {
  $('category-boxes').replaceChildren(el('p', { role: 'alert' }, t('filter.failed'), ' ', el('button', { type: 'button', class: 'quiet', onclick: retry }, t('retry'))));
  $('category-summary').textContent = '';
}

/** Counts all reports that match, wherever they are, those without a place too. True when the server answered, nothing when a newer count came first. */
export async function showCount() {
  counting?.abort();
  counting = new AbortController();
  const { signal } = counting;
  let text;
  let answered = true;
  try {
    const { numberMatched } = await listReports({ limit: 1, ...filterQuery() }, signal);
    text = reports(numberMatched);
    $('count').dataset.matched = numberMatched;
  } catch {
    if (signal.aborted) return undefined;
    answered = false;
    text = t('count.failed');
  }
  // A live region speaks whenever it is written: only what is new is.
  if ($('count').textContent !== text || $('count').lang !== lang()) {
    $('count').textContent = text;
    $('count').lang = lang();
  }
  return answered;
}
