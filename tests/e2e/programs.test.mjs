// Programs: bad images are refused with their reason, good ones load, nothing disturbs a running board.
import assert from 'node:assert';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { blobsIn } from './lib/processes.mjs';
import { Server, firmwareDir } from './lib/server.mjs';

let server;
before(async () => { server = await new Server({ args: ['--max-upload-mb', '2'] }).start(); });
after(() => server.destroy());

const image = (name) => readFileSync(join(firmwareDir, name));
const raw = (id, bytes, query = '') =>
  server.post(`/api/v1/sessions/${id}/programs${query}`, bytes, { headers: { 'Content-Type': 'application/octet-stream' } });
function multipart(id, bytes, fields = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([bytes]), 'image.bin');
  return server.post(`/api/v1/sessions/${id}/programs`, form);
}

// A Cortex-M binary: stack pointer, reset vector, then zeros.
function cortexm(stack, reset, size = 256) {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(stack, 0);
  bytes.writeUInt32LE(reset, 4);
  return bytes;
}

test('bad images', async (t) => {
  const { id } = await server.session('stm32f4-disco');
  const elf = image('stm32f4-disco.elf');
  const hex = image('stm32f4-disco.hex').toString();
  const lines = hex.split(/\r?\n/);
  const broken = [...lines];
  broken[3] = broken[3].slice(0, -2) + (broken[3].endsWith('00') ? '01' : '00');
  const noise = Buffer.from(createHash('sha512').update('noise').digest());
  const cases = {
    empty: [Buffer.alloc(0), {}, 422, 'IMAGE_EMPTY'],
    'truncated ELF': [elf.subarray(0, 3000), {}, 422, 'IMAGE_TRUNCATED'],
    'ELF header only': [elf.subarray(0, 20), {}, 422, 'IMAGE_TRUNCATED'],
    'random as ELF': [noise, { type: 'elf' }, 422, 'IMAGE_MALFORMED'],
    'random as binary': [Buffer.concat(Array(20).fill(noise)), {}, 422, 'IMAGE_BAD_VECTOR_TABLE'],
    'HEX with a bad checksum': [Buffer.from(broken.join('\r\n')), {}, 422, 'IMAGE_MALFORMED', /line 4/],
    'HEX without an end': [Buffer.from(lines.slice(0, 5).join('\r\n') + '\r\n'), {}, 422, 'IMAGE_TRUNCATED'],
    'HEX with junk': [Buffer.from(`${lines[0]}\r\nhello\r\n`), { type: 'hex' }, 422, 'IMAGE_MALFORMED', /line 2/],
    'RISC-V': [image('riscv-virt32.elf'), {}, 422, 'IMAGE_WRONG_ARCHITECTURE'],
    AArch64: [image('arm-virt-a53.elf'), {}, 422, 'IMAGE_WRONG_ARCHITECTURE'],
    'a program of the host': [readFileSync('/bin/true'), {}, 422, /IMAGE_WRONG_ARCHITECTURE|IMAGE_UNSUPPORTED/],
    'another board': [image('mps2-an505.elf'), {}, 422, 'IMAGE_OUTSIDE_MEMORY'],
    'binary outside memory': [cortexm(0x20001000, 0x08000101), { load_address: '0x60000000' }, 422, 'IMAGE_OUTSIDE_MEMORY'],
    'binary over the end of flash': [Buffer.alloc(64 << 10), { load_address: '0x080ff000' }, 422, 'IMAGE_OUTSIDE_MEMORY'],
    'vectors that point nowhere': [cortexm(0x20001000, 0x50000001), {}, 422, 'IMAGE_BAD_VECTOR_TABLE'],
    'vectors all ones': [Buffer.alloc(512, 0xff), {}, 422, 'IMAGE_BAD_VECTOR_TABLE'],
    'a reset vector without the Thumb bit': [cortexm(0x20001000, 0x08000100), {}, 422, 'IMAGE_BAD_VECTOR_TABLE'],
    'too large': [Buffer.alloc(3 << 20), {}, 413, /IMAGE_TOO_LARGE|PAYLOAD_TOO_LARGE/],
    'a load address that is none': [cortexm(0x20001000, 0x08000101), { load_address: 'flash' }, 400, 'INVALID_REQUEST'],
  };
  for (const [name, [bytes, fields, status, code, message]] of Object.entries(cases))
    await t.test(name, async () => {
      for (const answer of [await raw(id, bytes, `?${new URLSearchParams(fields)}`), await multipart(id, bytes, fields)]) {
        assert.strictEqual(answer.status, status, answer.text);
        assert.match(answer.body.code, new RegExp(`^(${code.source ?? code})$`), answer.text);
        if (message) assert.match(answer.body.error + JSON.stringify(answer.body.details ?? {}), message);
        assert.ok(answer.body.error.length > 15);
      }
    });
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}/programs`)).body.total, 0, 'nothing was kept');
  assert.deepStrictEqual(blobsIn(server.data), [], 'no blob is left');
  await server.delete(`/api/v1/sessions/${id}`);
});

test('good images: what they are and where they go', async () => {
  const { id } = await server.session('stm32f4-disco');
  const elf = await raw(id, image('stm32f4-disco.elf'), '?name=hello.elf');
  assert.strictEqual(elf.status, 201, elf.text);
  assert.strictEqual(elf.body.type, 'elf');
  assert.strictEqual(elf.body.sha256, createHash('sha256').update(image('stm32f4-disco.elf')).digest('hex'));
  assert.strictEqual(elf.body.regions[0].address, '0x08000000');
  assert.strictEqual(elf.body.load_addr, '0x08000000');
  assert.strictEqual(elf.body.status, 'uploaded');
  assert.strictEqual((await raw(id, image('stm32f4-disco.hex'))).body.type, 'hex');
  const bin = await multipart(id, image('stm32f4-disco.bin'), { name: 'plain', load_address: '0x08000000', type: 'bin' });
  assert.strictEqual(bin.status, 201, bin.text);
  assert.deepStrictEqual([bin.body.type, bin.body.name, bin.body.load_addr], ['bin', 'plain', '0x08000000']);
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}/programs`)).body.total, 3);
  // Each of the forms runs.
  for (const file of ['elf', 'hex', 'bin']) {
    const { length } = await server.output(id, 'usart2');
    const started = await raw(id, image(`stm32f4-disco.${file}`), '?start=true');
    assert.strictEqual(started.status, 201, started.text);
    assert.strictEqual(started.body.status, 'running');
    await server.expect(id, 'usart2', 'VirServer stm32f4-disco ready', { since: length });
  }
  await server.delete(`/api/v1/sessions/${id}`);
});

test('an upload never disturbs the running board; the next power-on loads it', async () => {
  const { id } = await server.session('microbit');
  await raw(id, image('microbit.elf'), '?start=true&name=one');
  await server.expect(id, 'uart0', 'ready\r\n> ');
  const micropython = readFileSync('/usr/share/firmware-microbit-micropython/firmware.hex');
  const second = await raw(id, micropython, '?name=two');
  assert.strictEqual(second.status, 201, second.text);
  assert.strictEqual(second.body.status, 'uploaded');
  await server.type(id, 'uart0', 'version\r');
  await server.expect(id, 'uart0', 'VirServer hello 1 on microbit');
  const from = (await server.output(id, 'uart0')).length;
  await server.power(id, 'off');
  await server.power(id, 'on');
  await server.expect(id, 'uart0', 'MicroPython', { since: from });
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}/programs/${second.body.id}`)).body.status, 'running');
  await server.delete(`/api/v1/sessions/${id}`);
});

test('several images: roles, replacement, overlaps', async () => {
  const { id } = await server.session('riscv-virt64');
  const hello = await raw(id, image('riscv-virt64.elf'), '?role=application');
  assert.strictEqual(hello.status, 201, hello.text);
  const data = await raw(id, Buffer.from('some data'), '?role=data&load_address=0x84000000&type=bin');
  assert.strictEqual(data.status, 201, data.text);
  const on = await server.power(id, 'on');
  assert.strictEqual(on.body.status, 'running', on.text);
  await server.expect(id, 'uart0', 'ready');
  const statuses = async () => Object.fromEntries((await server.get(`/api/v1/sessions/${id}/programs`)).body.items.map((each) => [each.id, each.status]));
  assert.deepStrictEqual(await statuses(), { [hello.body.id]: 'running', [data.body.id]: 'running' });
  // A newer upload of a role takes its place at the next start.
  const newer = await raw(id, Buffer.from('newer data'), '?role=data&load_address=0x85000000&type=bin');
  await server.power(id, 'off');
  await server.power(id, 'on');
  const now = await statuses();
  assert.strictEqual(now[newer.body.id], 'running');
  assert.notStrictEqual(now[data.body.id], 'running');
  await server.power(id, 'off');
  // Two roles on the same addresses are refused at the start, the state stays.
  const clash = await raw(id, Buffer.alloc(100, 1), '?role=clash&load_address=0x80000000&type=bin');
  assert.strictEqual(clash.status, 201, clash.text);
  const refused = await server.power(id, 'on');
  assert.deepStrictEqual([refused.status, refused.body.code], [422, 'IMAGE_OVERLAP'], refused.text);
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).body.status, 'stopped');
  const start = await server.post(`/api/v1/sessions/${id}/programs/${clash.body.id}/start`, {});
  assert.deepStrictEqual([start.status, start.body.code], [422, 'IMAGE_OVERLAP']);
  assert.strictEqual((await server.delete(`/api/v1/sessions/${id}/programs/${clash.body.id}`)).status, 204);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}/programs/${clash.body.id}`)).status, 404);
  await server.delete(`/api/v1/sessions/${id}`);
});

test('the same content is kept once and goes with its last user', async () => {
  const blobs = () => blobsIn(server.data).length;
  const before_ = blobs();
  const one = await server.session('mps2-an385'), two = await server.session('mps2-an385');
  for (const { id } of [one, two]) assert.strictEqual((await raw(id, image('mps2-an385.elf'))).status, 201);
  assert.strictEqual(blobs(), before_ + 1);
  await server.delete(`/api/v1/sessions/${one.id}`);
  assert.strictEqual(blobs(), before_ + 1);
  assert.strictEqual((await server.power(two.id, 'on')).status, 200);
  await server.delete(`/api/v1/sessions/${two.id}`);
  assert.strictEqual(blobs(), before_);
});

test('start, pause, stop of a program', async () => {
  const { id } = await server.session('arm-virt-a15');
  const { body: program } = await raw(id, image('arm-virt-a15.elf'));
  const path = `/api/v1/sessions/${id}/programs/${program.id}`;
  const started = await server.post(`${path}/start`, { args: ['hello', 'with, comma'] });
  assert.deepStrictEqual([started.status, started.body.status], [200, 'running'], started.text);
  await server.expect(id, 'uart0', 'ready\r\n> ');
  const paused = await server.post(`${path}/pause`);
  assert.deepStrictEqual([paused.status, paused.body.status], [200, 'paused'], paused.text);
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).body.status, 'paused');
  assert.strictEqual((await server.power(id, 'resume')).body.status, 'running');
  const stopped = await server.post(`${path}/stop`);
  assert.deepStrictEqual([stopped.status, stopped.body.status], [200, 'stopped'], stopped.text);
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).body.status, 'stopped');
  // Unloaded: the next power-on has no program.
  const from = (await server.output(id, 'uart0')).length;
  assert.strictEqual((await server.power(id, 'on')).body.status, 'running');
  await server.power(id, 'off');
  assert.strictEqual((await server.output(id, 'uart0')).length, from);
  const waiting = await server.post(`${path}/start`, { wait_for_gdb: true });
  assert.deepStrictEqual([waiting.status, waiting.body.status], [200, 'paused'], waiting.text);
  assert.strictEqual((await server.output(id, 'uart0')).length, from);
  await server.power(id, 'resume');
  await server.expect(id, 'uart0', 'ready', { since: from });
  for (const [body, status, code] of [[{ env: { A: '1' } }, 422, 'UNSUPPORTED_BY_BACKEND'], [{ enable_trace: true }, 422, 'UNSUPPORTED_BY_BACKEND']]) {
    const refused = await server.post(`${path}/start`, body);
    assert.deepStrictEqual([refused.status, refused.body.code], [status, code]);
  }
  assert.strictEqual((await server.post(`/api/v1/sessions/${id}/programs/prg-nope/start`, {})).body.code, 'PROGRAM_NOT_FOUND');
  await server.delete(`/api/v1/sessions/${id}`);
});
