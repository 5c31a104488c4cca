// Puts together in web/dist what the server carries: the page (our own files as they are, the few files of MapLibre GL JS
// and of the font that it loads), the map styles with their sprites and glyphs, drawn here from look/, and the licence
// text of every package those files are made from. Nothing is compiled.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { glyphRanges } from './look/fonts.js';
import { sprite } from './look/sprite.js';
import { style } from './look/style.js';
import { BOLD, PLAIN } from './look/words.js';
import { THEMES } from './src/palette.js';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const modules = join(here, 'node_modules');

const VENDOR = [
  ['maplibre-gl/dist/maplibre-gl.mjs', 'vendor/maplibre-gl.mjs'],
  ['maplibre-gl/dist/maplibre-gl-worker.mjs', 'vendor/maplibre-gl-worker.mjs'],
  ['maplibre-gl/dist/maplibre-gl.css', 'vendor/maplibre-gl.css'],
  ...['vietnamese', 'latin'].flatMap((subset) =>
    [400, 600].map((weight) => {
      const name = `be-vietnam-pro-${subset}-${weight}-normal.woff2`;
      return [`@fontsource/be-vietnam-pro/files/${name}`, `fonts/${name}`];
    }),
  ),
  // The server itself writes with it, on pictures.
  ['@expo-google-fonts/be-vietnam-pro/400Regular/BeVietnamPro_400Regular.ttf', 'fonts/BeVietnamPro-Regular.ttf'],
  ['@expo-google-fonts/be-vietnam-pro/LICENSE_FONT', 'fonts/BeVietnamPro-Regular.LICENCE.txt'],
];

/** The fonts of the styles, made into glyphs for clients that draw the map. */
const TTF = '@expo-google-fonts/be-vietnam-pro';
const STACKS = { [PLAIN[0]]: '400Regular/BeVietnamPro_400Regular.ttf', [BOLD[0]]: '600SemiBold/BeVietnamPro_600SemiBold.ttf' };

// Where a package has what we carry under another licence than the package's own file says, or no such file.
const LICENCE_ELSEWHERE = { 'murmurhash-js': 'README.md', [TTF]: 'LICENSE_FONT' };

rmSync(dist, { recursive: true, force: true });
cpSync(join(here, 'src'), dist, { recursive: true });
for (const [from, to] of VENDOR) {
  const source = join(modules, from);
  if (!existsSync(source)) throw new Error(`${from} is missing: run "npm ci" in web/ first`);
  mkdirSync(dirname(join(dist, to)), { recursive: true });
  // A source map is megabytes and only a debugger asks for it: drop the pointer to it.
  if (to.endsWith('js')) writeFileSync(join(dist, to), readFileSync(source, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
  else cpSync(source, join(dist, to));
}
for (const theme of THEMES) {
  write(`styles/${theme}.json`, JSON.stringify(style(theme)));
  const { index, png } = sprite(theme);
  write(`sprites/${theme}.json`, JSON.stringify(index));
  write(`sprites/${theme}.png`, png);
}
for (const [stack, file] of Object.entries(STACKS)) {
  for (const [first, bytes] of glyphRanges(stack, join(modules, TTF, file))) write(`glyphs/${stack}/${first}-${first + 255}.pbf`, bytes);
}
console.log(`web/dist: the page, ${VENDOR.length} files of others, ${THEMES.length} styles, ${Object.keys(STACKS).length} fonts, ${writeLicences()} licence texts`);

function write(path, content) {
  mkdirSync(dirname(join(dist, path)), { recursive: true });
  writeFileSync(join(dist, path), content);
}

/** One text file a package of the non-development tree, and an index page. Returns how many. */
function writeLicences() {
  const lock = JSON.parse(readFileSync(join(here, 'package-lock.json'), 'utf8'));
  const out = join(dist, 'licences');
  mkdirSync(out, { recursive: true });
  const rows = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || entry.dev || !existsSync(join(here, path))) continue;
    const about = JSON.parse(readFileSync(join(here, path, 'package.json'), 'utf8'));
    // A package of a font has a licence for itself and one for the font.
    const files = LICENCE_ELSEWHERE[about.name] ? [LICENCE_ELSEWHERE[about.name]] : readdirSync(join(here, path)).filter((name) => /^licen[cs]e/i.test(name)).sort();
    if (!files.length) throw new Error(`${about.name} carries no licence text`);
    const target = `${about.name.replace('@', '').replace('/', '-')}.txt`;
    const head = `${about.name} ${about.version}\n${about.license}\n\n`;
    writeFileSync(join(out, target), head + files.map((file) => readFileSync(join(here, path, file), 'utf8')).join('\n\n'));
    rows.push({ name: about.name, version: about.version, licence: about.license, target });
  }
  rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  const items = rows
    .map((row) => `<tr><td><a href="/licences/${row.target}">${row.name}</a></td><td>${row.version}</td><td>${row.licence}</td></tr>`)
    .join('\n');
  writeFileSync(
    join(out, 'index.html'),
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Licences · diaban</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<script src="/assets/early.js"></script>
<link rel="stylesheet" href="/assets/licences.css">
<main>
<h1>Giấy phép · Licences</h1>
<p>Trang bản đồ dùng các gói sau. The map page is made with these packages. <a href="/">Bản đồ · Map</a></p>
<table>
<tr><th scope="col">Gói · Package</th><th scope="col">Phiên bản · Version</th><th scope="col">Giấy phép · Licence</th></tr>
${items}
</table>
</main>
</html>
`,
  );
  return rows.length;
}
