// Each template of the library that SkyEye runs boots its firmware there and is debugged. SkyEye is no Debian package: where
// none is installed, that is said.
import assert from 'node:assert';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { boots } from './lib/boots.mjs';
import { Target } from './lib/debugging.mjs';
import { findLauncher } from './lib/launchers.mjs';
import { firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';

const launcher = findLauncher('skyeye');
if (!launcher) console.log('NOT TESTED: skyeye is not installed');
const skip = launcher ? false : 'skyeye is not installed';

let server, data, templates, unusable, noDebugger;
before(async () => {
  if (!launcher) return;
  data = temporaryDirectory();
  server = await new Server({ data, env: { VIRSERVER_SKYEYE: launcher } }).start();
  const { backends } = await server.discovered();
  unusable = backends.skyeye.status === 'available' ? null : backends.skyeye.reason;
  if (unusable) console.log(`NOT TESTED: ${unusable}`);
  noDebugger = backends.skyeye.features.breakpoints ? null : backends.skyeye.reasons.breakpoints;
  templates = (await server.get('/api/v1/templates?limit=200')).body.items.filter((template) => template.backends.includes('skyeye'));
});
after(async () => {
  await server?.destroy();
  if (data) rmSync(data, { recursive: true, force: true });
});

const chosen = () => process.env.BOARD ? templates.filter(({ id }) => id === process.env.BOARD) : templates;

test('every board boots its firmware', { concurrency: 2, skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  assert.ok(templates.length >= 10, `${templates.length} templates`);
  await Promise.all(chosen().map((template) => t.test(template.id, () => boots(server, template, 4, 'skyeye'))));
});

// Stopped at the program's first function, looked at, run, reset, and off.
async function debugs(template) {
  const board = template.id;
  const { id, default_console: main } = await server.session(board, { backend: 'skyeye' });
  const target = new Target(server, id, main);
  assert.strictEqual((await server.upload(id, join(firmwareDir, `${board}.elf`))).status, 201);
  const made = await target.break('hello', { temporary: false });
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  const stopped = await target.stopped().catch(async (error) => {
    const { status, status_reason } = (await server.get(`/api/v1/sessions/${id}`)).body;
    throw new Error(`${error.message}\n${status}: ${status_reason}\n${(await server.output(id, 'emulator')).toString().slice(-1500)}`);
  });
  assert.deepStrictEqual(stopped.breakpoint_ids, [made.id]);
  assert.strictEqual(stopped.location.function, 'hello');
  assert.strictEqual((await server.output(id, main)).length, 0, 'nothing was printed before');
  const name = /read: |VirServer/;  // its constants lie behind its code
  const [rom] = template.config.nodes[0].memory.filter((each) => BigInt(each.address) <= BigInt(stopped.location.address)).slice(-1);
  const code = await target.get(`/memory?address=${rom.address}&size=4096&format=raw`);
  assert.strictEqual(code.status, 200, code.text);
  assert.match(code.text, name);
  const free = `0x${(BigInt(rom.address) + 0x18000n).toString(16)}`;  // between the program's data and its stack
  target.must(await target.post(`/memory?address=${free}`, { values: [0x01020304], width: 4 }));
  assert.deepStrictEqual(target.must(await target.get(`/memory?address=${free}&size=4&width=4`)).values.map(Number), [0x01020304]);
  const pc = await target.register('pc');
  assert.strictEqual((await target.step('instruction')).reason, 'step');
  assert.notStrictEqual(await target.register('pc'), pc);
  assert.strictEqual((await server.delete(`${target.path}/breakpoints/${made.id}`)).status, 204);
  assert.strictEqual((await target.run({}, '')).state, 'running');
  await target.shows(`VirServer ${board} ready`);
  const { length } = await server.output(id, main);
  assert.strictEqual((await server.power(id, 'reset')).status, 200);
  await server.expect(id, main, `VirServer ${board} ready`, { since: length });
  assert.strictEqual((await server.power(id, 'off')).body.status, 'stopped');
  assert.strictEqual((await server.delete(`/api/v1/sessions/${id}`)).status, 204);
}

test('every board is debugged and reset', { concurrency: 2, skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  if (noDebugger) return t.skip(noDebugger);
  await Promise.all(chosen().map((template) => t.test(template.id, () => debugs(template))));
});

test('auto takes QEMU where both run a board, and SkyEye where only it does', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  for (const [id, backend] of [['collie', 'qemu'], ['smdk2410', 'skyeye']]) {
    const made = await server.session(id);
    assert.strictEqual(made.backend, backend);
    await server.delete(`/api/v1/sessions/${made.id}`);
  }
});
