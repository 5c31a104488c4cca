// On the page of a report: a token that came behind the # leaves the address at once and goes into the form, which
// exchanges it for a cookie. A report that is gone is not kept any longer.
import { forget } from './kept.js';

function exchange() {
  const token = location.hash.slice(1);
  if (!/^[\w-]{22}$/.test(token)) return;
  history.replaceState(null, '', location.pathname + location.search);
  const form = document.getElementById('session');
  if (!form) return; // it is open already, or gone
  form.elements.token.value = token;
  form.submit();
}

exchange();
addEventListener('hashchange', exchange);
const gone = document.querySelector('meta[name=gone]');
if (gone) forget(Number(gone.content));
