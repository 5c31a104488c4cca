// The styles are what MapLibre's own validator takes for styles, and every picture they name is in the sprite.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { sprite } from '../look/sprite.js';
import { style } from '../look/style.js';
import { THEMES } from '../src/palette.js';

/** Addresses as the server makes them: the validator takes no others. */
const served = (one) => {
  const base = 'https://map.example';
  const sources = Object.fromEntries(Object.entries(one.sources).map(([id, source]) => [id, { ...source, url: base + source.url }]));
  return { ...one, sprite: base + one.sprite, glyphs: base + one.glyphs, sources };
};

for (const theme of THEMES) {
  test(`${theme}: the validator finds nothing`, () => {
    assert.deepEqual(validateStyleMin(served(style(theme))).map(({ message }) => message), []);
  });

  test(`${theme}: the validator can find something`, () => {
    const one = served(style(theme));
    one.layers.find(({ id }) => id === 'clusters').layout['icon-image'] = ['concot'];
    assert.ok(validateStyleMin(one).some(({ message }) => message.includes('concot')));
  });

  test(`${theme}: every picture that is named outright is in the sprite`, () => {
    const { index } = sprite(theme);
    const named = JSON.stringify(style(theme)).matchAll(/"((?:report|facility|alert|hatch|arrow)-(?:open|closed|other|unknown))"/g);
    const names = [...named].map(([, name]) => name);
    assert.ok(names.length >= 4, names.join());
    for (const name of names) assert.ok(index[name], name);
  });
}

test('the themes differ in colours and in nothing else', () => {
  const shape = (theme) => JSON.stringify(style(theme).layers.filter(({ type }) => type !== 'raster')).replace(/"(#[0-9a-f]{6}|rgba\([^)]*\))"/g, '"colour"');
  assert.equal(shape('light'), shape('dark'));
});
