// What the server tells of tiles that are new, so that the map asks again for just those. It only hurries: a stream may be
// refused or cut, and what app.js asks for now and then is right without it.
const REFUSED_MS = 60_000; // until a server whose streams are all taken is asked again

/**
 * Listens for changes of `layers` as long as the page is looked at. `on.tiles(names)` hears of tiles by their z/x/y at
 * `zooms` (first and last), `on.all()` that any may be new.
 */
export function listen(layers, [first, last], on) {
  const address = `/tiles/${layers.join(',')}/changes?zoom=${first}-${last}`;
  let stream = null;
  let again;

  function open() {
    clearTimeout(again);
    stream = new EventSource(address);
    stream.addEventListener('tiles', ({ data }) => on.tiles(JSON.parse(data).tiles));
    stream.addEventListener('all', () => on.all());
    stream.addEventListener('error', () => {
      // A broken stream comes back by itself, and what it missed with it; one that was refused does not.
      if (stream.readyState === EventSource.CLOSED) again = setTimeout(follow, REFUSED_MS);
      else stream.addEventListener('open', () => on.all(), { once: true });
    });
  }

  function follow() {
    clearTimeout(again);
    stream?.close();
    stream = null;
    if (document.visibilityState === 'visible') open();
  }

  document.addEventListener('visibilitychange', follow); // coming back reads everything anew, and so needs no past
  follow();
}
