// Each template of the library that Renode runs boots its firmware there, the same as on QEMU where both run it. Renode is no
// Debian package: where none is installed, that is said.
import assert from 'node:assert';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { boots } from './lib/boots.mjs';
import { findLauncher } from './lib/launchers.mjs';
import { firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';
import { virctl } from './lib/virctl.mjs';

const launcher = findLauncher('renode');
if (!launcher) console.log('NOT TESTED: renode is not installed');
const skip = launcher ? false : 'renode is not installed';

let server, data, templates, unusable;
before(async () => {
  if (!launcher) return;
  data = temporaryDirectory();
  server = await new Server({ data, env: { VIRSERVER_RENODE: launcher } }).start();
  const { backends } = await server.discovered();
  unusable = backends.renode.status === 'available' ? null : backends.renode.reason;
  if (unusable) console.log(`NOT TESTED: ${unusable}`);
  templates = (await server.get('/api/v1/templates?limit=200')).body.items.filter((template) => template.backends.includes('renode'));
});
after(async () => {
  await server?.destroy();
  if (data) rmSync(data, { recursive: true, force: true });
});

test('every board boots its firmware', { concurrency: 2, skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  assert.ok(templates.length >= 40, `${templates.length} templates`);
  const chosen = process.env.BOARD ? templates.filter(({ id }) => id === process.env.BOARD) : templates;
  await Promise.all(chosen.map((template) => t.test(template.id, () => boots(server, template, 4, 'renode'))));
});

test('a platform that Renode ships is a board by its name', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const { items, total } = (await server.get('/api/v1/models/platforms?backend=renode&limit=200')).body;
  assert.ok(total > 100, `${total} platforms`);
  assert.ok(items.every((each) => each.board && each.id.startsWith('renode:')));
  assert.strictEqual(items.find((each) => each.id === 'renode:stm32f4_discovery').processor, 'cortex-m4');
  assert.ok((await server.get('/api/v1/models/platforms?backend=qemu')).body.items.every((each) => !each.board));
  const machine = (await server.get('/api/v1/templates/renode:stm32f4_discovery/machine')).body;
  assert.ok(machine.memory.length > 0 && machine.devices.some((each) => each.kind === 'uart') && machine.consoles.length > 0);
  const { id } = await server.session('renode:stm32f4_discovery');
  assert.strictEqual((await server.upload(id, join(firmwareDir, 'stm32f4-disco.elf'))).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'usart2', 'VirServer stm32f4-disco ready');
  await server.delete(`/api/v1/sessions/${id}`);
  const near = await server.post('/api/v1/sessions', { board_template: 'renode:stm32f4_discovry' });
  assert.strictEqual(near.body.code, 'TEMPLATE_NOT_FOUND');
  assert.ok(near.body.details.suggestions.includes('renode:stm32f4_discovery'), near.text);
  assert.strictEqual((await server.get('/api/v1/templates?limit=200')).body.items.filter((each) => each.id.startsWith('renode:')).length, 0);
});

test("a vendor's clock set-up goes through on the platform that Renode has for the board", { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const { id } = await server.session('stm32f4-disco', { backend: 'renode' });
  assert.strictEqual((await server.upload(id, join(firmwareDir, 'clock_hal.elf'))).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'usart2', 'clock ready: 168 MHz');
  await server.delete(`/api/v1/sessions/${id}`);
});

test('auto takes QEMU where both run a board, and Renode where only it does', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  for (const [id, backend] of [['stm32f4-disco', 'qemu'], ['nucleo-h753zi', 'renode']]) {
    const made = await server.session(id);
    assert.strictEqual(made.backend, backend);
    await server.delete(`/api/v1/sessions/${made.id}`);
  }
});

test('a platform of a user\'s own: by virctl run, imported, over the API, and what is refused', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const folder = temporaryDirectory();
  const write = (name, text) => { writeFileSync(join(folder, name), text); return join(folder, name); };
  const text = 'using "platforms/cpus/stm32f4.repl"\n\nLamp: Miscellaneous.LED @ gpioPortD\n\ngpioPortD:\n    12 -> Lamp@0\n';
  const platform = write('my.repl', text);
  const image = join(firmwareDir, 'stm32f4-disco.elf');
  const run = await virctl(['run', image, '--platform', platform, '--until', 'ready', '--timeout', '120s'], { server });
  assert.strictEqual(run.status, 0, run.stderr);
  assert.match(run.stdout, /VirServer stm32f4-disco ready/);

  const script = write('my.resc', `mach create "mine"\nmachine LoadPlatformDescription $ORIGIN/my.repl\nshowAnalyzer sysbus.usart2\nsysbus LoadELF @app.elf\ncpu PerformanceInMips 100\n`);
  const imported = await virctl(['board', 'import', script, '-o', join(folder, 'board.yaml')], { server });
  assert.strictEqual(imported.status, 0, imported.stderr);
  assert.match(imported.stderr, /my\.resc:5: ignored, [^]*cpu PerformanceInMips 100[^]*program: app\.elf/);
  const made = await server.post('/api/v1/sessions', { board_config: readFileSync(join(folder, 'board.yaml'), 'utf8') });
  assert.strictEqual(made.status, 201, made.text);
  assert.deepStrictEqual(made.body.nodes[0].consoles?.map((each) => each.name) ?? (await server.get(`/api/v1/sessions/${made.body.id}/consoles`)).body.items.map((each) => each.name).filter((each) => each !== 'emulator'), ['usart2']);
  await server.delete(`/api/v1/sessions/${made.body.id}`);

  const refused = async (platform_text, pattern, more = {}) => {
    const answer = await server.post('/api/v1/sessions', { board_config: { nodes: [{ id: 'n', backend: 'renode', targets: { renode: { platform_text, ...more } } }] } });
    assert.strictEqual(answer.status, 422, answer.text);
    assert.match(answer.text, pattern);
    assert.match(answer.text, /\/nodes\/0\/targets\/renode\/platform_text/);
  };
  await refused(`${text}x: Memory.MappedMemory @ sysbus 0x0\n   size: 0x1000\n`, /at `size: 0x1000`: Indent/);
  await refused('using "./other.repl"', /other\.repl/);
  // Its code runs in the sandbox: it sees nothing of the host, and what it writes stays there.
  const mark = join(folder, 'mark'), code = (lines) => `${text}\nsysbus:\n    preinit:\n${lines.map((line) => `        python "${line}"\n`).join('')}`;
  await refused(code([`open('${mark}', 'w').write('x')`]), /mark/);
  assert.ok(!existsSync(mark));
  await refused(code([`open('${platform}').read()`]), /my\.repl/);
  await refused(code(["import socket", "socket.create_connection(('127.0.0.1', " + new URL(server.url).port + "), 5)"]), /refused|reach|socket/i);
  const scripted = `${text}\nmagic: Python.PythonPeripheral @ sysbus 0x50000000 { size: 0x100; initable: true; script: "request.Value = 0x600DCAFE" }\n`;
  const own = await server.post('/api/v1/sessions', { board_config: { nodes: [{ id: 'n', backend: 'renode', targets: { renode: { platform_text: scripted } } }] } });
  assert.strictEqual(own.status, 201, own.text);
  t.after(() => server.delete(`/api/v1/sessions/${own.body.id}`));
  await server.upload(own.body.id, image, '?name=app.elf');
  assert.strictEqual((await server.power(own.body.id, 'on')).body.status, 'running');
  const magic = await server.get(`/api/v1/sessions/${own.body.id}/debug/memory?address=0x50000000&size=4&width=4`);
  assert.strictEqual(magic.status, 200, magic.text);
  assert.match(magic.text, /600dcafe/i);
  // Models in C#: only where the operator permits, who is the user of virctl run's own server.
  const model = (value) => `using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;
namespace Antmicro.Renode.Peripherals.Miscellaneous {
  public class Magic : IDoubleWordPeripheral, IKnownSize {
    public Magic(IMachine machine) {}
    public uint ReadDoubleWord(long offset) { return ${value}; }
    public void WriteDoubleWord(long offset, uint value) {}
    public void Reset() {}
    public long Size => 0x100;
  }
}
`;
  const using = `${text}\nmagic: Miscellaneous.Magic @ sysbus 0x50000000\n`;
  const withModels = (models) => ({ board_config: { nodes: [{ id: 'n', backend: 'renode', targets: { renode: { platform_text: using, models } } }] } });
  const forbidden = await server.post('/api/v1/sessions', withModels({ Magic: model('0x600DCAFE') }));
  assert.match(forbidden.text, /compiles no models of its users[^]*--platform-models/);
  const permitting = await new Server({ args: ['--platform-models'], env: { VIRSERVER_RENODE: launcher } }).start();
  t.after(() => permitting.destroy());
  await permitting.discovered();
  for (const [models, status, pattern] of [
    [{ Magic: model('nope') }, 422, /models\/Magic[^]*Magic\.cs\(6,\d+\): error CS0103[^]*nope/], [{ 'a/b': 'x' }, 422, /letters, digits and _/], [{ Magic: 3 }, 422, /no source of Magic/],
    [{}, 422, /Magic/]]) {
    const wrong = await permitting.post('/api/v1/sessions', withModels(models));
    assert.strictEqual(wrong.status, status, wrong.text);
    assert.match(wrong.text, pattern);
  }
  const compiled = await permitting.post('/api/v1/sessions', withModels({ Magic: model('0x600DCAFE') }));
  assert.strictEqual(compiled.status, 201, compiled.text);
  await permitting.upload(compiled.body.id, image, '?name=app.elf');
  assert.strictEqual((await permitting.power(compiled.body.id, 'on')).body.status, 'running');
  assert.match((await permitting.get(`/api/v1/sessions/${compiled.body.id}/debug/memory?address=0x50000004&size=4&width=4`)).text, /600dcafe/i);
  const byHand = await virctl(['run', image, '--platform', write('magic.repl', using), '--model', write('Magic.cs', model('1')), '--until', 'ready', '--timeout', '120s'],
    { env: { VIRSERVER_RENODE: launcher } });
  assert.strictEqual(byHand.status, 0, byHand.stderr);

  await refused('led: Miscellaneous.LED @ nowhere\n', /nowhere|platform/);
  await refused(text, /one of both/, { platform: 'boards/stm32f4_discovery' });
  await refused('a\u0001b', /control characters/);
  await refused('x'.repeat(300_000), /262144|too long|at most/);

  const strict = await new Server({ args: ['--own-platforms', 'off'], env: { VIRSERVER_RENODE: launcher } }).start();
  t.after(() => strict.destroy());
  const answer = await strict.post('/api/v1/sessions', { board_config: { nodes: [{ id: 'n', backend: 'renode', targets: { renode: { platform_text: text } } }] } });
  assert.match(answer.text, /takes no platforms of its users[^]*--own-platforms on/);
  rmSync(folder, { recursive: true });
});

test('platforms that Renode ships are boards, listed when asked for', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const ids = async (query) => {
    const found = [];
    for (let cursor = ''; cursor !== null;) {
      const { body } = await server.get(`/api/v1/templates?limit=200${query}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      found.push(...body.items.map((each) => each.id));
      cursor = body.next_cursor;
    }
    return found;
  };
  const curated = await ids(''), discovered = await ids('&source=discovered');
  assert.ok(curated.every((id) => !id.startsWith('renode:')) && curated.includes('stm32f4-disco'));
  assert.ok(discovered.length > 50 && discovered.every((id) => id.startsWith('renode:')), String(discovered.length));
  assert.deepStrictEqual(await ids('&source=curated'), curated);
  assert.deepStrictEqual((await ids('&source=all&name=stm32f4')).filter((id) => !id.startsWith('renode:')), await ids('&name=stm32f4'));
  assert.strictEqual((await server.get('/api/v1/templates?source=other')).status, 400);
  const listed = await virctl(['board', 'list', '--source', 'discovered', '--name', 'stm32f4_discovery'], { server });
  assert.match(listed.stdout, /renode:stm32f4_discovery/);
});

test('what cannot be made is refused before the start, with its place', { skip }, async (t) => {
  if (unusable) return t.skip(unusable);
  const board = (node) => ({ board_config: { nodes: [{ id: 'n', backend: 'renode', ...node }] }, backend: 'renode' });
  const uart = { type: 'UART', name: 'U', address: '0x40000000', irq: [3] };
  const cases = [
    [{ processor: { type: 'rv32' }, peripherals: [uart] }, '/nodes/0/peripherals/0/irq/0', /no interrupt controller/],
    [{ processor: { type: 'cortex-m4' }, peripherals: [{ ...uart, properties: { model: 'PL010' } }] }, '/nodes/0/peripherals/0/properties/model', /pl011/],
    [{ processor: { type: 'cortex-m4' }, memory: [{ type: 'RAM', address: '0x40000000', size: '64K' }], peripherals: [uart] }, null, null],
    [{ processor: { type: 'MIPS 24Kc' } }, '/nodes/0/processor/type', /nearest/],
  ];
  for (const [node, pointer, message] of cases) {
    const answer = await server.post('/api/v1/sessions', board(node));
    if (!pointer) {
      assert.strictEqual(answer.status, 201, answer.text);
      await server.delete(`/api/v1/sessions/${answer.body.id}`);
      continue;
    }
    assert.strictEqual(answer.body.code, 'BOARD_UNPLANNABLE', answer.text);
    const finding = answer.body.details.findings.find((each) => each.severity === 'error');
    assert.strictEqual(finding.pointer, pointer);
    assert.match(finding.message, message);
  }
});
