// What is done to a board from outside: interrupt lines, devices, spans of its time. `pins` of the row: a board that runs
// firmware/pins.c.
import assert from 'node:assert';

// Runs pins.c on its board.
async function withPins(bench, use, extra = {}) {
  const { template, console: console_ } = bench.row.pins;
  const { id } = await bench.session({ template, program: 'pins.elf', ...extra });
  const path = `/api/v1/sessions/${id}`;
  await bench.power(id, 'on', 'running');
  await bench.server.expect(id, console_, 'ready');
  await use({
    id, path,
    shows: (text, since = 0) => bench.server.expect(id, console_, text, { since, timeout: 60_000 }),
    type: (text) => bench.server.type(id, console_, text),
    length: async () => (await bench.server.output(id, console_)).length,
    output: async () => (await bench.server.output(id, console_)).toString(),
    irq: (line, action = 'pulse') => bench.server.post(`${path}/irq`, { line, action }),
    runFor: (for_ns) => bench.server.post(`${path}/debug/run`, { for_ns, timeout_ms: 60_000 }),
    set: (device, body) => bench.server.put(`${path}/devices/${device}`, body),
  });
  await bench.remove(id);
}

export const checks = [
  {
    feature: 'irq', name: 'an interrupt by name and by number reaches the program; what is no line is refused',
    run: (bench) => withPins(bench, async (board) => {
      assert.deepStrictEqual(bench.ok(await board.irq('TIM3')), { line: 29, name: 'TIM3', action: 'pulse' });
      await board.shows('interrupt 29');
      const since = await board.length();
      await board.type('a');
      await board.shows('armed', since);
      bench.ok(await board.irq(29, 'raise'));
      await board.shows('interrupt 29', since);
      bench.ok(await board.irq(29, 'lower'));
      bench.refused(await board.irq('TIM33'), 404, 'DEVICE_NOT_FOUND', /TIM3/);
      bench.refused(await board.irq(4000), 400, 'INVALID_REQUEST', /4000/);
      await bench.power(board.id, 'off', 'stopped');
      bench.refused(await board.irq('TIM3'), 409, 'TARGET_OFF');
    }),
  },
  {
    feature: 'devices', name: 'a pin that is driven reaches the program, and one that the program drives is seen',
    run: (bench) => withPins(bench, async (board) => {
      const { input, output } = bench.row.pins;
      const { items } = bench.ok(await bench.server.get(`${board.path}/devices`));
      for (const each of [input, output]) assert.ok(items.some((device) => device.name === each.device), `${each.device} is not in ${items.map((device) => device.name)}`);
      const level = async () => bench.ok(await bench.server.get(`${board.path}/devices/${output.device}`)).properties.find((each) => each.name === output.property).value;
      for (const high of [true, false]) {
        bench.ok(await board.set(input.device, { values: { [input.property]: high } }));
        await board.shows(high ? 'button down' : 'button up');
        await bench.server.eventually(async () => await level() === high, 30_000);
      }
      bench.refused(await board.set('nosuch', { value: true }), 404, 'DEVICE_NOT_FOUND');
      bench.refused(await board.set(input.device, { values: { [input.property]: 3 } }), 400, 'INVALID_REQUEST');
      bench.refused(await board.set(output.device, { values: { [output.property]: true } }), 400, 'INVALID_REQUEST');
    }),
  },
  {
    feature: 'run_for', name: 'an exact span of time, then the board stands; not while it runs',
    run: (bench) => withPins(bench, async (board) => {
      bench.refused(await board.runFor(1000), 409, 'TARGET_RUNNING');
      await bench.power(board.id, 'pause', 'paused');
      for (const wanted of [1_000_000, 12_345_678]) {
        const ran = bench.ok(await board.runFor(wanted));
        assert.ok(ran.complete && ran.ran_ns >= wanted && ran.ran_ns < wanted + 1000, JSON.stringify(ran));
        assert.strictEqual(await bench.status(board.id), 'paused');
      }
    }),
  },
  {
    feature: 'virtual_time', name: 'time passes while the board runs and stands still while it is paused',
    run: (bench) => withPins(bench, async (board) => {
      const time = async () => (await bench.server.get(board.path)).body.virtual_time_ns;
      const before = await time();
      assert.ok(Number.isInteger(before), `${before}`);
      await bench.server.eventually(async () => await time() > before, 30_000);
      await bench.power(board.id, 'pause', 'paused');
      let stands = await time();
      await bench.server.eventually(async () => stands === (stands = await time()), 30_000);
    }),
  },
  {
    feature: 'deterministic', name: 'the same program, spans and interrupts between them give the same run to the nanosecond',
    async run(bench) {
      const runs = [];
      for (let i = 0; i < 2; ++i) {
        const { template, console: console_ } = bench.row.pins;
        const { id } = await bench.session({ template, program: 'pins.elf', features: { deterministic: true } });
        const program = (await bench.server.get(`/api/v1/sessions/${id}/programs`)).body.items[0];
        bench.ok(await bench.server.post(`/api/v1/sessions/${id}/programs/${program.id}/start`, { wait_for_gdb: true }));  // stands before the first instruction
        const run = [];
        for (const span of [3_000_000, 777_777, 150_000_000]) {
          const answer = bench.ok(await bench.server.post(`/api/v1/sessions/${id}/debug/run`, { for_ns: span, timeout_ms: 60_000 }));
          assert.ok(answer.complete);
          run.push(answer.virtual_time_ns, answer.state.location?.address);
          bench.ok(await bench.server.post(`/api/v1/sessions/${id}/irq`, { line: 'TIM3' }));
        }
        run.push((await bench.server.output(id, console_)).toString());
        runs.push(run);
        await bench.remove(id);
      }
      assert.deepStrictEqual(runs[0], runs[1]);
    },
  },
];
