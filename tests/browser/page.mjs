// The page of one report: with a script and without, for everybody and for whoever sent it; and "My reports".
import { accessible } from './access.mjs';
import { base, check, clean, desktop, open, phone, same, settled, shot, until } from './kit.mjs';
import { emptySpot, fillReport, placedCategory } from './reports.mjs';

const title = 'Nắp cống <b>bể</b> & "sụt"';

/** A report past the page, with the token that opens it. */
export async function sent() {
  const category = await placedCategory();
  const answers = Object.fromEntries((category.questions ?? []).filter((q) => q.required).map((q) => [q.code, q.choices?.[0]?.code ?? '1']));
  const response = await fetch(`${base}/collections/reports/items`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/geo+json' },
    body: JSON.stringify({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [106.7, 10.776] },
      properties: { category: category.code, title, description: 'Xe máy dễ ngã.\nCần rào lại.', ...(Object.keys(answers).length && { answers }) },
    }),
  });
  check(response.status === 201, await response.clone().text());
  return { id: (await response.json()).id, token: response.headers.get('report-token') };
}

const pictured = (page) => page.waitForFunction(() => document.querySelector('figure img')?.naturalWidth > 0);
const fits = async (page, what) => check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is wider than the screen`);

/** Opens "erase" on the page and goes through with it. */
async function erase(page) {
  await page.locator('.own summary').click();
  await page.locator('.danger').click();
  same(await page.locator('.danger').count(), 1, 'the box was not ticked, and the form was sent');
  await page.locator('[name=sure]').check();
  await page.locator('.danger').click();
  await page.getByRole('heading', { name: 'Phản ánh đã được xóa' }).waitFor();
}

export const tests = {
  async 'the page of a report works without a script, and so does erasing it'() {
    const { id, token } = await sent();
    const page = await open(`/r/${id}`, { ...phone, javaScriptEnabled: false });
    same(await page.locator('h1').innerText(), title, 'title');
    check((await page.locator('.due').innerText()).startsWith('Sẽ có trả lời chậm nhất'), await page.locator('.due').innerText());
    same(await page.locator('figure img').evaluate((img) => img.complete && img.naturalWidth > 0), true, 'the picture');
    await page.locator('.code summary').click();
    await page.fill('#token', 'wrong');
    await page.locator('#session button').click();
    await page.locator('.alert').waitFor();
    await page.locator('.code summary').click();
    await page.fill('#token', token);
    await page.locator('#session button').click();
    await page.locator('.own').waitFor();
    await erase(page);
    same((await page.goto(`${base}/r/${id}`)).status(), 410, 'afterwards');
  },

  async 'the link of the device opens the page for whoever sent the report, and the token leaves no trace'() {
    const { id, token } = await sent();
    const seen = [];
    const page = await open(`/r/${id}?lang=vi#${token}`, desktop, (p) => p.on('request', (request) => seen.push(request.url())));
    await page.locator('.own').waitFor();
    same(page.url(), `${base}/r/${id}?lang=vi`, 'address');
    check(seen.some((url) => url.endsWith(`/r/${id}/session?lang=vi`)), seen.join(' '));
    // What follows the # is never sent; Chromium tells it of the first request all the same.
    check(seen.every((url) => !url.split('#')[0].includes(token)), seen.join(' '));
    const cookies = await page.context().cookies();
    same(cookies.length, 1, 'cookies');
    check(cookies[0].httpOnly && cookies[0].sameSite === 'Strict' && cookies[0].path === `/r/${id}` && !cookies[0].value.includes(token), JSON.stringify(cookies));
    await page.goto(`${base}/r/${id}?lang=en#${token}`); // open already: the address is cleared all the same
    await until(page, () => location.hash === '');
    await page.getByRole('heading', { name: 'Your report' }).waitFor();
    clean(page);
  },

  async 'a report that was sent here is under "My reports", opens its page, and goes when it is erased'() {
    const page = await open();
    await emptySpot(page);
    same(await page.isVisible('#mine'), false, 'nothing was sent yet');
    await page.click('#open-report');
    await fillReport(page, await placedCategory(), title);
    await page.click('#r-send');
    await page.locator('#done-title').waitFor();
    const link = await page.locator('#report-done a').getAttribute('href');
    check(/^\/r\/\d+\?lang=vi#[\w-]{22}$/.test(link), link);
    await shot(page, 'report-sent');
    await page.locator('#view-report .back').click();
    await page.locator('#mine summary').click();
    await shot(page, 'my-reports');
    same(await page.locator('#mine-list a b').innerText(), title, 'title in the list');
    await page.locator('#mine-list a').click();
    await page.locator('.own').waitFor();
    await erase(page);
    await page.locator('nav a').click();
    await settled(page);
    same(await page.isVisible('#mine'), false, 'the erased report is still listed');
    check(!page.faults.filter((fault) => !fault.includes('410')).length, `the page complained: ${page.faults.join(' | ')}`);
  },

  async '"My reports" forgets one when asked twice'() {
    const mine = [1, 2].map((id) => ({ id, token: 'AAAAAAAAAAAAAAAAAAAAAA', title: `Phản ánh thử ${id}`, when: '2026-11-20T03:00:00Z' }));
    const page = await open('/', desktop, (p) => p.addInitScript((all) => {
      if (!localStorage.getItem('diaban.reports')) localStorage.setItem('diaban.reports', all);
    }, JSON.stringify(mine)));
    await page.locator('#mine summary').click();
    same(await page.locator('#mine-list li').count(), 2, 'reports');
    await accessible(page, 'my reports');
    await page.locator('#mine-list button').first().click();
    same(await page.locator('#mine-list li').count(), 2, 'after one press');
    await page.locator('#mine-list button').first().click();
    same(await page.locator('#mine-list li').count(), 1, 'after two');
    same(await page.locator('#mine-list a').getAttribute('href'), '/r/2?lang=vi#AAAAAAAAAAAAAAAAAAAAAA', 'the other one');
    await page.reload();
    await page.locator('#mine summary').click();
    same(await page.locator('#mine-list li').count(), 1, 'after a reload');
    clean(page);
  },

  async 'the page of a report for everyone: phone and desk, light and dark, nothing that axe-core finds'() {
    const { id, token } = await sent();
    for (const [options, theme] of [[phone, 'light'], [phone, 'dark'], [desktop, 'light']]) {
      const page = await open(`/r/${id}#${token}`, { ...options, colorScheme: theme });
      await page.locator('.own').waitFor();
      await pictured(page);
      const picture = await page.locator('figure img').evaluate((img) => img.currentSrc);
      same(picture.includes('style=dark'), theme === 'dark', `the picture in ${theme}`);
      for (const summary of await page.locator('summary').all()) await summary.click();
      await fits(page, `the page in ${theme}`);
      await accessible(page, `report page ${theme}`);
      const everybody = await open(`/r/${id}?lang=en`, { ...options, colorScheme: theme });
      await accessible(everybody, `report page in English ${theme}`);
      const none = await open('/r/4242', { ...options, colorScheme: theme });
      await accessible(none, `no such report ${theme}`);
      clean(page);
    }
  },
};
