// What no backend takes. Whatever is asked, the board runs on.
export const checks = [
  {
    feature: 'power', name: 'boards that it cannot be are refused',
    async run(bench) {
      const create = (body) => bench.server.post('/api/v1/sessions', { backend: bench.name, ...body });
      bench.refused(await create({ board_template: 'no-such-board' }), 404, 'TEMPLATE_NOT_FOUND');
      bench.refused(await create({ board_template: bench.board.template, features: { levitation: true } }), 400, 'INVALID_REQUEST', /levitation/);
      const { config } = (await bench.server.get(`/api/v1/templates/${bench.board.template}`)).body;
      const nodes = (change) => ({ board_config: { ...config, nodes: [{ ...config.nodes[0], backend: 'auto', ...change }] } });
      bench.refused(await create(nodes({ processor: { type: 'Z80' }, targets: {} })), 422, 'BOARD_INVALID', /Z80/);
      bench.refused(await create(nodes({ memory: [{ type: 'RAM', address: 'here', size: 4096 }] })), 422, 'BOARD_INVALID');
      const hostile = await create({ board_template: bench.board.template, name: '"; quit; ${HOME} `id`' });
      if (hostile.status === 201) await bench.remove(hostile.body.id);  // a name is a name
      else bench.refused(hostile, 400, 'INVALID_REQUEST');
    },
  },
  {
    feature: 'power', name: 'requests that make no sense do a running board no harm',
    async run(bench) {
      const { id, console: main } = await bench.running();
      const session = `/api/v1/sessions/${id}`;
      for (const [method, path, body, status, code] of [
        ['POST', '/power', { action: 'on', volts: 12 }, 400, 'INVALID_REQUEST'],
        ['POST', '/programs/prg-nope/start', {}, 404, 'PROGRAM_NOT_FOUND'],
        ['GET', '/debug/breakpoints/77', undefined, 404, 'BREAKPOINT_NOT_FOUND'],
        ['GET', '/debug/memory?address=0&size=-1', undefined, 400, 'INVALID_REQUEST'],
        ['POST', '/debug/step', { kind: 'sideways' }, 400, 'INVALID_REQUEST'],
        ['PATCH', '', { ttl_sec: -1 }, 400, 'INVALID_REQUEST'],
      ]) bench.refused(await bench.server.request(method, session + path, { body }), status, code);
      await bench.answers(id, main);
    },
  },
];
