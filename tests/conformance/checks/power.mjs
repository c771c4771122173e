// Power, pause, reset, deletion, survival.
import assert from 'node:assert';
import { enginesIn } from '../../e2e/lib/processes.mjs';

export const checks = [
  {
    feature: 'power', name: 'on, off and on again',
    async run(bench) {
      const { id, default_console: main } = await bench.session();
      assert.strictEqual(await bench.status(id), 'created');
      await bench.power(id, 'on', 'running');
      await bench.server.expect(id, main, 'ready');
      await bench.power(id, 'off', 'stopped');
      const since = (await bench.server.output(id, main)).length;
      await bench.power(id, 'on', 'running');
      await bench.server.expect(id, main, 'ready', { since });
      await bench.remove(id);
    },
  },
  {
    feature: 'power', name: 'what a board that is off cannot do',
    async run(bench) {
      const { id } = await bench.session({ program: null });
      for (const action of ['pause', 'resume', 'reset']) bench.refused(await bench.server.power(id, action), 409, 'SESSION_STATE');
      bench.refused(await bench.server.power(id, 'explode'), 400, 'INVALID_REQUEST');
      bench.refused(await bench.server.post(`/api/v1/sessions/${id}/debug/pause`), 409, 'TARGET_OFF');
      await bench.remove(id);
    },
  },
  {
    feature: 'power', name: 'a board that is deleted while it runs is gone',
    async run(bench) {
      const { id } = await bench.session();
      await bench.power(id, 'on', 'running');
      await bench.remove(id);
      bench.refused(await bench.server.get(`/api/v1/sessions/${id}`), 404, 'SESSION_NOT_FOUND');
      const own = () => enginesIn(bench.server.data).filter((each) => `${each.cwd} ${each.argv}`.includes(id));
      await bench.server.eventually(() => own().length === 0, 30_000, () => `processes are left: ${JSON.stringify(own())}`);
    },
  },
  {
    feature: 'pause', name: 'a paused board prints nothing, and goes on where it was',
    async run(bench) {
      const target = await bench.running();
      const { id, console: main } = target;
      const end = async () => (await bench.server.get(`/api/v1/sessions/${id}/consoles`)).body.items.find((each) => each.name === main).end;
      const from = await end();
      await bench.server.type(id, main, 'flood 8192\r');
      await bench.server.eventually(async () => await end() > from + 1024, 30_000);
      await bench.power(id, 'pause', 'paused');
      await bench.power(id, 'pause', 'paused');
      // What was on its way still comes; then nothing does, for as long as a running board would print much.
      let still = await end();
      await bench.server.eventually(async () => {
        const before = still;
        await new Promise((go) => setTimeout(go, 500));
        still = await end();
        return still === before;
      }, 30_000, () => 'the paused board goes on printing');
      assert.ok(still < from + 8192 * 1024, 'the flood was over before the pause');
      await bench.power(id, 'resume', 'running');
      await bench.server.eventually(async () => await end() > still, 30_000);
      await bench.giveUp();
    },
  },
  {
    feature: 'reset', name: 'a reset starts the program anew, of a running board and of a paused one',
    async run(bench) {
      const { id, console: main } = await bench.running();
      for (const before of ['resume', 'pause']) {
        if (before === 'pause' && !bench.has('pause')) continue;
        await bench.power(id, before);
        const since = (await bench.server.output(id, main)).length;
        await bench.power(id, 'reset', 'running');
        await bench.server.expect(id, main, 'ready', { since });
        await bench.answers(id, main);
      }
    },
  },
  {
    feature: 'adoption', name: 'a board lives on when its server is killed',
    async run(bench) {
      const { id, console: main } = await bench.running();
      await bench.server.crash();
      await bench.server.start();
      await bench.server.discovered();
      await bench.server.eventually(async () => await bench.status(id) === 'running', 60_000);
      await bench.answers(id, main);
      await bench.power(id, 'off', 'stopped');
      await bench.giveUp();
    },
  },
];
