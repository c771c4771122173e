// The session's debugger, gdb, and the question why a program hangs.
import assert from 'node:assert';
import { breakLookStep } from '../../e2e/lib/debugging.mjs';
import { Gdb } from '../../e2e/lib/gdb.mjs';
import { firmware } from '../bench.mjs';

export const checks = [
  {
    feature: 'breakpoints', name: 'break at a function, look, step, go on; a condition',
    run: async (bench) => breakLookStep(await bench.running(), bench.board),
  },
  {
    feature: 'breakpoints', name: 'one that is set before power-on stops the first call',
    async run(bench) {
      const { id, default_console: main } = await bench.session();
      const debug = `/api/v1/sessions/${id}/debug`;
      const made = bench.ok(await bench.server.post(`${debug}/breakpoints`, { location: 'hello' }), 201);
      await bench.power(id, 'on');
      const stopped = await bench.server.eventually(async () => {
        const { body } = await bench.server.get(`${debug}/state`);
        return body.state === 'stopped' && body;
      }, 30_000);
      assert.deepStrictEqual(stopped.breakpoint_ids, [made.id]);
      assert.strictEqual((await bench.server.output(id, main)).length, 0);
      bench.ok(await bench.server.post(`${debug}/continue`));
      await bench.server.expect(id, main, 'ready');
      await bench.remove(id);
    },
  },
  {
    feature: 'breakpoints', name: 'places that are none are refused',
    async run(bench) {
      const target = await bench.running();
      target.refused(await target.post('/breakpoints', { location: 'put_numbr' }), 404, 'LOCATION_NOT_FOUND', /put_number/);
      target.refused(await target.post('/breakpoints', { location: 'hello.c:99999' }), 404, 'LOCATION_NOT_FOUND');
      target.refused(await target.post('/breakpoints', { location: 'run', condition: '$' }), 400, 'INVALID_REQUEST');
    },
  },
  {
    feature: 'watchpoints', name: 'a write to a variable stops',
    async run(bench) {
      const target = await bench.running();
      const symbol = target.must(await target.get('/symbols?query=after_cr')).items.find((each) => each.kind === 'object');
      const watch = await target.break(symbol.address, { type: 'write', length: 1 });
      const typed = target.type('x');
      const seen = await target.stopped();
      await typed;
      assert.strictEqual(seen.reason, 'watchpoint', JSON.stringify(seen));
      assert.deepStrictEqual([seen.watch, seen.breakpoint_ids], [{ address: symbol.address, access: 'write' }, [watch.id]]);
      assert.strictEqual((await bench.server.delete(`${target.path}/breakpoints/${watch.id}`)).status, 204);
      await target.run({}, '');
      await target.shows('you said: x');
    },
  },
  {
    feature: 'registers', name: 'read and written while it stands; while it runs told or refused; a wrong name is refused',
    async run(bench) {
      const target = await bench.running();
      const live = await target.get('/registers');  // some emulators tell them beside the running processor
      if (live.status !== 200) target.refused(live, 409, 'TARGET_RUNNING', /pause/);
      assert.strictEqual((await target.state()).state, 'running');
      await target.pause();
      const names = target.must(await target.get('/registers?scope=general')).items.map((each) => each.name);
      assert.ok(names.includes(bench.board.pc), `${bench.board.pc} is not in ${names}`);
      const before = await target.register(bench.board.argument);
      target.must(await target.post(`/registers/${bench.board.argument}`, { value: 0x1234 }));
      assert.strictEqual(await target.register(bench.board.argument), 0x1234n);
      target.must(await target.post(`/registers/${bench.board.argument}`, { value: `0x${before.toString(16)}` }));
      target.refused(await target.get('/registers/nosuch'), 404, 'REGISTER_NOT_FOUND');
      await target.run({}, '');
      await bench.answers(target.id, target.console);
    },
  },
  {
    feature: 'memory', name: 'read and written, standing and running, or told that it must stand; nothing is where there is nothing',
    async run(bench) {
      const target = await bench.running();
      const { ram, nowhere } = bench.board;
      const raw = async (address, size) => {
        const answer = await target.get(`/memory?address=${address}&size=${size}&format=raw`);
        assert.strictEqual(answer.status, 200, answer.text);
        return answer.bytes;
      };
      const code = '/memory?address=put_number&size=32&format=raw';
      const first = await target.get(code), reads_running = first.status === 200;
      if (!reads_running) target.refused(first, 409, 'TARGET_RUNNING');
      const bytes = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7) % 256));
      for (const standing of [false, true]) {
        if (standing) await target.pause();
        bytes[0] = standing ? 1 : 2;
        target.must(await target.post(`/memory?address=${ram}&halt=true`, { data: bytes.toString('hex') }));
        if (!standing && !reads_running) continue;
        assert.deepStrictEqual(await raw(ram, bytes.length), bytes);
        target.refused(await target.get(`/memory?address=${nowhere}&size=4`), 422, 'MEMORY_UNMAPPED');
      }
      if (reads_running) assert.deepStrictEqual(await raw('put_number', 32), first.bytes);
      target.must(await target.post(`/memory?address=${ram}`, { values: [0x01020304], width: 4 }));
      assert.deepStrictEqual(target.must(await target.get(`/memory?address=${ram}&size=4&width=4`)).values.map(Number), [0x01020304]);
      await target.run({}, '');
      await bench.answers(target.id, target.console);
    },
  },
  {
    feature: 'step', name: 'by instruction, and not while it runs',
    async run(bench) {
      const target = await bench.running();
      target.refused(await target.post('/step'), 409, 'TARGET_RUNNING');
      const { id } = await target.break('put_number', { temporary: true });
      const typed = target.type('count 1');
      const stopped = await target.stopped();
      await typed;
      assert.deepStrictEqual(stopped.breakpoint_ids, [id]);
      let at = await target.register(bench.board.pc);
      for (let i = 0; i < 5; ++i) {
        assert.strictEqual((await target.step('instruction')).reason, 'step');
        const now = await target.register(bench.board.pc);
        assert.notStrictEqual(now, at);
        at = now;
      }
      assert.strictEqual((await target.step('instruction', { count: 20 })).state, 'stopped');
      await target.run({}, '');
      await bench.answers(target.id, target.console);
    },
  },
  {
    feature: 'gdb', name: 'gdb attaches, breaks, looks, steps and leaves; a second one sees it',
    async run(bench) {
      const target = await bench.running();
      const { gdb_port } = (await bench.server.get(`/api/v1/sessions/${target.id}`)).body;
      const attach = async () => {
        const gdb = new Gdb(firmware(`${bench.board.template}.elf`), `127.0.0.1:${gdb_port}`);
        await gdb.says(/Remote debugging using [^]*?\n(0x[0-9a-f]+ in )?\w+ \(/, 60_000);
        return gdb;
      };
      const gdb = await attach();
      gdb.say('break count');
      await gdb.says(/Breakpoint 1 at/);
      gdb.say('continue');
      await gdb.says(/Continuing/);
      await bench.server.eventually(async () => (await target.state()).state === 'running', 30_000);
      const typed = target.type('count 3');
      await gdb.says(/Breakpoint 1, (0x\w+ in )?count/);
      await typed;
      assert.strictEqual(await gdb.value(`$${bench.board.argument}`), 3);
      gdb.say('bt');
      await gdb.says(/#0 [^]*count[^]*#1 +(0x\w+ in )?run[^]*hello/);
      const before = await gdb.value('$pc');
      gdb.say('stepi');
      await gdb.says(/\(gdb\)/);
      assert.notStrictEqual(await gdb.value('$pc'), before);
      const second = await attach();
      assert.strictEqual(await second.value('$pc'), await gdb.value('$pc'));
      await second.quit('detach\nquit');
      gdb.say('delete');
      await gdb.quit('detach\nquit');
      await bench.server.eventually(async () => (await target.state()).state === 'running', 30_000);
      await target.shows('line 3');
    },
  },
  {
    feature: 'diagnosis', name: 'it says in which loop the program sits',
    async run(bench) {
      const target = await bench.running();
      await target.type('spin');
      await target.shows('spinning');
      const seen = bench.ok(await bench.server.get(`/api/v1/sessions/${target.id}/diagnosis`));
      const [processor] = seen.processors;
      assert.match(processor.loop?.file ?? '', /hello\.c$/, JSON.stringify(processor));
      assert.match(processor.seen[0].location, /hello\.c:\d+ in run/);
      await bench.giveUp();
    },
  },
];
