// Joins the parts: which view the panel shows, what the map's clicks mean in it, and when things are read anew.
import { listCollections } from './api.js';
import { CITY } from './city.js';
import { $, el } from './dom.js';
import { LANGUAGES, applyWords, lang, onLang, setLang, t } from './i18n.js';
import { loadCategories } from './catalogue.js';
import { drawCategories, failCategories, filterQuery, setAddress, showCount, startFilters } from './filters.js';
import { listSpot, listView, loadList, startList } from './list.js';
import { loadCard, shownPoint, startCard } from './card.js';
import * as where from './locate.js';
import * as report from './report.js';
import { covered, isSheet, rest, startSheet } from './sheet.js';
import { DEEPEST_TILES, SHALLOWEST, createMap, hasWebGL2 } from './map.js';
import { createStill } from './still.js';
import { listen } from './live.js';
import { drawMine, startMine } from './mine.js';
import * as near from './near.js';
import { standAt, startAlerts } from './alerts.js';
import { drawBanner, showAlerts, startBanner } from './banner.js';
import { LAYERS, drawLayers, isNarrowed, isOffered, isOn, layerQuery, offer, startLayers, switchOn } from './layers.js';
import { drawLegend, startLegend } from './legend.js';
import { startPosition } from './place.js';
import { loadSchemas } from './schemas.js';
import { startTheme } from './theme.js';
import { startWard } from './ward.js';

const FRESH_MS = 30_000; // how old the map may get while someone looks at it
const SOON_MS = 5_000; // how old lists may get once the server told of something new
const LOST_MS = 5_000; // how soon it is tried again while the server does not answer
const AFTER_SENDING_MS = [200, 1_000, 3_000]; // the report is on the map within a second, as the server promises
const WARD_ZOOM = 12; // most wards are seen as a whole
const PAUSE_MS = 250; // rest after a move before the list follows

let stage = null;
let view = 'browse';
let opener = null; // where the focus was when the panel left the list
let moving;
let told = false; // whether something is new since the lists were read
let me = null; // where the reader is, once a device has said so
let behind = 'browse'; // the view that "back" leads to from a card
let only = null; // the ward that the address names, until the map shows it
const placed = location.hash.includes('map='); // the address says where the map looks; the map writes it there later
let afar = false; // a link to a report that says nothing of where the map looks

function show(next) {
  if (next === view) return;
  if (view === 'where') where.leaveLocate();
  if (view === 'report') report.leaveReport();
  if (view === 'near' && next !== 'card') near.leaveNear();
  if (view === 'card') {
    setAddress({ report: '', feature: '' });
    stage?.unpin();
  }
  if (view === 'browse' || view === 'near') opener = document.activeElement;
  const from = view;
  view = next;
  for (const section of document.querySelectorAll('.view')) section.hidden = section.id !== `view-${next}`;
  aim();
  $('views').scrollTop = 0;
  if (next === 'browse') {
    refocus();
    loadList();
  } else if (next === 'near' && from === 'card') {
    refocus();
  } else {
    $(`${next}-title`)?.focus();
    if (isSheet()) rest('half');
  }
}

/** Puts the focus back where it was; a row of a list may have been drawn anew since. */
function refocus() {
  const id = opener?.dataset?.id;
  (id ? document.querySelector(`.view:not([hidden]) .list [data-id="${CSS.escape(id)}"]`) : opener?.isConnected ? opener : null)?.focus();
}

function back() {
  show(view === 'card' ? behind : 'browse');
}

/** Whether a click on the map means a point, rather than what stands there. */
function aim() {
  stage?.setPointing(view === 'where' || (view === 'report' && !report.isSent()));
}

/** Opens the card of a report, or of a feature of `collection`. */
function openCard(id, collection = null, more = {}) {
  if (view !== 'card') behind = view === 'near' ? 'near' : 'browse';
  show('card');
  setAddress(collection ? { report: '', feature: `${collection}.${id}` } : { report: id, feature: '' });
  const here = view;
  loadCard(id, collection, more).then(() => view === here && pointOut());
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

/** Shows the ward that the address names, unless the address says where the map looks. */
function showWard() {
  if (!only || !stage) return;
  if (only.inForce) stage.pickWard(only.properties.code); // another may have the code of a former one now
  if (only.at && !placed) stage.go(only.at, WARD_ZOOM);
  only = null;
}

/** A ward was chosen from the list: whose it is, and its outline. */
function openWard(at) {
  stage?.go(at, WARD_ZOOM);
  openWhere(at);
}

function openNear() {
  show('near');
  near.openNear();
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
  if (await readLists()) stage?.refresh();
}

/** Reads anew what is no map; whether the server answered. */
async function readLists() {
  told = false;
  const answered = await showCount();
  if (answered === undefined) return false;
  $('trouble').hidden = answered;
  if (answered && view === 'browse') loadList();
  return answered;
}

/** A layer was switched, or another kind of it chosen. */
function layerChanged(layer) {
  stage?.showLayer(layer);
  stage?.setFilters(layer);
  drawLegend();
  loadList();
}

async function nameLayers() {
  try {
    await loadSchemas(['alerts', 'traffic', 'facilities'].filter(isOffered));
  } catch {
    return setTimeout(nameLayers, LOST_MS);
  }
  drawLayers();
  drawLegend();
  drawBanner();
  if (isNarrowed()) for (const layer of LAYERS) stage?.setFilters(layer);
  return loadList();
}

/** Alerts are told for where the reader is; while nobody knows that, for where the reader looks. */
function stand() {
  standAt(me ?? stage?.centre() ?? null);
}

/** Something came into force or ended: the server shows it so from now on. */
function alertsTurned() {
  stage?.refresh('alerts');
  if (view === 'browse') loadList();
}

function toList(event) {
  event.preventDefault();
  show('browse');
  if (isSheet()) rest('full');
  const title = [...document.querySelectorAll('#lists h3')].find((one) => one.offsetParent) ?? $('lists-off');
  title.focus();
  title.scrollIntoView({ block: 'start' });
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
  let listed = read;
  // Returning to a page sends several events at once: one reading serves them all.
  const look = (_, age = 1_000) => {
    if (document.visibilityState !== 'visible' || Date.now() - read < age) return;
    listed = read = Date.now();
    readAnew();
  };
  setInterval(() => {
    look(null, $('trouble').hidden ? FRESH_MS : LOST_MS);
    if (!told || Date.now() - listed < SOON_MS) return;
    listed = Date.now();
    readLists();
  }, 1_000);
  if (stage.renew) {
    listen(LAYERS.filter((layer) => layer !== 'wards' && isOffered(layer)), [SHALLOWEST, DEEPEST_TILES], {
      tiles: (names) => {
        told = true;
        stage.renew(names);
      },
      all: () => {
        told = true;
        stage.refresh();
      },
    });
  }
  addEventListener('focus', look);
  document.addEventListener('visibilitychange', look);
  addEventListener('online', look);
}

/** Makes the map in one way or the other. */
async function makeMap(create) {
  stage = await create((layer) => (layer === 'incidents' ? filterQuery() : layerQuery(layer)), isOn, {
    move: (padding) => {
      clearTimeout(moving);
      moving = setTimeout(() => {
        stand();
        if (view === 'browse') (padding ? loadList : listView)();
      }, PAUSE_MS);
    },
    report: (report) => openCard(report),
    feature: (collection, feature) => openCard(feature, collection),
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
  near.useMap(stage);
  for (const layer of LAYERS) stage.showLayer(layer); // a switch may have been thrown while the map was made
  stand();
  report.useMap(stage);
  fitMap();
  aim();
  showWard();
  pointOut();
  if (stage.map) window.diaban = { map: stage.map };
}

/** A browser that cannot draw the map gets it as a picture. */
function makeStill(error) {
  if (error) console.error(error);
  $('no-map').replaceChildren(...LANGUAGES.map((code) => el('span', { lang: code }, t('map.none', {}, code))));
  $('no-map').hidden = false;
  return makeMap(createStill);
}

async function start() {
  applyWords();
  drawLanguage();
  onLang(drawLanguage);
  startTheme();
  startSheet(fitMap);
  $('lang').addEventListener('click', () => {
    const next = LANGUAGES.find((code) => code !== lang());
    setAddress({ lang: next === CITY.language ? '' : next });
    setLang(next);
  });
  startFilters(() => {
    stage?.setFilters('incidents');
    loadList();
  });
  startLayers(layerChanged);
  startLegend();
  drawLegend();
  startMine();
  startBanner((id) => openCard(id, 'alerts'));
  startPosition((at) => {
    me = at;
    stand();
  });
  near.startNear((id, more) => openCard(id, 'facilities', more));
  startList(() => stage?.bounds() ?? null, openCard, openWard);
  startCard((at, collection) => {
    if (collection) switchOn(collection);
    stage?.go(at);
    if (isSheet()) rest('peek');
  });
  where.startLocate(openReport);
  report.startReport(
    ({ geometry }) => {
      aim();
      drawMine();
      if (geometry) stage?.go({ lon: geometry.coordinates[0], lat: geometry.coordinates[1] }, 16);
      for (const ms of AFTER_SENDING_MS) setTimeout(readAnew, ms);
    },
    openCard,
    aim,
  );
  $('open-report').addEventListener('click', () => openReport());
  $('open-where').addEventListener('click', () => openWhere());
  $('open-near').addEventListener('click', openNear);
  $('skip').addEventListener('click', toList);
  for (const button of document.querySelectorAll('.back')) button.addEventListener('click', back);
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) back();
  });

  const categories = fillCategories();
  const ward = startWard((found, inForce) => {
    only = { ...found, inForce };
    showWard();
  });
  ward.then(showCount); // what is filtered by a ward that is no more would be refused
  const offered = listCollections().then(offer, () => {}).then(() => { // all, as long as nobody says otherwise
    if (isOffered('alerts')) startAlerts(alertsTurned, showAlerts);
    $('open-near').hidden = !isOffered('facilities');
    const named = nameLayers();
    return isNarrowed() ? named : undefined; // the map asks for a kind at once: whether there is such a kind must be known
  });
  const address = new URLSearchParams(location.search);
  const id = address.get('report');
  const [, collection, featureId] = /^([a-z_]+)\.(\d+)$/.exec(address.get('feature') ?? '') ?? [];
  afar = (!!id || !!featureId) && !placed;
  if (id) openCard(id);
  else if (featureId && LAYERS.includes(collection)) openCard(featureId, collection);

  await offered;
  await ward;
  await (hasWebGL2() ? makeMap(createMap).catch(makeStill) : makeStill());
  await categories;
  loadList();
  stay();
}

start();
