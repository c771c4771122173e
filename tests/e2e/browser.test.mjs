// The pages in a real browser: nothing is loaded from elsewhere, and Swagger UI's "Try it out" creates a session.
import assert from 'node:assert';
import { after, before, test } from 'node:test';
import { openBrowser } from './lib/browser.mjs';
import { Server } from './lib/server.mjs';

let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());

test('the landing page lists sessions and links what there is', async () => {
  const { id } = await server.session('microbit', { name: 'seen-in-the-browser' });
  const { browser, page, foreign, errors } = await openBrowser(server.url);
  try {
    await page.goto(server.url + '/');
    await page.getByText('seen-in-the-browser').first().waitFor({ timeout: 10_000 });
    for (const path of ['/swagger/index.html', '/health', '/metrics']) assert.ok(await page.locator(`a[href="${path}"]`).count() > 0, `a link to ${path}`);
    if (process.env.VIRSERVER_SCREENSHOTS) await page.screenshot({ path: `${process.env.VIRSERVER_SCREENSHOTS}/landing.png` });
    assert.deepStrictEqual(foreign, []);
    assert.deepStrictEqual(errors, []);
  } finally {
    await browser.close();
  }
  await server.delete(`/api/v1/sessions/${id}`);
});

test('Swagger UI works offline and "Try it out" creates a session', async () => {
  const { browser, page, foreign, errors } = await openBrowser(server.url);
  try {
    await page.goto(server.url + '/swagger/index.html');
    const operation = page.locator('#operations-sessions-createSession');
    await operation.waitFor({ timeout: 20_000 });
    await operation.locator('.opblock-summary').click();
    await operation.locator('textarea.body-param__text').fill('{"name": "from-swagger", "board_template": "microbit"}');
    await operation.getByRole('button', { name: 'Execute' }).click();
    await operation.locator('.live-responses-table .response-col_status', { hasText: '201' }).first().waitFor({ timeout: 20_000 });
    if (process.env.VIRSERVER_SCREENSHOTS) await page.screenshot({ path: `${process.env.VIRSERVER_SCREENSHOTS}/swagger.png` });
    const { body } = await server.get('/api/v1/sessions?name=from-swagger');
    assert.strictEqual(body.total, 1);
    assert.strictEqual(body.items[0].board_template, 'microbit');
    assert.deepStrictEqual(foreign, []);
    assert.deepStrictEqual(errors, []);
  } finally {
    await browser.close();
  }
});
