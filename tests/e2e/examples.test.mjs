// Every example, as its README says: the commands of the READMEs and of the CI jobs are run literally.
import assert from 'node:assert';
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { bin, firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';

const examples = new URL('../../examples/', import.meta.url).pathname;
const folder = temporaryDirectory();
const readme = (name) => readFileSync(join(examples, name, 'README.md'), 'utf8');
const blocks = (name) => [...readme(name).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
let server;
before(async () => {
  server = await new Server().start();
  await server.discovered();
  cpSync(examples, join(folder, 'examples'), { recursive: true });
  mkdirSync(join(folder, 'build'));
});
after(async () => { await server.destroy(); rmSync(folder, { recursive: true, force: true }); });

// Runs a script; VIRSERVER_URL is not set unless `env` has it, so that virctl run starts a server of its own.
function run(script, { cwd = folder, env = {} } = {}) {
  const all = { ...process.env, PATH: `${bin}:${process.env.PATH}`, TMPDIR: folder, ...env };
  if (!env.VIRSERVER_URL) delete all.VIRSERVER_URL;
  return new Promise((resolve) => {
    execFile('sh', ['-euc', script], { cwd, env: all, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ status: error ? error.code ?? error.signal : 0, stdout, stderr, all: `${stdout}\n${stderr}` }));
  });
}
const works = async (script, options) => { const done = await run(script, options); assert.strictEqual(done.status, 0, done.all); return done; };
const shared = () => ({ env: { VIRSERVER_URL: server.url } });
const firmware = (board) => copyFileSync(join(firmwareDir, `${board}.elf`), join(folder, 'build/firmware.elf'));

test('every example has a README, is listed, and is tried here', () => {
  const tried = ['ci', 'cmake-ctest', 'shell', 'stm32f4-custom', 'two-node'];
  const there = readdirSync(examples, { withFileTypes: true }).filter((each) => each.isDirectory()).map((each) => each.name);
  assert.deepStrictEqual(there.sort(), tried);
  for (const name of there) assert.ok(readFileSync(join(examples, 'README.md'), 'utf8').includes(`(${name}/README.md)`), name);
});

test('stm32f4-custom: the board is checked, and runs firmware of its address map', async () => {
  const [check, boot, ...more] = blocks('stm32f4-custom');
  assert.deepStrictEqual(more, []);
  assert.match((await works(check, shared())).stdout, /qemu/);
  firmware('stm32f4-disco');
  assert.match((await works(boot, shared())).stdout, /ready/);
});

test('two-node: valid, and what this release cannot run is refused', async () => {
  const [check, ...more] = blocks('two-node');
  assert.deepStrictEqual(more, []);
  const done = await run(check, shared());
  assert.doesNotMatch(done.all, /BOARD_SYNTAX|BOARD_INVALID/);
  assert.match(done.all, /refused/);
  assert.notStrictEqual(done.status, 0);
});

test('shell: the script talks to the board, and fails on other firmware', async () => {
  const [talk, ...more] = blocks('shell');
  assert.deepStrictEqual(more, []);
  firmware('mps2-an385');
  const done = await works(talk, shared());
  assert.match(done.stdout, /version: ok\ncount 3: ok\n[\s\S]*version: ok\n$/);
  writeFileSync(join(folder, 'build/other.sh'), readFileSync(join(examples, 'shell/talk.sh'), 'utf8').replace('-gt 100', '-gt 3').replace('hello 1', 'hello 2'));
  const other = await run('sh build/other.sh build/firmware.elf', shared());
  assert.strictEqual(other.status, 1, other.all);
  assert.match(other.stderr, /did not answer 'version'/);
  assert.deepStrictEqual((await server.get('/api/v1/sessions')).body.items, [], 'the sessions are deleted');
});

test('cmake-ctest: ctest runs on a virtual board, and a broken library fails it', async () => {
  const [all, ...more] = blocks('cmake-ctest');
  assert.deepStrictEqual(more, []);
  assert.match((await works(all)).stdout, /100% tests passed, 0 tests failed out of 2/);
  const library = join(folder, 'examples/cmake-ctest/src/ring.c');
  writeFileSync(library, readFileSync(library, 'utf8').replace('== ring_capacity', '> ring_capacity'));
  const broken = await run(all);
  assert.notStrictEqual(broken.status, 0);
  assert.match(broken.stdout, /test_overflow\.c:\d+: failed: !ring_put/, 'the board\'s own words');
  assert.match(broken.stdout, /50% tests passed, 1 tests failed out of 2/);
});

// A job's commands in order; what installs Debian packages only says which must be there, and they are.
async function job(name, commands) {
  const cwd = join(folder, name);
  cpSync(join(examples, 'cmake-ctest'), cwd, { recursive: true });
  for (const command of commands) {
    const install = /^apt-get update && apt-get install -y --no-install-recommends (.+)$/.exec(command.trim());
    if (install) execFileSync('dpkg-query', ['-W', ...install[1].split(' ')], { stdio: 'pipe' });
    else await works(command, { cwd });
  }
  assert.match(readFileSync(join(cwd, 'build/report.xml'), 'utf8'), /tests="2"\s+failures="0"/);
  assert.match(readFileSync(join(cwd, 'console.log'), 'utf8'), /order: ok/);
}

test('ci: the GitHub workflow is well formed, and its commands work', async () => {
  const workflow = parse(readFileSync(join(examples, 'ci/github/firmware.yml'), 'utf8'), { strict: true });
  assert.deepStrictEqual(Object.keys(workflow), ['name', 'on', 'jobs']);
  const { test: steps } = Object.fromEntries(Object.entries(workflow.jobs).map(([name, each]) => [name, each.steps]));
  for (const step of steps) assert.strictEqual(['uses', 'run'].filter((key) => key in step).length, 1, JSON.stringify(step));
  const kept = steps.find((step) => step.uses?.startsWith('actions/upload-artifact@')).with.path.trim().split('\n');
  assert.deepStrictEqual(kept, ['build/report.xml', 'console.log']);
  await job('github', steps.filter((step) => step.run).map((step) => step.run));
});

test('ci: the GitLab job is well formed, and its commands work', async () => {
  const jobs = parse(readFileSync(join(examples, 'ci/gitlab/.gitlab-ci.yml'), 'utf8'), { strict: true });
  const [each, ...more] = Object.values(jobs);
  assert.deepStrictEqual(more, []);
  const known = ['image', 'timeout', 'before_script', 'script', 'artifacts'];
  assert.deepStrictEqual(Object.keys(each).filter((key) => !known.includes(key)), []);
  for (const line of [...each.before_script, ...each.script]) assert.strictEqual(typeof line, 'string', 'a ": " makes YAML see a mapping');
  assert.ok(each.artifacts.paths.every((path) => ['build/report.xml', 'console.log'].includes(path)));
  await job('gitlab', [...each.before_script, ...each.script]);
});
