// Requests that no well-behaved client sends, and starts of the server that cannot work. Each gets a clear answer.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { exchange, requestText } from './lib/raw.mjs';
import { bin, firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';

let server;
before(async () => { server = await new Server({ args: ['--max-upload-mb', '1'] }).start(); await server.discovered(); });
after(() => server.destroy());

const json = { 'Content-Type': 'application/json' };
const sessions = '/api/v1/sessions';

async function refused(data, status, code, options) {
  const answer = await exchange(server, data, options);
  assert.strictEqual(answer.status, status, answer.raw.slice(0, 500) || String(answer.reset));
  assert.strictEqual(answer.body.code, code, answer.text);
  assert.strictEqual((await server.get('/health/live')).status, 200);
  return answer;
}

test('JSON bombs and what is not JSON', async () => {
  const post = (body, headers = json) => requestText(server, 'POST', sessions, { headers, body });
  for (const body of ['', '{', '{"a":1', 'nonsense', '[]', '"x"', 'null', '{"name": "\ud800"}'.replace('\ud800', '\\ud800'), '{"name":"a"} {}', `{"name": "${'\\u0000'}"`])
    assert.strictEqual((await exchange(server, post(body))).status, 400, body);
  await refused(post('['.repeat(100_000) + ']'.repeat(100_000)), 400, 'INVALID_JSON');
  await refused(post('{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)), 400, 'INVALID_JSON');
  const board = await exchange(server, post(JSON.stringify({ board_config: '['.repeat(200_000) })));
  assert.strictEqual(board.status, 400, board.text);
  const anchors = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${Array(10).fill(i ? `*a${i - 1}` : 'x').join(', ')}]`).join('\n');
  const laughs = await exchange(server, post(JSON.stringify({ board_config: `${anchors}\nnodes: *a11\n` })));
  assert.ok(laughs.status >= 400 && laughs.status < 500, laughs.text);
  await refused(post(`{"board_template": "microbit", "name": "${'x'.repeat(9 << 20)}"}`), 413, 'PAYLOAD_TOO_LARGE');
  assert.strictEqual((await exchange(server, post('{"board_template":"microbit","ttl_sec":1e400}'))).status, 400);
  assert.strictEqual((await exchange(server, post('{"board_template":"microbit","resources":{"memory_mb":99999999999999999999}}'))).status, 400);
});

test('headers and targets without end', async () => {
  async function* endless() {
    yield `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`;
    for (let i = 0; i < 160; ++i) yield `X-Filler-${i}: ${'x'.repeat(65536)}\r\n`;
    yield '\r\n';
  }
  await refused(endless(), 431, 'HEADERS_TOO_LARGE');
  await refused(requestText(server, 'GET', `/${'a'.repeat(100_000)}`), 414, 'URI_TOO_LONG');
  await refused(requestText(server, 'GET', `/${'a'.repeat(10_000)}`), 414, 'URI_TOO_LONG');
});

test('what is not HTTP', async () => {
  for (const data of ['\r\n\r\n\r\n\0\0\0', 'GET\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'GET / HTTP/9.9\r\n\r\n', `GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nBad Header\r\n\r\n`]) {
    const answer = await exchange(server, data, { end: true });
    assert.ok(answer.status === 400 || answer.status === 0, answer.raw);
  }
  await refused(requestText(server, 'GET', '/health', { headers: { Host: null } }), 400, 'INVALID_REQUEST');
  const both = requestText(server, 'POST', sessions, { headers: { ...json, 'Content-Length': '5', 'Transfer-Encoding': 'chunked' }, body: '0\r\n\r\nGET /health HTTP/1.1\r\n\r\n' });
  const smuggled = await exchange(server, both, { end: true });
  assert.strictEqual(smuggled.raw.split('HTTP/1.1 ').length, 2, 'one answer, not two');
  assert.strictEqual(smuggled.status, 400);
});

test('a request that stops in the middle is answered with 408 in time', async () => {
  const answer = await exchange(server, 'GET /health HTTP/1.1\r\nHost: 127', { timeout: 20_000 });
  assert.deepStrictEqual([answer.status, answer.body.code], [408, 'REQUEST_TIMEOUT']);
});

test('uploads: truncated, of the wrong kind, too large, ended by the client', async () => {
  const { id } = await server.session('microbit');
  const programs = `${sessions}/${id}/programs`;
  const form = { 'Content-Type': 'multipart/form-data; boundary=B' };
  const part = (name, text, extra = '') => `--B\r\nContent-Disposition: form-data; name="${name}"${extra}\r\n\r\n${text}\r\n`;
  const send = (body, headers = form, options) => exchange(server, requestText(server, 'POST', programs, { headers, body }), options);
  for (const [body, says] of [
    [part('file', 'x'), /ends before its closing boundary|ends in the headers/],
    ['--B\r\nContent-Disposition: form-data; name="file"\r\n', /ends in the headers/],
    ['no boundary at all', /ends before/],
    [part('colour', 'red') + '--B--\r\n', /colour/],
    [part('name', 'x') + '--B--\r\n', /no part named 'file'/],
    [part('file', 'x') + part('file', 'y') + '--B--\r\n', /two parts/],
    [`--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n`, /no name/],
    [`--B\r\nX: ${'y'.repeat(20_000)}\r\n\r\nx\r\n--B--\r\n`, /16 KiB/],
    [part('name', 'n'.repeat(5000)) + part('file', 'x') + '--B--\r\n', /too long/],
    [part('start', 'perhaps') + part('file', 'x') + '--B--\r\n', /start/],
    [part('role', 'No Role') + part('file', 'x') + '--B--\r\n', /role/],
    [part('load_address', 'there') + part('file', 'x') + '--B--\r\n', /load_address/],
  ]) {
    const answer = await send(body);
    assert.deepStrictEqual([answer.status, answer.body.code], [400, 'INVALID_REQUEST'], answer.text);
    assert.match(answer.body.error, says);
  }
  assert.strictEqual((await send(part('file', '') + '--B--\r\n')).body.code, 'IMAGE_EMPTY');
  assert.strictEqual((await send('x', { 'Content-Type': 'multipart/form-data' })).status, 400);
  for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'nonsense'])
    assert.deepStrictEqual([(await send('{}', { 'Content-Type': type })).status], [415], type);
  const session = await exchange(server, requestText(server, 'POST', sessions, { headers: { 'Content-Type': 'text/plain' }, body: '{}' }));
  assert.deepStrictEqual([session.status, session.body.code], [415, 'UNSUPPORTED_MEDIA_TYPE']);

  const big = Buffer.alloc(2 << 20, 'x');
  const large = await exchange(server, Buffer.concat([Buffer.from(requestText(server, 'POST', programs,
    { headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(big.length) } })), big]));
  assert.deepStrictEqual([large.status, large.body.code], [413, 'PAYLOAD_TOO_LARGE']);
  async function* chunked() {
    yield requestText(server, 'POST', programs, { headers: { 'Content-Type': 'application/octet-stream', 'Transfer-Encoding': 'chunked' } });
    for (let i = 0; i < 32; ++i) yield `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    yield '0\r\n\r\n';
  }
  const streamed = await exchange(server, chunked());
  assert.deepStrictEqual([streamed.status, streamed.body.code], [413, 'PAYLOAD_TOO_LARGE']);

  const cut = connect(server.port, '127.0.0.1');
  cut.write(requestText(server, 'POST', programs, { headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': '100000' } }) + 'begin', () => cut.destroy());
  await new Promise((resolve) => cut.once('close', resolve));
  assert.strictEqual((await server.get(programs)).body.total, 0, 'nothing of these was kept');

  const staged = () => spawnSync('find', [join(server.data, 'blobs'), '-type', 'f'], { encoding: 'utf8' }).stdout;
  await server.eventually(() => staged() === '', 5000, () => `left: ${staged()}`);
});

test('a client that leaves during a power-on does not stop it', async () => {
  const { id } = await server.session('microbit');
  await server.upload(id, join(firmwareDir, 'microbit.elf'));
  const socket = connect(server.port, '127.0.0.1');
  socket.write(requestText(server, 'POST', `${sessions}/${id}/power`, { headers: json, body: '{"action":"on"}' }), () => socket.destroy());
  await server.eventually(async () => ['running', 'error'].includes((await server.get(`${sessions}/${id}`)).body.status));
  assert.strictEqual((await server.get(`${sessions}/${id}`)).body.status, 'running');
  assert.strictEqual((await server.delete(`${sessions}/${id}`)).status, 204);
});

test('Host and Origin of elsewhere', async () => {
  for (const host of ['evil.example', `evil.example:${server.port}`, '169.254.169.254', '127.0.0.1.evil.example'])
    await refused(requestText(server, 'GET', '/health', { headers: { Host: host } }), 403, 'FOREIGN_ORIGIN');
  const body = '{"board_template":"microbit"}';
  for (const Origin of ['https://evil.example', 'null', `http://127.0.0.1:${server.port + 1}`, `https://127.0.0.1.evil.example`])
    await refused(requestText(server, 'POST', sessions, { headers: { ...json, Origin }, body }), 403, 'FOREIGN_ORIGIN');
  assert.strictEqual((await exchange(server, requestText(server, 'POST', sessions, { headers: { ...json, Origin: `http://127.0.0.1:${server.port}` }, body }))).status, 201);
  const { id } = await server.session('microbit');
  const open = (origin) => new Promise((resolve) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${sessions}/${id}/stream`, { origin });
    socket.on('open', () => { socket.close(); resolve(101); });
    socket.on('unexpected-response', (_, response) => { response.resume(); resolve(response.statusCode); });
    socket.on('error', () => {});
  });
  assert.strictEqual(await open('https://evil.example'), 403);
  assert.strictEqual(await open(server.url), 101);
  assert.strictEqual(await open(undefined), 101);
});

test('methods, paths and parameters', async () => {
  const answer = await server.request('PATCH', sessions, { body: {} });
  assert.deepStrictEqual([answer.status, answer.body.code], [405, 'METHOD_NOT_ALLOWED']);
  assert.match(answer.headers.get('allow'), /GET/);
  assert.strictEqual((await server.get(`${sessions}/%2e%2e%2f%2e%2e%2fetc%2fpasswd`)).status, 404);
  assert.strictEqual((await server.get(`${sessions}/${'x'.repeat(65)}`)).status, 400);
  const { id } = await server.session('microbit');
  assert.strictEqual((await server.get(`${sessions}/${id}/stream`)).body.code, 'UPGRADE_REQUIRED');
  assert.strictEqual((await server.get(`${sessions}/${id}/consoles/nope/output`)).body.code, 'CONSOLE_NOT_FOUND');
  assert.strictEqual((await server.get(`${sessions}/${id}/consoles/..%2f..%2fengines/output`)).body.code, 'CONSOLE_NOT_FOUND');
  assert.strictEqual((await server.get(`${sessions}?limit=5&limit=6`)).status, 400);
});

// Runs virserver to its end, which must come by itself.
function start(args, env = {}) {
  return spawnSync(join(bin, 'virserver'), args, { env: { ...process.env, ...env }, timeout: 15_000, encoding: 'utf8' });
}

test('a second server on the same directory or port says so and exits 1', () => {
  const same = start(['--listen', '127.0.0.1:0', '--data', server.data]);
  assert.strictEqual(same.status, 1, same.stderr);
  assert.match(same.stderr, /another virserver uses the data directory .*--data/s);
  const port = start(['--listen', `127.0.0.1:${server.port}`, '--data', temporaryDirectory()]);
  assert.strictEqual(port.status, 1, port.stderr);
  assert.match(port.stderr, new RegExp(`${server.port}`));
  assert.match(port.stderr, /in use/i);
});

test('wrong settings exit 2 with a sentence', () => {
  const data = temporaryDirectory();
  for (const [args, says] of [
    [['--listen', '0.0.0.0:0'], /not a loopback address.*--allow-remote/s],
    [['--listen', '[::]:0'], /not a loopback address/],
    [['--listen', '127.0.0.1:99999'], /ADDR:PORT/],
    [['--listen', 'nonsense'], /ADDR:PORT/],
    [['--max-sessions', '0'], /max-sessions/],
    [['--sandbox', 'none'], /sandbox/],
    [['--frobnicate'], /frobnicate/],
    [['--config', join(data, 'absent.conf')], /absent.conf/],
  ]) {
    const result = start(['--data', data, ...args]);
    assert.strictEqual(result.status, 2, `${args}: ${result.stderr}`);
    assert.match(result.stdout + result.stderr, says);
  }
  assert.strictEqual(start(['--data', data], { VIRSERVER_LISTEN: '0.0.0.0:0' }).status, 2, 'the environment is no way around');
  const file = join(data, 'wrong.conf');
  writeFileSync(file, 'listen = 127.0.0.1:0\nfrobnicate = 1\n');
  assert.strictEqual(start(['--data', data, '--config', file]).status, 2);
  const blocked = join(data, 'file');
  writeFileSync(blocked, '');
  const notDirectory = start(['--listen', '127.0.0.1:0', '--data', join(blocked, 'below')]);
  assert.strictEqual(notDirectory.status, 1);
  assert.match(notDirectory.stderr, /--data/);
});

test('--help lists every setting and its environment variable', () => {
  const { status, stdout } = start(['--help']);
  assert.strictEqual(status, 0);
  const source = readFileSync(new URL('../../src/server/config.cpp', import.meta.url), 'utf8');
  const options = [...source.matchAll(/"(--[a-z-]+)"/g)].map((match) => match[1]).filter((name) => name !== '--version');
  const variables = [...source.matchAll(/"(VIRSERVER_[A-Z_]+)"/g)].map((match) => match[1]);
  assert.ok(options.length >= 15 && variables.length >= 15);
  for (const name of [...options, ...variables]) assert.ok(stdout.includes(name), name);
});

test('settings: command line over environment over file', async (t) => {
  const data = temporaryDirectory();
  const file = join(data, 'virserver.conf');
  writeFileSync(file, 'listen = 127.0.0.1:1\nmax-sessions = 2\n');
  const own = await new Server({ args: ['--config', file], env: { VIRSERVER_MAX_SESSIONS: '1' } }).start();
  t.after(() => own.destroy());
  await own.discovered();
  await own.session('microbit');
  assert.strictEqual((await own.post(sessions, { board_template: 'microbit' })).body.code, 'SESSION_LIMIT');
});

test('the limit of sessions holds for calls at the same time', async (t) => {
  const own = await new Server({ args: ['--max-sessions', '3'] }).start();
  t.after(() => own.destroy());
  await own.discovered();
  const answers = await Promise.all(Array.from({ length: 12 }, () => own.post(sessions, { board_template: 'microbit' })));
  assert.deepStrictEqual(answers.map((each) => each.status).sort(), [...Array(3).fill(201), ...Array(9).fill(429)]);
});
