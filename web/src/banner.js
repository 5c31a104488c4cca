// The alerts around the reader, above everything else, until they end or are put away.
import { alertKey } from './alerts.js';
import { drawBadge, inked } from './badges.js';
import { $, el } from './dom.js';
import { lang, onLang, pickOf, soon, t } from './i18n.js';
import { ALERT_SEVERITY, severityOf } from './palette.js';
import { codeTitle } from './schemas.js';

const URGENT = ['severe', 'extreme'];
const STORE = 'diaban.alerts.away';
let around = [];
const away = new Set(stored());
let open = () => {};

/** `onOpen(id)`: the reader wants to know more of an alert. */
export function startBanner(onOpen) {
  open = onOpen;
  // What else stands at the top of the map makes room.
  new ResizeObserver(([{ contentRect }]) => document.documentElement.style.setProperty('--banner', contentRect.height ? `${contentRect.height + 8}px` : '0px')).observe($('banner'));
  onLang(drawBanner);
}

export function showAlerts(alerts) {
  around = alerts;
  drawBanner();
}

/** Two regions speak: at once for what threatens life, in its turn for the rest. What stands already is not said again. */
export function drawBanner() {
  const wanted = around.filter((alert) => !away.has(alertKey(alert)));
  for (const [id, urgent] of [['banner-now', true], ['banner-later', false]]) {
    const rows = wanted.filter(({ properties }) => URGENT.includes(properties.severity) === urgent);
    const keep = new Map([...$(id).children].map((node) => [node.dataset.key, node]));
    const nodes = rows.map((alert) => keep.get(keyOf(alert)) ?? row(alert));
    for (const node of keep.values()) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, at) => { if ($(id).children[at] !== node) $(id).insertBefore(node, $(id).children[at] ?? null); });
  }
  $('banner').classList.toggle('empty', !wanted.length);
}

const severityName = ({ severity }) => codeTitle('alerts', 'severity', severity);
const keyOf = (alert) => `${alertKey(alert)}.${lang()}.${severityName(alert.properties)}`;

function row(alert) {
  const { properties: p } = alert;
  const headline = pickOf(p, 'headline');
  return el('div', { class: 'alert', 'data-key': keyOf(alert), 'data-id': alert.id, 'data-severity': p.severity, style: inked('', severityOf(ALERT_SEVERITY, p.severity).colour).style },
    drawBadge(`alert-${p.severity}`, 30),
    el('p', {},
      el('b', {}, headline),
      el('small', {}, `${t('alert.level')}: ${severityName(p)} · `, t('alert.until', { time: soon(p.expires) })),
    ),
    el('button', { type: 'button', class: 'more', 'aria-label': `${t('alert.more')}: ${headline}`, onclick: () => open(alert.id) }, t('alert.more')),
    el('button', { type: 'button', class: 'close', 'aria-label': `${t('alert.away')}: ${headline}`, onclick: () => putAway(alert) }, el('span', { 'aria-hidden': 'true' }, '×')),
  );
}

function putAway(alert) {
  away.add(alertKey(alert));
  try {
    // As many as one may meet in a day: the oldest are over by then.
    localStorage.setItem(STORE, JSON.stringify([...away].slice(-100)));
  } catch {
    // Without a store it stays away until the page is loaded again.
  }
  drawBanner();
}

function stored() {
  try {
    const list = JSON.parse(localStorage.getItem(STORE) ?? '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
