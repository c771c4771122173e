// Debian's gdb-multiarch through every door of a session: its TCP port, the WebSocket by virctl, several at once.
import assert from 'node:assert';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Gdb } from './lib/gdb.mjs';
import { Mi } from './lib/mi.mjs';
import { firmwareDir, Server } from './lib/server.mjs';
import { start, virctl, virctlPath } from './lib/virctl.mjs';

const image = join(firmwareDir, 'mps2-an385.elf');
const attached = /Remote debugging using [^]*?\n0x[0-9a-f]+ in \w+/;
let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());
afterEach(() => { Gdb.killAll(); Mi.killAll(); });

async function board(name, { on = true, via = server, template = 'mps2-an385' } = {}) {
  const session = await via.session(template, { name });
  assert.strictEqual((await via.upload(session.id, join(firmwareDir, `${template}.elf`))).status, 201);
  if (on) {
    assert.strictEqual((await via.power(session.id, 'on')).status, 200);
    await via.expect(session.id, session.default_console, 'ready');
  }
  return session;
}
const status = async (id, via = server) => (await via.get(`/api/v1/sessions/${id}`)).body.status;
const becomes = (id, wanted, via = server) => via.eventually(async () => await status(id, via) === wanted, 10_000, () => `the session did not become ${wanted}`);

test('a session says its port; one that is taken is refused', async () => {
  const first = await server.session('mps2-an385');
  assert.ok(first.gdb_port > 0);
  const taken = await server.post('/api/v1/sessions', { board_template: 'mps2-an385', gdb_port: first.gdb_port });
  assert.strictEqual(taken.status, 409);
  assert.match(taken.body.error, /gdb_port/);
  assert.strictEqual((await server.post('/api/v1/sessions', { board_template: 'mps2-an385', gdb_port: 70000 })).status, 400);
});

test('attach, breakpoint by symbol, backtrace, finish, step, watch, variables, registers, detach', async () => {
  const { id, gdb_port } = await board('tour');
  const gdb = new Gdb(image, `127.0.0.1:${gdb_port}`);
  await gdb.says(attached);
  await becomes(id, 'paused');
  gdb.say('break count');
  await gdb.says(/Breakpoint 1 at/);
  gdb.say('continue');
  await becomes(id, 'running');
  await server.type(id, 'uart0', 'count 3\r');
  await gdb.says(/Breakpoint 1, (0x\w+ in )?count/);
  gdb.say('bt');
  await gdb.says(/#0 [^]*count[^]*#1 +(0x\w+ in )?run[^]*hello/);
  assert.strictEqual(await gdb.value('$r0'), 3);
  gdb.say('set $r0 = 2');
  gdb.say('delete');
  gdb.say('break put_number');
  gdb.say('continue');
  await gdb.says(/Breakpoint 2, (0x\w+ in )?put_number/);
  gdb.say('delete');
  gdb.say('finish');
  await gdb.says(/Run till exit from #0[^\n]*\n[^]*?hello\.c:\d+/);
  const before = await gdb.value('$pc');
  gdb.say('stepi');
  await gdb.says(/\(gdb\)/);
  assert.notStrictEqual(await gdb.value('$pc'), before);
  gdb.say('set $r5 = 0x1234');
  assert.strictEqual(await gdb.value('$r5'), 0x1234);
  gdb.say('detach');
  await gdb.says(/Detaching|Ending/);
  await becomes(id, 'running');
  await gdb.quit();
});

test('load writes another program, which resets keep: over RAM, and in flash', async () => {
  for (const [name, file, console_, says] of [['mps2-an386', 'mps2-an385.elf', 'uart0', 'on mps2-an385'],
                                              ['stm32f4-disco', 'netduino2.elf', 'usart1', 'on netduino2']]) {
    const { id, gdb_port } = await board(`load-${name}`, { template: name });
    const gdb = new Gdb(join(firmwareDir, file), `127.0.0.1:${gdb_port}`);
    await gdb.says(attached);
    gdb.say('load');
    await gdb.says(/Transfer rate/);
    gdb.say('compare-sections');
    await gdb.says(/\.text[^\n]*matched/);
    const runs = async (start) => {
      const since = (await server.output(id, console_)).length;
      await start();
      await server.expect(id, console_, 'ready', { since });
      await server.type(id, console_, 'version\r');
      await server.expect(id, console_, says, { since });
    };
    await runs(async () => { gdb.say('monitor reset halt'); gdb.say('maintenance flush register-cache'); gdb.say('continue'); });
    await runs(async () => assert.strictEqual((await server.power(id, 'reset')).status, 200));
    gdb.interrupt();
    await gdb.says(/SIGINT/);
    await gdb.quit('detach\nquit');
    await runs(async () => assert.strictEqual((await server.power(id, 'reset')).status, 200));
  }
});

test('next and step go by source line', async () => {
  const { id, gdb_port } = await board('lines');
  const gdb = new Gdb(image, `127.0.0.1:${gdb_port}`);
  await gdb.says(attached);
  gdb.say('break put_number');
  gdb.say('continue');
  await becomes(id, 'running');
  await server.type(id, 'uart0', 'count 2\r');
  await gdb.says(/Breakpoint 1, (0x\w+ in )?put_number/);
  gdb.say('delete');
  const where = async () => {
    gdb.say('bt 1');
    const [, symbol, line] = await gdb.says(/#0 +(?:0x\w+ in )?(\w+) \([^]*?hello\.c:(\d+)/);
    return { line: Number(line), symbol };
  };
  const first = await where();
  gdb.say('next');
  const second = await where();
  assert.strictEqual(second.symbol, 'put_number');
  assert.notStrictEqual(second.line, first.line);
  for (let steps = 0; (await where()).symbol === 'put_number'; ++steps) {
    assert.ok(steps < 50, 'step never entered a function');
    gdb.say('step');
  }
  assert.match((await where()).symbol, /^(put_text|uart_put)$/);
  const since = (await server.output(id, 'uart0')).length;
  gdb.say('finish');
  await gdb.says(/Run till exit/);
  for (let steps = 0; !/^(count|run|hello)$/.test((await where()).symbol); ++steps) {
    assert.ok(steps < 50, 'next never left the function');
    gdb.say('next');
    assert.doesNotMatch((await where()).symbol, /^uart_put$/, 'next went into a call');
  }
  await server.expect(id, 'uart0', /\d/, { since });
  await gdb.quit('detach\nquit');
});

test('monitor: halt, reset halt, resume, help, and the emulator\'s own words', async () => {
  const { id, gdb_port } = await board('monitor');
  const gdb = new Gdb(image, `127.0.0.1:${gdb_port}`);
  await gdb.says(/\(gdb\)/);
  gdb.say('monitor reset halt');
  gdb.say('maintenance flush register-cache');
  await gdb.says(/flushed/);
  assert.strictEqual(await gdb.value('$pc == (unsigned)&reset'), 1);
  gdb.say('monitor help');
  await gdb.says(/reset halt/);
  gdb.say('monitor info version');
  await gdb.says(/\d+\.\d+\.\d+/);
  gdb.say('break hello');
  gdb.say('continue');
  await gdb.says(/Breakpoint 1, (0x\w+ in )?hello/);
  await gdb.quit('detach\nquit');
  await becomes(id, 'running');
});

test('every door at once: two gdbs by TCP and virctl, and the API', async () => {
  const { id, gdb_port } = await board('doors');
  const [first, second] = [new Mi(), new Mi()];
  for (const [gdb, door, place] of [[first, `127.0.0.1:${gdb_port}`, 'count'], [second, `| ${virctlPath} --server ${server.url} gdb ${id}`, 'put_number']]) {
    await gdb.ask(`file-exec-and-symbols "${image}"`);
    await gdb.ask(`target-select extended-remote ${door}`);
    await gdb.ask(`break-insert ${place}`);
  }
  await second.ask('exec-continue');  // gdb inserts its breakpoints when it resumes
  await becomes(id, 'running');
  await first.console('set debug remote 1');  // *running comes before the packet is sent
  await first.ask('exec-continue');           // joins
  await first.record(/Sending packet: \$vCont;c/);
  await server.type(id, 'uart0', 'count 2\r');
  const { addr } = /addr="(?<addr>0x[0-9a-f]+)"/.exec(await first.record(/^\*stopped,reason="breakpoint-hit".*func="count"/)).groups;
  await second.record(new RegExp(`^\\*stopped.*signal-name="SIGTRAP".*addr="${addr}"`));  // stopped with it
  await second.ask('exec-continue');
  await second.record(/^\*stopped,reason="breakpoint-hit".*func="put_number"/);  // the first one's went with its stop, this one is the other's
  second.child.kill('SIGKILL');
  await second.ended;
  await first.ask('break-delete');
  await first.ask('exec-continue');
  await first.record(/^\*running/);
  await server.expect(id, 'uart0', 'line 2');
  assert.strictEqual((await server.power(id, 'pause')).body.status, 'paused');
  await first.record(/^\*stopped/);
  assert.strictEqual((await server.power(id, 'resume')).body.status, 'running');
  assert.strictEqual(await status(id), 'running');
  await first.ask('target-detach');
  await first.quit();
});

test('virctl gdb starts a debugger, and opens a local port', async () => {
  const { id } = await board('started');
  const done = await virctl(['gdb', 'started', '--', 'gdb-multiarch', '-q', '-nx', '-batch', image, '-ex', 'print/x $sp', '-ex', 'info line hello'], { server });
  assert.strictEqual(done.status, 0, done.stderr);
  assert.match(done.stdout, /\$1 = 0x20/);
  assert.match(done.stdout, /hello\.c/);
  const listening = start(['gdb', id, '--listen', '127.0.0.1:0'], { server });
  await listening.shows('listening on');
  const port = /listening on 127\.0\.0\.1:(\d+)/.exec(listening.stdout)[1];
  const gdb = new Gdb(image, `127.0.0.1:${port}`);
  await gdb.says(attached);
  await gdb.quit('detach\nquit');
  listening.child.kill('SIGINT');
  await listening.ended;
  const missing = await virctl(['gdb', id, '--', 'no-such-debugger'], { server });
  assert.strictEqual(missing.status, 2);
  assert.match(missing.stderr, /cannot be started/);
  assert.strictEqual((await virctl(['gdb', 'no-such-session'], { server })).status, 1);
});

test('a power cycle with a gdb attached: breakpoints are put back before the first instruction', async () => {
  const { id, gdb_port } = await board('cycle');
  const gdb = new Gdb(image, `127.0.0.1:${gdb_port}`);
  await gdb.says(attached);
  gdb.say('break hello');
  await gdb.says(/Breakpoint 1 at/);
  await becomes(id, 'paused');
  gdb.say('continue');
  await becomes(id, 'running');
  assert.strictEqual((await server.power(id, 'off')).body.status, 'stopped');
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).body.gdb_port, gdb_port);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await gdb.says(/Breakpoint 1, (0x\w+ in )?hello/);
  await gdb.quit('detach\nquit');
  await becomes(id, 'running');
});

test('after a restart of the server: the same port, and no breakpoint of the earlier one', async () => {
  const own = await new Server().start();
  await own.discovered();
  const { id, gdb_port } = await board('restart', { via: own });
  const gdb = new Gdb(image, `127.0.0.1:${gdb_port}`);
  await gdb.says(attached);
  await becomes(id, 'paused', own);
  gdb.say('break count');
  gdb.say('continue');
  await becomes(id, 'running', own);
  await own.crash();
  await gdb.says(/Remote (connection closed|communication error)|closed/);
  const second = await new Server({ data: own.data }).start();
  second.keepData = false;
  assert.strictEqual((await second.get(`/api/v1/sessions/${id}`)).body.gdb_port, gdb_port);
  await becomes(id, 'running', second);
  await second.type(id, 'uart0', 'count 2\r');
  await second.expect(id, 'uart0', 'line 2');
  gdb.target(`127.0.0.1:${gdb_port}`);
  await gdb.says(attached);
  await gdb.quit('detach\nquit');
  await second.destroy();
});

test('what is not the protocol is turned away: a web page\'s request with a packet in its body', async () => {
  const { id, gdb_port } = await board('web');
  const socket = connect(gdb_port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => { answer += data; });
  const packet = '$qRcmd,73746f70#00';
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${packet.length}\r\n\r\n${packet}`);
  await new Promise((go) => { socket.on('close', go); socket.on('error', go); });
  assert.strictEqual(answer, '');
  assert.strictEqual(await status(id), 'running');
});

test('a session that is deleted lets its debuggers go', async () => {
  const { id, gdb_port } = await board('gone');
  const gdb = new Gdb(image, `127.0.0.1:${gdb_port}`);
  await gdb.says(attached);
  assert.strictEqual((await server.delete(`/api/v1/sessions/${id}`)).status, 204);
  gdb.say('stepi');
  await gdb.says(/closed|error|Broken|reset/i);
  await gdb.quit();
});
