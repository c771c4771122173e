// The debugger's commands over a real board, as a person types them.
import assert from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';
import { virctl } from './lib/virctl.mjs';

const image = join(firmwareDir, 'mps2-an385.elf');
let server;
let id;
before(async () => {
  server = await new Server().start();
  await server.discovered();
  ({ id } = await server.session('mps2-an385', { name: 'debugged' }));
  assert.strictEqual((await server.upload(id, image)).status, 201);
});
after(() => server.destroy());

async function call(args, options = {}) {
  const { status, stdout, stderr } = await virctl(args, { server, ...options });
  assert.strictEqual(status, options.status ?? 0, `virctl ${args.join(' ')}: ${stdout}${stderr}`);
  return options.status ? stderr : stdout;
}
const json = async (args, options) => JSON.parse(await call([...args, '--json'], options));
const type = (line) => call(['console', id, '--since', 'now', '--timeout', '300ms'], { input: `${line}\r` });

test('a board that is off: breakpoints are kept, the rest says what to do', async () => {
  assert.match(await call(['regs', 'debugged'], { status: 1 }), /TARGET_OFF[^]*hint: "virctl power on debugged"/);
  assert.match(await call(['break', 'add', 'debugged', 'report_fault', '--disabled']), /report_fault/);
  const [{ id: number, enabled }] = (await json(['break', 'list', 'debugged'])).items;
  assert.strictEqual(enabled, false);
  assert.match(await call(['break', 'delete', 'debugged', String(number)]), /deleted/);
  assert.strictEqual((await json(['break', 'list', 'debugged'])).items.length, 0);
  assert.match(await call(['sym', 'debugged', 'report_*', '--kind', 'function']), /0x[0-9a-f]{8} .*function +report_fault/);
});

test('a breakpoint on a function: stop, look around, step, go on', async () => {
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'uart0', 'ready');
  const breakpoint = await json(['break', 'add', id, 'put_text', '--if', '*(u8*)$r0 == \'V\'', '--temporary']);
  assert.strictEqual(breakpoint.verified, true, breakpoint.message);
  await call(['pause', id]);
  const stopping = call(['continue', id, '--wait', '--timeout', '20s']);
  await server.eventually(async () => (await server.get(`/api/v1/sessions/${id}/debug/state`)).body.state === 'running');
  await type('version');
  assert.match(await stopping, /^stopped: [^]*put_text/);
  assert.match(await call(['bt', id]), /^#0 .*put_text[^]*^#\d+ .*hello/m);
  assert.match(await call(['disas', id, '--count', '3']), /^=> 0x/m);
  assert.match(await call(['disas', id, 'put_text', '--function']), /^put_text:/m);
  const { value } = (await json(['regs', id, 'r0'])).items[0];
  assert.match(await call(['mem', 'read', id, value, '--size', '19']), /\|VirServer hello \|\n.*\|1 o\|/);
  assert.match(await call(['step', id]), /^stopped/);
  assert.match(await call(['step', id, '--line']), /^stopped[^]*(hello|uart_\w+)\.c:/);
  assert.match(await call(['step', id, '--out', '--timeout', '20s']), /^stopped/);
  assert.match(await call(['continue', id]), /^running/);
  await server.expect(id, 'uart0', 'VirServer hello 1');
  assert.strictEqual((await json(['break', 'list', id])).items.length, 0, 'it was temporary');
});

test('registers and memory are written and read back', async () => {
  assert.match(await call(['pause', id]), /^stopped/);
  const before = (await json(['regs', id, 'r3'])).items[0].value;
  assert.match(await call(['regs', id, 'r3=0x1234']), /r3 +0x00001234 +4660/);
  await call(['regs', id, `r3=${before}`]);
  const folder = temporaryDirectory();
  const file = join(folder, 'bytes.bin');
  const bytes = Buffer.from([...Array(300).keys()].map((i) => i * 7 & 255));
  writeFileSync(file, bytes);
  const place = '0x20002000';
  assert.match(await call(['mem', 'write', id, place, '--file', file]), /300 B written/);
  await call(['mem', 'read', id, place, '--size', '300', '--output', `${file}.2`]);
  assert.deepStrictEqual(readFileSync(`${file}.2`), bytes);
  await call(['mem', 'write', id, place, '0x11223344', '5', '--width', '4']);
  assert.strictEqual(await call(['mem', 'read', id, place, '--size', '8', '--width', '4']), `${place}  11223344 00000005\n`);
  assert.match(await call(['mem', 'read', id, place, '--size', '8']), /^0x20002000 {2}44 33 22 11 05 00 00 00 /);
  await call(['mem', 'write', id, place, '--text', 'good\\n']);
  assert.strictEqual(await call(['mem', 'read', id, place, '--size', '5', '--raw']), 'good\n');
  await call(['continue', id]);
});

test('what is wrong is refused in words', async () => {
  assert.match(await call(['break', 'add', id, 'put_text', '--if', '$r0 == '], { status: 1 }), /column 8[^]*\n {21}\^/);
  assert.match(await call(['break', 'add', id, 'no_such_function'], { status: 1 }), /no_such_function/);
  assert.match(await call(['break', 'show', id, '999'], { status: 1 }), /BREAKPOINT_NOT_FOUND/);
  assert.match(await call(['regs', id], { status: 1 }), /TARGET_RUNNING[^]*virctl pause[^]*--halt/);
  assert.match(await call(['regs', id, 'pc', '--halt']), /pc +0x/);
  assert.match(await call(['regs', id, 'nonsense', '--halt'], { status: 1 }), /REGISTER_NOT_FOUND/);
  assert.match(await call(['regs', id, 'r0', 'r1=3'], { status: 2 }), /not both/);
  assert.match(await call(['mem', 'write', id, '0x20002000'], { status: 2 }), /give what to write/);
  assert.match(await call(['break', 'delete', id], { status: 2 }), /--all/);
  await call(['continue', id, '--timeout', '200ms'], { status: 124 });
});

test('a fault explains itself', async () => {
  assert.match(await call(['fault', id]), /\S/);
  await type('fault');
  await server.expect(id, 'uart0', 'fault at 0x');
  const fault = await json(['fault', id]);
  assert.strictEqual(fault.faulted, true, JSON.stringify(fault));
  const shown = await call(['fault', id]);
  assert.match(shown, /undefined instruction/i);
  assert.match(shown, /cpu_undefined_instruction/);
});
