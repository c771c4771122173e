// The whole path once: MicroPython on a micro:bit answers.
import assert from 'node:assert';
import { after, before, test } from 'node:test';
import { Server } from './lib/server.mjs';

const firmware = '/usr/share/firmware-microbit-micropython/firmware.hex';
let server;
before(async () => { server = await new Server().start(); });
after(() => server.destroy());

test('MicroPython answers print(6*7)', async () => {
  const { id } = await server.session('microbit');
  assert.strictEqual((await server.upload(id, firmware)).status, 201);
  const on = await server.power(id, 'on');
  assert.strictEqual(on.status, 200);
  assert.strictEqual(on.body.status, 'running');
  await server.expect(id, 'uart0', '>>> ');
  await server.type(id, 'uart0', 'print(6*7)\r');
  await server.expect(id, 'uart0', /\n42\r?\n/);
  assert.strictEqual((await server.power(id, 'off')).body.status, 'stopped');
});
