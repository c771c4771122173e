// A session's own debugger over REST, as tests use it. Every answer is checked against the contract.
import assert from 'node:assert';

// What a test does with one session's debugger.
export class Target {
  constructor(server, id, console_ = 'uart0') {
    this.server = server;
    this.id = id;
    this.path = `/api/v1/sessions/${id}/debug`;
    this.console = console_;
  }
  get(path) { return this.server.get(this.path + path); }
  post(path, body) { return this.server.post(this.path + path, body); }
  async state() { return (await this.get('/state')).body; }
  async pause() { return this.must(await this.post('/pause')); }
  async break(location, more = {}) { return this.must(await this.post('/breakpoints', { location, ...more }), 201); }
  async run(body = {}, query = '?wait=true') { return this.must(await this.post(`/continue${query}`, body)); }
  async step(kind, more = {}) { return this.must(await this.post('/step', { kind, ...more })); }
  async register(name) { return BigInt(this.must(await this.get(`/registers/${name}`)).value); }
  must(answer, status = 200) {
    assert.strictEqual(answer.status, status, answer.text);
    return answer.body;
  }
  refused(answer, status, code, words) {
    assert.strictEqual(answer.status, status, answer.text);
    assert.strictEqual(answer.body.code, code, answer.text);
    if (words) assert.match(answer.body.error, words);
  }
  type(text) { return this.server.type(this.id, this.console, `${text}\r`); }
  shows(text) { return this.server.expect(this.id, this.console, text); }
  stopped() { return this.server.eventually(async () => { const state = await this.state(); return state.state === 'stopped' && state; }); }
}

// The scenario that every backend must give the same answers in, on the test firmware with its greeting shown. `pc`,
// `argument`: names of the program counter and of the first argument's register.
export async function breakLookStep(target, { pc, argument }) {
  assert.strictEqual((await target.state()).state, 'running');
  const made = await target.break('put_number', { temporary: false });
  assert.ok(made.verified, made.message);
  assert.match(made.file, /hello\.c$/);
  assert.ok(made.line > 0);

  const typed = target.type('count 3');
  const stopped = await target.stopped();
  await typed;
  assert.strictEqual(stopped.reason, 'breakpoint');
  assert.deepStrictEqual(stopped.breakpoint_ids, [made.id]);
  assert.match(stopped.location.file, /hello\.c$/);
  assert.ok(made.addresses.includes(stopped.location.address));
  assert.strictEqual(await target.register(pc), BigInt(stopped.location.address));

  const trace = target.must(await target.get('/backtrace'));
  const names = trace.frames.map((frame) => frame.location.function);
  assert.strictEqual(names[0], 'put_number', JSON.stringify(trace));
  for (const name of ['count', 'run', 'hello']) assert.ok(names.includes(name), `${name} is not in ${names}; ${trace.reason}`);

  const code = target.must(await target.get('/disassemble?count=4'));
  assert.strictEqual(code.instructions.length, 4);
  assert.ok(code.instructions[0].current);
  assert.deepStrictEqual(code.instructions[0].breakpoint_ids, [made.id]);
  const whole = target.must(await target.get('/disassemble?address=put_number&function=true'));
  assert.ok(whole.instructions.length > 4);

  const stepped = await target.step('instruction');
  assert.strictEqual(stepped.reason, 'step', stepped.message);
  assert.notStrictEqual(stepped.location.address, stopped.location.address);
  const many = await target.step('instruction', { count: 10 });
  assert.strictEqual(many.state, 'stopped');
  const line = await target.step('next');
  assert.strictEqual(line.state, 'stopped', line.message);
  for (let depth = line.location.function === 'put_number' ? 1 : 0; depth > 0; --depth) {
    const out = await target.step('out');
    assert.strictEqual(out.reason, 'step', out.message);
    assert.ok(['count', 'run'].includes(out.location.function), JSON.stringify(out));
  }

  // A second call, with a condition on its argument: the ones between are passed without a stop.
  target.must(await target.server.patch(`${target.path}/breakpoints/${made.id}`, { condition: `$${argument} == 3` }));
  const third = await target.run();
  assert.strictEqual(third.reason, 'breakpoint', JSON.stringify(third));
  assert.strictEqual(target.must(await target.get(`/breakpoints/${made.id}`)).hit_count, 2);
  assert.strictEqual((await target.server.delete(`${target.path}/breakpoints/${made.id}`)).status, 204);
  assert.strictEqual((await target.run({}, '')).state, 'running');
  await target.shows('line 3');
  assert.strictEqual(target.must(await target.get('/breakpoints')).total, 0);
}
