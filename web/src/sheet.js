// The panel on a phone: a sheet that rests at three heights. On a wide screen it stands beside the map and this sleeps.
import { $ } from './dom.js';

const RESTS = ['peek', 'half', 'full'];
const narrow = matchMedia('(max-width: 719px)');
let changed = () => {};

export const isSheet = () => narrow.matches;

export function startSheet(onChange) {
  changed = onChange;
  const grip = $('grip');
  const panel = $('panel');
  let drag = null;
  grip.addEventListener('click', () => {
    const dragged = drag?.moved;
    drag = null;
    if (!dragged) rest(panel.dataset.sheet === 'full' ? 'peek' : RESTS[RESTS.indexOf(panel.dataset.sheet) + 1]);
  });
  for (const handle of [grip, $('head')]) {
    handle.addEventListener('pointerdown', (event) => {
      // A button in the heading is for pressing.
      if (!isSheet() || (handle !== grip && event.target.closest('button'))) return;
      drag = { y: event.clientY, height: panel.offsetHeight, moved: false };
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener('pointermove', (event) => {
      if (!drag || !handle.hasPointerCapture(event.pointerId)) return;
      if (Math.abs(event.clientY - drag.y) > 6) drag.moved = true;
      if (drag.moved) {
        panel.style.height = `${Math.min(innerHeight, Math.max(90, drag.height + drag.y - event.clientY))}px`;
        panel.style.transition = 'none';
      }
    });
    for (const end of ['pointerup', 'pointercancel']) {
      handle.addEventListener(end, () => {
        if (!drag?.moved) return;
        const share = panel.offsetHeight / innerHeight;
        panel.style.transition = '';
        panel.style.height = '';
        rest(share < 0.4 ? 'peek' : share < 0.75 ? 'half' : 'full');
      });
    }
  }
  narrow.addEventListener('change', () => changed());
  addEventListener('resize', () => changed());
}

/** Brings the sheet to rest at `peek`, `half` or `full`. */
export function rest(at) {
  $('panel').dataset.sheet = at;
  $('grip').setAttribute('aria-expanded', String(at !== 'peek'));
  changed();
}

/** What the panel covers of the map, as MapLibre padding. */
export function covered() {
  if (!isSheet()) return { top: 0, right: 0, bottom: 0, left: $('panel').offsetWidth + 16 };
  const share = { peek: 0.3, half: 0.5, full: 0.5 }[$('panel').dataset.sheet];
  return { top: 0, right: 0, left: 0, bottom: Math.round(innerHeight * share) };
}
