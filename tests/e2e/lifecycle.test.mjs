// Power and its moves, how a board can end, and what happens around servers that come and go.
import assert from 'node:assert';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { emulatorsIn, enginesIn, shimsIn } from './lib/processes.mjs';
import { Server, firmwareDir, temporaryDirectory } from './lib/server.mjs';
import { EventReader } from './lib/sse.mjs';
import { floodText } from './lib/stream.mjs';

let server;
before(async () => { server = await new Server().start(); });
after(() => server.destroy());

async function running(where, board) {
  const session = await where.session(board);
  assert.strictEqual((await where.upload(session.id, join(firmwareDir, `${board}.elf`))).status, 201);
  const on = await where.power(session.id, 'on');
  assert.strictEqual(on.status, 200, on.text);
  await where.expect(session.id, session.default_console, 'ready\r\n> ');
  return session;
}
const get = async (where, id) => (await where.get(`/api/v1/sessions/${id}`)).body;
let last = '';
const becomes = (where, id, status, timeout) => where.eventually(async () => {
  const session = await get(where, id);
  last = JSON.stringify([session.status, session.status_reason, session.last_exit]);
  return session.status === status && session;
}, timeout, () => `the session did not become ${status}`);
const emulatorOf = (where, id) => emulatorsIn(where.data).find((each) => each.cwd.includes(id));
const shimsOf = (where, id) => shimsIn(where.data).filter((each) => `${each.cwd} ${each.argv}`.includes(id));

test('ends: each becomes a state, a cause and an event', async (t) => {
  const cases = [
    ['lockup', 'stm32f4-disco', 'lockup\r', 'error', { cause: 'lockup', signal: 6 }, /Lockup/],
    ['semihosting exit', 'riscv-virt32', 'exit 42\r', 'stopped', { cause: 'guest_exit', exit_code: 42 }, /42/],
    ['semihosting exit 0', 'arm-virt-a15', 'exit 0\r', 'stopped', { exit_code: 0 }, /./],
    ['PSCI off', 'arm-virt-a53', 'off\r', 'stopped', { cause: 'guest_shutdown' }, /switched/],
    // QEMU 7.2 exits here without a word, as at an exit by semihosting.
    ['test finisher', 'riscv-virt64', 'off\r', 'stopped', {}, /switched|status 0/],
  ];
  for (const [name, board, typed, status, wanted, message] of cases)
    await t.test(name, async () => {
      const { id, default_console: main } = await running(server, board);
      const events = await EventReader.open(server, { query: `?session_id=${id}` });
      await server.type(id, main, typed);
      const session = await becomes(server, id, status);
      for (const [key, value] of Object.entries(wanted)) assert.strictEqual(session.last_exit[key], value, JSON.stringify(session.last_exit));
      assert.match(session.last_exit.message, message);
      assert.strictEqual(session.status_reason, session.last_exit.message);
      if (name === 'lockup') assert.match(session.last_exit.registers, /R00=[0-9a-f]{8}/);
      const event = (await events.until((each) => each.data.status === status)).pop();
      assert.strictEqual(event.type, 'session.state');
      assert.strictEqual(event.data.last_exit.cause, session.last_exit.cause);
      events.close();
      // It can be powered on again.
      const again = await server.power(id, 'on');
      assert.deepStrictEqual([again.status, again.body.status, again.body.last_exit], [200, 'running', null]);
      await server.delete(`/api/v1/sessions/${id}`);
    });
});

test('killed from outside: the emulator, or its supervisor', async (t) => {
  for (const [name, pick, cause] of [['the emulator', (id) => emulatorOf(server, id).pid, /killed/],
                                     ['the supervisor', (id) => shimsOf(server, id).at(-1).pid, /killed/]])
    await t.test(name, async () => {
      const { id } = await running(server, 'microbit');
      process.kill(pick(id), 'SIGKILL');
      const session = await becomes(server, id, 'error');
      assert.strictEqual(session.last_exit.cause, 'killed');
      assert.match(session.status_reason, cause);
      await server.eventually(() => !emulatorOf(server, id));
      assert.strictEqual((await server.power(id, 'on')).body.status, 'running');
      await server.delete(`/api/v1/sessions/${id}`);
      await server.eventually(() => enginesIn(server.data).every((each) => !each.cwd.includes(id)));
    });
});

test('an emulator that hangs: the call says so, the board is in error, others go on', async () => {
  const { id } = await running(server, 'mps2-an385');
  const other = await running(server, 'microbit');
  process.kill(emulatorOf(server, id).pid, 'SIGSTOP');
  const pausing = server.power(id, 'pause');
  await server.type(other.id, 'uart0', 'meanwhile\r');
  await server.expect(other.id, 'uart0', 'you said: meanwhile', { timeout: 2000 });
  const answer = await pausing;
  assert.deepStrictEqual([answer.status, answer.body.code], [504, 'ENGINE_TIMEOUT'], answer.text);
  const session = await becomes(server, id, 'error');
  assert.match(session.status_reason, /could not be controlled|did not answer/);
  await server.eventually(() => !emulatorOf(server, id));
  assert.strictEqual((await server.power(id, 'on')).body.status, 'running');
  process.kill(emulatorOf(server, id).pid, 'SIGSTOP');
  const off = await server.power(id, 'off');
  assert.deepStrictEqual([off.status, off.body.status], [200, 'stopped'], 'a hanging one can be switched off');
  for (const each of [id, other.id]) await server.delete(`/api/v1/sessions/${each}`);
});

test('reset, pause and resume', async () => {
  const { id } = await running(server, 'riscv-virt64');
  const from = (await server.output(id, 'uart0')).length;
  assert.strictEqual((await server.power(id, 'reset')).body.status, 'running');
  await server.expect(id, 'uart0', 'VirServer riscv-virt64 ready', { since: from });
  await server.type(id, 'uart0', 'flood 8192\r');
  await server.expect(id, 'uart0', '00000100 ABC', { since: from });
  assert.strictEqual((await server.power(id, 'pause')).body.status, 'paused');
  assert.strictEqual((await server.power(id, 'pause')).body.status, 'paused', 'twice is once');
  const end = async () => (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items.find((each) => each.name === 'uart0').end;
  let still = await end();
  await server.eventually(async () => { const now = await end(), same = now === still; still = now; return same; });
  await new Promise((go) => setTimeout(go, 300));  // nothing may happen: there is no event to wait for
  assert.strictEqual(await end(), still);
  assert.strictEqual((await server.power(id, 'resume')).body.status, 'running');
  await server.eventually(async () => await end() > still);
  await server.power(id, 'pause');
  assert.strictEqual((await server.power(id, 'reset')).body.status, 'running', 'a reset runs');
  await server.power(id, 'off');
  for (const action of ['reset', 'pause', 'resume']) {
    const refused = await server.power(id, action);
    assert.deepStrictEqual([refused.status, refused.body.code, refused.body.details.status], [409, 'SESSION_STATE', 'stopped']);
  }
  assert.strictEqual((await server.power(id, 'off')).status, 200);
  const later = await server.power(id, 'on', '?wait=false');
  assert.deepStrictEqual([later.status, later.body.status], [202, 'starting']);
  assert.ok(later.headers.get('location').endsWith(id));
  await becomes(server, id, 'running');
  await server.delete(`/api/v1/sessions/${id}`);
});

test('a crash of the server: boards live on, the next server takes them over', async () => {
  const first = await new Server().start();
  const { id } = await running(first, 'riscv-virt64');
  const idle = await first.session('microbit');
  const paused = await running(first, 'mps2-an385');
  await first.power(paused.id, 'pause');
  const ending = await running(first, 'arm-virt-a15');
  await first.type(ending.id, 'uart0', 'flood 512\rexit 7\r');
  await first.type(id, 'uart0', 'flood 2048\r');
  const from = 'VirServer riscv-virt64 ready\r\n> flood 2048\r\n'.length;
  await first.expect(id, 'uart0', '00000100 ABC');
  const pid = emulatorOf(first, id).pid;
  await first.crash();
  assert.strictEqual(emulatorOf(first, id).pid, pid, 'the board lives on');
  await first.eventually(() => !emulatorOf(first, ending.id), 30_000, () => 'the guest did not end');

  const second = await new Server({ data: first.data }).start();
  const adopted = await get(second, id);
  assert.strictEqual(adopted.status, 'running');
  assert.match(adopted.status_reason, /taken over/);
  assert.strictEqual(adopted.sandbox.mode, 'full');
  assert.strictEqual(emulatorOf(second, id).pid, pid);
  const text = await second.expect(id, 'uart0', 'flood done 2048 KiB\r\n> ', { since: from, timeout: 40_000 });
  assert.ok(Buffer.from(text, 'latin1').equals(Buffer.concat([floodText(2048), Buffer.from('> ')])), 'what was printed meanwhile is complete');
  await second.type(id, 'uart0', 'version\r');
  await second.expect(id, 'uart0', 'VirServer hello 1 on riscv-virt64', { since: from + (2 << 20) });
  assert.strictEqual((await second.power(id, 'reset')).body.status, 'running');
  assert.strictEqual((await second.power(id, 'off')).body.status, 'stopped');
  assert.strictEqual(emulatorOf(second, id), undefined);

  assert.strictEqual((await get(second, paused.id)).status, 'paused');
  assert.strictEqual((await second.power(paused.id, 'resume')).body.status, 'running');
  await second.type(paused.id, 'uart0', 'version\r');
  await second.expect(paused.id, 'uart0', 'hello 1 on mps2-an385');
  assert.strictEqual((await get(second, idle.id)).status, 'created');
  assert.strictEqual((await second.upload(idle.id, join(firmwareDir, 'microbit.elf'))).status, 201);
  assert.strictEqual((await second.power(idle.id, 'on')).body.status, 'running');

  const ended = await get(second, ending.id);
  assert.strictEqual(ended.status, 'stopped');
  assert.strictEqual(ended.last_exit.exit_code, 7, JSON.stringify(ended.last_exit));
  assert.ok((await second.output(ending.id, 'uart0')).includes(floodText(512)), 'its console is complete');

  // A clean stop leaves boards alone too; one server at a time has the directory.
  await assert.rejects(new Server({ data: first.data }).start(), /DATA_DIR_IN_USE|another virserver/);
  await second.stop();
  const third = await new Server({ data: first.data }).start();
  assert.strictEqual((await get(third, paused.id)).status, 'running');
  third.keepData = false;
  await third.destroy();
  assert.deepStrictEqual(enginesIn(first.data), []);
  assert.ok(!existsSync(first.data));
});

test('a private server takes its boards along', async () => {
  const own = await new Server({ args: ['--private'], stdin: 'pipe' }).start();
  await running(own, 'microbit');
  assert.strictEqual(emulatorsIn(own.data).length, 1);
  own.child.stdin.end();
  await own.exited;
  await server.eventually(() => enginesIn(own.data).length === 0);
  const killed = await new Server({ args: ['--private'], stdin: 'pipe', data: own.data }).start();
  await running(killed, 'microbit');
  await killed.crash();
  await server.eventually(() => enginesIn(own.data).length === 0, 10_000, () => 'its boards outlived it');
  const last = await new Server({ data: own.data }).start();
  last.keepData = false;
  await last.destroy();
});
