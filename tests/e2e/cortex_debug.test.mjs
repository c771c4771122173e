// What VS Code's cortex-debug says to gdb with server type `external`, command by command: launch, breakpoints, steps,
// variables, live watch, restart, attach.
import assert from 'node:assert';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Mi } from './lib/mi.mjs';
import { firmwareDir, Server } from './lib/server.mjs';

const board = 'mps2-an386';
const image = join(firmwareDir, `${board}.elf`);
let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());
afterEach(() => Mi.killAll());

async function started(name) {
  const session = await server.session(board, { name });
  assert.strictEqual((await server.upload(session.id, image)).status, 201);
  assert.strictEqual((await server.power(session.id, 'on')).status, 200);
  await server.expect(session.id, 'uart0', 'ready');
  return session;
}

async function connected({ gdb_port }) {
  const gdb = new Mi();
  await gdb.ask('gdb-set mi-async on');
  await gdb.console('set print demangle on');
  await gdb.ask(`file-exec-and-symbols "${image}"`);
  await gdb.console('set stack-cache off');
  await gdb.console('set remote interrupt-on-connect off');
  await gdb.ask(`target-select extended-remote 127.0.0.1:${gdb_port}`);
  return gdb;
}

async function launched(session) {
  const gdb = await connected(session);
  await gdb.console('monitor reset halt');
  await gdb.ask('target-download');
  await gdb.console('monitor reset halt');
  await gdb.console('maintenance flush register-cache');
  return gdb;
}

test('launch: download, run to main, breakpoint, stack, variables, registers, memory, steps, reset', async () => {
  const session = await started('launch');
  const gdb = await launched(session);
  assert.match(await gdb.ask('break-insert -t hello'), /bkpt=\{.*type="breakpoint",disp="del"/);
  await gdb.ask('exec-continue --all');
  await gdb.record(/^\*stopped,.*reason="breakpoint-hit".*func="hello"/);

  assert.match(await gdb.ask('break-insert count'), /func="count"/);
  await gdb.ask('exec-continue --all');
  await gdb.record(/^\*running/);
  await server.type(session.id, 'uart0', 'count 3\r');
  const stop = await gdb.record(/^\*stopped,.*func="count"/);
  const thread = /thread-id="(\d+)"/.exec(stop)[1];
  assert.match(await gdb.ask('thread-list-ids'), /number-of-threads="1"/);
  assert.match(await gdb.ask(`thread-info ${thread}`), /state="stopped"/);
  assert.ok(Number(/depth="(\d+)"/.exec(await gdb.ask(`stack-info-depth --thread ${thread} 10000`))[1]) >= 2);
  assert.match(await gdb.ask(`stack-list-frames --thread ${thread} 0 20`), /func="count".*func="run".*func="hello"/);
  assert.match(await gdb.ask(`stack-list-variables --thread ${thread} --frame 0 --simple-values`), /name="lines",arg="1",type="uint32_t"/);
  assert.match(await gdb.ask(`var-create --thread ${thread} --frame 0 watched * "$r0"`), /value="3"/);
  assert.match(await gdb.ask('data-list-register-names'), /"r0".*"sp".*"pc"/);
  assert.match(await gdb.ask('data-list-register-values x'), /number="0",value="0x3"/);
  const pc = /value="(0x[0-9a-f]+)/.exec(await gdb.ask('data-evaluate-expression $pc'))[1];
  assert.match(await gdb.ask(`data-read-memory-bytes ${pc} 4`), /contents="[0-9a-f]{8}"/);
  assert.match(await gdb.ask(`data-disassemble -s ${pc} -e "${pc} + 8" -- 2`), /address="[^]*opcodes="/);

  await gdb.ask(`exec-next --thread ${thread}`);
  await gdb.record(/^\*stopped,.*reason="end-stepping-range"/);
  await gdb.ask(`exec-step --thread ${thread}`);
  await gdb.record(/^\*stopped,.*reason="end-stepping-range"/);
  await gdb.ask(`exec-step-instruction --thread ${thread}`);
  await gdb.record(/^\*stopped/);
  await gdb.ask('break-delete');
  await gdb.ask('break-insert put_number');
  await gdb.ask('exec-continue --all');
  await gdb.record(/^\*stopped,.*func="put_number"/);
  await gdb.ask('break-delete');
  await gdb.ask(`exec-finish --thread ${thread}`);
  await gdb.record(/^\*stopped,.*reason="function-finished"/);

  await gdb.console('monitor reset halt');  // the Restart button
  await gdb.console('maintenance flush register-cache');
  assert.match(await gdb.ask('data-evaluate-expression "$pc == (unsigned)&reset"'), /value="1"/);
  await gdb.ask('exec-continue --all');
  await server.eventually(async () => (await server.get(`/api/v1/sessions/${session.id}`)).body.status === 'running', 10_000, () => 'it does not run');
  await gdb.ask('exec-interrupt --all');  // the Pause button
  await gdb.record(/^\*stopped,.*signal-name="SIGINT"/);
  await gdb.ask('target-detach');
  await gdb.quit();
  await server.eventually(async () => (await server.get(`/api/v1/sessions/${session.id}`)).body.status === 'running', 10_000, () => 'it does not run after the detach');
});

test('a breakpoint is set while the board runs', async () => {
  const session = await started('running');
  const gdb = await launched(session);
  await gdb.ask('exec-continue --all');
  await gdb.record(/^\*running/);
  await gdb.ask('exec-interrupt --all');  // the extension halts for it, and runs on
  await gdb.record(/^\*stopped/);
  await gdb.ask('break-insert count');
  await gdb.ask('exec-continue --all');
  await gdb.record(/^\*running/);
  await server.type(session.id, 'uart0', 'count 1\r');
  await gdb.record(/^\*stopped,.*func="count"/);
  await gdb.quit();
});

test('live watch: a second gdb reads what the running board writes', async () => {
  const session = await started('live');
  const gdb = await launched(session);
  await gdb.ask('break-insert -t hello');
  await gdb.ask('exec-continue --all');
  await gdb.record(/^\*stopped,.*func="hello"/);
  const line = /value="(0x[0-9a-f]+)/.exec(await gdb.ask('data-evaluate-expression "&line"'))[1];
  const live = await connected(session);
  const printed = (await server.output(session.id, 'uart0')).length;
  await gdb.ask('exec-continue --all');
  await gdb.record(/^\*running/);
  await server.expect(session.id, 'uart0', 'ready', { since: printed });
  const read = async () => /contents="([0-9a-f]+)"/.exec(await live.ask(`data-read-memory-bytes ${line} 7`))[1];
  const before = await read();
  await server.type(session.id, 'uart0', 'version');
  await server.eventually(async () => (await read()) === Buffer.from('version').toString('hex'), 10_000,
                          () => `live watch did not see the line: ${before}`);
  await live.quit();
  await server.type(session.id, 'uart0', '\r');
  await server.expect(session.id, 'uart0', `hello 1 on ${board}`);
  await gdb.quit();
});

test('attach: the board stops where it is, and runs on after a detach', async () => {
  const session = await started('attach');
  const gdb = await connected(session);
  await gdb.console('monitor halt');
  assert.match(await gdb.ask('stack-list-frames 0 20'), /func="hello"/);
  await gdb.ask('exec-continue --all');
  await gdb.record(/^\*running/);
  await server.type(session.id, 'uart0', 'count 2\r');
  await server.expect(session.id, 'uart0', 'line 2');
  await gdb.ask('exec-interrupt --all');
  await gdb.record(/^\*stopped/);
  await gdb.ask('target-detach');
  await gdb.quit();
  await server.type(session.id, 'uart0', 'count 3\r');
  await server.expect(session.id, 'uart0', 'line 3');
});
