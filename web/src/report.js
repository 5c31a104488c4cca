// Writing a report and sending it so that it arrives exactly once.
import { Problem, Unreachable, listWards, sendReport } from './api.js';
import { allGroups, categoryName, categoryOf } from './catalogue.js';
import { $, el, fill } from './dom.js';
import { dateTime, lang, onLang, pick, t } from './i18n.js';
import { keep, pageOf } from './kept.js';
import { askWhose, drawWhose, myPosition } from './place.js';
import { answers, drawQuestions, unanswered } from './questions.js';

let stage = null; // the map, when there is one
let point = null;
let found = null; // whose the point is
let asking;
// One key from the first press of send until the server has taken the report: a retry on a bad link cannot make two.
let key = null;
let done = null; // the report as the server took it
let mine = null; // the same as this device keeps it
let after = () => {};
let see = () => {};
let begin = () => {};

/** Callbacks: a report was taken; the reader wants to see one; the form was begun afresh. */
export function startReport(onSent, onSee, onBegin) {
  after = onSent;
  see = onSee;
  begin = onBegin;
  $('r-category').addEventListener('change', () => {
    drawRules();
    if (point) setPoint(point);
  });
  $('r-me').addEventListener('click', fromDevice);
  $('r-centre').addEventListener('click', () => stage && setPoint(stage.centre()));
  for (const id of ['r-lon', 'r-lat']) $(id).addEventListener('change', fromText);
  $('report').addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  onLang(() => {
    drawReportCategories();
    drawWards();
    if (found) fill($('r-where'), drawWhose(found, point));
    if (done) drawDone();
  });
}

export function useMap(map) {
  stage = map;
}

/** Shows a fresh form, or the one already begun. */
export function openReport(at) {
  if (done) reset();
  if (at) setPoint(at);
  else if (point) stage?.pin(point, { moved: setPoint });
}

export const isSent = () => !!done;

export function leaveReport() {
  stage?.unpin();
}

function reset() {
  $('report').reset();
  $('report').hidden = false;
  $('report-done').hidden = true;
  point = found = key = done = mine = null;
  $('r-where').replaceChildren();
  clearErrors();
  drawRules();
}

export function drawReportCategories() {
  const select = $('r-category');
  const { value } = select;
  select.replaceChildren(
    el('option', { value: '' }, t('report.choose')),
    ...allGroups().map((group) =>
      el('optgroup', { label: pick(group.name) }, ...group.categories.map((category) => el('option', { value: category.code }, pick(category.name)))),
    ),
  );
  select.value = value;
  drawRules();
}

/** What the chosen category wants: a place, a ward, answers; and whom to call first, where minutes count. */
function drawRules() {
  const category = categoryOf($('r-category').value);
  const place = category?.place ?? 'required';
  $('r-place').hidden = place === 'none';
  $('r-place-optional').hidden = place !== 'optional';
  $('r-ward-field').hidden = place === 'required';
  $('r-ward-optional').hidden = place !== 'optional';
  if (place !== 'required') drawWards();
  const stop = pick(category?.stop);
  $('r-stop').hidden = !stop;
  $('r-stop').textContent = stop;
  drawQuestions(category?.questions);
}

async function drawWards() {
  const select = $('r-ward');
  if ($('r-ward-field').hidden) return;
  const { value } = select;
  try {
    const wards = await listWards();
    select.replaceChildren(el('option', { value: '' }, t('report.chooseWard')), ...wards.map(({ code, name }) => el('option', { value: code }, name)));
    select.value = value;
  } catch {
    select.replaceChildren(el('option', { value: '' }, t('unreachable')));
    select.addEventListener('focus', drawWards, { once: true });
  }
}

async function fromDevice() {
  fill($('r-where'), el('p', {}, t('place.finding')));
  try {
    const at = await myPosition();
    stage?.go(at, 17);
    await setPoint(at);
  } catch (error) {
    fill($('r-where'), el('p', { class: 'bad' }, error.message));
  }
}

function fromText() {
  if (!$('r-lon').value.trim() || !$('r-lat').value.trim()) return;
  const [lon, lat] = ['r-lon', 'r-lat'].map((id) => Number($(id).value.trim().replace(',', '.')));
  if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) return fill($('r-where'), el('p', { class: 'bad' }, t('report.badPlace')));
  stage?.go({ lon, lat }, 16);
  setPoint({ lon, lat });
}

/** Places the report, and shows whose it would be. */
export async function setPoint(at) {
  point = at;
  found = null;
  stage?.pin(point, { moved: setPoint });
  $('r-lon').value = point.lon.toFixed(6);
  $('r-lat').value = point.lat.toFixed(6);
  clearError($('r-place'));
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  fill($('r-where'), el('p', {}, t('where.looking')));
  try {
    found = await askWhose(point, $('r-category').value, signal);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  fill($('r-where'), drawWhose(found, point));
}

function feature() {
  const category = categoryOf($('r-category').value);
  const placed = category.place !== 'none' && point;
  const properties = { category: category.code };
  for (const name of ['title', 'description', 'address']) {
    const text = $(`r-${name}`).value.trim().normalize('NFC');
    if (text) properties[name] = text;
  }
  if (placed && point.accuracy_m) properties.accuracy_m = point.accuracy_m;
  if (!placed && $('r-ward').value) properties.ward = $('r-ward').value;
  const given = answers();
  if (Object.keys(given).length) properties.answers = given;
  return { type: 'Feature', geometry: placed ? { type: 'Point', coordinates: [point.lon, point.lat] } : null, properties };
}

/** What can be said without asking the server. */
function missing() {
  const category = categoryOf($('r-category').value);
  if (!category) return [{ field: 'properties.category', detail: t('report.needCategory') }];
  const errors = unanswered().map((code) => ({ field: `properties.answers.${code}`, detail: t('report.needAnswer') }));
  if (category.place === 'required' && !point) errors.unshift({ field: 'geometry', detail: t('report.needPlace') });
  if (category.place === 'none' && !$('r-ward').value) errors.unshift({ field: 'properties.ward', detail: t('report.needWard') });
  return errors;
}

async function send() {
  if ($('r-send').disabled) return;
  clearErrors();
  const errors = missing();
  if (errors.length) return showErrors(errors);
  const button = $('r-send');
  button.disabled = true;
  button.textContent = t('report.sending');
  key ??= crypto.randomUUID();
  try {
    const { report, token } = await sendReport(feature(), key);
    done = report;
    key = null;
    const { properties: p } = done;
    mine = { id: p.id ?? done.id, token, title: p.title || categoryName(p.category), when: p.created_at };
    mine.kept = token !== '' && keep(mine);
    if (done.geometry) stage?.pin(point, { raised: true });
    drawDone();
    after(done);
  } catch (error) {
    if (error instanceof Unreachable) say(t('report.lost'), el('button', { type: 'button', onclick: send }, t('retry')));
    else if (!(error instanceof Problem)) throw error;
    else if (error.status === 409) {
      key = null;
      say(t('report.changed'));
    } else showErrors(error.errors, error);
  } finally {
    button.disabled = false;
    button.textContent = t('report.send');
  }
}

function say(...parts) {
  fill($('report-problem'), parts);
  $('report-problem').hidden = false;
  $('report-problem').focus();
}

function showErrors(errors, problem) {
  const homeless = [];
  let first = null;
  for (const { field, detail } of errors) {
    const box = fieldOf(field);
    if (!box || box.hidden) {
      homeless.push(detail);
      continue;
    }
    const id = `${field.replace(/\W/g, '-')}-error`;
    box.append(el('p', { class: 'bad', id }, detail));
    const control = box.querySelector('select, input:not([type=checkbox]), textarea') ?? box.querySelector('input');
    control?.setAttribute('aria-invalid', 'true');
    control?.setAttribute('aria-describedby', id);
    first ??= box.id === 'r-place' ? $('r-centre') : control;
  }
  if (problem || homeless.length) {
    say(el('b', {}, problem?.title || t('report.refused')), ...(homeless.length ? homeless : errors.length ? [] : [problem?.detail]).filter(Boolean).map((text) => el('p', {}, text)));
  }
  first?.focus();
  first?.closest('[data-field]').scrollIntoView({ block: 'nearest' }); // the words below the control too
}

/** The field an error names: `properties.answers.x` may stand for its parent when `x` has no control of its own. */
function fieldOf(name = '') {
  for (let path = name; path; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
    const box = $('report').querySelector(`[data-field="${CSS.escape(path)}"]`);
    if (box) return box;
  }
  return null;
}

function clearError(box) {
  for (const error of box.querySelectorAll('p.bad[id]')) error.remove();
  for (const control of box.querySelectorAll('[aria-invalid]')) {
    control.removeAttribute('aria-invalid');
    control.removeAttribute('aria-describedby');
  }
}

function clearErrors() {
  $('report-problem').hidden = true;
  $('report-problem').replaceChildren();
  clearError($('report'));
}

function drawDone() {
  const { properties: p } = done;
  const id = p.id ?? done.id;
  const facts = [
    ['card.number', String(id)],
    ['card.ward', p.ward_name ?? p.ward],
    ['report.doneFor', pick(p.body_name) || p.body],
    ['card.due', p.due_at && dateTime(p.due_at)],
  ].filter(([, value]) => value);
  // Where times are shown by the hour, the public learns of a report when the hour is over.
  const waits = (categoryOf(p.category)?.precision ?? 'exact') !== 'exact';
  fill($('report-done'),
    el('div', { class: 'done' },
      el('h3', { tabindex: -1, id: 'done-title' }, t('report.done')),
      el('dl', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, t(name)), el('dd', {}, value)])),
      ...(waits ? [el('p', {}, t('report.waits'))] : []),
      el('p', {}, el('a', { href: pageOf(mine, lang()) }, t('report.page'))),
      el('p', { class: 'hint' }, t(mine.kept ? 'report.kept' : 'report.notKept')),
    ),
    el('div', { class: 'actions' },
      el('button', { type: 'button', class: 'primary', onclick: () => see(id) }, t('report.see')),
      el('button', { type: 'button', onclick: again }, t('report.more')),
    ),
  );
  $('report').hidden = true;
  $('report-done').hidden = false;
  $('done-title').focus();
}

function again() {
  reset();
  leaveReport();
  begin();
  $('report-title').focus();
}
