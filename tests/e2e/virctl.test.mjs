// virctl's other commands against a running server.
import assert from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { firmwareDir, Server } from './lib/server.mjs';
import { start, virctl, virctlPath } from './lib/virctl.mjs';

const image = join(firmwareDir, 'mps2-an385.elf');
const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;
let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());

const call = (args, options = {}) => virctl(args, { server, ...options });
async function running(name) {
  const { id } = await server.session('mps2-an385', { name });
  assert.strictEqual((await server.upload(id, image)).status, 201);
  assert.strictEqual((await server.power(id, 'on')).status, 200);
  await server.expect(id, 'uart0', 'ready');
  return id;
}

test('every command explains itself', async () => {
  const seen = [];
  const visit = async (path) => {
    const { status, stdout } = await call([...path, '--help']);
    assert.strictEqual(status, 0, path.join(' '));
    const commands = /\nCOMMANDS\n([^]*?)\n\n/.exec(stdout)?.[1].split('\n').map((line) => line.trim().split(/ +/)[0]) ?? [];
    for (const section of ['NAME', 'SYNOPSIS', 'OPTIONS', 'EXIT STATUS', ...(commands.length ? [] : ['DESCRIPTION', 'EXAMPLES'])])
      assert.match(stdout, new RegExp(`^${section}$`, 'm'), `${path.join(' ')} has no ${section}`);
    seen.push(path.join(' '));
    for (const command of commands) await visit([...path, command]);
  };
  await visit([]);
  for (const command of ['run', 'console', 'session create', 'board check', 'doctor']) assert.ok(seen.includes(command), command);
});

test('--json is valid JSON', async () => {
  for (const args of [['board', 'list'], ['board', 'show', 'microbit'], ['session', 'list'], ['capabilities'], ['doctor']]) {
    const { stdout, stderr } = await call([...args, '--json']);
    assert.doesNotThrow(() => JSON.parse(stdout), `${args.join(' ')}: ${stdout.slice(0, 300)} ${stderr}`);
  }
});

test('a session by name and by prefix; what fits several is refused', async () => {
  const first = (await server.session('microbit', { name: 'twin' })).id;
  const second = (await server.session('microbit', { name: 'twin' })).id;
  const show = async (word) => call(['session', 'show', word, '--json']);
  assert.strictEqual(JSON.parse((await show(first)).stdout).id, first);
  assert.strictEqual(JSON.parse((await show(second.slice(0, -1))).stdout).id, second);
  assert.strictEqual((await show('twin')).status, 2);
  assert.strictEqual((await show('ses-')).status, 2);
  for (const id of [first, second]) assert.strictEqual((await call(['session', 'delete', id])).status, 0);
});

test('console on pipes: types, shows, prefixes once a second console speaks', async () => {
  const id = await running('pipes');
  const going = start(['console', id], { server });
  await going.shows('ready');
  going.child.stdin.write('version\r');
  await going.shows('VirServer hello 1 on mps2-an385');
  assert.doesNotMatch(going.stdout, /uart0/);
  going.child.stdin.write('second good day\r');
  await going.shows('uart1');
  await going.shows('good day');
  going.child.kill('SIGINT');
  await going.ended;
  assert.match((await call(['logs', id, '--console', 'uart0'])).stdout, /VirServer hello 1/);
});

// In front of the server: answers as it does, but never to a WebSocket.
async function withoutStreams(body) {
  const proxy = createServer((asked, answer) => {
    asked.pipe(request(server.url + asked.url, { method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    }));
  });
  proxy.on('upgrade', (asked, socket) => socket.on('error', () => {}));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  try {
    await body(`http://127.0.0.1:${proxy.address().port}`);
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
}

test('console: leaving while it still connects is no failure', async () => {
  const session = await server.session('mps2-an385', { name: 'connecting' });
  await withoutStreams(async (url) => {
    for (const end of [['--no-wait'], ['--timeout', '300ms']]) {
      const left = await virctl(['console', session.id, ...end], { server: url });
      assert.deepStrictEqual([left.status, left.stdout], [0, ''], left.stderr);
    }
  });
});

test('console on a terminal: Ctrl-] leaves, the terminal is as before', async () => {
  const id = await running('terminal');
  const shell = `stty -g; ${quoted(virctlPath)} console ${id} --server ${server.url}; echo left $?; stty -g`;
  const pty = start(['-qfec', shell, '/dev/null'], { program: 'script' });
  await pty.shows('ready');
  pty.child.stdin.write('version\r');
  await pty.shows('VirServer hello 1');
  pty.child.stdin.write('\x1d');
  await pty.shows('left 0');
  const { stdout } = await pty.ended;
  const states = stdout.match(/^[0-9a-f]+(:[0-9a-f]+){10,}/gm);
  assert.strictEqual(states?.length, 2, stdout);
  assert.strictEqual(states[0], states[1]);
});

test('bash completes session ids', async () => {
  const { id } = await server.session('microbit');
  const script = `source <(virctl completion bash)
    COMP_WORDS=(virctl session show ${id.slice(0, 8)}); COMP_CWORD=3; _virctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, VIRSERVER_URL: server.url, PATH: `${dirname(virctlPath)}:${process.env.PATH}` };
  assert.ok(execFileSync('bash', ['-c', script], { env, encoding: 'utf8' }).split('\n').includes(id));
  if (spawnSync('zsh', ['--version']).status === 0) {
    const zsh = (await call(['completion', 'zsh'])).stdout;
    assert.strictEqual(spawnSync('zsh', ['-n', '/dev/stdin'], { input: zsh }).status, 0);
  }
});
