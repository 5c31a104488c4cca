// "My reports": those that were sent from this device, each with its own page, and forgotten when asked twice.
import { $, el } from './dom.js';
import { lang, onLang, soon, t } from './i18n.js';
import { forget, kept, onKept, pageOf } from './kept.js';

export function startMine() {
  onLang(drawMine);
  onKept(drawMine);
  addEventListener('pageshow', drawMine); // a report may have been erased on its page meanwhile
  drawMine();
}

export function drawMine() {
  const all = kept();
  $('mine').hidden = !all.length;
  $('mine-count').textContent = String(all.length);
  $('mine-list').replaceChildren(...all.map(row));
}

function row(report) {
  const name = report.title || t('mine.untitled', { id: report.id });
  return el('li', {},
    el('a', { href: pageOf(report, lang()) }, el('b', {}, name), el('small', {}, soon(report.when))),
    el('button', { type: 'button', class: 'quiet', onclick: sure, 'data-id': report.id, 'aria-label': t('mine.forgetOne', { name }) }, t('mine.forget')),
  );
}

/** What is forgotten here can be neither followed nor erased any more: the first press asks. */
function sure({ currentTarget: button }) {
  if (button.dataset.sure) {
    forget(Number(button.dataset.id));
    drawMine();
    ($('mine').hidden ? $('open-report') : $('mine').querySelector('summary')).focus();
    return;
  }
  button.dataset.sure = 'yes';
  button.textContent = t('mine.sure');
  button.removeAttribute('aria-label');
  button.addEventListener('blur', drawMine, { once: true });
}
