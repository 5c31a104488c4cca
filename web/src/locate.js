// "Which ward am I in?": one point, one answer.
import { $, el, fill } from './dom.js';
import { onLang, t } from './i18n.js';
import { askWhose, drawWhose, myPosition } from './place.js';

let stage = null; // the map, when there is one
let last = null; // the point and what was found
let asking;
let report = () => {};

export function startLocate(onReport) {
  report = onReport;
  $('where-me').addEventListener('click', fromDevice);
  $('where-centre').addEventListener('click', () => stage && whose(stage.centre()));
  onLang(() => last && draw());
}

export function useMap(map) {
  stage = map;
}

async function fromDevice() {
  $('where-answer').replaceChildren(el('p', {}, t('place.finding')));
  try {
    const point = await myPosition();
    stage?.go(point, 15);
    await whose(point);
  } catch (error) {
    $('where-answer').replaceChildren(el('p', { class: 'bad' }, error.message));
  }
}

/** Asks and shows whose `point` is. */
export async function whose(point) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  stage?.pin(point);
  $('where-answer').replaceChildren(el('p', {}, t('where.looking')));
  try {
    last = { point, found: await askWhose(point, null, signal) };
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  draw();
  stage?.pickWard(last.found.answer?.ward.code);
}

function draw() {
  const { point, found } = last;
  fill($('where-answer'),
    drawWhose(found, point),
    found.answer && el('button', { type: 'button', class: 'primary', onclick: () => report(point) }, t('where.report')),
  );
}

export function leaveLocate() {
  asking?.abort();
  last = null;
  $('where-answer').replaceChildren();
  stage?.unpin();
  stage?.pickWard(null);
}
