// SEGGER's RTT as consoles: found by its symbol and by a search, read while the board runs, written, found again after a reset.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';
import { virctl } from './lib/virctl.mjs';

const image = join(firmwareDir, 'rtt_echo.elf');
let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());

async function running(extra = {}, file = image) {
  const { id } = await server.session('microbit', extra);
  assert.strictEqual((await server.upload(id, file)).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  return id;
}
const consoles = async (id) => (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items.filter((each) => each.kind === 'rtt');

test('channels are consoles: output, binary output, input', async () => {
  const id = await running();
  await server.expect(id, 'rtt0', 'VirServer rtt ready\r\n');
  await server.eventually(async () => (await server.output(id, 'rtt1')).length === 256);
  assert.deepStrictEqual(await server.output(id, 'rtt1'), Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
  const [terminal, defmt] = await consoles(id);
  assert.deepStrictEqual([terminal.name, terminal.peripheral, terminal.input], ['rtt0', 'Terminal', true]);
  assert.deepStrictEqual([defmt.name, defmt.peripheral, defmt.input], ['rtt1', 'defmt', false]);
  await server.type(id, 'rtt0', 'more than the sixteen bytes of its buffer');
  await server.expect(id, 'rtt0', 'more than the sixteen bytes of its buffer');
  const refused = await server.post(`/api/v1/sessions/${id}/consoles/rtt1/input`, { data: 'x' });
  assert.strictEqual(refused.body.code, 'CONSOLE_NOT_FOUND');
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).body.status, 'running');
});

test('nothing is lost of what comes faster than it is read', async () => {
  const id = await running();
  await server.expect(id, 'rtt0', 'ready\r\n');
  const { length } = await server.output(id, 'rtt0');
  await server.type(id, 'rtt0', '!');
  const wanted = Buffer.from(`!${'0123456789abcdef\r\n'.repeat(200)}`);
  await server.eventually(async () => (await server.output(id, 'rtt0', length)).length >= wanted.length, 60_000);
  assert.ok((await server.output(id, 'rtt0', length)).equals(wanted));
});

test('found again after a reset and a power cycle; offsets go on', async () => {
  const id = await running();
  const ready = 'VirServer rtt ready\r\n';
  await server.expect(id, 'rtt0', ready);
  assert.strictEqual((await server.power(id, 'reset')).status, 200);
  await server.expect(id, 'rtt0', ready, { since: ready.length });
  assert.strictEqual((await server.power(id, 'off')).status, 200);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'rtt0', ready, { since: 2 * ready.length });
});

test('without a symbol the memory is searched, when the session is made so', async (t) => {
  const dir = temporaryDirectory();
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const stripped = join(dir, 'stripped.elf');
  execFileSync('arm-none-eabi-strip', ['-o', stripped, image]);
  const id = await running({ features: { rtt: true } }, stripped);
  await server.expect(id, 'rtt0', 'VirServer rtt ready');
  const without = await running({}, stripped);
  await server.expect(id, 'rtt0', 'VirServer rtt ready');
  assert.deepStrictEqual(await consoles(without), []);
});

test('virctl run reads it like any console', async () => {
  const done = await virctl(['run', image, '--board', 'microbit', '--until', 'rtt ready', '--timeout', '20s'], { server });
  assert.strictEqual(done.status, 0, done.stderr + done.stdout);
});
