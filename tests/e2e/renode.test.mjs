// Boards on a real Renode, with the answers that QEMU gives. Renode is no Debian package: where none is installed, that is said.
import assert from 'node:assert';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { breakLookStep, Target } from './lib/debugging.mjs';
import { findLauncher } from './lib/launchers.mjs';
import { firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';
import { EventReader } from './lib/sse.mjs';

const launcher = findLauncher('renode');
if (!launcher) console.log('NOT TESTED: renode is not installed');
const skip = launcher ? false : 'renode is not installed';

let server, data, usable = true;
before(async () => {
  if (!launcher) return;
  data = temporaryDirectory();
  server = await new Server({ data, env: { VIRSERVER_RENODE: launcher } }).start();
  const { backends } = await server.discovered();
  if (backends.renode.status !== 'available') {
    usable = false;
    console.log(`NOT TESTED: ${backends.renode.reason}`);
  }
});
after(async () => {
  await server?.destroy();
  if (data) rmSync(data, { recursive: true, force: true });
});

const image = join(firmwareDir, 'stm32f4-disco.elf');
const on = (name, run) => test(name, { skip }, async (t) => (usable ? run(t) : t.skip('the sandbox is reduced')));

// The Discovery board of the library on one of the platforms that Renode ships.
async function board(platform = 'boards/stm32f4_discovery') {
  const { config } = (await server.get('/api/v1/templates/stm32f4-disco')).body;
  config.nodes[0].targets.renode = { platform };
  return config;
}
async function session(name) {
  const made = await server.post('/api/v1/sessions', { board_config: await board(), backend: 'renode', name });
  assert.strictEqual(made.status, 201, made.text);
  assert.strictEqual((await server.upload(made.body.id, image)).status, 201);
  return made.body;
}
async function running(name) {
  const made = await session(name);
  const power = await server.power(made.id, 'on');
  assert.strictEqual(power.status, 200, power.text);
  await server.expect(made.id, 'usart2', 'ready');
  return made;
}
const state = async (id) => (await server.get(`/api/v1/sessions/${id}`)).body.status;

on('it has what QEMU has, but semihosting and register models, and more of time and devices', async () => {
  const { backends } = (await server.get('/api/v1/capabilities')).body;
  assert.deepStrictEqual(backends.renode.features, {
    ...backends.qemu.features, semihosting: false, register_models: false, devices: true, run_for: true, virtual_time: true, deterministic: true,
  });
});

on('power, consoles, pause, reset, off', async () => {
  const { id, default_console } = await running('life');
  assert.strictEqual(default_console, 'usart2');
  const consoles = (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items;
  assert.ok(consoles.some((each) => each.name === 'usart1'));
  assert.match((await server.output(id, 'usart2')).toString(), /^\r?\n?VirServer/, 'from the first byte');
  await server.type(id, 'usart2', 'version\r');
  await server.expect(id, 'usart2', 'VirServer hello 1');
  assert.strictEqual((await server.power(id, 'pause')).status, 200);
  assert.strictEqual(await state(id), 'paused');
  assert.strictEqual((await server.power(id, 'resume')).status, 200);
  const since = (await server.output(id, 'usart2')).length;
  assert.strictEqual((await server.power(id, 'reset')).status, 200);
  await server.expect(id, 'usart2', 'ready', { since });
  assert.strictEqual((await server.power(id, 'off')).status, 200);
  assert.strictEqual(await state(id), 'stopped');
  const again = (await server.output(id, 'usart2')).length;
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'usart2', 'ready', { since: again });
});

on('the debugger gives the answers it gives on QEMU', async () => {
  const { id } = await running('debug');
  await breakLookStep(new Target(server, id, 'usart2'), { pc: 'pc', argument: 'r0' });
});

on('a debugger is there before the first instruction', async () => {
  const { id } = await session('early');
  const target = new Target(server, id, 'usart2');
  const made = await target.break('hello');
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  const stopped = await target.stopped();
  assert.deepStrictEqual(stopped.breakpoint_ids, [made.id]);
  assert.strictEqual((await server.output(id, 'usart2')).length, 0);
  assert.strictEqual((await target.run({}, '')).state, 'running');
  await target.shows('ready');
});

on('it says where the guest is', async () => {
  const { id } = await running('diagnosis');
  const seen = await server.get(`/api/v1/sessions/${id}/diagnosis`);
  assert.strictEqual(seen.status, 200, seen.text);
});

on('boards live on when the server is killed', async () => {
  const { id } = await running('survivor');
  await server.crash();
  await server.start();
  await server.eventually(async () => (await state(id)) === 'running', 30_000);
  await server.type(id, 'usart2', 'version\r');
  await server.expect(id, 'usart2', 'VirServer hello 1');
  assert.strictEqual((await server.power(id, 'off')).status, 200);
});

on('what it cannot be is refused with a reason', async () => {
  for (const [platform, says] of [['boards/stm32f4_discoveri', /near: boards\/stm32f4_discovery/], ['cpus/sifive-fe310', /architecture/]]) {
    const made = await server.post('/api/v1/sessions', { board_config: await board(platform), backend: 'renode' });
    assert.strictEqual(made.body.code, 'BOARD_UNPLANNABLE', made.text);
    assert.match(made.body.error, says);
  }
});

on('what the guest touches in vain is told, with where the program was', async () => {
  // sp, reset; mov.w r0, #0x50000000; ldr r1, [r0]; b .
  const code = Buffer.from('00100020' + '09000008' + '4ff0a040' + '0168' + 'fee7', 'hex');
  const made = await server.post('/api/v1/sessions', { board_config: await board(), backend: 'renode', name: 'vain' });
  const { id } = made.body;
  const sent = await server.post(`/api/v1/sessions/${id}/programs?type=bin&load_address=0x08000000`, code, { headers: { 'Content-Type': 'application/octet-stream' } });
  assert.strictEqual(sent.status, 201, sent.text);
  const events = await EventReader.open(server, { query: `?session_id=${id}` });
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  const event = (await events.until((each) => each.type === 'session.diagnosis')).at(-1);
  events.close();
  const access = event.data.accesses.find((each) => each.kind === 'invalid');
  assert.deepStrictEqual([access.address, access.size, access.write, access.pc], ['0x50000000', 4, false, '0x0800000c']);
});

on('a board that a debugger holds stands when the server restarts in order', async () => {
  const { id } = await running('held');
  const target = new Target(server, id, 'usart2');
  const made = await target.break('put_number');
  const typed = target.type('count 3');
  await target.stopped();
  await typed;
  await server.stop();
  await server.start();
  await server.eventually(async () => (await state(id)) === 'paused', 30_000);
  assert.strictEqual((await server.delete(`${target.path}/breakpoints/${made.id}`)).status, 204);
  assert.strictEqual((await server.power(id, 'resume')).status, 200);
  await target.shows('line 3');
});
