// The session's own debugger over REST, on the test firmware. Every answer is checked against the contract.
import assert from 'node:assert';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { breakLookStep, Target } from './lib/debugging.mjs';
import { Gdb } from './lib/gdb.mjs';
import { firmwareDir, Server } from './lib/server.mjs';
import { EventReader } from './lib/sse.mjs';

let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());
afterEach(() => Gdb.killAll());

const image = (board) => join(firmwareDir, `${board}.elf`);

async function running(board, name) {
  const { id, default_console } = await server.session(board, { name });
  assert.strictEqual((await server.upload(id, image(board))).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  const target = new Target(server, id, default_console);
  await target.shows('ready');
  return target;
}

// The same on each kind of processor: the names of the pc and of the first argument's register.
const boards = [
  { board: 'mps2-an385', pc: 'pc', argument: 'r0' },
  { board: 'microbit', pc: 'pc', argument: 'r0' },
  { board: 'stm32f4-disco', pc: 'pc', argument: 'r0' },
  { board: 'arm-virt-a15', pc: 'pc', argument: 'r0' },
  { board: 'arm-virt-a53', pc: 'pc', argument: 'x0' },
  { board: 'riscv-virt32', pc: 'pc', argument: 'a0' },
  { board: 'riscv-virt64', pc: 'pc', argument: 'a0' },
  { board: 'leon3', pc: 'pc', argument: 'o0' },
];

for (const { board, pc, argument } of boards)
  test(`break, look, step and go on: ${board}`, async () => breakLookStep(await running(board, `debug-${board}`), { pc, argument }));

test('registers: groups, one, several, what is wrong', async () => {
  const target = await running('mps2-an385', 'registers');
  target.refused(await target.get('/registers'), 409, 'TARGET_RUNNING', /pause/);
  const brief = target.must(await target.get('/registers?halt=true'));
  assert.ok(brief.items.some((each) => each.name === 'pc' && each.bits === 32));
  assert.strictEqual((await target.state()).state, 'running');
  await target.type('version');
  await target.shows('VirServer hello 1');

  const paused = await target.pause();
  assert.strictEqual(paused.reason, 'pause');
  assert.strictEqual(paused.core, 0);
  const all = target.must(await target.get('/registers?scope=general'));
  assert.strictEqual(all.items.length, 17);  // r0-r12, sp, lr, pc, xpsr
  const before = Object.fromEntries(all.items.map((each) => [each.name, each.value]));
  const written = target.must(await server.patch(`${target.path}/registers`, { registers: { r4: 7, r5: '0xdeadbeef', r6: -1 } }));
  assert.deepStrictEqual(Object.fromEntries(written.items.map((each) => [each.name, each.value])), { r4: '0x00000007', r5: '0xdeadbeef', r6: '0xffffffff' });
  assert.strictEqual(target.must(await target.post('/registers/r4', { value: before.r4 })).value, before.r4);
  target.must(await server.patch(`${target.path}/registers`, { registers: { r5: before.r5, r6: before.r6 } }));

  target.refused(await target.get('/registers/r99'), 404, 'REGISTER_NOT_FOUND');
  target.refused(await target.get('/registers?core=5'), 404, 'NOT_FOUND', /core/);
  target.refused(await target.post('/registers/r4', { value: '0x100000000' }), 400, 'INVALID_REQUEST', /fit/);
  target.refused(await target.post('/registers/r4', { value: 'many' }), 400, 'INVALID_REQUEST');
  // All are checked before one is written.
  target.refused(await server.patch(`${target.path}/registers`, { registers: { r4: 1, nosuch: 1 } }), 404, 'REGISTER_NOT_FOUND');
  assert.strictEqual((await target.register('r4')), BigInt(before.r4));
  const threads = target.must(await target.get('/threads'));
  assert.strictEqual(threads.total, 1);
  assert.ok(threads.items[0].current);
});

test('memory: running and stopped, formats, values, errors', async () => {
  const target = await running('mps2-an385', 'memory');
  const flash = target.must(await target.get('/memory?address=0&size=8&width=4'));
  assert.strictEqual(flash.values.length, 2);
  assert.strictEqual(flash.endianness, 'little');
  const symbol = target.must(await target.get('/memory?address=_vector_table'));
  assert.strictEqual(symbol.size, 64);
  assert.ok(symbol.data.startsWith(flash.data));
  const raw = await server.get(`${target.path}/memory?address=0x20000000&size=65536&format=raw`);
  assert.strictEqual(raw.status, 200);
  assert.strictEqual(raw.bytes.length, 65536);
  const big = await server.get(`${target.path}/memory?address=0x20000000&size=4194304`, { headers: { Accept: 'application/octet-stream' } });
  assert.strictEqual(big.bytes.length, 4194304);
  assert.strictEqual((await target.state()).state, 'running');

  target.refused(await server.post(`${target.path}/memory?address=0x20100000`, { data: '01020304' }), 409, 'TARGET_RUNNING', /halt=true/);
  target.must(await server.post(`${target.path}/memory?address=0x20100000&halt=true`, { data: '01020304' }));
  assert.strictEqual(target.must(await target.get('/memory?address=0x20100000&size=4')).data, '01020304');
  await target.pause();
  target.must(await target.post('/memory', { address: 0x20100001, values: ['0xaabb', 1], width: 2 }));
  assert.strictEqual(target.must(await target.get('/memory?address=0x20100000&size=5')).data, '01bbaa0100');
  const bytes = Buffer.alloc(100_000, 'x');
  const stored = await server.post(`${target.path}/memory?address=0x20110000`, bytes, { headers: { 'Content-Type': 'application/octet-stream' } });
  assert.deepStrictEqual(target.must(stored), { address: '0x20110000', size: 100_000 });
  assert.strictEqual(Buffer.from(target.must(await target.get('/memory?address=0x20110000&size=100000&format=base64')).data, 'base64').compare(bytes), 0);

  const small = await running('microbit', 'holes');  // 16 KiB of RAM
  for (const state of ['running', 'stopped']) {
    if (state === 'stopped') await small.pause();
    for (const size of [32, 8192]) {
      const hole = await small.get(`/memory?address=${0x20004000 - 16}&size=${size}`);
      small.refused(hole, 422, 'MEMORY_UNMAPPED', /0x20004000/);
      assert.strictEqual(hole.body.details.address, '0x20004000');
    }
    small.refused(await small.get('/memory?address=0x90000000&size=4'), 422, 'MEMORY_UNMAPPED', /0x90000000/);
    small.refused(await small.get('/memory?address=0xfffffffe&size=4'), 422, 'MEMORY_UNMAPPED', /end of the address space/);
    small.refused(await small.get('/memory?address=0xffffffffffffffff&size=2'), 422, 'MEMORY_UNMAPPED');
  }
  const beyond = await small.post('/memory?address=0x20003ffe', { data: '0000000000000000' });
  small.refused(beyond, 422, 'MEMORY_UNMAPPED');
  target.refused(await target.get('/memory?address=nosuch'), 404, 'LOCATION_NOT_FOUND');
  target.refused(await target.get('/memory?address=0&size=0'), 400, 'INVALID_REQUEST');
  target.refused(await target.get('/memory?address=0&size=16777217'), 400, 'INVALID_REQUEST');
  target.refused(await target.get('/memory?address=0&size=6&width=4'), 400, 'INVALID_REQUEST', /multiple/);
  target.refused(await target.get('/memory?address=hello.c:3'), 400, 'INVALID_REQUEST');
  for (const body of [{}, { data: '0' }, { data: 'zz' }, { data: '00', values: [1] }, { values: [1] }, { values: [256], width: 1 }, { data: '***', format: 'base64' }])
    target.refused(await server.post(`${target.path}/memory?address=0x20100000&halt=true`, body), 400, 'INVALID_REQUEST');
  target.refused(await target.post('/memory?halt=true', { data: '00' }), 400, 'INVALID_REQUEST', /address/);
  target.refused(await server.post(`${target.path}/memory?address=0x20100000&size=3&halt=true`, { data: '0000' }), 400, 'INVALID_REQUEST');
});

test('breakpoints: kinds, life, what is refused', async () => {
  const target = await running('mps2-an385', 'breakpoints');
  const v0 = target.must(await target.post('/breakpoints', { address: 0x100, type: 'hardware', enabled: false }), 201);
  assert.deepStrictEqual([v0.location, v0.type, v0.enabled, v0.hit_count], ['0x00000100', 'hardware', false, 0]);
  const { line } = await target.break('put_number');
  const byLine = await target.break(`hello.c:${line}`);
  assert.strictEqual(byLine.line, line);
  const far = await target.break('hello.c:1');
  assert.match(far.message, /no code/);
  target.refused(await target.post('/breakpoints', { location: 'hello.c:99999' }), 404, 'LOCATION_NOT_FOUND');
  const near = await target.post('/breakpoints', { location: 'put_numbr' });
  target.refused(near, 404, 'LOCATION_NOT_FOUND', /put_number/);
  assert.ok(near.body.details.near.includes('put_number'));
  target.refused(await target.post('/breakpoints', { location: 'nosuch.c:3' }), 404, 'LOCATION_NOT_FOUND');
  target.refused(await target.post('/breakpoints', { location: '0x100000000000000000' }), 400, 'INVALID_REQUEST');
  target.refused(await target.post('/breakpoints', { location: '0x123456789' }), 422, 'MEMORY_UNMAPPED');
  target.refused(await target.post('/breakpoints', {}), 400, 'INVALID_REQUEST', /location/);
  target.refused(await target.post('/breakpoints', { location: 'run', length: 4 }), 400, 'INVALID_REQUEST', /watch/);
  const wrong = await target.post('/breakpoints', { location: 'run', condition: '$r0 ==' });
  target.refused(wrong, 400, 'INVALID_REQUEST');
  assert.ok(wrong.body.details.column > 0);
  target.refused(await target.get('/breakpoints/77'), 404, 'BREAKPOINT_NOT_FOUND');
  target.refused(await server.delete(`${target.path}/breakpoints/77`), 404, 'BREAKPOINT_NOT_FOUND');
  assert.strictEqual((await server.delete(`${target.path}/breakpoints`)).status, 204);

  // A watchpoint on what the machine writes, seen with the pc behind the store or at it.
  const lines = target.must(await target.get('/symbols?query=after_cr'));
  const watched = lines.items.find((each) => each.kind === 'object');
  assert.ok(watched, JSON.stringify(lines.items));
  const watch = await target.break(watched.address, { type: 'write', length: 1 });
  assert.strictEqual(watch.length, 1);
  const typed = target.type('x');
  const seen = await target.stopped();
  await typed;
  assert.strictEqual(seen.reason, 'watchpoint', JSON.stringify(seen));
  assert.deepStrictEqual(seen.watch, { address: watched.address, access: 'write' });
  assert.deepStrictEqual(seen.breakpoint_ids, [watch.id]);
  assert.strictEqual((await server.delete(`${target.path}/breakpoints/${watch.id}`)).status, 204);
  await target.run({}, '');

  // Ignored hits pass; a temporary one goes when it has stopped.
  const passing = await target.break('put_number', { ignore_count: 2, temporary: true });
  const counted = target.type('count 5');
  const stopped = await target.stopped();
  await counted;
  assert.deepStrictEqual(stopped.breakpoint_ids, [passing.id]);
  assert.strictEqual(await target.register('r0'), 3n);
  await server.eventually(async () => (await target.get('/breakpoints')).body.total === 0);
  // `until` stops once, and leaves nothing behind.
  const reached = await target.run({ until: 'put_number' });
  assert.deepStrictEqual([reached.state, reached.breakpoint_ids], ['stopped', []], reached.message);
  assert.strictEqual(await target.register('r0'), 4n);
  await target.run({}, '');
  await target.shows('line 5');
});

test('a thousand breakpoints, and no more than the limit', async () => {
  const target = await running('mps2-an385', 'many');
  const results = await Promise.all(Array.from({ length: 1000 }, (_, i) => target.post('/breakpoints', { location: 0x100000 + 4 * i })));
  for (const each of results) assert.strictEqual(each.status, 201, each.text);
  assert.strictEqual((await target.state()).state, 'running');
  await target.type('version');
  await target.shows('VirServer hello 1');
  for (let i = 0; i < 24; ++i) await target.break(0x200000 + 4 * i);
  target.refused(await target.post('/breakpoints', { location: 0x300000 }), 422, 'BREAKPOINT_REFUSED', /limit/);
  let cursor = '', seen = 0;
  do {
    const list = target.must(await target.get(`/breakpoints?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`));
    seen += list.items.length;
    cursor = list.next_cursor;
  } while (cursor);
  assert.strictEqual(seen, 1024);
  assert.strictEqual((await server.delete(`${target.path}/breakpoints`)).status, 204);
});

test('what is asked at the wrong time', async () => {
  const { id } = await server.session('mps2-an385');
  const target = new Target(server, id);
  const off = await target.state();
  assert.deepStrictEqual([off.state, off.reason, off.location], ['off', 'none', null]);
  for (const path of ['/pause', '/continue', '/step']) target.refused(await target.post(path), 409, 'TARGET_OFF');
  for (const path of ['/registers', '/memory?address=0', '/backtrace', '/disassemble', '/threads']) target.refused(await target.get(path), 409, 'TARGET_OFF');
  assert.strictEqual(target.must(await target.get('/fault')).faulted, false);
  target.refused(await target.post('/breakpoints', { location: 'main' }), 404, 'LOCATION_NOT_FOUND', /no program/);

  assert.strictEqual((await server.upload(id, image('mps2-an385'))).status, 201);
  const symbols = target.must(await target.get('/symbols?query=put_*&kind=function'));
  assert.ok(symbols.items.some((each) => each.name === 'put_number'));
  const first = await target.break('hello');
  await server.power(id, 'on');
  const stopped = await target.stopped();
  assert.deepStrictEqual(stopped.breakpoint_ids, [first.id], stopped.message);
  await target.run({}, '');
  target.refused(await target.post('/step'), 409, 'TARGET_RUNNING', /pause/);
  for (const path of ['/registers', '/backtrace', '/disassemble', '/threads']) target.refused(await target.get(path), 409, 'TARGET_RUNNING');
  assert.ok(target.must(await target.get('/disassemble?address=hello')).instructions.length === 16);
  const late = await target.post('/continue?wait=true', { timeout_ms: 50 });
  assert.strictEqual(target.must(late).state, 'running');
});

test('breakpoints stay over a power cycle, a reset and a restart of the server', async () => {
  const target = await running('stm32f4-disco', 'stay');
  const made = await target.break('hello');
  await server.power(target.id, 'off');
  assert.strictEqual((await target.state()).state, 'off');
  await server.power(target.id, 'on');
  assert.deepStrictEqual((await target.stopped()).breakpoint_ids, [made.id]);
  await target.run({}, '');
  await server.power(target.id, 'reset');
  assert.deepStrictEqual((await target.stopped()).breakpoint_ids, [made.id]);

  await server.stop();
  await server.start();
  const kept = target.must(await target.get(`/breakpoints/${made.id}`));
  assert.strictEqual(kept.location, 'hello');
  assert.strictEqual((await target.state()).state, 'stopped');
  await target.run({}, '');
  await target.shows('ready');
  await server.power(target.id, 'reset');
  await target.stopped();
  await server.power(target.id, 'resume');
  assert.strictEqual((await target.state()).state, 'running');
});

test('the event log is not flooded by steps', async () => {
  const target = await running('mps2-an385', 'quiet');
  const events = await EventReader.open(server, { query: `?session_id=${target.id}` });
  const { id: breakpoint } = await target.break('put_number');  // where it does not wait for an interrupt
  await target.type('count 50');
  await target.stopped();
  assert.strictEqual((await server.delete(`${target.path}/breakpoints/${breakpoint}`)).status, 204);
  await events.until((event) => event.type === 'session.state' && event.data.status === 'paused');
  const stepped = await target.step('instruction', { count: 200 });
  assert.strictEqual(stepped.state, 'stopped');
  for (let i = 0; i < 20; ++i) await target.step('instruction');
  assert.strictEqual((await server.get(`/api/v1/sessions/${target.id}`)).body.status, 'paused');
  await server.patch(`/api/v1/sessions/${target.id}`, { labels: { last: 'event' } });
  const seen = await events.until((event) => event.type === 'session.updated');
  assert.strictEqual(seen.length, 1, JSON.stringify(seen));
  events.close();
});

test('a crash explains itself on every architecture', async () => {
  for (const [name, cause, file] of [['riscv-virt32', 'illegal_instruction', /cpu_riscv\.c$/], ['riscv-virt64', 'illegal_instruction', /cpu_riscv\.c$/],
                                     ['arm-virt-a53', 'undefined_instruction', /cpu_aarch64\.c$/], ['arm-virt-a15', 'undefined_instruction', null]]) {
    const target = await running(name, `fault-${name}`);
    assert.strictEqual(target.must(await target.get('/fault')).faulted, false, name);
    await target.type('fault');
    await target.shows('fault at');
    const fault = target.must(await target.get('/fault'));
    assert.deepStrictEqual([fault.faulted, fault.cause], [true, cause], `${name}: ${JSON.stringify(fault)}`);
    assert.ok(fault.summary.length > 10 && fault.explanation.length > 0, name);
    if (file) assert.match(fault.location.file, file, name);
    else assert.deepStrictEqual([fault.location, fault.explanation.some((each) => /not known any more/.test(each))], [null, true], JSON.stringify(fault));
  }
});

test('Arm: where a fault came is known at the handler\'s first instruction', async () => {
  const target = await running('arm-virt-a15', 'fault-handler');
  await target.break('undefined');
  await target.type('fault');
  await target.stopped();
  const fault = target.must(await target.get('/fault'));
  assert.deepStrictEqual([fault.faulted, fault.cause], [true, 'undefined_instruction']);
  assert.match(fault.location.file, /cpu_arm\.c$/);
  assert.match(fault.instruction, /udf/);
});

test('a crash explains itself: a fault in its handler', async () => {
  const target = await running('mps2-an385', 'fault');
  assert.strictEqual(target.must(await target.get('/fault')).faulted, false);
  await target.type('fault');
  await target.shows('fault at');
  const fault = target.must(await target.get('/fault'));
  assert.ok(fault.faulted);
  assert.deepStrictEqual([fault.source, fault.cause], ['machine', 'usage_fault']);
  assert.ok(fault.explanation.some((each) => each.includes('UNDEFINSTR')), fault.explanation.join('; '));
  assert.match(fault.location.file, /cpu_cortexm\.c$/);
  assert.match(fault.instruction, /udf/);
  assert.ok(fault.backtrace.some((frame) => frame.interrupted));
  assert.ok(fault.backtrace.some((frame) => frame.location.function === 'hello'), JSON.stringify(fault.backtrace));
  assert.strictEqual((await target.state()).state, 'running');
});

test('a crash explains itself: a lockup ends the emulator, its last registers tell', async () => {
  const target = await running('mps2-an385', 'lockup');
  await target.type('lockup');
  await server.eventually(async () => (await server.get(`/api/v1/sessions/${target.id}`)).body.status === 'error');
  const fault = target.must(await target.get('/fault'));
  assert.deepStrictEqual([fault.faulted, fault.source, fault.cause], [true, 'exit', 'lockup']);
  assert.ok(fault.registers.pc);
  assert.match(fault.location.file, /cpu_cortexm\.c$/);
  assert.ok(fault.backtrace.length >= 1);
  assert.ok(fault.at);
});

test('pause ends a step that takes long', async () => {
  const target = await running('mps2-an385', 'long');
  await target.type('spin');
  await target.shows('spinning');
  await target.pause();
  const slow = target.must(await target.post('/step?wait=true', { kind: 'out', timeout_ms: 100 }));
  assert.strictEqual(slow.state, 'running');
  target.refused(await target.post('/step'), 409, 'TARGET_RUNNING');
  const paused = await target.pause();
  assert.deepStrictEqual([paused.state, paused.reason], ['stopped', 'pause']);
  assert.strictEqual((await target.step('instruction')).reason, 'step');
});

test('with a gdb at the same time: conditions disturb nobody, stops are told to all', async () => {
  const target = await running('mps2-an385', 'together');
  const { gdb_port } = (await server.get(`/api/v1/sessions/${target.id}`)).body;
  const gdb = new Gdb(image('mps2-an385'), `127.0.0.1:${gdb_port}`);
  await gdb.says(/Remote debugging[^]*?\n0x/);
  assert.deepStrictEqual([(await target.stopped()).gdb_clients], [1]);
  gdb.say('continue');
  await gdb.says(/Continuing/);
  await server.eventually(async () => (await target.state()).state === 'running');
  const never = await target.break('put_number', { condition: '$r0 > 100' });
  await target.type('count 50');
  await target.shows('line 50');
  assert.strictEqual((await target.state()).state, 'running');
  assert.strictEqual(target.must(await target.get(`/breakpoints/${never.id}`)).hit_count, 0);

  target.must(await server.patch(`${target.path}/breakpoints/${never.id}`, { condition: '$r0 == 7' }));
  const typed = target.type('count 9');
  const stopped = await target.stopped();
  await typed;
  assert.deepStrictEqual(stopped.breakpoint_ids, [never.id]);
  await gdb.says(/SIGTRAP[^]*put_number/);
  assert.strictEqual(await gdb.value('$r0'), 7);
  // A write of the one is seen by the other, a gdb's own breakpoint by the API as such.
  target.must(await target.post('/registers/r0', { value: 8 }));
  gdb.say('maintenance flush register-cache');
  assert.strictEqual(await gdb.value('$r0'), 8);
  gdb.say('break run');
  await gdb.says(/Breakpoint 1 at/);
  gdb.say('continue');
  await gdb.says(/Continuing/);
  await server.eventually(async () => (await target.state()).state === 'running');
  const again = target.type('version');
  await gdb.says(/Breakpoint 1, (0x\w+ in )?run/);
  await again;
  const theirs = await target.state();
  assert.deepStrictEqual([theirs.state, theirs.reason, theirs.breakpoint_ids], ['stopped', 'breakpoint', []]);
  assert.strictEqual((await server.delete(`${target.path}/breakpoints`)).status, 204);
  await gdb.quit('detach\nquit');
  await server.eventually(async () => (await target.state()).state === 'running');
  await target.type('done');
  await target.shows('you said: done');
});
