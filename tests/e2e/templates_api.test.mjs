// The board library: own templates, the built-in ones read-only, mistakes with their place, verdicts before anything starts.
import assert from 'node:assert';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server } from './lib/server.mjs';

let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());

const path = '/api/v1/templates';
const config = { nodes: [{ id: 'mcu', soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }] };

test('own templates are created, read, replaced, listed, used and deleted', async () => {
  const made = await server.post(path, { id: 'lab:board.1', name: 'Lab', tags: ['lab'], config });
  assert.strictEqual(made.status, 201, made.text);
  assert.strictEqual(made.headers.get('location'), `${path}/lab:board.1`);
  assert.strictEqual(made.body.builtin, false);
  assert.strictEqual((await server.post(path, { id: 'lab:board.1', config })).body.code, 'TEMPLATE_EXISTS');
  assert.deepStrictEqual((await server.get(`${path}/lab:board.1`)).body, made.body);
  assert.deepStrictEqual((await server.get(`${path}?tag=lab`)).body.items.map((each) => each.id), ['lab:board.1']);
  const replaced = await server.put(`${path}/lab:board.1`, { id: 'lab:board.1', name: 'Lab 2', config });
  assert.strictEqual(replaced.status, 200, replaced.text);
  assert.deepStrictEqual([replaced.body.name, replaced.body.created_at], ['Lab 2', made.body.created_at]);
  assert.strictEqual((await server.put(`${path}/lab:board.1`, { id: 'other', config })).body.code, 'INVALID_REQUEST');
  assert.strictEqual((await server.put(`${path}/absent`, { id: 'absent', config })).body.code, 'TEMPLATE_NOT_FOUND');
  const session = await server.session('lab:board.1');
  assert.strictEqual((await server.delete(`${path}/lab:board.1`)).status, 204);
  assert.strictEqual((await server.delete(`${path}/lab:board.1`)).body.code, 'TEMPLATE_NOT_FOUND');
  assert.strictEqual((await server.get(`/api/v1/sessions/${session.id}`)).body.board_template, 'lab:board.1', 'a session keeps its board');
});

test('built-in templates are listed and read-only', async () => {
  const files = readdirSync(new URL('../../boards/', import.meta.url)).filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -5));
  const all = [];
  let cursor = '';
  do {
    const { body } = await server.get(`${path}?limit=3${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    all.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor);
  assert.deepStrictEqual(all.filter((each) => each.builtin).map((each) => each.id), files.sort());
  const one = all.find((each) => each.id === 'microbit');
  assert.strictEqual((await server.put(`${path}/microbit`, { ...one, name: 'mine' })).body.code, 'TEMPLATE_READ_ONLY');
  assert.strictEqual((await server.delete(`${path}/microbit`)).body.code, 'TEMPLATE_READ_ONLY');
  assert.strictEqual((await server.post(path, { id: 'microbit', config })).body.code, 'TEMPLATE_EXISTS');
  assert.strictEqual((await server.get(`${path}?cursor=%25%25`)).status, 400);
});

test('mistakes in a board are told with their place', async () => {
  const yaml = 'nodes:\n  - id: mcu\n    soc: STM32F405\n    processor: { type: ARM Cortex-M4 }\n    memory:\n      - { type: RAM, address: 0x20000000, size: -5 }\n';
  const value = await server.post(path, { id: 'bad', config: yaml });
  assert.strictEqual(value.body.code, 'BOARD_INVALID', value.text);
  assert.match(JSON.stringify(value.body.details), /"line":6/);
  assert.match(JSON.stringify(value.body.details), /\/nodes\/0\/memory\/0\/size/);
  const syntax = await server.post(path, { id: 'bad', config: 'nodes:\n  - id: [mcu\n' });
  assert.strictEqual(syntax.body.code, 'BOARD_SYNTAX', syntax.text);
  assert.ok(syntax.body.details.line >= 2 && syntax.body.details.column >= 1, syntax.text);
  const object = await server.post(path, { id: 'bad', config: { nodes: [{ id: 'mcu', soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' }, memory: [{ type: 'cheese', address: 1, size: 1 }] }] } });
  assert.strictEqual(object.body.code, 'BOARD_INVALID', object.text);
  assert.match(JSON.stringify(object.body.details), /\/nodes\/0\/memory\/0\/type/);
  for (const id of ['Upper', '-x', 'a/b', '', 'x'.repeat(129)]) assert.strictEqual((await server.post(path, { id, config })).status, 400, id);
});

test('a board from YAML text is the board from an object', async () => {
  const text = 'nodes:\n  - id: mcu\n    soc: STM32F405\n    processor: { type: ARM Cortex-M4 }\n    memory:\n      - { type: RAM, address: 0x20000000, size: 128K }\n';
  const object = { nodes: [{ id: 'mcu', soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' }, memory: [{ type: 'ram', address: 536870912, size: 131072 }] }] };
  const verdicts = [];
  for (const board_config of [text, object, JSON.stringify(object)]) {
    const answer = await server.post(`${path}/check`, { board_config });
    assert.strictEqual(answer.status, 200, answer.text);
    verdicts.push(answer.body);
  }
  assert.deepStrictEqual(verdicts[0], verdicts[1]);
  assert.deepStrictEqual(verdicts[2], verdicts[1]);
});

test('verdicts: runs, approximated, refused with a reason', async () => {
  const verdict = async (body, backend) => (await server.post(`${path}/check`, body)).body.backends.find((each) => each.backend === backend);
  assert.strictEqual((await verdict({ board_template: 'mps2-an385' }, 'qemu')).verdict, 'runs');
  const small = { nodes: [{ processor: { type: 'ARM Cortex-M3' }, targets: { qemu: { machine: 'mps2-an385' } },
                            memory: [{ type: 'RAM', address: 0, size: 1 << 30 }] }] };
  assert.strictEqual((await verdict({ board_config: small }, 'qemu')).verdict, 'approximated');
  const disco = await verdict({ board_template: 'stm32f4-disco' }, 'qemu');
  assert.notStrictEqual(disco.verdict, 'refused');
  const renode = await verdict({ board_template: 'microbit' }, 'renode');
  assert.deepStrictEqual([renode.verdict, renode.code], ['refused', 'BACKEND_ABSENT']);
  const two = (await server.post(`${path}/check`, { board_config: { nodes: [{ id: 'a', soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }, { id: 'b', soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }] } })).body;
  assert.strictEqual(two.runs, false);
  assert.ok(two.backends.every((each) => each.verdict === 'refused' && each.reason));
  const only = (await server.post(`${path}/check`, { board_template: 'microbit', backend: 'qemu' })).body;
  assert.deepStrictEqual(only.backends.map((each) => each.backend), ['qemu']);
  assert.strictEqual((await server.post(`${path}/check`, {})).body.code, 'INVALID_REQUEST');
  assert.strictEqual((await server.post(`${path}/check`, { board_template: 'microbits' })).body.code, 'TEMPLATE_NOT_FOUND');
});
