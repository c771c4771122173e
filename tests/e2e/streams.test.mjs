// Consoles: complete, resumable, both ways, whoever reads and whoever does not.
import assert from 'node:assert';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { memoryOf } from './lib/processes.mjs';
import { Server, firmwareDir } from './lib/server.mjs';
import { Stream, decode, floodText } from './lib/stream.mjs';

let server;
before(async () => { server = await new Server().start(); });
after(() => server.destroy());

const hello = (board) => join(firmwareDir, `${board}.elf`);
async function board(template, { on = true } = {}) {
  const session = await server.session(template);
  assert.strictEqual((await server.upload(session.id, hello(template))).status, 201);
  if (on) {
    assert.strictEqual((await server.power(session.id, 'on')).status, 200);
    await server.expect(session.id, session.default_console, 'ready\r\n> ');
  }
  return session;
}

test('a reader that was there before the power sees everything from the first byte', async () => {
  const { id } = await board('riscv-virt64', { on: false });
  const stream = await Stream.open(server, id);
  await server.power(id, 'on');
  await stream.shows('uart0', 'ready\r\n> ');
  stream.type('flood 512\r');
  await stream.shows('uart0', 'flood done 512 KiB\r\n> ');
  const expected = Buffer.concat([Buffer.from('VirServer riscv-virt64 ready\r\n> flood 512\r\n'), floodText(512), Buffer.from('> ')]);
  assert.ok(stream.bytes('uart0').equals(expected), 'byte for byte');
  const first = stream.messages.find((each) => each.console === 'uart0');
  assert.strictEqual(first.seq, 0);
  assert.strictEqual(first.type, 'stdout');
  assert.strictEqual(first.encoding, 'utf-8');
  assert.match(first.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.deepStrictEqual(stream.messages.filter((each) => each.type === 'event').map((each) => each.data.data.status), ['starting', 'running']);

  // One that comes later reads the same; so does the download.
  const late = await Stream.open(server, id, 'console=uart0');
  await late.until(() => late.bytes('uart0').length >= expected.length);
  assert.ok(late.bytes('uart0').equals(expected));
  assert.ok((await server.output(id, 'uart0')).equals(expected));
  late.close();

  // Resume: from an offset, from several, from now.
  const resumed = await Stream.open(server, id, 'console=uart0&since=1000');
  await resumed.until(() => resumed.bytes('uart0').length >= expected.length - 1000);
  assert.strictEqual(resumed.messages.find((each) => each.console === 'uart0').seq, 1000);
  assert.ok(resumed.bytes('uart0').equals(expected.subarray(1000)));
  resumed.close();
  const now = await Stream.open(server, id, 'since=now');
  now.type('version\r');
  await now.shows('uart0', 'hello 1 on riscv-virt64\r\n> ');
  assert.strictEqual(now.messages.find((each) => each.console === 'uart0').seq, expected.length);
  now.close();
  stream.close();

  const part = await server.get(`/api/v1/sessions/${id}/consoles/uart0/output?since=10&limit=12`);
  assert.strictEqual(part.text, 'riscv-virt64');
  assert.strictEqual(part.headers.get('x-console-offset'), '10');
  const beyond = await server.get(`/api/v1/sessions/${id}/consoles/uart0/output?since=99999999`);
  assert.strictEqual(beyond.status, 200);
  assert.strictEqual(beyond.bytes.length, 0);
  await server.delete(`/api/v1/sessions/${id}`);
});

test('offsets by console, and offsets go on over power cycles', async () => {
  const { id } = await board('versatile');
  await server.type(id, 'uart0', 'second over there\r');
  await server.expect(id, 'uart1', 'over there\r\n');
  const stream = await Stream.open(server, id, 'since=uart0:10,uart1:5');
  await stream.until(() => stream.bytes('uart1').length >= 7 && stream.bytes('uart0').length > 0);
  assert.strictEqual(stream.messages.find((each) => each.console === 'uart0').seq, 10);
  assert.strictEqual(stream.messages.find((each) => each.console === 'uart1').seq, 5);
  assert.strictEqual(stream.bytes('uart1').toString(), 'there\r\n');
  const before_ = await server.output(id, 'uart0');
  assert.strictEqual((await server.power(id, 'off')).status, 200);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'uart0', 'ready\r\n> ', { since: before_.length });
  const all = await server.output(id, 'uart0');
  assert.ok(all.subarray(0, before_.length).equals(before_), 'the output of the first run is kept');
  assert.strictEqual(all.subarray(before_.length).toString(), 'VirServer versatile ready\r\n> ');
  await stream.until(() => stream.bytes('uart0').length === all.length - 10, 10_000, 'the second run on the same stream');
  const listed = (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items.find((each) => each.name === 'uart0');
  assert.deepStrictEqual([listed.begin, listed.end], [0, all.length]);
  await server.delete(`/api/v1/sessions/${id}`);
  assert.strictEqual((await stream.closed).code, 1001);
});

test('text is never split inside a character; other bytes come as base64', async () => {
  const { id } = await board('arm-virt-a15');
  const stream = await Stream.open(server, id, 'since=now');
  const text = 'Grüße 你好 🚀 Привет\r\n';
  for (let i = 0; i < 20; ++i) {
    stream.type('utf8\r');
    await stream.until(() => stream.bytes('uart0').toString().split(text).length - 1 === i + 1, 10_000, 'the text');
  }
  const messages = stream.messages.filter((each) => each.console === 'uart0');
  for (const message of messages) {
    assert.strictEqual(message.encoding, 'utf-8');
    assert.ok(!message.data.includes('\ufffd'));
    assert.ok(Buffer.from(message.data).equals(decode(message)));
  }
  const start = messages.length;
  stream.type('bytes\r');
  await stream.until(() => stream.bytes('uart0').includes(Buffer.from([254, 255, 13, 10])), 10_000, 'all bytes');
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  assert.ok(stream.bytes('uart0').includes(all), 'all 256 values');
  const late = stream.messages.filter((each) => each.console === 'uart0').slice(start);
  assert.ok(late.some((each) => each.encoding === 'base64'), 'base64 says so');
  stream.close();
  await server.delete(`/api/v1/sessions/${id}`);
});

test('raw: plain bytes both ways on the default console', async () => {
  const { id, default_console: main } = await board('stm32f4-disco');
  assert.strictEqual(main, 'usart2');
  const raw = await Stream.open(server, id, 'raw=1');
  await raw.until(() => raw.rawBytes().includes('ready\r\n> '));
  raw.send(Buffer.from('bytes\r'));
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await raw.until(() => raw.rawBytes().includes(all), 10_000, 'all bytes');
  raw.send('version\r');  // a text frame is input as well
  await raw.until(() => raw.rawBytes().includes('hello 1 on stm32f4-disco'));
  assert.strictEqual(raw.messages.length, 0, 'nothing but bytes');
  assert.ok(raw.rawBytes().equals(await server.output(id, main)));
  const other = await Stream.open(server, id, 'raw=1&console=usart1');
  raw.send('second elsewhere\r');
  await other.until(() => other.rawBytes().toString() === 'elsewhere\r\n');
  const resumed = await Stream.open(server, id, 'raw=1&since=10');
  await resumed.until(() => resumed.rawBytes().length > 0);
  assert.strictEqual(resumed.rawBytes().subarray(0, 5).toString(), 'stm32');
  await server.delete(`/api/v1/sessions/${id}`);
  for (const each of [raw, other, resumed]) await each.closed;
});

test('input: encodings, the default console, mistakes are messages', async () => {
  const { id } = await board('arm-virt-a53');
  const stream = await Stream.open(server, id);
  stream.type(Buffer.from('version\r').toString('base64'), { encoding: 'base64', console: 'uart0' });
  await stream.shows('uart0', 'hello 1 on arm-virt-a53');
  const wrong = [['no json', 'INVALID_JSON'], ['[1]', 'INVALID_JSON'], ['{"type":"other","data":"x"}', 'INVALID_REQUEST'],
                 ['{"type":"stdin"}', 'INVALID_REQUEST'], ['{"type":"stdin","data":"%%","encoding":"base64"}', 'INVALID_REQUEST'],
                 ['{"type":"stdin","data":"x","encoding":"utf-16"}', 'INVALID_REQUEST'],
                 ['{"type":"stdin","data":"x","console":"uart9"}', 'CONSOLE_NOT_FOUND'],
                 ['{"type":"stdin","data":"x","console":"emulator"}', 'CONSOLE_CLOSED'],
                 [`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'INVALID_JSON']];
  for (const [text, code] of wrong) {
    const count = stream.messages.length;
    stream.send(text);
    const error = await stream.until(() => stream.messages.slice(count).find((each) => each.type === 'error'), 5000, `an error for ${text.slice(0, 50)}`);
    assert.strictEqual(error.code, code, text.slice(0, 60));
    assert.ok(error.error.length > 10 && error.timestamp);
  }
  stream.type('still here\r');
  await stream.shows('uart0', 'you said: still here');
  await server.power(id, 'off');
  const count = stream.messages.length;
  stream.type('x');
  assert.strictEqual((await stream.until(() => stream.messages.slice(count).find((each) => each.type === 'error'))).code, 'CONSOLE_CLOSED');
  const typed = await server.post(`/api/v1/sessions/${id}/consoles/uart0/input`, { data: 'x' });
  assert.deepStrictEqual([typed.status, typed.body.code], [409, 'CONSOLE_CLOSED']);
  await stream.until(() => stream.messages.find((each) => each.type === 'event' && each.data.data.status === 'stopped'));
  await assert.rejects(Stream.open(server, id, 'console=uart7'), (error) => error.status === 404 && error.body.code === 'CONSOLE_NOT_FOUND');
  await assert.rejects(Stream.open(server, id, 'since=12'), (error) => error.status === 400 && error.body.code === 'INVALID_REQUEST');
  await assert.rejects(Stream.open(server, id, 'since=abc'), (error) => error.status === 400);
  await assert.rejects(Stream.open(server, 'ses-nope'), (error) => error.status === 404 && error.body.code === 'SESSION_NOT_FOUND');
  await server.delete(`/api/v1/sessions/${id}`);
  assert.strictEqual((await stream.closed).code, 1001);
});

test('several readers; one that does not read harms nobody; dropped output is a gap', async () => {
  const { id } = await board('riscv-virt64');
  const lazy = await Stream.open(server, id, 'console=semihosting');
  lazy.pause();
  const readers = await Promise.all([1, 2, 3].map(() => Stream.open(server, id, 'raw=1&console=semihosting')));
  const memory = memoryOf(server.child.pid);
  const kib = 48 * 1024, parts = 12;  // more than the 16 MiB that are kept and what sockets hold
  // In parts, so that nobody who reads falls behind the bound.
  const part = floodText(kib / parts).subarray(0, (kib / parts) << 10);
  let most = 0;
  for (let i = 1; i <= parts; ++i) {
    await server.type(id, 'uart0', `semi-flood ${kib / parts}\r`);
    for (const reader of readers)
      await reader.until(() => {
        most = Math.max(most, memoryOf(server.child.pid));
        return reader.pieces.reduce((sum, piece) => sum + piece.length, reader.raw.length) >= i * part.length;
      }, 30_000, `part ${i}`);
  }
  const expected = Buffer.concat(Array(parts).fill(part));
  for (const reader of readers) assert.ok(reader.rawBytes().equals(expected), 'byte for byte');
  assert.ok(most - memory < 24 << 20, `the server grew by ${(most - memory) >> 20} MiB`);

  const listed = (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items.find((each) => each.name === 'semihosting');
  assert.strictEqual(listed.end, expected.length);
  assert.ok(listed.begin > 0 && listed.end - listed.begin <= 16 << 20 && listed.end - listed.begin >= 8 << 20, JSON.stringify(listed));
  lazy.resume();
  let seen = 0, at = 0;
  await lazy.until(() => {
    for (; seen < lazy.messages.length; ++seen) {
      const message = lazy.messages[seen];
      if (message.type === 'gap') {
        assert.strictEqual(message.from, at);
        assert.ok(message.to > message.from);
        at = message.to;
      } else if (message.data !== undefined && message.console === 'semihosting') {
        assert.strictEqual(message.seq, at);
        const data = decode(message);
        assert.ok(data.equals(expected.subarray(at, at + data.length)), `wrong bytes at ${at}`);
        at += data.length;
      }
    }
    return at === expected.length;
  }, 20_000, 'the end of the flood');
  assert.ok(lazy.messages.some((each) => each.type === 'gap'), 'a gap message');
  const download = await server.get(`/api/v1/sessions/${id}/consoles/semihosting/output`);
  assert.strictEqual(Number(download.headers.get('x-console-offset')), listed.begin);
  assert.ok(download.bytes.equals(expected.subarray(listed.begin)));
  for (const reader of [...readers, lazy]) reader.close();
  await server.delete(`/api/v1/sessions/${id}`);
});

test('semihosting is a console of its own; a log is complete when the guest ends at once', async () => {
  for (const template of ['microbit', 'riscv-virt32']) {
    const { id } = await board(template);
    await server.type(id, 'uart0', 'semi from inside\r');
    await server.expect(id, 'semihosting', 'from inside\n');
    const from = (await server.output(id, 'uart0')).length;
    await server.type(id, 'uart0', 'flood 64\rexit 3\r');
    const session = await server.eventually(async () => {
      const { body } = await server.get(`/api/v1/sessions/${id}`);
      return body.status === 'stopped' && body;
    });
    assert.strictEqual(session.last_exit.exit_code, 3);
    const output = await server.output(id, 'uart0', from);
    assert.ok(output.includes(floodText(64)) && output.toString().endsWith('> exit 3\r\n'), output.subarray(-200).toString());
    await server.delete(`/api/v1/sessions/${id}`);
  }
});

test('what is typed before the guest is ready arrives', async () => {
  const boards = ['mps2-an385', 'microbit'];
  await Promise.all(boards.map(async (template) => {
    const { id } = await board(template, { on: false });
    for (let round = 0; round < 20; ++round) {
      const from = (await server.output(id, 'uart0')).length;
      assert.strictEqual((await server.power(id, 'on')).status, 200);
      const stream = await Stream.open(server, id, `console=uart0&since=${from}`);
      stream.type(`early ${round}\r`);
      await stream.shows('uart0', `you said: early ${round}\r\n`, 5000);
      stream.close();
      assert.strictEqual((await server.power(id, 'off')).status, 200);
    }
    await server.delete(`/api/v1/sessions/${id}`);
  }));
});
