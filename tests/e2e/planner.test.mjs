// The planner: what becomes of every part of a board, of a program on it, and which boards an image could run on.
import assert from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { firmwareDir, Server } from './lib/server.mjs';
import { virctl } from './lib/virctl.mjs';

let server, dir;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'virserver-planner-'));
  server = await new Server().start();
  await server.discovered();
});
after(async () => {
  await server.destroy();
  rmSync(dir, { recursive: true, force: true });
});

const path = '/api/v1/templates';
const firmware = (name) => readFileSync(join(firmwareDir, name));
function form(fields, bytes, name = 'fw') {
  const all = new FormData();
  for (const [key, value] of Object.entries(fields)) all.append(key, value);
  if (bytes) all.append('program', new Blob([bytes]), name);
  return all;
}
const check = async (fields, bytes, name) => server.post(`${path}/check`, form({ backend: 'qemu', ...fields }, bytes, name));
const part = (verdict, name) => verdict.parts.find((each) => each.name === name);

test('every part of a board says what stands for it', async () => {
  const { body } = await server.post(`${path}/check`, { board_template: 'stm32f4-disco', backend: 'qemu' });
  const [qemu] = body.backends;
  assert.strictEqual(body.program, null);
  assert.strictEqual(qemu.verdict, 'approximated');
  assert.ok(['netduinoplus2', 'olimex-stm32-h405'].includes(qemu.machine), qemu.machine);
  assert.strictEqual(part(qemu, 'USART2').state, 'runs');
  assert.match(part(qemu, 'USART2').on, /usart.*serial port 1, console usart2/);
  assert.strictEqual(part(qemu, 'GPIOD').state, 'missing');
  assert.match(part(qemu, 'GPIOD').reason, /stub/);
  for (const each of qemu.parts) assert.strictEqual(each.state === 'runs', each.reason === '', JSON.stringify(each));
  const exact = (await server.post(`${path}/check`, { board_template: 'mps2-an385', backend: 'qemu' })).body.backends[0];
  assert.strictEqual(exact.verdict, 'runs');
  assert.ok(exact.parts.every((each) => each.state === 'runs'), JSON.stringify(exact.parts));
});

test('a program is checked with the board', async () => {
  const good = await check({ board_template: 'stm32f4-disco' }, firmware('stm32f4-disco.elf'), 'blinky.elf');
  assert.strictEqual(good.status, 200, good.text);
  assert.strictEqual(good.body.runs, true);
  assert.deepStrictEqual([good.body.program.name, good.body.program.type, good.body.program.arm_profile], ['blinky.elf', 'elf', 'M']);
  const segment = good.body.backends[0].parts.find((each) => each.kind === 'segment');
  assert.match(segment.on, /flash/);

  const cases = [
    ['mps2-an505.elf', 'IMAGE_OUTSIDE_MEMORY', /no memory at 0x10000000/],
    ['riscv-virt32.elf', 'IMAGE_WRONG_ARCHITECTURE', /riscv32/],
    ['arm-virt-a15.elf', 'IMAGE_WRONG_ARCHITECTURE', /profile/],
  ];
  for (const [file, code, reason] of cases) {
    const { body } = await check({ board_template: 'stm32f4-disco' }, firmware(file), file);
    assert.deepStrictEqual([body.runs, body.backends[0].verdict, body.backends[0].code], [false, 'refused', code], file);
    assert.match(body.backends[0].reason, reason);
    assert.ok(body.backends[0].findings.some((each) => each.pointer === '/program' && each.severity === 'error'));
    assert.ok(body.backends[0].parts.length > 0, 'the board itself is still told of');
  }
  const bytes = Buffer.from(firmware('stm32f4-disco.bin'));
  bytes.writeUInt32LE(0x60000001, 4);  // a reset vector that points nowhere
  const astray = await check({ board_template: 'stm32f4-disco', type: 'bin' }, bytes);
  assert.strictEqual(astray.body.backends[0].code, 'IMAGE_BAD_VECTOR_TABLE', astray.text);
  // A raw binary goes where the board boots, or where it is told to.
  assert.strictEqual((await check({ board_template: 'stm32f4-disco', type: 'bin' }, firmware('stm32f4-disco.bin'))).body.runs, true);
  const moved = await check({ board_template: 'stm32f4-disco', type: 'bin', load_address: '0x20000000' }, firmware('stm32f4-disco.bin'));
  assert.strictEqual(moved.body.backends[0].code, 'IMAGE_BAD_VECTOR_TABLE', moved.text);
});

test('bad requests with a program are refused', async () => {
  const code = async (fields, bytes) => (await check(fields, bytes)).body.code;
  assert.strictEqual(await code({ board_template: 'microbit' }, Buffer.from('\x7fELF but no more')), 'IMAGE_MALFORMED');
  assert.strictEqual(await code({}, firmware('microbit.elf')), 'INVALID_REQUEST');
  assert.strictEqual(await code({ board_template: 'microbit', flavour: 'x' }, firmware('microbit.elf')), 'INVALID_REQUEST');
  assert.strictEqual(await code({ board_template: 'microbit', type: 'uf2' }, firmware('microbit.elf')), 'INVALID_REQUEST');
  assert.strictEqual(await code({ board_template: 'microbit', load_address: 'x' }, firmware('microbit.elf')), 'INVALID_REQUEST');
  assert.strictEqual(await code({ board_template: 'microbit', backend: 'bochs' }, firmware('microbit.elf')), 'INVALID_REQUEST');
  assert.strictEqual(await code({ board_config: 'nodes: [' }, firmware('microbit.elf')), 'BOARD_SYNTAX');
  const twice = form({ board_template: 'microbit' }, firmware('microbit.elf'));
  twice.append('program', new Blob(['x']), 'x');
  assert.strictEqual((await server.post(`${path}/check`, twice)).body.code, 'INVALID_REQUEST');
  assert.strictEqual((await server.post(`${path}/propose`, form({ type: 'elf' }))).body.code, 'INVALID_REQUEST');
});

test('a board that names no machine gets the nearest one, with the differences', async () => {
  const board = { nodes: [{ soc: 'STM32F407VG', processor: { type: 'cortex-m4' },
    memory: [{ type: 'flash', name: 'flash', address: 0x08000000, size: '1M' }, { type: 'ram', name: 'sram', address: 0x20000000, size: '128K' }, { type: 'ram', name: 'far', address: 0x60000000, size: '64K' }],
    peripherals: [{ type: 'uart', name: 'USART6', address: 0x40011400 }, { type: 'clock', name: 'RCC', address: 0x40023800 }] }] };
  const [qemu] = (await server.post(`${path}/check`, { board_config: board, backend: 'qemu' })).body.backends;
  assert.strictEqual(qemu.verdict, 'approximated', JSON.stringify(qemu));
  assert.match(qemu.machine, /netduinoplus2|olimex/);
  assert.match(part(qemu, 'usart6').on, /serial port 5/, 'the port is found by the address');
  assert.strictEqual(part(qemu, 'far').state, 'missing');
  board.nodes[0].memory[0].address = 0x50000000;
  const [refused] = (await server.post(`${path}/check`, { board_config: board, backend: 'qemu' })).body.backends;
  assert.deepStrictEqual([refused.verdict, refused.code], ['refused', 'BOARD_UNPLANNABLE']);
  assert.ok(refused.findings.some((each) => /the nearest is/.test(each.message)), JSON.stringify(refused.findings));
});

test('boards are proposed for an image, best first, with reasons', async () => {
  for (const [file, board] of [['stm32f4-disco.elf', 'stm32f4-disco'], ['microbit.hex', 'microbit'], ['mps2-an505.elf', 'mps2-an505'], ['arm-virt-a53.elf', 'arm-virt-a53']]) {
    const { body, status, text } = await server.post(`${path}/propose?limit=3`, form({}, firmware(file), file));
    assert.strictEqual(status, 200, text);
    assert.strictEqual(body.proposals[0].template_id, board, `${file}: ${JSON.stringify(body.proposals.map((each) => [each.template_id, each.score, each.reasons]))}`);
    assert.ok(body.proposals[0].reasons.length > 0);
    // What is proposed is a board that passes the check with the image.
    const checked = await check({ board_config: body.proposals[0].yaml }, firmware(file), file);
    assert.strictEqual(checked.body.runs, true, checked.text);
  }
  const none = await server.post(`${path}/propose`, form({ type: 'bin', load_address: '0xf0000000' }, Buffer.alloc(64, 1)));
  assert.deepStrictEqual(none.body.proposals, []);
});

test('virctl board check and board new', async () => {
  const image = join(firmwareDir, 'microbit.elf'), output = join(dir, 'board.yaml');
  const made = await virctl(['board', 'new', '--from', image, '-o', output], { server });
  assert.strictEqual(made.status, 0, made.stderr);
  assert.match(made.stdout, /^microbit /);
  assert.match(readFileSync(output, 'utf8'), /^# Proposed for microbit\.elf[^]*address: 0x20000000/);
  assert.strictEqual((await virctl(['board', 'new', '--from', image, '-o', output], { server })).status, 2, 'a file that is there is kept');
  const good = await virctl(['board', 'check', output, '--program', image], { server });
  assert.strictEqual(good.status, 0, good.stderr);
  assert.match(good.stdout, /qemu: \S+ on microbit[^]*UART0 on nrf51_soc\.uart, serial port 0, console uart0/);
  const bad = await virctl(['board', 'check', output, '--program', join(firmwareDir, 'riscv-virt64.elf')], { server });
  assert.strictEqual(bad.status, 1);
  assert.match(bad.stdout, /IMAGE_WRONG_ARCHITECTURE/);
  const wrong = join(dir, 'not.elf');
  writeFileSync(wrong, Buffer.from('7f454c4601010100', 'hex'));
  assert.strictEqual((await virctl(['board', 'new', '--from', wrong], { server })).status, 1);
  assert.strictEqual((await virctl(['board', 'new', '--from', join(dir, 'absent')], { server })).status, 2);
  const json = await virctl(['board', 'new', '--from', image, '-o', '-', '--board', 'microbit'], { server });
  assert.match(json.stdout, /schema: 1/);
});
