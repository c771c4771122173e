// Register models in boards: what the check says of them, and what firmware gets from them.
import assert from 'node:assert';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { firmwareDir, Server } from './lib/server.mjs';

let server;
before(async () => { server = await new Server().start(); });
after(() => server.destroy());

const check = async (body) => (await server.post('/api/v1/templates/check', { backend: 'qemu', ...body })).body;

test('the check names every model that is played', async () => {
  const [qemu] = (await check({ board_template: 'stm32f4-disco' })).backends;
  const played = qemu.findings.filter((each) => each.pointer === '/nodes/0/register_models');
  assert.deepStrictEqual(played.map((each) => each.severity), ['approximated'], JSON.stringify(qemu.findings));
  for (const block of ['RCC (stm32f4-rcc)', 'PWR (', 'FLASH (', 'RTC (', 'RNG (', 'UID (']) assert.ok(played[0].message.includes(block), played[0].message);
  const rcc = qemu.parts.find((part) => part.name === 'RCC');
  assert.deepStrictEqual([rcc.state, rcc.on], ['approximated', 'the register model stm32f4-rcc']);
});

test('firmware that waits for a crystal gets through its clock set-up', async () => {
  const { id } = await server.session('stm32f4-disco');
  await server.upload(id, join(firmwareDir, 'rcc_wait.elf'));
  await server.power(id, 'on');
  await server.expect(id, 'usart2', 'rcc-wait ready');
  await server.delete(`/api/v1/sessions/${id}`);
});

test('switched off for a session, it waits, and the findings say why', async () => {
  const session = await server.session('stm32f4-disco', { features: { register_models: false } });
  assert.ok(session.findings.some((each) => each.severity === 'missing' && /^switched off for this session: register models/.test(each.message)), JSON.stringify(session.findings));
  await server.delete(`/api/v1/sessions/${session.id}`);
});

test('a user\'s own model, and its mistakes with their place', async () => {
  const board = (follows) => `nodes:
  - processor: { type: cortex-m4 }
    memory:
      - { type: Flash, address: 0x08000000, size: 1M }
      - { type: RAM, address: 0x20000000, size: 128K }
    peripherals: [{ type: UART, name: USART2, address: 0x40004400 }]
    targets: { qemu: { machine: netduinoplus2, vector_table: 0x08000000 } }
    register_models:
      - block: CLOCKS
        base: 0x40023800
        size: 0x400
        registers:
          CR:
            offset: 0
            fields:
              ON: 16
              READY: { bits: 17, follows: ${follows}, after_reads: 5 }
          CFGR: 8
`;
  const wrong = await check({ board_config: board('OM') });
  assert.strictEqual(wrong.code, 'BOARD_INVALID');
  const [mistake] = wrong.details.errors;
  assert.deepStrictEqual([mistake.pointer, mistake.line], ['/nodes/0/register_models/0/registers/CR/fields/READY/follows', 17]);
  assert.match(mistake.message, /"OM" names nothing here[^]*did you mean ON/);

  const created = await server.post('/api/v1/sessions', { board_config: board('ON') });
  assert.strictEqual(created.status, 201, created.text);
  const { id } = created.body;
  assert.match(JSON.stringify(created.body.findings), /CLOCKS \(the board's own\)/);
  await server.upload(id, join(firmwareDir, 'rcc_wait.elf'));
  await server.power(id, 'on');
  await server.expect(id, 'usart2', 'rcc-wait ready');
  await server.delete(`/api/v1/sessions/${id}`);
});
