// A point and whose it is: the device's position, and the server's answer about a point, drawn the same everywhere.
import { Problem, Unreachable, locate } from './api.js';
import { el } from './dom.js';
import { metres, pick, t } from './i18n.js';

// The accuracy of a browser is the radius that holds 95% (W3C Geolocation): what the server takes it for.
const pointOf = ({ coords }) => ({ lon: coords.longitude, lat: coords.latitude, accuracy_m: Math.max(1, Math.round(coords.accuracy)) });
let watching = null;
let moved = () => {};

/** The device's position as `{lon, lat, accuracy_m}`; fails with a sentence for the reader. */
export function myPosition() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) return reject(new Error(t('place.unknown')));
    navigator.geolocation.getCurrentPosition(
      (position) => {
        follow();
        moved(pointOf(position));
        resolve(pointOf(position));
      },
      (error) => reject(new Error(t(error.code === error.PERMISSION_DENIED ? 'place.denied' : 'place.unknown'))),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 30_000 },
    );
  });
}

/** Follows the position of a device whose reader has allowed that; it asks nobody, and stays in the page. */
export async function startPosition(onMove) {
  moved = onMove;
  const allowed = await navigator.permissions?.query({ name: 'geolocation' }).catch(() => null);
  if (allowed?.state === 'granted') follow();
}

function follow() {
  watching ??= navigator.geolocation.watchPosition((position) => moved(pointOf(position)), () => {}, { maximumAge: 60_000 });
}

/** Asks whose a point is. Answers `{answer}` or `{problem}` or `{lost: true}`: all three are for showing. */
export async function askWhose({ lon, lat, accuracy_m }, category, signal) {
  const query = { lon, lat };
  if (accuracy_m) query.accuracy_m = accuracy_m;
  if (category) query.category = category;
  try {
    return { answer: await locate(query, signal) };
  } catch (error) {
    if (error instanceof Problem) return { problem: error };
    if (error instanceof Unreachable) return { lost: true };
    throw error;
  }
}

/** What askWhose found, as elements. */
export function drawWhose(found, point) {
  if (found.lost) return [el('p', { class: 'bad' }, t('unreachable'))];
  if (found.problem) {
    return [el('p', { class: 'bad' }, el('b', {}, found.problem.title || t('where.outside'))), found.problem.detail && el('p', {}, found.problem.detail)].filter(Boolean);
  }
  const { ward, body, runner_up, border_m, certain, offshore_m, outside_m } = found.answer;
  const other = runner_up?.ward ?? runner_up;
  return [
    el('p', { class: 'ward-name' }, ward.name, certain === false && other?.name && el('small', {}, ` (${t('where.near', { ward: other.name })})`)),
    body && el('p', {}, `${t('where.body')}: `, el('b', {}, pick(body.name))),
    certain === false && other?.name && el('p', { class: 'warn' }, t('where.nearHint', { ward: other.name })),
    typeof border_m === 'number' && typeof outside_m !== 'number' && el('p', { class: 'hint' }, t('where.border', { m: metres(border_m) })),
    typeof offshore_m === 'number' && offshore_m > 0 && el('p', { class: 'hint' }, t('where.offshore', { m: metres(offshore_m) })),
    typeof outside_m === 'number' && el('p', { class: 'warn' }, t('where.beside', { m: metres(outside_m) })),
    point.accuracy_m && el('p', { class: 'hint' }, t('where.accuracy', { m: metres(point.accuracy_m) })),
    ward.approximate && el('p', { class: 'hint' }, t('map.approximate')),
  ].filter(Boolean);
}
