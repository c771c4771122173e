// Consoles: complete from the first byte, both ways.
import assert from 'node:assert';
import { Stream, floodText } from '../../e2e/lib/stream.mjs';

const floods = (output, kib) => output.includes(floodText(kib));

export const checks = [
  {
    feature: 'console', name: 'output is complete from the first byte, as a download and as a stream',
    async run(bench) {
      const { id, default_console: main } = await bench.session();
      const stream = await Stream.open(bench.server, id, `console=${main}`);
      await bench.power(id, 'on', 'running');
      await stream.shows(main, 'ready', 60_000);
      await bench.server.expect(id, main, '> ');
      assert.match((await bench.server.output(id, main)).toString(), new RegExp(`^[\\r\\n]*VirServer ${bench.board.template} ready`));
      await stream.until(() => stream.bytes(main).includes('> '));
      assert.deepStrictEqual(stream.bytes(main), await bench.server.output(id, main));
      stream.close();
      await bench.remove(id);
    },
  },
  {
    feature: 'console_input', name: 'what is typed arrives, a long line and a flood in answer too',
    async run(bench) {
      const { id, console: main } = await bench.running();
      await bench.answers(id, main);
      const line = 'abcdefghij'.repeat(20);
      await bench.server.type(id, main, `${line}\r`);
      await bench.server.expect(id, main, `you said: ${line}\r\n`);
      const since = (await bench.server.output(id, main)).length;
      await bench.server.type(id, main, 'flood 16\r');
      await bench.server.expect(id, main, 'flood done 16 KiB\r\n', { since, timeout: 60_000 });
      assert.ok(floods(await bench.server.output(id, main, since), 16), 'every byte of the flood, in order');
    },
  },
  {
    feature: 'console_input', name: 'a console that is not there is refused',
    async run(bench) {
      const { id } = await bench.running();
      bench.refused(await bench.server.get(`/api/v1/sessions/${id}/consoles/nosuch/output`), 404, 'CONSOLE_NOT_FOUND');
      bench.refused(await bench.server.post(`/api/v1/sessions/${id}/consoles/nosuch/input`, { data: 'x' }), 404, 'CONSOLE_NOT_FOUND');
    },
  },
  {
    feature: 'semihosting', name: 'text, and an exit with a status',
    async run(bench) {
      const { id, default_console: main } = await bench.session();
      await bench.power(id, 'on', 'running');
      await bench.server.expect(id, main, '> ');
      await bench.server.type(id, main, 'semi from the guest\r');
      await bench.server.expect(id, 'semihosting', 'from the guest');
      await bench.server.type(id, main, 'exit 42\r');
      await bench.server.eventually(async () => await bench.status(id) === 'stopped', 30_000);
      const { last_exit } = (await bench.server.get(`/api/v1/sessions/${id}`)).body;
      assert.deepStrictEqual([last_exit.cause, last_exit.exit_code], ['guest_exit', 42], JSON.stringify(last_exit));
      await bench.remove(id);
    },
  },
  {
    feature: 'rtt', name: 'channels are consoles',
    async run(bench) {
      const { template, firmware } = bench.row.rtt;
      const { id } = await bench.session({ template, program: `${firmware}.elf` });
      await bench.power(id, 'on', 'running');
      await bench.server.expect(id, 'rtt0', 'VirServer rtt ready\r\n');
      await bench.server.type(id, 'rtt0', 'and back');
      await bench.server.expect(id, 'rtt0', 'and back');
      await bench.remove(id);
    },
  },
];
