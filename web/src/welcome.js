// On the page where a password is chosen: the code that came behind the # leaves the address at once and goes into the
// form.
const code = location.hash.slice(1);
if (/^[\w-]{43}$/.test(code)) {
  history.replaceState(null, '', location.pathname + location.search);
  document.getElementById('token').value = code;
  document.getElementById('password').focus();
}
