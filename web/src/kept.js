// The reports that were sent from this device, with what opens them to whoever sent them. They are kept on the device
// only; nothing here is ever sent by itself.
const NAME = 'diaban.reports';
const MOST = 200; // the newest

/** All of them as `{id, token, title, when}`, newest first. */
export function kept() {
  try {
    const all = JSON.parse(localStorage.getItem(NAME) ?? '[]');
    return Array.isArray(all) ? all.filter((one) => Number.isSafeInteger(one?.id) && typeof one.token === 'string') : [];
  } catch {
    return []; // storage is off, or holds what is not ours
  }
}

function put(all) {
  try {
    localStorage.setItem(NAME, JSON.stringify(all.slice(0, MOST)));
  } catch { /* storage is off or full: the link stays on the page as long as that is open */ }
}

/** Keeps a report; whether the device did. */
export function keep(report) {
  put([report, ...kept().filter(({ id }) => id !== report.id)]);
  return kept().some(({ id }) => id === report.id);
}

export const forget = (gone) => put(kept().filter(({ id }) => id !== gone));

/** Calls back when another tab keeps or forgets one. */
export const onKept = (listener) => addEventListener('storage', ({ key }) => (key === NAME || key === null) && listener());

/** The report's own page, opened for whoever sent it: what follows the # never leaves the browser with the address. */
export const pageOf = ({ id, token }, lang) => `/r/${id}?lang=${lang}${token ? `#${token}` : ''}`;
