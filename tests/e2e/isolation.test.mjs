// What a guest can reach through its emulator, and servers on hosts that forbid namespaces.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { emulatorsIn, enginesIn } from './lib/processes.mjs';
import { Server, firmwareDir } from './lib/server.mjs';

let server;
before(async () => { server = await new Server().start(); });
after(() => server.destroy());

async function running(where, board) {
  const session = await where.session(board);
  assert.strictEqual((await where.upload(session.id, join(firmwareDir, `${board}.elf`))).status, 201);
  const on = await where.power(session.id, 'on');
  assert.strictEqual(on.status, 200, on.text);
  await where.expect(session.id, session.default_console, 'ready\r\n> ');
  return on.body;
}

async function ask(where, id, line, pattern) {
  const { length } = await where.output(id, 'uart0');
  await where.type(id, 'uart0', `${line}\r`);
  return (await where.expect(id, 'uart0', pattern, { since: length + line.length })).trim();
}

test("semihosting's file calls stay inside the machine's directory", async () => {
  const { id, sandbox, instance_id: instance } = await running(server, 'riscv-virt64');
  const other = await running(server, 'microbit');
  assert.deepStrictEqual(sandbox, { mode: 'full', cause: '' });
  assert.match(await ask(server, id, 'semi-write mine.txt', /written/), /written/);
  assert.match(await ask(server, id, 'semi-read mine.txt', /read: hello/), /read: hello/);
  const engine = join(server.data, 'sessions', id, 'engines', instance.split('.')[1]);
  assert.strictEqual(readFileSync(join(engine, 'mine.txt'), 'utf8'), 'hello');
  const outside = ['/etc/shadow', '/etc/passwd', '/root/.bashrc', join(server.data, 'virserver.db'), '../../../../virserver.db',
                   join(server.data, 'access.log'), join(server.data, 'sessions', other.id, 'engines/1/run.txt'), `../../../${other.id}/engines/1/run.txt`,
                   '/proc/1/environ/../../../etc/shadow', `/proc/${server.child.pid}/environ`];
  for (const path of outside) assert.match(await ask(server, id, `semi-read ${path}`, /cannot open|read: /), /^\S*\s*(> )?.*cannot open/s, path);
  const places = ['/tmp/virserver-escaped', join(server.data, 'escaped'), '/usr/escaped', '/etc/escaped', '../../../../escaped',
                  join(server.data, 'sessions', other.id, 'escaped')];
  for (const path of places) {
    await ask(server, id, `semi-write ${path}`, /cannot open|cannot write|written/);
    assert.ok(!existsSync(path.startsWith('..') ? join(engine, path) : path), `${path} was written on the host`);
  }
  for (const each of [id, other.id]) await server.delete(`/api/v1/sessions/${each}`);
});

test('an emulator runs without privileges', { skip: process.getuid() !== 0 && 'the server runs as a plain user here' }, async () => {
  const { id } = await running(server, 'microbit');
  const [emulator] = emulatorsIn(server.data);
  const status = readFileSync(`/proc/${emulator.pid}/status`, 'utf8');
  assert.match(status, /^Uid:\s+65534\s+65534/m);
  assert.match(status, /^CapEff:\s+0+$/m);
  assert.match(status, /^CapBnd:\s+0+$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  assert.match(status, /^Seccomp:\s+2$/m);
  await server.delete(`/api/v1/sessions/${id}`);
});

const forbidden = ['bwrap', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL', '--dev-bind', '/', '/'];
const possible = spawnSync(forbidden[0], [...forbidden.slice(1), 'true']).status === 0;

test('where namespaces are forbidden boards run reduced, and say so', { skip: !possible && 'bwrap cannot make such a place here' }, async () => {
  const inside = await new Server({ command: forbidden }).start();
  const { id, sandbox } = await running(inside, 'arm-virt-a15');
  assert.strictEqual(sandbox.mode, 'reduced');
  assert.ok(sandbox.cause.length > 20, sandbox.cause);
  await inside.type(id, 'uart0', 'version\r');
  await inside.expect(id, 'uart0', 'hello 1 on arm-virt-a15');
  assert.match(inside.log, /reduced/);
  // Files outside stay out of reach by Landlock, or semihosting is off.
  const { length } = await inside.output(id, 'uart0');
  await inside.type(id, 'uart0', 'semi-read /etc/passwd\r');
  await inside.eventually(async () => {
    const text = (await inside.output(id, 'uart0', length)).toString();
    assert.ok(!text.includes('root:'), text);
    return /cannot open|fault/.test(text) || (await inside.get(`/api/v1/sessions/${id}`)).body.status !== 'running';
  });
  assert.strictEqual((await inside.delete(`/api/v1/sessions/${id}`)).status, 204);
  assert.deepStrictEqual(enginesIn(inside.data), []);
  await inside.destroy();
});

test('sandbox = reduced as a setting', async () => {
  const reduced = await new Server({ args: ['--sandbox', 'reduced'] }).start();
  const { id, sandbox } = await running(reduced, 'mps2-an385');
  assert.strictEqual(sandbox.mode, 'reduced');
  assert.ok(sandbox.cause.length > 10);
  await reduced.type(id, 'uart0', 'version\r');
  await reduced.expect(id, 'uart0', 'hello 1 on mps2-an385');
  assert.strictEqual((await reduced.power(id, 'off')).body.status, 'stopped');
  await reduced.destroy();
  assert.deepStrictEqual(enginesIn(reduced.data), []);
});
