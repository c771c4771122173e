// Programs: every format, several at once, and what is none.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { firmware } from '../bench.mjs';

const send = (bench, id, bytes, query = '') =>
  bench.server.post(`/api/v1/sessions/${id}/programs${query}`, bytes, { headers: { 'Content-Type': 'application/octet-stream' } });
const image = (bench, ending) => readFileSync(firmware(`${bench.board.template}.${ending}`));
const romBase = (bench) => JSON.parse(image(bench, 'json')).rom[0];

export const checks = [
  ...['elf', 'hex', 'bin'].map((ending) => ({
    feature: 'programs', name: `${ending.toUpperCase()} boots`,
    async run(bench) {
      const { id, default_console: main } = await bench.session({ program: null });
      const query = ending === 'bin' ? `?type=bin&load_address=${romBase(bench)}` : '';
      const sent = bench.ok(await send(bench, id, image(bench, ending), query), 201);
      assert.strictEqual(sent.type, ending);
      await bench.power(id, 'on', 'running');
      await bench.server.expect(id, main, 'ready');
      await bench.answers(id, main);
      await bench.remove(id);
    },
  })),
  {
    feature: 'programs', name: 'images that are none, or of another processor, are refused and nothing is kept',
    async run(bench) {
      const { id } = await bench.session({ program: null });
      const elf = image(bench, 'elf'), hex = image(bench, 'hex').toString().split(/\r?\n/);
      const bad = [...hex];
      bad[3] = bad[3].slice(0, -2) + (bad[3].endsWith('00') ? '01' : '00');
      for (const [bytes, query, code] of [
        [Buffer.alloc(0), '', 'IMAGE_EMPTY'],
        [elf.subarray(0, 2000), '', 'IMAGE_TRUNCATED'],
        [Buffer.from(bad.join('\r\n')), '', 'IMAGE_MALFORMED'],
        [Buffer.from(`${hex.slice(0, 5).join('\r\n')}\r\n`), '', 'IMAGE_TRUNCATED'],
        [readFileSync(firmware(`${bench.board.foreign}.elf`)), '', 'IMAGE_WRONG_ARCHITECTURE'],
        [Buffer.alloc(1024), `?type=bin&load_address=${bench.board.nowhere}`, 'IMAGE_OUTSIDE_MEMORY'],
      ]) bench.refused(await send(bench, id, bytes, query), 422, code);
      assert.strictEqual((await bench.server.get(`/api/v1/sessions/${id}/programs`)).body.total, 0);
      await bench.remove(id);
    },
  },
  {
    feature: 'multiple_images', name: 'data beside the program is in memory',
    async run(bench) {
      const { id, default_console: main } = await bench.session();
      const data = Buffer.from('data beside the program');
      bench.ok(await send(bench, id, data, `?role=data&type=bin&load_address=${bench.board.ram}`), 201);
      await bench.power(id, 'on', 'running');
      await bench.server.expect(id, main, 'ready');
      if (bench.has('memory')) {
        bench.ok(await bench.server.post(`/api/v1/sessions/${id}/debug/pause`));
        const read = await bench.server.get(`/api/v1/sessions/${id}/debug/memory?address=${bench.board.ram}&size=${data.length}&format=raw`);
        assert.strictEqual(read.status, 200, read.text);
        assert.deepStrictEqual(read.bytes, data);
      }
      // Two that want the same place are refused before anything starts.
      bench.ok(await send(bench, id, image(bench, 'bin'), `?role=clash&type=bin&load_address=${romBase(bench)}`), 201);
      await bench.power(id, 'off', 'stopped');
      bench.refused(await bench.server.power(id, 'on'), 422, 'IMAGE_OVERLAP');
      await bench.remove(id);
    },
  },
  {
    feature: 'register_models', name: 'firmware that waits for a device the emulator lacks gets through',
    async run(bench) {
      const { template, firmware: program, console: console_, shows } = bench.row.models;
      const { id } = await bench.session({ template, program: `${program}.elf` });
      await bench.power(id, 'on', 'running');
      await bench.server.expect(id, console_, shows);
      await bench.remove(id);
    },
  },
];
