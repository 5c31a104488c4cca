// Joins the parts: which view the panel shows, what the map's clicks mean in it, and when things are read anew.
import { $ } from './dom.js';
import { LANGUAGES, applyWords, lang, onLang, setLang, t } from './i18n.js';
import { loadCategories } from './catalogue.js';
import { drawCategories, failCategories, filterQuery, setAddress, showCount, startFilters } from './filters.js';
import { listSpot, listView, loadList, startList } from './list.js';
import { loadCard, shownPoint, startCard } from './card.js';
import * as where from './locate.js';
import * as report from './report.js';
import { covered, isSheet, rest, startSheet } from './sheet.js';
import { createMap, hasWebGL2 } from './map.js';

const FRESH_MS = 30_000; // how old the map may get while someone looks at it
const LOST_MS = 5_000; // how soon it is tried again while the server does not answer
const AFTER_SENDING_MS = [200, 1_000, 3_000]; // the report is on the map within a second, as the server promises
const PAUSE_MS = 250; // rest after a move before the list follows

let stage = null;
let view = 'browse';
let opener = null; // where the focus was when the panel left the list
let moving;
let afar = false; // a link to a report that says nothing of where the map looks

function show(next) {
  if (next === view) return;
  if (view === 'where') where.leaveLocate();
  if (view === 'report') report.leaveReport();
  if (view === 'card') {
    setAddress({ report: '' });
    stage?.unpin();
  }
  if (view === 'browse') opener = document.activeElement;
  view = next;
  for (const section of document.querySelectorAll('.view')) section.hidden = section.id !== `view-${next}`;
  aim();
  $('views').scrollTop = 0;
  if (next === 'browse') {
    const id = opener?.dataset?.id;
    (id ? document.querySelector(`#list [data-id="${CSS.escape(id)}"]`) : opener?.isConnected ? opener : null)?.focus();
    loadList();
  } else {
    $(`${next}-title`)?.focus();
    if (isSheet()) rest('half');
  }
}

/** Whether a click on the map means a point, rather than what stands there. */
function aim() {
  stage?.setPointing(view === 'where' || (view === 'report' && !report.isSent()));
}

function openCard(id) {
  show('card');
  setAddress({ report: id });
  const here = view;
  loadCard(id).then(() => view === here && pointOut());
}

/** Stands the pin at the report on the card, in sight. */
function pointOut() {
  const at = shownPoint();
  if (view !== 'card' || !at || !stage) return;
  stage.pin(at, { raised: true });
  if (afar) stage.go(at);
  else stage.reveal(at);
  afar = false;
}

function openWhere(at) {
  show('where');
  if (at) where.whose(at);
}

function openReport(at) {
  show('report');
  report.openReport(at);
  aim(); // a form that was sent is a fresh one now
}

function pointed(at) {
  if (view === 'report' && !report.isSent()) report.setPoint(at);
  else openWhere(at);
}

/** Reads everything anew, the count first: when that fails the map and the list stay as they are, old but not empty. */
async function readAnew() {
  const answered = await showCount();
  if (answered === undefined) return;
  $('trouble').hidden = answered;
  if (!answered) return;
  stage?.refresh();
  if (view === 'browse') loadList();
}

function fitMap() {
  stage?.pad(covered());
}

async function fillCategories() {
  try {
    await loadCategories();
    drawCategories();
    report.drawReportCategories();
    loadList();
  } catch {
    failCategories(fillCategories);
  }
}

function drawLanguage() {
  const other = LANGUAGES.find((code) => code !== lang());
  $('lang').textContent = other === 'en' ? 'English' : 'Tiếng Việt';
  $('lang').lang = other;
}

function stay() {
  let read = Date.now();
  // Returning to a page sends several events at once: one reading serves them all.
  const look = (_, age = 1_000) => {
    if (document.visibilityState !== 'visible' || Date.now() - read < age) return;
    read = Date.now();
    readAnew();
  };
  setInterval(() => look(null, $('trouble').hidden ? FRESH_MS : LOST_MS), 1_000);
  addEventListener('focus', look);
  document.addEventListener('visibilitychange', look);
  addEventListener('online', look);
}

async function start() {
  applyWords();
  drawLanguage();
  onLang(drawLanguage);
  startSheet(fitMap);
  $('lang').addEventListener('click', () => {
    const next = LANGUAGES.find((code) => code !== lang());
    setAddress({ lang: next === 'vi' ? '' : next });
    setLang(next);
  });
  startFilters(() => {
    stage?.setFilters(filterQuery());
    loadList();
  });
  startList(() => stage?.bounds() ?? null, openCard);
  startCard((at) => {
    stage?.go(at);
    if (isSheet()) rest('peek');
  });
  where.startLocate(openReport);
  report.startReport(
    ({ geometry }) => {
      aim();
      if (geometry) stage?.go({ lon: geometry.coordinates[0], lat: geometry.coordinates[1] }, 16);
      for (const ms of AFTER_SENDING_MS) setTimeout(readAnew, ms);
    },
    openCard,
    aim,
  );
  $('open-report').addEventListener('click', () => openReport());
  $('open-where').addEventListener('click', () => openWhere());
  for (const back of document.querySelectorAll('.back')) back.addEventListener('click', () => show('browse'));
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) show('browse');
  });

  const categories = fillCategories();
  showCount();
  const id = new URLSearchParams(location.search).get('report');
  afar = !!id && !location.hash.includes('map=');
  if (id) openCard(id);

  if (hasWebGL2()) {
    stage = await createMap(filterQuery(), {
      move: (padding) => {
        clearTimeout(moving);
        moving = setTimeout(() => { if (view === 'browse') (padding ? loadList : listView)(); }, PAUSE_MS);
      },
      report: openCard,
      place: (bounds) => {
        show('browse');
        listSpot(bounds);
        if (isSheet()) rest('half');
      },
      point: pointed,
      approximate: () => { $('approximate').hidden = false; },
      trouble: (yes) => { $('trouble').hidden = !yes; },
    });
    where.useMap(stage);
    report.useMap(stage);
    fitMap();
    aim();
    pointOut();
    window.diaban = { map: stage.map };
  } else {
    $('no-map').textContent = t('map.none');
    $('no-map').hidden = false;
    $('no-map').dataset.i18n = 'map.none';
    document.body.classList.add('mapless');
    for (const button of ['where-centre', 'r-centre']) $(button).hidden = true;
  }
  await categories;
  loadList();
  stay();
}

start();
