// Register models played: the start-up of vendors' and frameworks' firmware, with what a debugger does across it.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { firmwareDir, Server } from './lib/server.mjs';
import { EventReader } from './lib/sse.mjs';

let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());

const f4 = [{ use: 'stm32f4-rcc' }, { use: 'stm32f4-pwr' }, { use: 'stm32f4-flash' }];
const f4_serial = [...f4, { use: 'stm32-usart-txe', block: 'USART2' }];
const f1 = [{ use: 'stm32f1-rcc' }, { use: 'stm32f1-flash' }];
const nrf51 = [{ use: 'nrf51-clock' }];

// A session on the template's board with these models; its program is uploaded, not started.
async function session(template, models, program, extra = {}) {
  const config = (await server.get(`/api/v1/templates/${template}`)).body.config;
  config.nodes[0].register_models = models;
  const made = await server.post('/api/v1/sessions', { board_config: config, ...extra });
  assert.strictEqual(made.status, 201, made.text);
  const uploaded = await server.upload(made.body.id, join(firmwareDir, `${program}.elf`));
  assert.strictEqual(uploaded.status, 201, uploaded.text);
  return made.body;
}
async function on(id, query) {
  const answer = await server.power(id, 'on', query);
  assert.strictEqual(answer.status, 200, answer.text);
}
const remove = (id) => server.delete(`/api/v1/sessions/${id}`);
const debug = (id) => `/api/v1/sessions/${id}/debug`;
const eventually_stopped = (id) => server.eventually(async () => {
  const { body } = await server.get(`${debug(id)}/state`);
  return body.state === 'stopped' && body;
});

const patterns = [
  { name: 'a CubeMX start-up with the PLL at full speed', template: 'stm32f4-disco', models: f4, program: 'clock_hal', shows: 'clock ready: 168 MHz\r\n', console_: 'usart2' },
  { name: 'a Zephyr start-up', template: 'stm32f4-disco', models: f4, program: 'clock_zephyr', shows: 'Hello from the kernel\r\n', console_: 'usart2' },
  { name: 'a libopencm3 start-up', template: 'stm32vldiscovery', models: f1, program: 'clock_opencm3', shows: 'clock ready: 24 MHz\r\n', console_: 'usart1' },
  { name: 'crystals of an nRF51', template: 'microbit', models: nrf51, program: 'clock_nrf51', shows: 'clock ready: crystals\r\n', console_: 'uart0' },
];
for (const { name, template, models, program, shows, console_ } of patterns) {
  test(`${name} gets through, and again after a reset and a power cycle`, async () => {
    const { id } = await session(template, models, program);
    await on(id);
    await server.expect(id, console_, shows);
    for (const again of [['reset'], ['off', 'on']]) {
      const since = (await server.output(id, console_)).length;
      for (const action of again) assert.strictEqual((await server.power(id, action)).status, 200);
      await server.expect(id, console_, shows, { since });
    }
    await remove(id);
  });
}

test('without its models the same firmware says nothing', async () => {
  const { id } = await session('stm32f4-disco', f4, 'clock_zephyr', { features: { register_models: false } });
  await on(id);
  const { body } = await server.get(`/api/v1/sessions/${id}/diagnosis`);
  assert.match(body.summary.join(), /FLASH_ACR/);
  assert.strictEqual((await server.output(id, 'usart2')).length, 0);
  await remove(id);
});

test('a serial port driven by interrupts writes, reads and answers', async () => {
  const { id } = await session('stm32f4-disco', f4_serial, 'serial_irq');
  await on(id);
  await server.expect(id, 'usart2', 'serial ready\r\n');
  for (const [line, length] of [['hello', '05'], ['x'.repeat(40), '40'], ['', '00']]) {
    const since = (await server.output(id, 'usart2')).length;
    await server.type(id, 'usart2', `${line}\r`);
    await server.expect(id, 'usart2', `length ${length}\r\n`, { since });
  }
  await remove(id);
});

test('an interrupt line that the machine does not have is not driven, and the firmware goes on', async () => {
  const rcc = { block: 'RCC', base: 0x40023800, size: 0x400, interrupts: [{ irq: 400, when: ['CR.HSEON'] }],
    registers: { CR: { offset: 0, fields: { HSEON: 16, HSERDY: { bits: 17, follows: 'HSEON' } } } } };
  const { id } = await session('stm32f4-disco', [rcc], 'rcc_wait');
  await on(id);
  await server.expect(id, 'usart2', 'rcc-wait ready');
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).body.status, 'running', 'QEMU itself aborts at such a line');
  await remove(id);
});

test('breakpoints and steps of the REST debugger work across the accesses', async () => {
  const { id } = await session('stm32f4-disco', f4, 'clock_hal');
  await on(id);
  await server.expect(id, 'usart2', 'ready');
  const made = await server.post(`${debug(id)}/breakpoints`, { location: 'reset' });
  assert.strictEqual(made.status, 201, made.text);
  const since = (await server.output(id, 'usart2')).length;
  assert.strictEqual((await server.power(id, 'reset')).status, 200);
  const state = await eventually_stopped(id);
  assert.strictEqual(state.reason, 'breakpoint', JSON.stringify(state));
  const pcs = new Set();
  for (let i = 0; i < 200; ++i) {
    const stepped = await server.post(`${debug(id)}/step`, { kind: 'instruction' });
    assert.strictEqual(stepped.status, 200, stepped.text);
    assert.strictEqual(stepped.body.reason, 'step', stepped.text);
    pcs.add(stepped.body.location.address);
  }
  assert.ok(pcs.size > 60, `it got through ${pcs.size} places`);
  const listed = await server.get(`${debug(id)}/breakpoints`);
  assert.strictEqual(listed.body.items.length, 1, 'the models’ own places are nobody’s');
  assert.strictEqual((await server.post(`${debug(id)}/continue`, {})).status, 200);
  await server.expect(id, 'usart2', 'clock ready: 168 MHz\r\n', { since });
  await remove(id);
});

test('a watchpoint on a modelled register stops before the access, and the firmware goes on from there', async () => {
  const { id } = await session('stm32f4-disco', f4, 'clock_zephyr');
  const made = await server.post(`${debug(id)}/breakpoints`, { location: '0x40007000', type: 'access', length: 4 });
  assert.strictEqual(made.status, 201, made.text);
  await on(id);
  const state = await eventually_stopped(id);
  assert.strictEqual(state.reason, 'watchpoint', JSON.stringify(state));
  assert.deepStrictEqual(state.breakpoint_ids, [made.body.id]);
  assert.strictEqual((await server.delete(`${debug(id)}/breakpoints/${made.body.id}`)).status, 204);
  assert.strictEqual((await server.post(`${debug(id)}/continue`, {})).status, 200);
  await server.expect(id, 'usart2', 'Hello from the kernel\r\n');
  await remove(id);
});

test('gdb sees its own stops only', async () => {
  const { id, gdb_port } = await session('stm32f4-disco', f4, 'clock_hal');
  await on(id);
  await server.expect(id, 'usart2', 'ready');
  const port = gdb_port ?? (await server.get(`/api/v1/sessions/${id}`)).body.gdb.port;
  const commands = ['set confirm off', `target remote 127.0.0.1:${port}`, 'monitor reset halt', 'break start_clocks', 'continue', 'stepi 12', 'finish', 'info registers r0', 'detach'];
  const gdb = spawnSync('gdb-multiarch', ['-nx', '-batch', join(firmwareDir, 'clock_hal.elf'), ...commands.flatMap((each) => ['-ex', each])], { encoding: 'utf8', timeout: 60_000 });
  const said = gdb.stdout + gdb.stderr;
  assert.match(said, /Breakpoint 1, .*start_clocks/s);
  assert.doesNotMatch(said, /SIGTRAP|SIGILL/);
  assert.match(said, /r0 +0x0 +0/, said);
  await remove(id);
});

test('an instruction that cannot be played pauses the session with the reason', async () => {
  const { id } = await session('stm32f4-disco', f4, 'undecodable');
  await on(id);
  const paused = await server.eventually(async () => {
    const { body } = await server.get(`/api/v1/sessions/${id}`);
    return body.status === 'paused' && body;
  });
  assert.match(JSON.stringify(paused), /the instruction at 0x0800[0-9a-f]{4} \(bytes [0-9a-f]{8}\) accesses the modelled registers of RCC/);
  const { body } = await server.get(`${debug(id)}/state`);
  assert.strictEqual(body.state, 'stopped');
  assert.match(body.message, /floating-point/);
  assert.strictEqual((await server.power(id, 'off')).status, 200);
  await remove(id);
});

test('a server that is killed and starts again goes on with the models', async () => {
  const { id } = await session('stm32f4-disco', f4_serial, 'serial_irq');
  await on(id);
  await server.expect(id, 'usart2', 'serial ready\r\n');
  for (const end of ['kill', 'restart']) {
    if (end === 'kill') await server.crash();
    else await server.stop();
    await server.start();
    await server.eventually(async () => (await server.get(`/api/v1/sessions/${id}`)).body.status === 'running');
    const since = (await server.output(id, 'usart2')).length;
    await server.type(id, 'usart2', 'again\r');
    await server.expect(id, 'usart2', 'length 05\r\n', { since });
  }
  await remove(id);
});

test('a block that is hit very often is reported with its cost', async () => {
  const { id } = await session('stm32f4-disco', [{ block: 'RCC', base: '0x40023800', size: '0x400', registers: { CR: 0 } }], 'rcc_wait');
  const events = await EventReader.open(server, { query: `?session_id=${id}` });
  await on(id);
  const event = (await events.until((each) => each.type === 'session.warning')).at(-1);
  assert.ok(event.data.accesses_per_second > 1000);
  events.close();
  assert.match(event.data.message, /us each, \d+ % of its time/);
  await remove(id);
});
