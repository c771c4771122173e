// Sessions: what is created and refused, the state machine, lists, expiry, idempotency, and all of it after a restart.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { firmwareDir, Server } from './lib/server.mjs';
import { EventReader } from './lib/sse.mjs';

let server;
// Emulators that are no packages of Debian are not found.
before(async () => { server = await new Server({ env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } }).start(); await server.discovered(); });
after(() => server.destroy());

const path = '/api/v1/sessions';
const firmware = join(firmwareDir, 'mps2-an385.elf');

test('creation refuses what cannot be, and says why', async () => {
  const board = { nodes: [{ id: 'a', soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }] };
  const two = { nodes: [{ id: 'a', soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }, { id: 'b', soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }] };
  for (const [body, status, code, says] of [
    [{ board_template: 'stm32f4-disko' }, 404, 'TEMPLATE_NOT_FOUND', /did you mean stm32f4-disco/],
    [{ board_template: 'microbit', backend: 'bochs' }, 400, 'INVALID_REQUEST', /backend/],
    [{ board_template: 'microbit', bored: 1 }, 400, 'INVALID_REQUEST', /bored/],
    [{}, 400, 'INVALID_REQUEST', /either board_template .* or board_config/],
    [{ board_template: 'microbit', board_config: board }, 400, 'INVALID_REQUEST', /not both/],
    [{ board_config: two }, 422, 'UNSUPPORTED_BY_BACKEND', /2 nodes/],
    [{ board_template: 'microbit', backend: 'renode' }, 503, 'BACKEND_ABSENT', /install|package/],
    [{ board_template: 'microbit', backend: 'skyeye' }, 503, 'BACKEND_ABSENT', /install|build/],
    [{ board_template: 'microbit', features: { coverage: true } }, 422, 'UNSUPPORTED_BY_BACKEND', /coverage/],
    [{ board_template: 'microbit', features: { levitation: true } }, 400, 'INVALID_REQUEST', /levitation/],
    [{ board_template: 'microbit', ttl_sec: 0 }, 400, 'INVALID_REQUEST', /ttl_sec/],
    [{ board_template: 'microbit', name: '' }, 400, 'INVALID_REQUEST', /name/],
    [{ board_template: 'microbit', labels: { a: 1 } }, 400, 'INVALID_REQUEST', /labels/],
    [{ board_config: '{"nodes": [' }, 400, 'BOARD_SYNTAX', /./],
    [{ board_config: { nodes: [] } }, 422, 'BOARD_INVALID', /nodes/],
  ]) {
    const answer = await server.post(path, body);
    assert.strictEqual(answer.body.code, code, `${JSON.stringify(body)}: ${answer.text}`);
    assert.strictEqual(answer.status, status, answer.text);
    assert.match(answer.body.error, says);
  }
  const small = await server.post(path, { board_template: 'microbit', resources: { memory_mb: 1 } });
  assert.strictEqual(small.body.code, 'RESOURCES_TOO_SMALL', small.text);
  const minimum = small.body.details.minimum_memory_mb;
  assert.ok(minimum > 1);
  assert.match(small.body.error, new RegExp(String(minimum)));
  await server.session('microbit', { resources: { memory_mb: minimum, cpu_cores: 1 } });
  await server.session('microbit', { resources: { memory_mb: 0, cpu_cores: 0 } });
  await server.session('microbit', { features: { coverage: false } });
});

test('the state machine', async () => {
  const { id } = await server.session('mps2-an385');
  const refused = async (action, status) => {
    const answer = await server.power(id, action);
    assert.strictEqual(answer.status, 409, `${action}: ${answer.text}`);
    assert.strictEqual(answer.body.code, 'SESSION_STATE');
    assert.strictEqual(answer.body.details.status, status);
  };
  const taken = async (action, status) => {
    const answer = await server.power(id, action);
    assert.strictEqual(answer.status, 200, `${action}: ${answer.text}`);
    assert.strictEqual(answer.body.status, status);
  };
  for (const action of ['reset', 'pause', 'resume']) await refused(action, 'created');
  await taken('off', 'created');
  await server.upload(id, firmware);
  for (let round = 0; round < 2; ++round) await taken('on', 'running');
  for (let round = 0; round < 2; ++round) await taken('pause', 'paused');
  await taken('on', 'paused');
  for (let round = 0; round < 2; ++round) await taken('resume', 'running');
  await taken('reset', 'running');
  await taken('pause', 'paused');
  await taken('reset', 'running');
  for (let round = 0; round < 2; ++round) await taken('off', 'stopped');
  for (const action of ['reset', 'pause', 'resume']) await refused(action, 'stopped');
  await taken('on', 'running');
  assert.strictEqual((await server.power(id, 'explode')).status, 400);
  assert.strictEqual((await server.delete(`${path}/${id}`)).status, 204);
});

test('wait=false answers 202 at once; events tell the rest', async () => {
  const { id } = await server.session('mps2-an385');
  await server.upload(id, firmware);
  const events = await EventReader.open(server, { query: `?session_id=${id}` });
  const state = (wanted) => (event) => event.type === 'session.state' && event.data.status === wanted;
  for (const [action, way, end] of [['on', 'starting', 'running'], ['reset', 'resetting', 'running'], ['off', 'stopping', 'stopped']]) {
    const answer = await server.power(id, action, '?wait=false');
    assert.strictEqual(answer.status, 202, `${action}: ${answer.text}`);
    assert.strictEqual(answer.body.status, way);
    assert.strictEqual(answer.headers.get('location'), `${path}/${id}`);
    await events.until(state(way));
    await events.until(state(end));
    assert.strictEqual((await server.get(`${path}/${id}`)).body.status, end);
  }
  assert.strictEqual((await server.power(id, 'off', '?wait=false')).status, 200);
  events.close();
});

test('many at once: each call is served or refused, and the end is consistent', async () => {
  const { id } = await server.session('mps2-an385');
  await server.upload(id, firmware);
  const actions = Array.from({ length: 24 }, (_, i) => ['on', 'off', 'reset', 'pause', 'resume'][i % 5]);
  for (const answer of await Promise.all(actions.map((action) => server.power(id, action)))) assert.ok([200, 409].includes(answer.status), answer.text);
  assert.strictEqual((await server.power(id, 'off')).body.status, 'stopped');
  assert.strictEqual((await server.power(id, 'on')).body.status, 'running');
  const both = await Promise.all([server.delete(`${path}/${id}`), server.delete(`${path}/${id}`)]);
  assert.deepStrictEqual(both.map((each) => each.status).sort(), [204, 404]);
});

test('name, labels and time to live can be changed', async () => {
  const { id } = await server.session('microbit', { name: 'one', labels: { a: '1', b: '2' }, ttl_sec: 1000 });
  const changed = (await server.patch(`${path}/${id}`, { name: 'two', labels: { c: '3' } })).body;
  assert.deepStrictEqual([changed.name, changed.labels, changed.ttl_sec], ['two', { c: '3' }, 1000]);
  assert.ok(changed.updated_at > changed.created_at);
  assert.strictEqual(Date.parse(changed.expires_at) - Date.parse(changed.last_used_at), 1000_000);
  assert.strictEqual((await server.get(`${path}?label=a:1`)).body.items.some((each) => each.id === id), false);
  assert.strictEqual((await server.get(`${path}?label=c:3`)).body.items[0].id, id);
  const forever = (await server.patch(`${path}/${id}`, { ttl_sec: null })).body;
  assert.deepStrictEqual([forever.ttl_sec, forever.expires_at], [null, null]);
  for (const body of [{}, { id: 'x' }, { ttl_sec: 0 }, { name: 'x'.repeat(129) }]) assert.strictEqual((await server.patch(`${path}/${id}`, body)).status, 400);
});

test('an unused session is deleted when its time is over; an attached stream is use', async () => {
  const events = await EventReader.open(server);
  const watched = await server.session('microbit', { ttl_sec: 1 });
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}/${watched.id}/stream`);
  await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject); });
  const unused = await server.session('microbit', { ttl_sec: 1 });
  await events.until((event) => event.type === 'session.deleted' && event.session_id === unused.id);
  assert.strictEqual((await server.get(`${path}/${unused.id}`)).status, 404);
  assert.ok((await server.get(`${path}?limit=200`)).body.items.some((each) => each.id === watched.id));
  socket.close();
  await events.until((event) => event.type === 'session.deleted' && event.session_id === watched.id);
  events.close();
});

test('lists: pages stay complete while sessions come, filters, order, bad cursors', async () => {
  const labels = { list: 'yes' };
  const ids = [];
  for (let i = 0; i < 7; ++i) ids.push((await server.session('microbit', { name: `n${6 - i}`, labels })).id);
  for (const [sort, wanted] of [['created_at', ids], ['-created_at', [...ids].reverse()], ['name', [...ids].reverse()], ['-name', ids]]) {
    const got = [];
    let cursor = '';
    do {
      const { status, body, text } = await server.get(`${path}?label=list:yes&limit=3&sort=${sort}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      assert.strictEqual(status, 200, text);
      assert.ok(body.items.length <= 3);
      got.push(...body.items.map((each) => each.id));
      cursor = body.next_cursor;
      if (sort === '-created_at') await server.session('microbit', { labels });  // newer ones belong before the first page
    } while (cursor);
    assert.deepStrictEqual(got.filter((id) => ids.includes(id)), wanted, sort);
    assert.strictEqual(new Set(got).size, got.length);
    for (const { id } of (await server.get(`${path}?label=list:yes&limit=200`)).body.items) if (!ids.includes(id)) await server.delete(`${path}/${id}`);
  }
  assert.strictEqual((await server.get(`${path}?label=list:yes&label=list:no`)).body.total, 0);
  assert.deepStrictEqual((await server.get(`${path}?name=n3&label=list:yes`)).body.items.map((each) => each.name), ['n3']);
  assert.strictEqual((await server.get(`${path}?status=running&label=list:yes`)).body.total, 0);
  assert.strictEqual((await server.get(`${path}?backend=qemu&label=list:yes`)).body.total, 7);
  for (const query of ['cursor=garbage', 'cursor=%ff%00', `cursor=${'A'.repeat(500)}`, 'limit=0', 'limit=201', 'limit=x', 'sort=color', 'status=odd', 'label=nocolon', 'colour=1']) {
    const answer = await server.get(`${path}?${query}`);
    assert.strictEqual(answer.status, 400, `${query}: ${answer.text}`);
  }
  const { body: page } = await server.get(`${path}?label=list:yes&limit=3&sort=name`);
  assert.strictEqual((await server.get(`${path}?label=list:yes&sort=-created_at&cursor=${encodeURIComponent(page.next_cursor)}`)).status, 400, 'a cursor of another order');
});

test('Idempotency-Key: the same again, another body, at once, uploads', async () => {
  const key = (value) => ({ headers: { 'Idempotency-Key': value } });
  const body = { board_template: 'microbit', name: 'once', labels: { key: 'k' } };
  const first = await server.post(path, body, key('k1'));
  const again = await server.post(path, body, key('k1'));
  assert.deepStrictEqual([again.status, again.body], [201, first.body]);
  assert.strictEqual(again.headers.get('location'), first.headers.get('location'));
  assert.strictEqual((await server.post(path, { ...body, name: 'other' }, key('k1'))).body.code, 'IDEMPOTENCY_MISMATCH');
  assert.strictEqual((await server.get(`${path}?label=key:k`)).body.total, 1);

  const many = await Promise.all(Array.from({ length: 8 }, () => server.post(path, { ...body, labels: { key: 'many' } }, key('k2'))));
  for (const answer of many) assert.ok(answer.status === 201 || answer.body.code === 'CONFLICT', answer.text);
  assert.strictEqual((await server.get(`${path}?label=key:many`)).body.total, 1);

  assert.strictEqual((await server.post(path, { board_template: 'nope' }, key('k3'))).status, 404);
  assert.strictEqual((await server.post(path, { board_template: 'microbit' }, key('k3'))).status, 201, 'a failure is not kept');

  const programs = `${path}/${first.body.id}/programs`;
  const file = readFileSync(join(firmwareDir, 'microbit.hex'));
  const upload = (bytes, extra = {}) => server.request('POST', programs, { body: bytes, headers: { 'Content-Type': 'application/octet-stream', 'Idempotency-Key': 'u1', ...extra } });
  const one = await upload(file);
  assert.strictEqual(one.status, 201, one.text);
  assert.deepStrictEqual((await upload(file)).body, one.body);
  const other = Buffer.from(file.toString().replace(/\r?\n/g, '\n') + '\n');
  assert.notDeepStrictEqual(other, file);
  assert.strictEqual((await upload(other)).body.code, 'IDEMPOTENCY_MISMATCH', 'other content under the same name');
  assert.strictEqual((await server.get(programs)).body.total, 1);
});

test('sessions, programs, templates and keys are there after a restart', async (t) => {
  const own = await new Server({ data: undefined }).start();
  t.after(() => own.destroy());
  const { id } = await own.session('mps2-an385', { name: 'kept', labels: { x: 'y' }, ttl_sec: 5000 });
  const program = (await own.upload(id, firmware)).body;
  await own.post('/api/v1/templates', { id: 'mine', config: { nodes: [{ soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }] } });
  const template = (await own.get('/api/v1/templates/mine')).body;
  const once = await own.post(path, { board_template: 'microbit' }, { headers: { 'Idempotency-Key': 'again' } });
  await own.power(id, 'on');
  await own.power(id, 'off');
  const before_ = (await own.get(`${path}/${id}`)).body;
  await own.stop();
  await own.start();
  const after_ = (await own.get(`${path}/${id}`)).body;
  for (const field of ['name', 'labels', 'ttl_sec', 'status', 'board_config', 'created_at', 'findings', 'nodes', 'last_exit'])
    assert.deepStrictEqual(after_[field], before_[field], field);
  assert.deepStrictEqual((await own.get(`${path}/${id}/programs`)).body.items, [program]);
  assert.deepStrictEqual((await own.get('/api/v1/templates/mine')).body, template);
  const again = await own.post(path, { board_template: 'microbit' }, { headers: { 'Idempotency-Key': 'again' } });
  assert.deepStrictEqual(again.body, once.body);
  assert.strictEqual((await own.get(path)).body.total, 2);
  assert.strictEqual((await own.power(id, 'on')).body.status, 'running');
});
