// Every code block of the pages in docs/: commands are run as they stand, settings and boards are used, JSON is read.
// The Chinese pages have the same blocks (a unit test compares them).
import assert from 'node:assert';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { findLauncher } from './lib/launchers.mjs';
import { bin, firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';

const root = new URL('../../', import.meta.url).pathname;
const folder = temporaryDirectory();
let server;
before(async () => {
  server = await new Server().start();
  await server.discovered();
  mkdirSync(join(folder, 'build'));
  copyFileSync(join(firmwareDir, 'stm32f4-disco.elf'), join(folder, 'firmware.elf'));
  copyFileSync(join(firmwareDir, 'mps2-an385.elf'), join(folder, 'build/firmware.elf'));
});
after(async () => { await server.destroy(); rmSync(folder, { recursive: true, force: true }); });

// {language, text} of each block: fenced ones, and those that are indented by four spaces, as language "commands".
function blocksOf(page) {
  const found = [];
  let fenced = null, indented = null;
  for (const line of readFileSync(join(root, 'docs', page), 'utf8').split('\n')) {
    if (fenced) {
      if (line === '```') fenced = null;
      else fenced.text += `${line}\n`;
    } else if (line.startsWith('```')) found.push(fenced = { language: line.slice(3), text: '' });
    else if (line.startsWith('    ')) {
      if (!indented) found.push(indented = { language: 'commands', text: '' });
      indented.text += `${line.slice(4)}\n`;
    } else if (line !== '') indented = null;
  }
  return found;
}

// Commands that are tried elsewhere, or need what a test has not.
const elsewhere = [
  [/^make /, 'the Makefile is what runs these tests'],
  [/^docker|^apt install|^tar |^cd virserver-|^\.\/install\.sh/, 'tests/package installs the packages and builds the image'],
  [/^gdb-multiarch |^virctl gdb /, 'gdb.test.mjs connects through every door'],
  [/^build\/release\/bin\/virserver$|^PATH=/, 'the server runs already'],
];
const endless = /--follow|^curl -N/;

function bash(script, env) {
  return new Promise((resolve) => {
    const all = { ...process.env, PATH: `${bin}:${process.env.PATH}`, VIRSERVER_URL: server.url, HOME: folder, ...env };
    const child = execFile('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env: all, timeout: 60_000 },
      (error, stdout, stderr) => resolve({ status: error ? error.code ?? error.signal : 0, stdout, stderr }));
    child.stdin.end();
  });
}

// Runs a block's commands in one shell; what is only shown on a terminal or never ends by itself is cut short.
async function run(block, { ID = '', rename = (text) => text } = {}) {
  const commands = rename(block.text).replaceAll('127.0.0.1:8080', `127.0.0.1:${server.port}`).replaceAll(/ ID\b/g, ` ${ID}`)
    .replaceAll('\\\n', '').split('\n').filter((line) => line.trim() && !elsewhere.some(([pattern]) => pattern.test(line)));
  const lines = commands.map((line) => {
    if (endless.test(line)) return `timeout 1 ${line} || test $? = 124`;
    if (line.startsWith('virctl console ') && !line.includes('--timeout')) return line.replace(/( +#.*)?$/, ' --no-wait');
    return line;
  });
  const done = await bash(lines.join('\n'), { ID });
  assert.strictEqual(done.status, 0, `${lines.join('\n')}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}

const tried = {};
function page(name, body) {
  tried[name] = true;
  test(`${name}: its code blocks`, async () => {
    const left = blocksOf(name);
    const take = (language) => {
      assert.strictEqual(left[0]?.language, language, `${name} has another block here than its test expects: ${left[0]?.text}`);
      return left.shift();
    };
    await body(take);
    assert.deepStrictEqual(left, [], `a block of ${name} is not tried`);
  });
}


page('getting-started.md', async (take) => {
  await run(take('commands'));
  const byHand = take('commands').text + take('commands').text + take('commands').text + take('commands').text;
  assert.match(await run({ text: byHand }), /first/);
  const out = await run(take('sh'));
  assert.match(out, /"running"/);
  assert.match(await run(take('commands')), /^42\r?$/m);
});

page('boards.md', async (take) => {
  const blocks = [take('commands'), take('commands'), take('commands')];
  const board = take('yaml');
  writeFileSync(join(folder, 'my-board.yaml'), board.text);
  for (const block of blocks) await run(block);
  await run({ text: 'virctl board check board.yaml --program firmware.elf\n' });
});

page('programs.md', async (take) => {
  copyFileSync(join(firmwareDir, 'stm32f4-disco.elf'), join(folder, 'app.elf'));
  const one = (await server.session('stm32f4-disco')).id;
  await run(take('sh'), { ID: one });
  await run(take('commands'), { ID: one });
  // The bootloader is at the start of the flash; what stands for the application begins 16 KiB above it.
  const two = (await server.session('stm32f4-disco')).id;
  copyFileSync(join(firmwareDir, 'stm32f4-disco.elf'), join(folder, 'boot.elf'));
  writeFileSync(join(folder, 'app.bin'), Buffer.alloc(1024, 1));
  await run(take('commands'), { ID: two });
  assert.strictEqual((await server.get(`/api/v1/sessions/${two}`)).body.status, 'running');
});

page('consoles.md', async (take) => {
  const id = (await server.session('mps2-an385')).id;
  await run({ text: 'virctl program upload ID build/firmware.elf --start\n' }, { ID: id });
  assert.match(await run(take('commands'), { ID: id }), /VirServer hello 1/);
  assert.match(await run(take('sh'), { ID: id }), /ready/);
  for (const message of [JSON.parse(take('json').text), JSON.parse(take('json').text)]) assert.ok(['stdout', 'stdin'].includes(message.type));
  const script = take('js').text;
  const shown = [];
  let answered;
  const answer = new Promise((resolve) => { answered = resolve; });
  const console = { log: (message) => { shown.push(message.data); if (shown.join('').includes('you said: help')) answered(); } };
  const ws = new Function('WebSocket', 'location', 'id', 'console', `${script}; return ws;`)(WebSocket, { host: `127.0.0.1:${server.port}` }, id, console);
  await answer;
  ws.close();
  await once(ws, 'close');
});

page('api.md', async (take) => {
  assert.strictEqual(JSON.parse(take('json').text).code, 'TEMPLATE_NOT_FOUND');
  take('');  // what an event looks like
  await run({ text: take('sh').text.replace('virctl events', 'timeout 1 virctl events') });
});

// On a Renode, where there is one.
page('devices.md', async (take) => {
  const blocks = [take('commands'), take('sh'), take('sh'), take('sh')];
  const launcher = findLauncher('renode');
  if (!launcher) return console.log('NOT TESTED: renode is not installed, devices.md needs it');
  const shared = server;
  server = await new Server({ env: { VIRSERVER_RENODE: launcher } }).start();
  try {
    if ((await server.discovered()).backends.renode.status !== 'available') return console.log('NOT TESTED: devices.md needs Renode, and the sandbox is reduced');
    const { id } = (await server.post('/api/v1/sessions', { board_template: 'stm32f4-disco', backend: 'renode' })).body;
    await server.upload(id, join(firmwareDir, 'pins.elf'));
    await server.power(id, 'on');
    await server.expect(id, 'usart2', 'ready', { timeout: 60_000 });
    const shown = [];
    for (const block of blocks) shown.push(await run(block, { ID: id }));
    assert.match(shown[0], /gpioPortD\.UserLED +led +LED[^]*pressed +true[^]*line 29 \(TIM3\) pulsed[^]*its span of time is over/);
    assert.match(shown[1], /"name":"in3","type":"boolean","value":true/);
    assert.match(shown[2], /"line":29,"name":"TIM3","action":"lower"/);
    assert.match(shown[3], /"complete":true,"ran_ns":2500000\d\d/);
  } finally {
    await server.destroy();
    server = shared;
  }
});

page('diagnosis.md', async (take) => {
  const { id } = await server.session('stm32f4-disco', { features: { register_models: false } });
  await server.upload(id, join(firmwareDir, 'rcc_wait.elf'));
  await server.power(id, 'on');
  await server.expect(id, 'usart2', 'starts');
  const told = await run(take('commands'), { ID: id });
  const loop = (text) => [...text.matchAll(/0x[0-9a-f]{8}  .*|RCC_CR|rcc_wait\.c:\d+ in \w+/g)].map(([match]) => match);
  // Another compiler may place it elsewhere; what is told has the shape of what the page shows.
  const shape = (text) => new Set(loop(text).map((each) => each.replace(/0x[0-9a-f]+|:\d+/g, '#')));
  const said = shape(told);
  for (const each of shape(take('text').text)) assert.ok(said.has(each), `${each} in ${told}`);

  await run(take('commands'), { ID: id });
  assert.match(readFileSync(join(folder, 'models.yaml'), 'utf8'), /use: stm32f4-rcc/);
  const { config } = (await server.get('/api/v1/templates/stm32f4-disco')).body;
  Object.assign(config.nodes[0], { soc: 'unknown', register_models: 'off' });
  const unknown = (await server.post('/api/v1/sessions', { board_config: config })).body;
  await server.upload(unknown.id, join(firmwareDir, 'rcc_wait.elf'));
  await server.power(unknown.id, 'on');
  await server.expect(unknown.id, 'usart2', 'starts');
  const { proposed_models: draft } = (await server.get(`/api/v1/sessions/${unknown.id}/diagnosis`)).body;
  assert.ok(draft.endsWith(take('yaml').text), draft);
});

page('register-models.md', async (take) => {
  const check = take('commands');
  for (let i = 0; i < 3; ++i) {
    writeFileSync(join(folder, 'my-board.yaml'), `nodes:
  - processor: { type: cortex-m4 }
    memory: [{ type: Flash, address: 0x08000000, size: 1M }, { type: RAM, address: 0x20000000, size: 128K }]
    targets: { qemu: { machine: netduinoplus2, vector_table: 0x08000000 } }
${take('yaml').text.replaceAll(/^/gm, '    ')}`);
    assert.match(await run(check), /register models/);
  }
});

page('ci.md', async (take) => {
  const command = take('commands');
  assert.match(await run(command, { rename: (text) => text.replace('All tests passed', 'ready') }), /ready/);
  // The jobs are the examples, which their own test runs.
  assert.strictEqual(take('yaml').text, readFileSync(join(root, 'examples/ci/github/firmware.yml'), 'utf8'));
  assert.strictEqual(take('yaml').text, readFileSync(join(root, 'examples/ci/gitlab/.gitlab-ci.yml'), 'utf8'));
});

// The pages speak of a program with main.c, counter and buffer; here it is the test firmware.
const ofTheFirmware = (text) => text.replaceAll('main.c:42', 'put_text').replaceAll('blinky', 'ID').replaceAll('counter == 7', '$r0 != 0')
  .replaceAll('mem read ID buffer', 'mem read ID _vector_table');

page('debugging.md', async (take) => {
  const id = (await server.session('mps2-an385')).id;
  await run({ text: 'virctl program upload ID build/firmware.elf --start\n' }, { ID: id });
  await server.expect(id, 'uart0', 'ready');
  // The firmware prints when it is typed at: once the block's breakpoint is there.
  const type = async () => {
    await server.eventually(async () => (await server.get(`/api/v1/sessions/${id}/debug/breakpoints`)).body.items[0]?.verified);
    await server.post(`/api/v1/sessions/${id}/consoles/uart0/input`, { data: 'version\r' });
  };
  const stopped = async (block) => (await Promise.all([run(block, { ID: id, rename: ofTheFirmware }), type()]))[0];
  assert.match(await stopped(take('commands')), /put_text/);
  await run({ text: 'virctl break delete ID --all\nvirctl continue ID\n' }, { ID: id });
  assert.match(await stopped(take('sh')), /"stopped"/);
  await run({ text: 'virctl break delete ID --all\nvirctl continue ID\n' }, { ID: id });
  take('commands');  // gdb.test.mjs connects through every door
  take('commands');  // rtt: the test firmware has none
});

page('vscode.md', async (take) => {
  const id = (await server.session('mps2-an385')).id;
  await run({ text: take('commands').text.replace(' --svd STM32F407.svd', '') }, { ID: id, rename: (text) => text.replaceAll('blinky', 'ID') });
});

page('operations.md', async (take) => {
  const file = join(folder, 'virserver.conf');
  writeFileSync(file, take('ini').text);
  const configured = await new Server({ args: ['--config', file] }).start();
  const { status } = await configured.request('GET', '/health/live', { check: false });
  assert.strictEqual(status, 200);
  await configured.destroy();
  assert.match(configured.log, /^\{/m, 'log-json = true');
  const unit = readFileSync(join(root, 'deploy/systemd/virserver.service'), 'utf8');
  for (const line of take('ini').text.trim().split('\n')) assert.ok(unit.includes(`${line}\n`), `the unit has no ${line}`);
});

page('install.md', async (take) => {
  for (let i = 0; i < 5; ++i) await run(i < 4 ? take('commands') : { text: take('commands').text.replace('~/.config/fish/completions', folder) });
});

test('backends.md: its list of features is what the server answers for', async () => {
  const { backends } = await server.discovered();
  const text = readFileSync(join(root, 'docs/backends.md'), 'utf8');
  const listed = [...text.slice(text.indexOf('What the names mean')).matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name);
  assert.deepStrictEqual(listed.sort(), Object.keys(backends.qemu.features).sort());  // who has them: tests/conformance
});

test('every page with code blocks is tried', () => {
  for (const name of readdirSync(join(root, 'docs')).filter((each) => each.endsWith('.md')))
    if (!tried[name]) assert.deepStrictEqual(blocksOf(name), [], name);
});
