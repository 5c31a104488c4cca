// The map page in a real browser against a real server.
//
//   node tests/browser/run.mjs [http://127.0.0.1:PORT]
//
// Without an address it starts `diaban demo` itself (DIABAN_EXE, or target/debug/diaban) and stops it at the end.
// CHROMIUM names another browser than /usr/bin/chromium. ONLY runs the tests whose name holds it. Screenshots go to
// tests/browser/shots/, and the log of the demo with them. Nothing waits for ever: a test has two minutes, the whole run thirty.
// The last line is `N passed, N failed`; the exit code is 1 when a test failed.
import { mkdirSync } from 'node:fs';
import * as access from './access.mjs';
import * as archive from './archive.mjs';
import * as browse from './browse.mjs';
import { TEST_MS, browser, launch, shots, startDemo, useBrowser, useServer, within } from './kit.mjs';
import * as layers from './layers.mjs';
import * as life from './life.mjs';
import * as page from './page.mjs';
import * as alerts from './alerts.mjs';
import * as styles from './styles.mjs';
import * as write from './write.mjs';

const RUN_MS = 30 * 60_000;
const CLOSE_MS = 10_000;
const tests = {
  ...browse.tests, ...write.tests, ...layers.tests, ...alerts.tests, ...styles.tests, ...access.tests, ...archive.tests, ...page.tests,
  ...life.tests,
};

/** Leaves a browser without pages for the next test; one that does not answer any more is left for a new one. */
async function tidy() {
  try {
    await within(CLOSE_MS, Promise.all(browser.contexts().map((context) => context.close())), 'closing the pages');
  } catch {
    await within(CLOSE_MS, browser.close(), 'closing the browser').catch(() => {});
    useBrowser(await launch());
  }
}

let passed = 0;
let failed = 0;

function fail(name, error) {
  failed++;
  console.log(`FAIL  ${name}\n      ${String(error?.stack ?? error).replaceAll('\n', '\n      ')}`);
}

async function runAll() {
  const only = process.env.ONLY;
  for (const [name, test] of Object.entries(tests)) {
    if (only && !name.includes(only)) continue;
    const began = Date.now();
    try {
      await within(TEST_MS, test(), 'the test');
      passed++;
      console.log(`ok    ${name} (${Date.now() - began} ms)`);
    } catch (error) {
      fail(name, error);
    }
    await tidy();
  }
}

// Whatever a test that ran out of time still waits for fails when its page closes; that is no news.
process.on('unhandledRejection', () => {});
const began = Date.now();
mkdirSync(shots, { recursive: true });
const demo = process.argv[2] ? null : startDemo();
try {
  useServer(new URL(process.argv[2] ?? (await within(TEST_MS, demo.address, 'starting the demo'))).origin);
  useBrowser(await launch());
  await within(RUN_MS, runAll(), 'the whole run');
} catch (error) {
  fail('the run', error);
}
await within(CLOSE_MS, Promise.all([browser?.close(), demo?.stop()]), 'closing').catch(() => demo?.kill());
console.log(`in ${Math.round((Date.now() - began) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0); // a browser that did not close ends with its parent
