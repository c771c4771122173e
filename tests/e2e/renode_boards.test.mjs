// Each template of the library that Renode runs boots its firmware there, the same as on QEMU where both run it. Renode is no
// Debian package: where none is installed, that is said.
import assert from 'node:assert';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { boots } from './lib/boots.mjs';
import { findRenode } from './lib/renode.mjs';
import { Server, temporaryDirectory } from './lib/server.mjs';

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
