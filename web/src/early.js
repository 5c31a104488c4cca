// Before anything is painted: the theme that was chosen here, else the one the system wants.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem('diaban.theme');
    } catch { /* storage is off: the system decides */ }
    document.documentElement.dataset.theme = chosen ?? (dark.matches ? 'dark' : 'light');
  };
  apply();
  dark.addEventListener('change', apply);
  addEventListener('storage', apply); // chosen in another tab
})();
