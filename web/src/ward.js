// The one ward that the address of the page names (`?ward=`): shown and filtered to, or, when it is no more, who took over.
import { Problem, readWard } from './api.js';
import { setWard } from './filters.js';
import { $, el } from './dom.js';
import { LANGUAGES, onLang, t } from './i18n.js';

const AGAIN_MS = 5_000; // how soon a server that did not answer is asked again

/** `onFound(ward, inForce)`: there is such a ward, with its middle in `at`. Ends once that is decided. */
export async function startWard(onFound) {
  const name = new URLSearchParams(location.search).get('ward');
  if (!name) return;
  try {
    const ward = await readWard(name);
    const { links = [], properties } = ward;
    const heirs = links.filter(({ rel }) => rel === 'successor-version').map(({ href, title }) => ({ ward: href.split('/').pop(), name: title }));
    if (heirs.length) tell(() => [gone(properties.name, heirs), all()]);
    else tell(() => [el('p', {}, t('ward.only', { name: properties.name }), ' ', all())]);
    onFound(ward, !heirs.length);
  } catch (error) {
    if (!(error instanceof Problem)) {
      setTimeout(startWard, AGAIN_MS, onFound);
      return;
    }
    setWard('');
    const heirs = error.successors;
    tell(() => (heirs.length ? [gone(name, heirs)] : [el('p', {}, t('ward.none', { name }))]));
  }
}

const all = () => el('button', { type: 'button', class: 'quiet', id: 'ward-all', onclick: () => {
  setWard('');
  $('of-ward').hidden = true;
} }, t('ward.all'));

/** Said in both languages: a link of long ago may have gone to anybody. */
function gone(name, heirs) {
  const links = () => heirs.flatMap((heir, i) => [i ? ', ' : '', el('a', { href: `?${new URLSearchParams({ ward: heir.ward })}` }, heir.name)]);
  return el('div', {}, ...LANGUAGES.map((code) => el('p', { lang: code }, t('ward.gone', { name }, code), ' ', ...links())));
}

function tell(words) {
  const draw = () => $('of-ward').replaceChildren(...words());
  draw();
  $('of-ward').hidden = false;
  onLang(draw);
}
