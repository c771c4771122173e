// Each template of the library boots its own firmware and talks.
import assert from 'node:assert';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { Server, firmwareDir } from './lib/server.mjs';
import { floodText } from './lib/stream.mjs';

// Boards whose firmware drives one UART, though some of them have more.
const oneUart = ['arm-virt-a7', 'arm-virt-a15', 'arm-virt-a53', 'arm-virt-a72', 'cubieboard', 'leon3', 'microbit', 'opentitan', 'raspi0',
                 'raspi2b', 'raspi3b', 'riscv-virt32', 'riscv-virt64'];
// KiB of the flood; less where the UART keeps its baud rate.
const floods = { opentitan: 32 };
let server, templates;
before(async () => {
  server = await new Server().start();
  templates = (await server.get('/api/v1/templates?limit=200')).body.items;
});
after(() => server.destroy());

test('every template has its firmware', () => {
  assert.ok(templates.length >= 35, `${templates.length} templates`);
  for (const { id } of templates) assert.ok(existsSync(join(firmwareDir, `${id}.elf`)), `${id}.elf; is its cross compiler installed?`);
});

async function boots(board) {
  const template = (await server.get(`/api/v1/templates/${board}`)).body;
  const { id, default_console: main, findings } = await server.session(board);
  assert.deepStrictEqual(templates.find((each) => each.id === board)?.id, board);
  assert.ok(main, 'a default console');
  assert.ok(findings.length > 0, 'what is emulated, approximated and missing is said');
  const listed = (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items;
  const wanted = template.config.nodes[0].consoles.map((each) => each.name);
  assert.deepStrictEqual(listed.filter((each) => each.kind === 'uart').map((each) => each.name), wanted);
  assert.deepStrictEqual(listed.filter((each) => each.default).map((each) => each.name), [main]);
  assert.ok(listed.some((each) => each.name === 'semihosting') === !['leon3', 'ppce500'].includes(board) && listed.some((each) => each.name === 'emulator'));

  const uploaded = await server.upload(id, join(firmwareDir, `${board}.elf`), `?name=${board}.elf`);
  assert.strictEqual(uploaded.status, 201, uploaded.text);
  const on = await server.power(id, 'on');
  assert.strictEqual(on.status, 200, on.text);
  assert.strictEqual(on.body.status, 'running');
  await server.expect(id, main, `VirServer ${board} ready`);
  await server.type(id, main, 'version\r');
  await server.expect(id, main, `version\r\nVirServer hello 1 on ${board}\r\n`);
  await server.type(id, main, 'echo me\r');
  await server.expect(id, main, 'echo me\r\nyou said: echo me\r\n');
  if (!oneUart.includes(board)) {
    await server.type(id, main, 'second hello there\r');
    const others = wanted.filter((name) => name !== main);
    await server.eventually(async () => {
      for (const other of others) if ((await server.output(id, other)).toString() === 'hello there\r\n') return true;
    }, 20_000, () => `no other console of ${wanted} showed the text`);
  }
  const { length: from } = await server.output(id, main);
  const kib = floods[board] ?? 1024;
  await server.type(id, main, `flood ${kib}\r`);
  await server.expect(id, main, `flood done ${kib} KiB`, { since: from + kib * 1024 - 100, timeout: 40_000 });
  const all = await server.output(id, main, from);
  const flood = floodText(kib);
  const start = all.indexOf('00000000 ABC');
  assert.ok(all.subarray(start, start + flood.length).equals(flood), 'every byte of the flood, in order');
  const off = await server.power(id, 'off');
  assert.strictEqual(off.status, 200);
  assert.strictEqual(off.body.status, 'stopped');
  assert.strictEqual((await server.delete(`/api/v1/sessions/${id}`)).status, 204);
}

test('every board boots its firmware', { concurrency: 2 }, async (t) => {
  await Promise.all(templates.map(({ id }) => t.test(id, () => boots(id))));
});

test('the STM32F4 Discovery says on what it really runs', async () => {
  const { id, findings } = await server.session('stm32f4-disco');
  assert.match(JSON.stringify(findings), /STM32F405/);
  await server.delete(`/api/v1/sessions/${id}`);
});
