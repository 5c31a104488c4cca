// An exported archive, read by the reader that maps use, over HTTP ranges: what it holds is what the server shows.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { base, check, exe, fromWeb, same, store } from './kit.mjs';

const run = promisify(execFile);

/** Serves one file by ranges, as a store of files does; counts what was asked for. */
function serve(file) {
  const size = statSync(file).size;
  const descriptor = openSync(file, 'r');
  const asked = [];
  const server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (!range) return response.writeHead(400).end();
    const [first, last] = [Number(range[1]), Math.min(Number(range[2]), size - 1)];
    const bytes = Buffer.alloc(last - first + 1);
    readSync(descriptor, bytes, 0, bytes.length, first);
    asked.push(bytes.length);
    return response.writeHead(206, { 'Content-Range': `bytes ${first}-${last}/${size}`, ETag: '"one"' }).end(bytes);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}/a.pmtiles`, asked, size, stop: () => server.close() }));
  });
}

async function live(path) {
  const response = await fetch(base + path);
  return response.status === 204 ? null : Buffer.from(await response.arrayBuffer());
}

export const tests = {
  async 'an exported archive is read by ranges and holds the tiles of the server'() {
    const { PMTiles } = fromWeb('pmtiles');
    const folder = mkdtempSync(join(tmpdir(), 'diaban-archive-'));
    const file = join(folder, 'wards.pmtiles');
    try {
      const { stdout } = await run(exe, ['export', '--layer', 'wards,facilities', '--zooms', '4-13', '--output', file, '--store', store]);
      check(/tiles of \d+ checked/.test(stdout), stdout);
      const served = await serve(file);
      try {
        const archive = new PMTiles(served.url);
        const header = await archive.getHeader();
        same(header.clustered, true, 'clustered');
        same(`${header.minZoom}-${header.maxZoom}`, '4-13', 'zooms');
        check(header.numTileContents <= header.numAddressedTiles, 'equal tiles are stored once');
        const metadata = await archive.getMetadata();
        same(metadata.vector_layers.map((l) => l.id).join(), 'wards,ward_labels,facilities', 'layers');
        check(Number(metadata.change) > 0 && metadata.changed, 'says its change');
        let full = 0;
        for (const z of [4, 8, 10, 12, 13]) {
          const [x0, y0] = [Math.floor(((106.698 + 180) / 360) * 2 ** z), Math.floor(((1 - Math.asinh(Math.tan((10.7725 * Math.PI) / 180)) / Math.PI) / 2) * 2 ** z)];
          for (const [dx, dy] of [[0, 0], [1, 0], [0, -1], [3, 2], [40, 40]]) {
            const [x, y] = [x0 + dx, y0 + dy];
            if (x >= 2 ** z || y >= 2 ** z) continue;
            const tile = await archive.getZxy(z, x, y);
            const shown = await live(`/tiles/wards,facilities/${z}/${x}/${y}.mvt`);
            same(tile ? Buffer.from(tile.data).toString('base64') : null, shown && shown.toString('base64'), `${z}/${x}/${y}`);
            full += shown ? 1 : 0;
          }
        }
        check(full > 10, `only ${full} tiles were not empty`);
        check(Math.max(...served.asked) < served.size, 'the whole file was asked for at once');
      } finally {
        served.stop();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
