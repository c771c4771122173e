// What a user can do wrong on SkyEye, of which SkyEye itself would crash, hang or say nothing. Where none is installed, that is said.
import assert from 'node:assert';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeFileSync, readFileSync, rmSync } from 'node:fs';
import { Target } from './lib/debugging.mjs';
import { findLauncher } from './lib/launchers.mjs';
import { enginesIn } from './lib/processes.mjs';
import { firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';
import { virctl } from './lib/virctl.mjs';

const launcher = findLauncher('skyeye');
if (!launcher) console.log('NOT TESTED: skyeye is not installed');
const skip = launcher ? false : 'skyeye is not installed';

let server, unusable, noDebugger;
before(async () => {
  if (!launcher) return;
  server = await new Server({ env: { VIRSERVER_SKYEYE: launcher } }).start();
  const { backends } = await server.discovered();
  unusable = backends.skyeye.status === 'available' ? null : backends.skyeye.reason;
  if (unusable) console.log(`NOT TESTED: ${unusable}`);
  noDebugger = unusable ?? (backends.skyeye.features.breakpoints ? null : backends.skyeye.reasons.breakpoints);
});
after(() => server?.destroy());

const emulators = (id) => enginesIn(server.data).filter((each) => each.cwd.includes(id) && /skyeye/.test(each.argv[0]));

async function ready(board = 'at91eb40a') {
  const { id, default_console: main } = await server.session(board, { backend: 'skyeye' });
  assert.strictEqual((await server.upload(id, join(firmwareDir, `${board}.elf`))).status, 201);
  return { id, main, target: new Target(server, id, main) };
}
async function running(board) {
  const made = await ready(board);
  const on = await server.power(made.id, 'on');
  assert.strictEqual(on.status, 200, on.text);
  await server.expect(made.id, made.main, 'ready');
  return made;
}
const status = async (id) => (await server.get(`/api/v1/sessions/${id}`)).body.status;
const remove = async (id) => assert.strictEqual((await server.delete(`/api/v1/sessions/${id}`)).status, 204);

test('programs that are none, of another processor or beside the memory are refused before SkyEye sees them', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const { id } = await server.session('at91eb40a');
  const post = (bytes, query = '') => server.post(`/api/v1/sessions/${id}/programs${query}`, bytes, { headers: { 'Content-Type': 'application/octet-stream' } });
  const elf = readFileSync(join(firmwareDir, 'at91eb40a.elf'));
  for (const [what, bytes, query] of [
    ['text as ELF', Buffer.from('hello, this is no program\n'), '?type=elf'],
    ['half an ELF header', elf.subarray(0, 30), ''],
    ['an ELF without its segments', elf.subarray(0, 200), ''],
    ['RISC-V', readFileSync(join(firmwareDir, 'riscv-virt64.elf')), ''],
    ['SPARC', readFileSync(join(firmwareDir, 'leon3.elf')), ''],
    ['nowhere', Buffer.alloc(64, 1), '?type=bin&load_address=0x90000000'],
    ['over the end of memory', Buffer.alloc(64, 1), '?type=bin&load_address=0x0003ffe0'],
  ]) {
    const answer = await post(bytes, query);
    assert.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status} ${answer.text}`);
    assert.ok(answer.body.error.length > 10, what);
  }
  assert.strictEqual((await post(elf)).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'usart0', 'ready');
  await remove(id);
});

test('a board that is off cannot be stepped, paused or read; one that runs cannot be started again', { skip }, async (t) => {
  if (noDebugger) return t.skip(noDebugger);
  const { id, main, target } = await ready();
  for (const answer of [await target.post('/step', { kind: 'instruction' }), await target.get('/registers'), await target.get('/memory?address=0&size=4'), await target.post('/pause'),
                        await server.power(id, 'pause'), await server.power(id, 'reset')])
    assert.ok([409, 422].includes(answer.status), answer.text);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, main, 'ready');
  const [before] = emulators(id);
  const again = await server.power(id, 'on');
  assert.ok([200, 409].includes(again.status), again.text);
  assert.deepStrictEqual(emulators(id).map((each) => each.pid), [before.pid]);
  await server.type(id, main, 'version\r');
  await server.expect(id, main, 'VirServer hello 1');
  await remove(id);
});

test('memory where there is none is an error, and not the zeros that SkyEye gives', { skip }, async (t) => {
  if (noDebugger) return t.skip(noDebugger);
  const { id, target } = await running();
  await target.pause();
  for (const address of ['0x90000000', '0x00040000', '0x0003fffe', '0xfffffffc'])
    assert.strictEqual((await target.get(`/memory?address=${address}&size=64`)).status >= 400, true, address);
  assert.strictEqual((await target.get('/memory?address=0&size=8192&format=raw')).bytes.length, 8192);
  await target.run({}, '');
  await target.type('version');
  await target.shows('VirServer hello 1');
  await remove(id);
});

test('a SkyEye that is killed is reported, and the board starts again', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGSTOP']) {
    const { id, main } = await running();
    const [emulator] = emulators(id);
    process.kill(emulator.pid, signal);
    if (signal === 'SIGSTOP') {  // it does not answer: switched off by force
      assert.strictEqual((await server.power(id, 'off')).body.status, 'stopped');
    } else {
      await server.eventually(async () => await status(id) === 'error', 20_000);
      const { status_reason } = (await server.get(`/api/v1/sessions/${id}`)).body;
      assert.match(status_reason, signal === 'SIGKILL' ? /killed|KILL/ : /SEGV/);
    }
    const { length } = await server.output(id, main);
    const on = await server.power(id, 'on');
    assert.strictEqual(on.status, 200, on.text);
    await server.expect(id, main, 'ready', { since: length });
    await remove(id);
  }
});

test('a program that never returns, and one that runs into nowhere, leave the board in hand', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  for (const [board, command] of [['at91eb40a', 'spin'], ['smdk2410', 'fault']]) {
    const { id, main } = await running(board);
    await server.type(id, main, `${command}\r`);
    if (command === 'spin') await server.expect(id, main, 'spinning');
    else await server.expect(id, 'emulator', 'can not find corresponding bank');
    const { length } = await server.output(id, main);
    const reset = await server.power(id, 'reset');
    assert.strictEqual(reset.status, 200, reset.text);
    await server.expect(id, main, 'ready', { since: length });
    assert.strictEqual((await server.power(id, 'off')).body.status, 'stopped');
    await remove(id);
  }
});

test('the 256th breakpoint in the life of a process is refused, SkyEye lives, and a reset begins anew', { skip }, async (t) => {
  if (noDebugger) return t.skip(noDebugger);
  const { id, target } = await running();
  await target.pause();
  let refused;
  for (let i = 0; i < 300 && !refused; ++i) {
    const made = await target.post('/breakpoints', { location: `0x${(0x8000 + 4 * i).toString(16)}` });
    if (made.status === 201 && made.body.verified) continue;
    refused = made.status === 201 ? made.body.message : made.body.error;
  }
  assert.match(refused ?? '', /255|reset/);
  assert.strictEqual((await target.step('instruction')).state, 'stopped');
  assert.strictEqual(emulators(id).length, 1);
  for (const each of target.must(await target.get('/breakpoints?limit=200')).items) await server.delete(`${target.path}/breakpoints/${each.id}`);
  assert.strictEqual((await server.power(id, 'reset')).status, 200);
  await remove(id);
});

test('twenty boards at once', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const boards = await Promise.all(Array.from({ length: 20 }, () => ready()));
  const started = await Promise.all(boards.map(({ id }) => server.power(id, 'on')));
  for (const on of started) assert.strictEqual(on.status, 200, on.text);
  await Promise.all(boards.map(({ id, main }) => server.expect(id, main, 'ready', { timeout: 60_000 })));
  await Promise.all(boards.map(async ({ id, main }, i) => {
    await server.type(id, main, `board ${i}\r`);
    await server.expect(id, main, `you said: board ${i}\r\n`, { timeout: 60_000 });
  }));
  await Promise.all(boards.map(({ id }) => remove(id)));
});

test('virctl makes a board of a skyeye.conf, and it runs', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const folder = temporaryDirectory();
  const conf = join(folder, 'skyeye.conf'), board = join(folder, 'board.yaml');
  writeFileSync(conf, 'arch:arm\ncpu: arm920t\nmach: s3c2410x\nmem_bank: map=M, type=RW, addr=0x30000000, size=0x04000000\nmem_bank: map=I, type=RW, addr=0x48000000, size=0x20000000\n' +
    'net: type=cs8900a, base=0x19000300\nuart: mod = stdio\nload_file: filename=./initrd.img, start=0x30800000\n');
  const imported = await virctl(['board', 'import', conf, '-o', board], { server });
  assert.strictEqual(imported.status, 0, imported.stderr);
  assert.match(imported.stderr, /skyeye\.conf:6: ignored, [^]*net: type=cs8900a[^]*program: \.\/initrd\.img \(bin at 0x30800000\)/);
  const made = await server.post('/api/v1/sessions', { board_config: readFileSync(board, 'utf8') });
  assert.strictEqual(made.status, 201, made.text);
  const { id } = made.body;
  assert.strictEqual((await server.upload(id, join(firmwareDir, 'smdk2410.elf'))).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'uart0', 'VirServer smdk2410 ready');
  await remove(id);
  writeFileSync(conf, 'arch: arm\n');
  assert.strictEqual((await virctl(['board', 'import', conf], { server })).status, 1);
  rmSync(folder, { recursive: true });
});
