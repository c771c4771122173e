// The same checks on every backend, by the API alone. A feature that a backend has works; one that it has not is refused with
// the reason. VIRSERVER_CONFORMANCE names the backend; VIRSERVER_CONFORMANCE_RESULT, a file, gets what came of it.
import assert from 'node:assert';
import { existsSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Gdb } from '../e2e/lib/gdb.mjs';
import { Server } from '../e2e/lib/server.mjs';
import { backends } from './backends.mjs';
import { Bench } from './bench.mjs';
import { checks as badInput } from './checks/bad_input.mjs';
import { checks as consoles } from './checks/consoles.mjs';
import { checks as debugging } from './checks/debugging.mjs';
import { checks as outside } from './checks/outside.mjs';
import { checks as power } from './checks/power.mjs';
import { checks as programs } from './checks/programs.mjs';
import { refuses } from './checks/refusals.mjs';
import { pages, published, release, render } from './table.mjs';

const root = new URL('../../', import.meta.url);
const checks = [...power, ...badInput, ...consoles, ...programs, ...debugging, ...outside];
const name = process.env.VIRSERVER_CONFORMANCE;
const row = backends[name];

const server = await new Server().start();
after(() => server.destroy());
const capabilities = (await server.discovered()).backends[name];
assert.ok(capabilities, `there is no backend '${name}': VIRSERVER_CONFORMANCE names one of ${Object.keys(backends)}`);
const present = capabilities.status === 'available';

if (!present) {
  const required = process.env.VIRSERVER_REQUIRE_TOOLS && name === 'qemu';
  console.log(`NOT TESTED: ${name} is ${capabilities.status}: ${capabilities.reason}`);
  test(`${name} is ${capabilities.status}, with the reason, and its sessions are refused`, async () => {
    assert.ok(!required, capabilities.reason);
    assert.ok(capabilities.reason.length > 15);
    const refused = await server.post('/api/v1/sessions', { board_template: 'stm32f4-disco', backend: name });
    assert.ok(refused.status >= 400 && refused.body.error.length > 15, refused.text);
  });
} else {
  test(`${name} ${capabilities.version}`, async (t) => {
    assert.ok(row, `${name} is installed and tests/conformance/backends.mjs has no boards for it`);
    const result = { title: row.title, version: capabilities.version, features: {}, checks: {} };
    for (const board of row.boards)
      await t.test(board.template, async (t) => {
        const bench = new Bench(server, name, row, board, capabilities);
        for (const check of checks.filter((each) => bench.has(each.feature)))
          await t.test(`${check.feature}: ${check.name}`, async () => {
            try {
              await check.run(bench);
            } catch (error) {
              await bench.giveUp();
              throw error;
            } finally {
              Gdb.killAll();
            }
          });
        for (const [feature, has] of Object.entries(capabilities.features))
          if (!has) await t.test(`${feature}: refused`, () => refuses(bench, feature));
        await bench.giveUp();
      });
    await t.test('every feature it claims has a check', () => {
      for (const [feature, has] of Object.entries(capabilities.features)) {
        result.features[feature] = has;
        result.checks[feature] = checks.filter((each) => each.feature === feature).length;
        assert.ok(!has || result.checks[feature] > 0, `no check tries ${feature}`);
      }
    });
    console.log(render([result], pages['docs/backends.md']));
    if (process.env.VIRSERVER_CONFORMANCE_RESULT) writeFileSync(process.env.VIRSERVER_CONFORMANCE_RESULT, JSON.stringify(result));
    else await t.test('docs/backends.md says the same', () => {
      for (const page of Object.keys(pages)) {
        const said = published(root, page, row.title);
        assert.ok(said, `${page} has no column for ${row.title}: scripts/conformance.mjs --write`);
        if (release(said.version) !== release(result.version))
          console.log(`NOT COMPARED: the table in ${page} is of ${row.title} ${said.version}, ${result.version} is installed`);
        else assert.deepStrictEqual(said.features, result.features, `${page} is stale: scripts/conformance.mjs --write`);
      }
    });
  });
}
