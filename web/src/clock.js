// The server's clock, from the Date of its answers. A Date is cut to the second, so one answer leaves a second of doubt;
// each further answer can only narrow it.
let low = -Infinity; // server time minus ours lies between these
let high = Infinity;

/** Learns from an answer that was asked for at `asked` and came at `came`, in our milliseconds. */
export function hear(response, asked, came) {
  // What a cache in between has kept carries the time at which it was kept.
  if (response.headers.has('Age')) return;
  const said = Date.parse(response.headers.get('Date') ?? '');
  if (Number.isNaN(said)) return;
  const least = said - came;
  const most = said + 1_000 - asked;
  // Our clock was set, or the server's: what was known no longer holds.
  [low, high] = least > high || most < low ? [least, most] : [Math.max(low, least), Math.min(high, most)];
}

/** Now, in the server's milliseconds. */
export const now = () => Date.now() + (low > -Infinity ? (low + high) / 2 : 0);

/** By how many milliseconds `now` may still be wrong. */
export const doubt = () => (low > -Infinity ? Math.ceil((high - low) / 2) : 1_000);
