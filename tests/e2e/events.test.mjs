// Events: their order, filters, resuming where one left off, and readers that do not read.
import assert from 'node:assert';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { firmwareDir, Server } from './lib/server.mjs';
import { EventReader } from './lib/sse.mjs';
import { exchange, requestText } from './lib/raw.mjs';

let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());

const deleted = (id) => (event) => event.type === 'session.deleted' && event.session_id === id;

test('a power cycle tells every state in order', async () => {
  const events = await EventReader.open(server);
  const { id } = await server.session('mps2-an385');
  await server.upload(id, join(firmwareDir, 'mps2-an385.elf'));
  for (const action of ['on', 'pause', 'resume', 'reset', 'off']) assert.strictEqual((await server.power(id, action)).status, 200);
  await server.delete(`/api/v1/sessions/${id}`);
  const all = (await events.until(deleted(id))).filter((event) => event.session_id === id);
  events.close();
  assert.deepStrictEqual(all.map((event) => event.type).filter((type) => type !== 'session.state' && type !== 'session.warning'),
                         ['session.created', 'program.uploaded', 'session.deleted']);
  const states = all.filter((event) => event.type === 'session.state' && !event.data.reset);
  assert.deepStrictEqual(states.map((event) => event.data.status),
                         ['starting', 'running', 'paused', 'running', 'resetting', 'running', 'stopping', 'stopped']);
  for (let i = 1; i < states.length; ++i) assert.strictEqual(states[i].data.previous, states[i - 1].data.status);
  for (let i = 1; i < all.length; ++i) assert.ok(all[i].id > all[i - 1].id);
});

test('since, Last-Event-ID and the filter', async () => {
  const one = await server.session('microbit');
  const two = await server.session('microbit');
  await server.delete(`/api/v1/sessions/${one.id}`);
  await server.delete(`/api/v1/sessions/${two.id}`);
  const from = async (options, last) => {
    const reader = await EventReader.open(server, options);
    const events = await reader.until(last);
    reader.close();
    return events;
  };
  const all = await from({ query: '?since=0' }, deleted(two.id));
  assert.deepStrictEqual(all.map((event) => event.id), [...new Set(all.map((event) => event.id))].sort((a, b) => a - b));
  const middle = all[Math.floor(all.length / 2)];
  assert.deepStrictEqual(await from({ query: `?since=${middle.id}` }, deleted(two.id)), all.filter((event) => event.id > middle.id));
  assert.deepStrictEqual(await from({ lastEventId: middle.id }, deleted(two.id)), all.filter((event) => event.id > middle.id));
  assert.deepStrictEqual(await from({ query: `?since=0&session_id=${two.id}` }, deleted(two.id)), all.filter((event) => event.session_id === two.id));
  for (const [query, headers] of [['?since=-1', {}], ['?since=x', {}], ['', { 'Last-Event-ID': 'x' }], ['', { 'Last-Event-ID': '-5' }]])
    assert.strictEqual((await server.get(`/api/v1/events${query}`, { headers: { Accept: 'text/event-stream', ...headers } })).status, 400);
});

test('a reader that comes back after a restart of the server misses nothing', async (t) => {
  const own = await new Server().start();
  t.after(() => own.destroy());
  const reader = await EventReader.open(own);
  const before_ = (await own.post('/api/v1/templates', { id: 'a', config: { nodes: [{ soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }] } })).body;
  const [seen] = await reader.until((event) => event.type === 'template.created' && event.data.template_id === before_.id);
  reader.close();
  await own.delete('/api/v1/templates/a');  // nobody listens
  await own.stop();
  await own.start();
  await own.post('/api/v1/templates', { id: 'b', config: { nodes: [{ soc: 'STM32F405', processor: { type: 'ARM Cortex-M4' } }] } });
  const again = await EventReader.open(own, { lastEventId: seen.id });
  const missed = await again.until((event) => event.data.template_id === 'b');
  again.close();
  assert.deepStrictEqual(missed.map((event) => [event.type, event.data.template_id]), [['template.deleted', 'a'], ['template.created', 'b']]);
  assert.ok(missed.every((event) => event.id > seen.id));
});

test('a stop of the server ends the streams', async (t) => {
  const own = await new Server().start();
  t.after(() => own.destroy());
  const readers = await Promise.all(Array.from({ length: 20 }, () => EventReader.open(own)));
  const began = Date.now();
  await own.stop();
  assert.ok(Date.now() - began < 5000, `it took ${Date.now() - began} ms`);
  await own.eventually(() => readers.every((reader) => reader.ended));
});

test('a reader that takes nothing holds up nobody', async () => {
  const socket = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  socket.write(requestText(server, 'GET', '/api/v1/events?since=0', { headers: { Accept: 'text/event-stream' } }));
  const events = await EventReader.open(server);
  const padding = 'x'.repeat(1000);
  const { id } = await server.session('microbit', { name: 'slow' });
  for (let i = 0; i < 200; ++i) assert.strictEqual((await server.patch(`/api/v1/sessions/${id}`, { name: `slow ${i}`, labels: { padding: padding.slice(0, 256) } })).status, 200);
  await events.until((event) => event.type === 'session.updated' && event.data.name === 'slow 199');
  events.close();
  socket.destroy();
});

test('a page from elsewhere cannot listen', async () => {
  const answer = await exchange(server, requestText(server, 'GET', '/api/v1/events', { headers: { Accept: 'text/event-stream', Origin: 'https://evil.example' } }));
  assert.deepStrictEqual([answer.status, answer.body.code], [403, 'FOREIGN_ORIGIN']);
});
