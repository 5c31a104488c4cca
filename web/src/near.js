// "Near me": the nearest places of a kind, as a list with distance and whether they are open, and as signs on the map.
import { Problem, listWards, nearest } from './api.js';
import { $, el, fill } from './dom.js';
import { badge, heading, openWords } from './facts.js';
import { metres, onLang, t } from './i18n.js';
import { myPosition } from './place.js';
import { codeTitle, codesOf, loadSchemas } from './schemas.js';

const SHOWN = 12;
const FIRST = 'hospital';

let stage = null; // the map, when there is one
let at = null; // the place asked from
let source = ''; // what that place is: a word of i18n
let found = null;
let asking;
let open = () => {};

export function startNear(onOpen) {
  open = onOpen;
  $('near-me').addEventListener('click', fromDevice);
  $('near-centre').addEventListener('click', () => stage && ask(stage.centre(), 'near.fromCentre'));
  $('near-kind').addEventListener('change', () => at && ask(at, source));
  $('near-ward').addEventListener('change', fromWard);
  onLang(() => {
    drawKinds();
    if (found) draw();
  });
}

export function useMap(map) {
  stage = map;
}

/** The view is open: asks for the position, which is what it is opened for. */
export async function openNear() {
  await drawKinds();
  if (at) ask(at, source);
  else fromDevice();
}

export function leaveNear() {
  asking?.abort();
  stage?.showNear(null, []);
}

async function drawKinds() {
  try {
    await loadSchemas(['facilities']);
  } catch {
    return;
  }
  const select = $('near-kind');
  const { value } = select;
  select.replaceChildren(el('option', { value: '' }, t('layer.every')), ...codesOf('facilities', 'kind').map((code) => el('option', { value: code }, codeTitle('facilities', 'kind', code))));
  select.value = value || (select.dataset.chosen ? '' : FIRST);
  select.dataset.chosen = 'yes';
}

async function fromDevice() {
  say(t('place.finding'));
  try {
    const point = await myPosition();
    await ask(point, 'near.fromMe');
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError) throw error;
    if (stage) return ask(stage.centre(), 'near.fromCentre', error.message);
    say(error.message, t('near.chooseWard'));
    await offerWards();
  }
  return undefined;
}

/** Without a map and without a position: the middle of a ward. */
async function offerWards() {
  try {
    const wards = (await listWards()).filter(({ at: middle }) => middle);
    $('near-ward').replaceChildren(el('option', { value: '' }, t('report.chooseWard')), ...wards.map(({ code, name }) => el('option', { value: code }, name)));
    $('near-ward-field').hidden = false;
  } catch {
    say(t('unreachable'));
  }
}

async function fromWard() {
  const ward = (await listWards()).find(({ code }) => code === $('near-ward').value);
  if (ward) ask(ward.at, 'near.fromWard');
}

function say(...words) {
  fill($('near-note'), ...words.filter(Boolean).map((text) => el('span', {}, text)));
}

async function ask(point, from, why) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  [at, source] = [point, from];
  const query = { lon: point.lon, lat: point.lat, limit: SHOWN };
  if ($('near-kind').value) query.kind = $('near-kind').value;
  say(why, t('loading'));
  try {
    found = { ...(await nearest(query, signal)), why };
    draw();
  } catch (error) {
    if (signal.aborted) return;
    found = null;
    $('near-list').replaceChildren();
    stage?.showNear(point, []);
    const words = error instanceof Problem ? error.message : t('unreachable');
    fill($('near-note'), el('span', { class: 'bad' }, words), el('button', { type: 'button', class: 'quiet', onclick: () => ask(point, from, why) }, t('retry')));
  }
}

function draw() {
  const { features } = found;
  say(found.why, t(source), features.length ? t('near.count', { n: features.length }) : t('near.empty'));
  $('near-list').replaceChildren(...features.map(row));
  stage?.showNear(at, features);
}

function row({ id, properties: p }) {
  const state = p.open_now === true ? 'open' : p.open_now === false ? 'closed' : 'unknown';
  const key = p.id ?? id;
  return el('li', {},
    el('button', { type: 'button', 'data-id': key, onclick: () => open(key, p) },
      badge('facilities', p, 26),
      el('span', { class: 'what' },
        el('b', {}, heading('facilities', p)),
        el('small', {}, [!$('near-kind').value && codeTitle('facilities', 'kind', p.kind), p.address].filter(Boolean).join(' · ')),
        el('small', {}, el('b', { class: 'far' }, metres(p.distance_m)), ' · ', el('span', { class: `hours ${state}` }, openWords(p))),
      ),
    ),
  );
}
