// What a citizen writes, for the tests that write: a category, an empty spot of the map, a report.
import { api, check, jump, matched, same, settled, until } from './kit.mjs';

export const categories = async () => (await api('/categories?lang=vi')).groups.flatMap((group) => group.categories);

/** A category that wants a place and shows it exactly, and how to name it. */
export async function placedCategory() {
  const all = (await categories()).filter((category) => category.place === 'required');
  const category = all.find(({ precision }) => precision === 'exact') ?? all[0];
  check(category, 'no category wants a place');
  return category;
}

/** Takes the map to a spot of the city where nothing stands, so that a new report will stand alone. */
export async function emptySpot(page) {
  await settled(page);
  const reach = 0.002; // degrees; more than half a screen at this zoom
  for (let i = 0; i < 400; i++) {
    const [lon, lat] = [106.66 + 0.0037 * (i % 40), 10.74 + 0.0029 * ((i * 7) % 43)];
    if ((await matched(`&bbox=${[lon - reach, lat - reach, lon + reach, lat + reach]}`)) > 0) continue;
    await jump(page, { center: [lon, lat], zoom: 19 });
    await settled(page);
    same(await page.evaluate(() => window.diaban.map.queryRenderedFeatures({ layers: ['clusters', 'reports'] }).length), 0, 'symbols where there are no reports');
    return;
  }
  throw new Error('no empty spot found');
}

export async function fillReport(page, category, title) {
  await page.selectOption('#r-category', category.code);
  for (const question of category.questions ?? []) {
    if (!question.required) continue;
    const control = page.locator(`#q-${question.code}`);
    if (question.kind === 'choice') await control.selectOption(question.choices[0].code);
    else await control.fill('1');
  }
  await page.click('#r-centre');
  await page.locator('#r-where .ward-name').waitFor();
  await page.fill('#r-title', title);
  await page.fill('#r-description', 'Viết từ bài kiểm tra của trang bản đồ.');
}

/** Sends a report past the page, at the middle of its map. */
export async function postAtCentre(page, category, title) {
  const { lng, lat } = await page.evaluate(() => window.diaban.map.getCenter());
  const answers = Object.fromEntries((category.questions ?? []).filter((q) => q.required).map((q) => [q.code, q.choices?.[0]?.code ?? '1']));
  return api('/collections/reports/items', {
    method: 'POST',
    headers: { 'Content-Type': 'application/geo+json', 'Idempotency-Key': crypto.randomUUID() },
    body: JSON.stringify({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [lng, lat] },
      properties: { category: category.code, title, description: 'Qua API.', ...(Object.keys(answers).length && { answers }) },
    }),
  });
}

export const standsOnMap = (page, id) =>
  until(
    page,
    (wanted) => window.diaban.map.queryRenderedFeatures({ layers: ['reports'] }).some((f) => String(f.properties.id ?? f.id) === wanted),
    String(id),
  );
