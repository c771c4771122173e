// Why does it hang: firmware that waits for the crystal of an STM32F4, which no ready bit ever reports while no register model does.
import assert from 'node:assert';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';
import { EventReader } from './lib/sse.mjs';
import { virctl } from './lib/virctl.mjs';

const image = join(firmwareDir, 'rcc_wait.elf');
let server, stub;
before(async () => {
  server = await new Server({ args: ['--diagnosis-interval-ms', '200'] }).start();
  await server.discovered();
  // QEMU 10's machine keeps what is written to the RCC; 7.2's has a stub there.
  const machine = (await server.get('/api/v1/templates/stm32f4-disco/machine')).body;
  stub = machine.devices.some((device) => device.stub && Number(device.address) === 0x40023800);
});
after(() => server.destroy());

async function waiting(extra = {}) {
  const { id } = await server.session('stm32f4-disco', { ...extra, features: { register_models: false, ...extra.features } });
  assert.strictEqual((await server.upload(id, image)).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'usart2', 'rcc-wait starts');
  return id;
}
const diagnosis = async (id) => server.get(`/api/v1/sessions/${id}/diagnosis`);

test('the diagnosis names loop, line, register and what emulates it not', async () => {
  const id = await waiting({ name: 'hanging' });
  const { status, body, text } = await diagnosis(id);
  assert.strictEqual(status, 200, text);
  const [processor] = body.processors;
  assert.match(processor.seen[0].location, /rcc_wait\.c:\d+ in wait_for_crystal/);
  assert.strictEqual(processor.loop.function, 'wait_for_crystal');
  assert.ok(processor.loop.first_line > 0 && processor.loop.last_line >= processor.loop.first_line);
  assert.ok(processor.loop.instructions.some((each) => each.text.startsWith('ldr') && each.samples >= 0));
  assert.deepStrictEqual(body.polled.map((each) => [each.address, each.register, each.stub]), [['0x40023800', 'RCC_CR', stub]]);
  assert.match(body.summary.join('\n'), /sits in a loop at rcc_wait\.c:\d+[^]*RCC_CR \(0x40023800\)/);
  assert.strictEqual(body.watched, true);
  if (stub) {
    const access = body.accesses.find((each) => each.register === 'RCC_CR' && !each.write);
    assert.deepStrictEqual([access.kind, access.device, access.address, access.size], ['unimplemented', 'RCC', '0x40023800', 4]);
    assert.ok(access.count > 0);
  }
  assert.strictEqual((await server.output(id, 'emulator')).toString(), '', 'nothing of it on the emulator\'s console');
  const listed = (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items.map((each) => each.name);
  assert.ok(!listed.includes('diagnosis'), listed.join());

  const told = await virctl(['diagnose', 'hanging'], { server });
  assert.strictEqual(told.status, 0, told.stderr);
  assert.match(told.stdout, /in wait_for_crystal[^]*RCC_CR[^]*> 0x0800[0-9a-f]{4}  ldr/);
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).body.status, 'running', 'it runs on');
  await server.delete(`/api/v1/sessions/${id}`);
});

test('what is new becomes an event, once', async () => {
  if (!stub) return console.error('NOT TESTED: this QEMU\'s machine has no stub of the RCC');
  const id = await waiting();
  const events = await EventReader.open(server, { query: `?session_id=${id}&since=0` });
  const event = (await events.until((each) => each.type === 'session.diagnosis')).at(-1);
  assert.deepStrictEqual([event.data.accesses[0].register, event.data.accesses[0].kind], ['RCC_CR', 'unimplemented']);
  for (let i = 0; i < 3; ++i) await diagnosis(id);
  await server.delete(`/api/v1/sessions/${id}`);
  const later = await events.until((each) => each.type === 'session.deleted');
  const again = later.filter((each) => each.type === 'session.diagnosis').flatMap((each) => each.data.accesses).filter((each) => each.register === 'RCC_CR' && !each.write);
  assert.deepStrictEqual(again, [], 'what was told is not told again');
  events.close();
});

test('off with the feature, refused when off, unknown session', async () => {
  const id = await waiting({ features: { diagnosis: false } });
  const { body } = await diagnosis(id);
  assert.strictEqual(body.watched, false);
  assert.match(body.why_not_watched, /feature diagnosis/);
  assert.deepStrictEqual(body.accesses, []);
  assert.strictEqual(body.processors[0].loop.function, 'wait_for_crystal', 'where it is can be told all the same');
  await server.power(id, 'pause');
  assert.strictEqual((await diagnosis(id)).body.processors[0].loop.function, 'wait_for_crystal');
  await server.power(id, 'off');
  assert.strictEqual((await diagnosis(id)).body.code, 'SESSION_STATE');
  await server.delete(`/api/v1/sessions/${id}`);
  assert.strictEqual((await diagnosis(id)).body.code, 'SESSION_NOT_FOUND');
});

test('an idle board waits for an interrupt and touches nothing', async () => {
  const { id } = await server.session('stm32f4-disco');
  await server.upload(id, join(firmwareDir, 'stm32f4-disco.elf'));
  await server.power(id, 'on');
  await server.expect(id, 'usart2', 'ready');
  const { body } = await diagnosis(id);
  assert.strictEqual(body.processors[0].waits, true, JSON.stringify(body.processors));
  assert.match(body.summary[0], /waits for an interrupt/);
  await server.delete(`/api/v1/sessions/${id}`);
});

test('what the loop waits for becomes a draft of a model, and with it the firmware goes on', async () => {
  const { config } = (await server.get('/api/v1/templates/stm32f4-disco')).body;
  config.nodes[0].register_models = [];
  const start = async (board) => {
    const made = await server.post('/api/v1/sessions', { board_config: board });
    assert.strictEqual(made.status, 201, made.text);
    await server.upload(made.body.id, image);
    await server.power(made.body.id, 'on');
    await server.expect(made.body.id, 'usart2', 'rcc-wait starts');
    return made.body.id;
  };
  // The chip is known: its built-in model. It is not: a block with the bit.
  for (const [soc, expected] of [[config.nodes[0].soc, /use: stm32f4-rcc/], ['unheard-of', /block: \w+\n +base: 0x40023800[^]*rcc_wait\.c:\d+ in wait_for_crystal waits until bit 17 is 1\n +BIT17: \{ bits: 17, constant: 1 \}/]]) {
    const board = structuredClone(config);
    board.nodes[0].soc = soc;
    const waits = await start(board);
    const { polled, proposed_models: draft } = (await diagnosis(waits)).body;
    assert.deepStrictEqual(polled[0].awaited, { mask: '0x20000', value: '0x20000', any: false });
    const told = await virctl(['diagnose', waits, '--propose'], { server });
    assert.deepStrictEqual([told.status, told.stdout], draft ? [0, draft] : [1, ''], told.stderr);
    if (!stub && soc === 'unheard-of') assert.strictEqual(draft, null, 'the machine has a device of its own there');
    else {
      assert.match(draft, expected);
      board.nodes[0].register_models = parse(draft).register_models;
      const goes = await start(board);
      await server.expect(goes, 'usart2', 'rcc-wait ready');
      const none = await virctl(['diagnose', goes, '--propose'], { server });
      assert.deepStrictEqual([none.status, none.stdout], [1, '']);
      assert.match(none.stderr, /nothing to propose/);
      await server.delete(`/api/v1/sessions/${goes}`);
    }
    await server.delete(`/api/v1/sessions/${waits}`);
  }
});

test('a run that times out says where it is', async () => {
  const { config } = (await server.get('/api/v1/templates/stm32f4-disco')).body;
  config.nodes[0].register_models = 'off';
  const folder = temporaryDirectory();
  const board = join(folder, 'without-models.json');
  writeFileSync(board, JSON.stringify(config));
  const run = await virctl(['run', image, '--board', board, '--until', 'rcc-wait ready', '--timeout', '2s'], { server });
  assert.strictEqual(run.status, 124, run.stderr);
  assert.match(run.stderr, /where it is:[^]*rcc_wait\.c:\d+ in wait_for_crystal[^]*RCC_CR/);
  const json = await virctl(['run', image, '--board', board, '--until', 'rcc-wait ready', '--timeout', '1s', '--json'], { server });
  const result = JSON.parse(json.stdout.trim().split('\n').at(-1));
  assert.strictEqual(result.diagnosis.polled[0].register, 'RCC_CR');
  rmSync(folder, { recursive: true });
});
