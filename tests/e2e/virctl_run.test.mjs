// `virctl run`: one command for CI, with a running server and with one of its own.
import assert from 'node:assert';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { processes } from './lib/processes.mjs';
import { bin, firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';
import { start, virctl } from './lib/virctl.mjs';

const image = join(firmwareDir, 'mps2-an385.elf');
const examples = new URL('../../examples/', import.meta.url).pathname;
let server, dir;
before(async () => { server = await new Server().start(); await server.discovered(); dir = temporaryDirectory(); });
after(async () => { await server.destroy(); rmSync(dir, { recursive: true, force: true }); });

const run = (args, options = {}) => virctl(['run', image, '--board', 'mps2-an385', ...args], { server, ...options });
const noSessions = async () => assert.deepStrictEqual((await server.get('/api/v1/sessions')).body.items, []);

test('--until is met: text, expression, several', async () => {
  for (const until of [['ready'], ['/^VirServer .* READY$/i'], ['never printed', '/ready$/']]) {
    const done = await run(until.flatMap((each) => ['--until', each]));
    assert.strictEqual(done.status, 0, done.stderr);
    assert.match(done.stdout, /VirServer mps2-an385 ready/);
  }
  await noSessions();
});

test('--fail is met and named', async () => {
  const done = await run(['--until', 'never printed', '--fail', '/an385 ready/']);
  assert.strictEqual(done.status, 1);
  assert.match(done.stderr, /--fail \/an385 ready\/ was met/);
});

test('the guest ends: at once, with its code on demand', async () => {
  const begin = Date.now();
  const plain = await run(['--input', 'exit 3\\r']);
  assert.ok(Date.now() - begin < 4500, `it took ${Date.now() - begin} ms`);
  assert.strictEqual(plain.status, 1);
  assert.match(plain.stderr, /exit status 3 \(guest_exit\)/);
  assert.strictEqual((await run(['--exit-code', '--input', 'exit 3\\r'])).status, 3);
  assert.strictEqual((await run(['--input', 'exit 0\\r'])).status, 0);
  const early = await run(['--until', 'never printed', '--input', 'exit 0\\r']);
  assert.strictEqual(early.status, 1);
  assert.match(early.stderr, /before any --until text came/);
});

test('a lockup tells its cause and the registers on standard error', async () => {
  const done = await run(['--input', 'lockup\\r']);
  assert.strictEqual(done.status, 1);
  assert.match(done.stderr, /locked up.*\(lockup\)/);
  assert.match(done.stderr, /R15=[0-9a-f]{8}/);
  assert.doesNotMatch(done.stdout, /R15=/);
});

test('--timeout ends with 124, the last lines and a hint', async () => {
  const done = await run(['--until', 'never printed', '--timeout', '2s']);
  assert.strictEqual(done.status, 124);
  assert.match(done.stderr, /time limit of 2 s is over and no --until text came; the last output was:\n {2}VirServer mps2-an385 ready/);
  assert.match(done.stderr, /hint: .*--timeout/);
  await noSessions();
});

test('--virtual-timeout is refused where the backend does not tell it', async () => {
  const done = await run(['--virtual-timeout', '1s']);
  assert.strictEqual(done.status, 2);
  assert.match(done.stderr, /--virtual-timeout: qemu does not tell its virtual time/);
  await noSessions();
});

test('--console-log holds what the console put out', async () => {
  const log = join(dir, 'console.log');
  const done = await run(['--input', 'count 3\\r', '--input', 'version\\r', '--until', 'VirServer hello 1', '--console-log', log]);
  assert.strictEqual(done.status, 0, done.stderr);
  assert.strictEqual(readFileSync(log, 'latin1'), done.stdout.slice(0, readFileSync(log).length));
  assert.match(readFileSync(log, 'latin1'), /VirServer hello 1/);
});

test('boards from files, a wrong one with its place', async () => {
  const yaml = join(dir, 'board.yaml'), json = join(dir, 'board.json'), bad = join(dir, 'bad.yaml');
  const { config } = (await server.get('/api/v1/templates/mps2-an385')).body;
  writeFileSync(json, JSON.stringify(config));
  writeFileSync(yaml, JSON.stringify(config, null, 1));  // JSON is YAML
  for (const board of [json, yaml]) {
    const done = await virctl(['run', image, '--board', board, '--until', 'ready'], { server });
    assert.strictEqual(done.status, 0, done.stderr);
  }
  const source = readFileSync(join(examples, 'stm32f4-custom/board.yaml'), 'utf8');
  writeFileSync(bad, `${source}\nno_such_field: 1\n`);
  const done = await virctl(['run', image, '--board', bad], { server });
  assert.notStrictEqual(done.status, 0);
  assert.match(done.stderr, new RegExp(`line ${source.split('\n').length + 1}, column 1: /no_such_field`));
  await noSessions();
});

test('a bad image and a missing one', async () => {
  const bad = join(dir, 'bad.elf');
  writeFileSync(bad, readFileSync(image).subarray(0, 100));
  const done = await virctl(['run', bad, '--board', 'mps2-an385'], { server });
  assert.strictEqual(done.status, 1);
  assert.match(done.stderr, /virctl: error: .*\([A-Z_]+\)/);
  assert.strictEqual((await virctl(['run', join(dir, 'none.elf'), '--board', 'mps2-an385'], { server })).status, 2);
  await noSessions();
});

test('--json is one valid object a line, the result last', async () => {
  const done = await run(['--json', '--until', 'ready']);
  const lines = done.stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.strictEqual(lines.at(-1).type, 'result');
  assert.strictEqual(lines.at(-1).exit_status, 0);
});

test('a named server that is not there: 3, and none is started', async () => {
  const done = await run([], { server: 'http://127.0.0.1:1' });
  assert.strictEqual(done.status, 3);
  assert.match(done.stderr, /SERVER_UNREACHABLE/);
});

test('interrupted, it leaves no session', async () => {
  const going = start(['run', image, '--board', 'mps2-an385'], { server });
  await going.shows('ready');
  going.child.kill('SIGINT');
  assert.strictEqual((await going.ended).status, 130);
  await noSessions();
});

// These need port 8080 free: virctl looks there before it starts a server of its own.
const traces = (tmp) => [...readdirSync(tmp), ...processes().filter((each) => each.state !== 'Z' &&
  (each.cwd.startsWith(tmp) || each.argv.some((word) => word.startsWith(tmp)))).map((each) => each.argv.join(' '))];
const own = (name, uid) => {
  const tmp = join(dir, name);
  mkdirSync(tmp);
  chmodSync(tmp, 0o711);
  if (uid) chownSync(tmp, uid, uid);
  return tmp;
};

test('a server of its own is started and gone, also after SIGINT', async () => {
  const tmp = own('own');
  const env = { TMPDIR: tmp };
  const done = await run(['--until', 'ready'], { server: null, env });
  assert.strictEqual(done.status, 0, done.stderr);
  assert.deepStrictEqual(traces(tmp), []);
  const going = start(['run', image, '--board', 'mps2-an385'], { env });
  await going.shows('ready');
  assert.ok(traces(tmp).length > 1, 'it has a server of its own');
  going.child.kill('SIGINT');
  assert.strictEqual((await going.ended).status, 130);
  assert.deepStrictEqual(traces(tmp), []);
});

const forbidden = ['bwrap', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL', '--dev-bind', '/', '/', '--'];
for (const uid of process.getuid() === 0 ? [0, 65534] : [process.getuid()])
  test(`where namespaces are forbidden it works, reduced, and says so (uid ${uid})`, async () => {
    const tmp = own(`reduced-${uid}`, uid);
    const drop = uid === process.getuid() ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const placed = own(`bin-${uid}`);  // the build may stand where that user cannot reach
    for (const file of [...['virctl', 'virserver', 'virserver-shim'].map((name) => join(bin, name)), image]) {
      copyFileSync(file, join(placed, basename(file)));
      chmodSync(join(placed, basename(file)), 0o755);
    }
    const done = await virctl(['run', join(placed, basename(image)), '--board', 'mps2-an385', '--until', 'ready'],
                              { env: { TMPDIR: tmp, HOME: tmp }, command: [...drop, ...forbidden], program: join(placed, 'virctl') });
    assert.strictEqual(done.status, 0, done.stderr);
    assert.match(done.stderr, /sandbox reduced: .*namespaces/);
    assert.deepStrictEqual(traces(tmp), []);
  });
