// What a backend says it cannot do is refused, with the reason it gives: when a session asks for it, and by the call that needs it.
import assert from 'node:assert';

// The calls, by feature; each on a session of the backend.
const calls = {
  pause: (bench, id) => bench.server.power(id, 'pause'),
  reset: (bench, id) => bench.server.power(id, 'reset'),
  console_input: (bench, id, main) => bench.server.post(`/api/v1/sessions/${id}/consoles/${main}/input`, { data: 'x' }),
  breakpoints: (bench, id) => bench.server.post(`/api/v1/sessions/${id}/debug/breakpoints`, { location: 'hello' }),
  watchpoints: (bench, id) => bench.server.post(`/api/v1/sessions/${id}/debug/breakpoints`, { address: bench.board.ram, type: 'write', length: 4 }),
  registers: (bench, id) => bench.server.get(`/api/v1/sessions/${id}/debug/registers?halt=true`),
  memory: (bench, id) => bench.server.get(`/api/v1/sessions/${id}/debug/memory?address=${bench.board.ram}&size=4`),
  step: (bench, id) => bench.server.post(`/api/v1/sessions/${id}/debug/step`),
  diagnosis: (bench, id) => bench.server.get(`/api/v1/sessions/${id}/diagnosis`),
  irq: (bench, id) => bench.server.post(`/api/v1/sessions/${id}/irq`, { line: 1 }),
  devices: (bench, id) => bench.server.get(`/api/v1/sessions/${id}/devices`),
  async run_for(bench, id) {
    await bench.power(id, 'pause', 'paused');
    const answer = await bench.server.post(`/api/v1/sessions/${id}/debug/run`, { for_ns: 1000 });
    await bench.power(id, 'resume', 'running');
    return answer;
  },
  async semihosting(bench, id) {
    const [program] = (await bench.server.get(`/api/v1/sessions/${id}/programs`)).body.items;
    return bench.server.post(`/api/v1/sessions/${id}/programs/${program.id}/start`, { args: ['one'] });
  },
  async multi_node(bench) {
    const { config } = (await bench.server.get(`/api/v1/templates/${bench.board.template}`)).body;
    const nodes = ['a', 'b'].map((id) => ({ ...config.nodes[0], id, backend: bench.name, consoles: undefined, default_console: undefined }));
    return bench.server.post('/api/v1/sessions', { backend: bench.name, board_config: { schema: 1, nodes } });
  },
};

export async function refuses(bench, feature) {
  const reason = bench.capabilities.reasons[feature];
  assert.ok(reason?.length > 15, `${feature} is false without a reason: ${reason}`);
  const wanted = await bench.server.post('/api/v1/sessions', { board_template: bench.board.template, backend: bench.name, features: { [feature]: true } });
  bench.refused(wanted, 422, 'UNSUPPORTED_BY_BACKEND');
  assert.ok(wanted.body.error.includes(reason), `${wanted.body.error} does not say: ${reason}`);
  if (calls[feature]) {
    const target = await bench.running();
    bench.refused(await calls[feature](bench, target.id, target.console), 422, 'UNSUPPORTED_BY_BACKEND');
  }
  if (feature === 'virtual_time') {
    const { id } = await bench.running();
    assert.strictEqual((await bench.server.get(`/api/v1/sessions/${id}`)).body.virtual_time_ns, null);
  }
}
