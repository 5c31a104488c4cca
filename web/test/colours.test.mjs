// The palette for every eye: what must not be confused stands apart, what must be read has contrast.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALERT_SEVERITY, CLOSED, CLUSTERS, FACILITY_COLOUR, HALO, INK, OPEN, RIM, SIGN, THEMES, TRAFFIC_SEVERITY } from '../src/palette.js';
import { EYES, contrast, distance } from '../look/eyes.js';

const APART = 20; // open and closed: at a glance
const STEPS = 10; // severities, which width and sign tell too
const TEXT = 4.5;
const GRAPHIC = 3;

test('the measure agrees with published pairs', () => {
  assert.ok(Math.abs(contrast('#ffffff', '#000000') - 21) < 1e-9);
  assert.ok(Math.abs(distance('#ff0000', '#00ff00', 'normal') - 86.6) < 0.1, 'red and green');
  assert.ok(distance('#ff0000', '#00a000', 'deuteranopia') < distance('#ff0000', '#00a000', 'normal') / 2, 'red and green without green cones');
});

THEMES.forEach((theme, i) => {
  test(`${theme}: open and closed, for every eye`, (t) => {
    for (const eyes of EYES) {
      const d = distance(OPEN[i], CLOSED[i], eyes);
      t.diagnostic(`${theme} open–closed, ${eyes}: ${d.toFixed(1)}`);
      assert.ok(d >= APART, `${eyes}: ${d.toFixed(1)}`);
    }
  });

  for (const [name, scale] of [['traffic', TRAFFIC_SEVERITY.slice(1)], ['alerts', ALERT_SEVERITY.slice(1)]]) {
    test(`${theme}: each ${name} severity from the next, for every eye, and further from the ground`, (t) => {
      for (const eyes of EYES) {
        const steps = scale.slice(1).map((s, n) => distance(scale[n].colour[i], s.colour[i], eyes));
        t.diagnostic(`${theme} ${name}, ${eyes}: ${steps.map((d) => d.toFixed(1)).join(' ')}`);
        assert.ok(Math.min(...steps) >= STEPS, `${eyes}: ${steps}`);
      }
      const ground = scale.map(({ colour }) => contrast(colour[i], HALO[i]));
      t.diagnostic(`${theme} ${name}, contrast to the ground: ${ground.map((c) => c.toFixed(1)).join(' ')}`);
      assert.deepEqual(ground, ground.toSorted((a, b) => a - b));
    });
  }

  test(`${theme}: words and signs can be read`, (t) => {
    const pairs = [
      ['label', INK, HALO, TEXT],
      ...CLUSTERS.map(({ fill, ink, from }) => [`cluster ${from}`, ink, fill, TEXT]),
      ...Object.entries(FACILITY_COLOUR).map(([kind, colour]) => [kind, SIGN, colour, TEXT]),
      ...TRAFFIC_SEVERITY.map(({ code, colour }) => [`traffic ${code}`, SIGN, colour, GRAPHIC]),
      ...ALERT_SEVERITY.map(({ code, colour }) => [`alert ${code}`, HALO, colour, TEXT]),
      ['open', RIM, OPEN, GRAPHIC],
      ['closed', RIM, CLOSED, GRAPHIC],
    ];
    const least = {};
    for (const [what, a, b, wanted] of pairs) {
      const c = contrast(a[i], b[i]);
      assert.ok(c >= wanted, `${what}: ${c.toFixed(2)}, wanted ${wanted}`);
      least[wanted] = Math.min(least[wanted] ?? 99, c);
    }
    t.diagnostic(`${theme}: least contrast of words ${least[TEXT].toFixed(1)}, of signs ${least[GRAPHIC].toFixed(1)}`);
  });
});
