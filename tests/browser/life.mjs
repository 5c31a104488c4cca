// The life of a report, as whoever sent it sees it on a phone: sent, forwarded, asked, answered, split, resolved, rated
// unhappy, opened again, resolved. And an officer's account, which does the office's part of a second one.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { accessible } from './access.mjs';
import { api, base, check, clean, desktop, exe, open, phone, same, shot, store } from './kit.mjs';
import { sent } from './page.mjs';

const run = promisify(execFile);
const items = '/collections/reports/items';
const question = 'Nắp cống ở trước hay sau nhà số 12?';
const answer = 'Ngay trước cổng, gọi tôi 0903 123 456';

/** What the command line says. */
const command = async (...words) => (await run(exe, [...words, '--store', store])).stdout;

/** An operator with a key, which the service knows. */
async function operator() {
  const key = (await command('keys', 'add', 'Trực', '--scope', 'operate')).split('\n').find((line) => line.startsWith('dbn_')).trim();
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  for (let left = 100; (await fetch(`${base}/areas/editions`, { headers })).status !== 200; left--) {
    check(left, 'the key is never known');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return (id, what, body) => api(`${items}/${id}/${what}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** The page as it is now: its state, and what happened last. */
async function now(page) {
  await page.reload();
  return [await page.locator('p.state').first().innerText(), await page.locator('.history li p').first().innerText()];
}

async function sees(page, state, last, picture) {
  const [is, happened] = await now(page);
  same(is, state, 'state');
  check(happened.includes(last), `what happened last: ${happened}`);
  await shot(page, `life-${picture}`, true);
}

export const tests = {
  async 'the life of a report, as its sender sees it on a phone'() {
    const work = await operator();
    const { id, token } = await sent();
    const page = await open(`/r/${id}#${token}`, phone);
    await page.locator('.own').waitFor();
    await sees(page, 'Đã tiếp nhận', 'Phản ánh được tiếp nhận', '1-sent');
    await work(id, 'transitions', { state: 'forwarded' });
    await sees(page, 'Đã chuyển xử lý', 'Đã chuyển đến nơi xử lý', '2-forwarded');

    await work(id, 'questions', { question });
    await sees(page, 'Đã chuyển xử lý', 'Nơi phụ trách hỏi thêm người gửi', '3-asked');
    check((await page.locator('.own').innerText()).includes(question), 'the question is not there');
    await accessible(page, 'report page with a question');
    await page.fill('#answer', answer);
    await page.getByRole('button', { name: 'Gửi trả lời' }).click();
    await page.locator('.history', { hasText: 'Người gửi đã trả lời' }).waitFor();
    same(await page.locator('#answer').count(), 0, 'the question is still open');
    await shot(page, 'life-4-answered', true);

    const [theirs, others] = [await work(id, 'tasks', { what: 'Rào lại', contractor: 'Khơi Dòng' }), await work(id, 'tasks', { what: 'Khóa nước', body: 'water' })];
    await sees(page, 'Đã chuyển xử lý', 'Một phần việc của', '5-split');
    const done = await fetch(`${base}${items}/${id}/tasks/${theirs.task}`, {
      method: 'POST',
      headers: { 'Task-Token': theirs.token, 'Content-Type': 'application/json' },
      body: JSON.stringify({ state: 'done', note: 'Đã rào.' }),
    });
    same(done.status, 200, await done.text());
    await work(id, `tasks/${others.task}`, { state: 'done' });
    await work(id, 'transitions', { state: 'resolved', note: 'Đã thay nắp cống.' });
    await sees(page, 'Đã giải quyết', 'Đã giải quyết xong', '6-resolved');

    await page.locator('.own summary').first().click();
    await accessible(page, 'report page with a rating');
    await page.getByLabel('Chưa hài lòng').check();
    await page.getByLabel('Chưa làm, hoặc làm chưa xong').check();
    await page.fill('#words', 'Nắp vẫn kênh');
    await page.getByLabel('Đề nghị mở lại phản ánh').check();
    await page.getByRole('button', { name: 'Gửi đánh giá' }).click();
    await page.locator('.history', { hasText: 'chưa hài lòng' }).waitFor();
    check((await page.locator('.own').innerText()).includes('Bạn đã đề nghị mở lại'), 'the wish is not there');
    await shot(page, 'life-7-unsatisfied', true);
    await work(id, 'transitions', { state: 'reopened' });
    await sees(page, 'Mở lại', 'Phản ánh được mở lại', '8-reopened');
    await work(id, 'transitions', { state: 'resolved', note: 'Đã chèn lại nắp.' });
    await sees(page, 'Đã giải quyết', 'Đã giải quyết xong', '9-resolved');
    await page.getByLabel('Hài lòng', { exact: true }).check();
    await page.getByRole('button', { name: 'Gửi đánh giá' }).click();
    await page.locator('.history', { hasText: 'Người gửi đánh giá: hài lòng' }).waitFor();
    clean(page);

    // Everybody, without a script: that there was a question and an answer, and none of the words.
    const everybody = await open(`/r/${id}`, { ...phone, javaScriptEnabled: false });
    const seen = await everybody.locator('main').innerText();
    same(await everybody.locator('.history > ol > li').count(), 13, 'things that happened');
    for (const part of ['hỏi thêm người gửi', 'Đã rào.', 'Chưa làm, hoặc làm chưa xong']) check(seen.includes(part), `${part}: ${seen}`);
    for (const part of [question, '0903', 'Nắp vẫn kênh', 'Khơi Dòng', 'Rào lại']) check(!seen.includes(part), `everybody reads “${part}”`);
    await shot(everybody, 'life-everybody', true);
  },

  async 'an officer is invited, chooses a password, logs in, and works with the session of the page'() {
    const { id } = await sent();
    const { properties } = await api(`${items}/${id}`);
    const said = await command('accounts', 'invite', 'Hoa', '--login', 'hoa', '--scope', 'work', '--ward', properties.ward);
    const page = await open(`/account/welcome#${/welcome#(\S+)/.exec(said)[1]}`, desktop);
    await page.waitForFunction(() => location.hash === '' && document.querySelector('#token').value);
    await accessible(page, 'welcome');
    for (const field of ['password', 'again']) await page.fill(`#${field}`, 'ba con mèo trên mái');
    await page.getByRole('button', { name: 'Lưu mật khẩu' }).click();
    await page.locator('#login').fill('hoa');
    await accessible(page, 'log in');
    await page.fill('#password', 'sai mật khẩu rồi');
    await page.getByRole('button', { name: 'Đăng nhập' }).click();
    await page.locator('.alert').waitFor();
    await page.locator('#login').fill('hoa');
    await page.fill('#password', 'ba con mèo trên mái');
    await page.getByRole('button', { name: 'Đăng nhập' }).click();
    await page.getByRole('heading', { name: 'Hoa' }).waitFor();
    await accessible(page, 'account');
    await shot(page, 'account');
    // A page of this service that may ask it.
    await page.goto(`${base}/?lang=vi`);
    const status = await page.evaluate(async (address) => {
      const body = JSON.stringify({ state: 'in_progress' });
      return (await fetch(address, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status;
    }, `${items}/${id}/transitions`);
    same(status, 200, 'the transition');
    await page.goto(`${base}/account`);
    await page.getByRole('button', { name: 'Đăng xuất' }).first().click();
    await page.locator('#login').waitFor();
    const cookies = await page.context().cookies();
    check(cookies.every((cookie) => cookie.value === ''), JSON.stringify(cookies));
  },
};
