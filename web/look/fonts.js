// The letters of the styles for clients that draw from SDF glyphs: the ranges of a TTF as glyph PBF, 256 code points each,
// in the measures that MapLibre expects: 24 px a letter, 3 px around it, distances to 8 px, a quarter of them inside.
import { readFileSync } from 'node:fs';
import { GlobalFonts, createCanvas } from '@napi-rs/canvas';
import TinySDF from '@mapbox/tiny-sdf';
import opentype from 'opentype.js';
import { PbfWriter } from 'pbf';

const SIZE = 24;
const BUFFER = 3;
const RADIUS = 8;
const FINER = 4; // letters are drawn so many times larger, so that curves keep their distances
/** Tops count from here: where MapLibre puts the letters it draws itself, so that both stand on one line. */
const BASELINE = 27;

class Drawer extends TinySDF {
  _createCanvas(size) {
    return createCanvas(size, size);
  }
}

/** Each range of `file` that has letters, by its first code point: the bytes of its PBF. */
export function glyphRanges(stack, file) {
  GlobalFonts.registerFromPath(file, stack);
  const drawer = new Drawer({ fontSize: SIZE * FINER, buffer: (BUFFER + 1) * FINER, radius: RADIUS * FINER, fontFamily: `"${stack}"` });
  const bytes = readFileSync(file);
  const { cmap } = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)).tables;
  const ranges = new Map();
  for (const code of Object.keys(cmap.glyphIndexMap).map(Number).sort((a, b) => a - b)) {
    if (code > 0xffff) continue;
    const first = code - (code % 256);
    ranges.set(first, [...(ranges.get(first) ?? []), glyph(drawer, code)]);
  }
  return [...ranges].map(([first, glyphs]) => [first, encode(stack, first, glyphs)]);
}

function glyph(drawer, code) {
  const { data, width, glyphWidth, glyphHeight, glyphTop, glyphLeft, glyphAdvance } = drawer.draw(String.fromCodePoint(code));
  const metrics = { id: code, advance: Math.round(glyphAdvance / FINER) };
  if (!glyphWidth || !glyphHeight) return { ...metrics, width: 0, height: 0, left: 0, top: 0 };
  const [left, top] = [Math.floor(glyphLeft / FINER), Math.ceil(glyphTop / FINER)];
  const w = Math.ceil((glyphLeft + glyphWidth) / FINER) - left;
  const h = top - Math.floor((glyphTop - glyphHeight) / FINER);
  // Where the corner of the coarse picture lies in the fine one.
  const [x0, y0] = [drawer.buffer - (glyphLeft - left * FINER) - BUFFER * FINER, drawer.buffer - (top * FINER - glyphTop) - BUFFER * FINER];
  const height = data.length / width;
  const at = (x, y) => data[Math.min(y, height - 1) * width + Math.min(x, width - 1)];
  const bitmap = new Uint8Array((w + 2 * BUFFER) * (h + 2 * BUFFER));
  for (let i = 0; i < bitmap.length; i++) {
    const x = x0 + (i % (w + 2 * BUFFER)) * FINER + FINER / 2;
    const y = y0 + Math.floor(i / (w + 2 * BUFFER)) * FINER + FINER / 2;
    bitmap[i] = (at(x - 1, y - 1) + at(x, y - 1) + at(x - 1, y) + at(x, y)) / 4;
  }
  return { ...metrics, bitmap, width: w, height: h, left, top: top - BASELINE };
}

function encode(stack, first, glyphs) {
  const pbf = new PbfWriter();
  pbf.writeMessage(1, (_, out) => {
    out.writeStringField(1, stack);
    out.writeStringField(2, `${first}-${first + 255}`);
    for (const one of glyphs) out.writeMessage(3, writeGlyph, one);
  });
  return pbf.finish();
}

function writeGlyph({ id, bitmap, width, height, left, top, advance }, out) {
  out.writeVarintField(1, id);
  if (bitmap) out.writeBytesField(2, bitmap);
  out.writeVarintField(3, width);
  out.writeVarintField(4, height);
  out.writeSVarintField(5, left);
  out.writeSVarintField(6, top);
  out.writeVarintField(7, advance);
}
