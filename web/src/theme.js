// The theme of the page: `data-theme` of the document is the one place where it stands; early.js has set it first.
import { $ } from './dom.js';
import { THEMES } from './palette.js';

const root = document.documentElement;

export const theme = () => root.dataset.theme;
export const pick = (pair) => pair[THEMES.indexOf(theme())];
export const onTheme = (listener) => new MutationObserver(() => listener()).observe(root, { attributeFilter: ['data-theme'] });

export function startTheme() {
  $('theme').addEventListener('click', () => {
    root.dataset.theme = THEMES.find((one) => one !== theme());
    try {
      // What the system wants anyway is no choice: it goes on to follow the system.
      if (matchMedia(`(prefers-color-scheme: ${theme()})`).matches) localStorage.removeItem('diaban.theme');
      else localStorage.setItem('diaban.theme', theme());
    } catch { /* storage is off: it holds for this page */ }
  });
  const draw = () => $('theme').setAttribute('aria-pressed', theme() === 'dark');
  onTheme(draw);
  draw();
}
