// Each template of the library that Renode runs boots its firmware there, the same as on QEMU where both run it. Renode is no
// Debian package: where none is installed, that is said.
import assert from 'node:assert';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { boots } from './lib/boots.mjs';
import { findRenode } from './lib/renode.mjs';
import { firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';

const launcher = findRenode();
if (!launcher) console.log('NOT TESTED: renode is not installed');
const skip = launcher ? false : 'renode is not installed';

let server, data, templates, unusable;
before(async () => {
  if (!launcher) return;
  data = temporaryDirectory();
  server = await new Server({ data, env: { VIRSERVER_RENODE: launcher } }).start();
  const { backends } = await server.discovered();
  unusable = backends.renode.status === 'available' ? null : backends.renode.reason;
  if (unusable) console.log(`NOT TESTED: ${unusable}`);
  templates = (await server.get('/api/v1/templates?limit=200')).body.items.filter((template) => template.backends.includes('renode'));
});
after(async () => {
  await server?.destroy();
  if (data) rmSync(data, { recursive: true, force: true });
});

test('every board boots its firmware', { concurrency: 2, skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  assert.ok(templates.length >= 40, `${templates.length} templates`);
  const chosen = process.env.BOARD ? templates.filter(({ id }) => id === process.env.BOARD) : templates;
  await Promise.all(chosen.map((template) => t.test(template.id, () => boots(server, template, 4, 'renode'))));
});

test('a platform that Renode ships is a board by its name', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const { items, total } = (await server.get('/api/v1/models/platforms?backend=renode&limit=200')).body;
  assert.ok(total > 100, `${total} platforms`);
  assert.ok(items.every((each) => each.board && each.id.startsWith('renode:')));
  assert.strictEqual(items.find((each) => each.id === 'renode:stm32f4_discovery').processor, 'cortex-m4');
  assert.ok((await server.get('/api/v1/models/platforms?backend=qemu')).body.items.every((each) => !each.board));
  const machine = (await server.get('/api/v1/templates/renode:stm32f4_discovery/machine')).body;
  assert.ok(machine.memory.length > 0 && machine.devices.some((each) => each.kind === 'uart') && machine.consoles.length > 0);
  const { id } = await server.session('renode:stm32f4_discovery');
  assert.strictEqual((await server.upload(id, join(firmwareDir, 'stm32f4-disco.elf'))).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'usart2', 'VirServer stm32f4-disco ready');
  await server.delete(`/api/v1/sessions/${id}`);
  const near = await server.post('/api/v1/sessions', { board_template: 'renode:stm32f4_discovry' });
  assert.strictEqual(near.body.code, 'TEMPLATE_NOT_FOUND');
  assert.ok(near.body.details.suggestions.includes('renode:stm32f4_discovery'), near.text);
  assert.strictEqual((await server.get('/api/v1/templates?limit=200')).body.items.filter((each) => each.id.startsWith('renode:')).length, 0);
});

test('auto takes QEMU where both run a board, and Renode where only it does', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  for (const [id, backend] of [['stm32f4-disco', 'qemu'], ['nucleo-h753zi', 'renode']]) {
    const made = await server.session(id);
    assert.strictEqual(made.backend, backend);
    await server.delete(`/api/v1/sessions/${made.id}`);
  }
});

test('what cannot be made is refused before the start, with its place', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const board = (node) => ({ board_config: { nodes: [{ id: 'n', backend: 'renode', ...node }] }, backend: 'renode' });
  const uart = { type: 'UART', name: 'U', address: '0x40000000', irq: [3] };
  const cases = [
    [{ processor: { type: 'rv32' }, peripherals: [uart] }, '/nodes/0/peripherals/0/irq/0', /no interrupt controller/],
    [{ processor: { type: 'cortex-m4' }, peripherals: [{ ...uart, properties: { model: 'PL010' } }] }, '/nodes/0/peripherals/0/properties/model', /pl011/],
    [{ processor: { type: 'cortex-m4' }, memory: [{ type: 'RAM', address: '0x40000000', size: '64K' }], peripherals: [uart] }, null, null],
    [{ processor: { type: 'MIPS 24Kc' } }, '/nodes/0/processor/type', /nearest/],
  ];
  for (const [node, pointer, message] of cases) {
    const answer = await server.post('/api/v1/sessions', board(node));
    if (!pointer) {
      assert.strictEqual(answer.status, 201, answer.text);
      await server.delete(`/api/v1/sessions/${answer.body.id}`);
      continue;
    }
    assert.strictEqual(answer.body.code, 'BOARD_UNPLANNABLE', answer.text);
    const finding = answer.body.details.findings.find((each) => each.severity === 'error');
    assert.strictEqual(finding.pointer, pointer);
    assert.match(finding.message, message);
  }
});
