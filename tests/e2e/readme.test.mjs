// The shell examples of README.md, run literally. Only the port is another one, when something else has 8080.
import assert from 'node:assert';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, copyFileSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { checkResponse } from './lib/contract.mjs';
import { bin, firmwareDir, Server, temporaryDirectory } from './lib/server.mjs';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
const folder = temporaryDirectory();
let server;

function free(port) {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false)).once('listening', () => probe.close(() => resolve(true)));
    probe.listen(port, '127.0.0.1');
  });
}

before(async () => { server = await new Server({ port: (await free(8080)) ? 8080 : 0 }).start(); await server.discovered(); });
after(async () => { await server.destroy(); rmSync(folder, { recursive: true, force: true }); });

async function run(block, env = {}) {
  const script = block.replaceAll('127.0.0.1:8080', `127.0.0.1:${server.port}`);
  const { stdout } = await promisify(execFile)('sh', ['-euc', script], { cwd: folder, timeout: 60_000,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, VIRSERVER_URL: server.url, ...env } });
  return stdout;
}

function answered(method, path, status, text) {
  const body = JSON.parse(text);
  checkResponse(method, path, { status, text, bytes: Buffer.from(text), body }, 'application/json');
  return body;
}

const calls = blocks.filter((block) => block.includes('curl '));

test('the three calls, and nothing in the README that no test runs', () => {
  assert.strictEqual(calls.length, 3);
  assert.ok(blocks.every((block) => calls.includes(block) || block.startsWith('virctl run ')), 'a new kind of example needs a test here');
});

test('capabilities, a session on stm32f4-disco, power on', async () => {
  const [capabilities, create, power] = calls;
  const has = answered('GET', '/api/v1/capabilities', 200, await run(capabilities));
  assert.strictEqual(has.backends.qemu.status, 'available');
  const id = (await run(`${create}echo "$SESSION_ID"`)).trim();
  const session = (await server.get(`/api/v1/sessions/${id}`)).body;
  assert.deepStrictEqual([session.name, session.backend, session.board_template, session.status], ['first', 'qemu', 'stm32f4-disco', 'created']);
  const on = answered('POST', `/api/v1/sessions/${id}/power`, 200, await run(power, { SESSION_ID: id }));
  assert.strictEqual(on.id, id);
  assert.ok(['running', 'error'].includes(on.status), on.status);
});

test('virctl run, with firmware in the place it names', async () => {
  const [block] = blocks.filter((each) => each.startsWith('virctl run '));
  assert.ok(existsSync(join(bin, 'virctl')), 'virctl is built beside virserver');
  mkdirSync(join(folder, 'build'));
  copyFileSync(join(firmwareDir, 'mps2-an385.elf'), join(folder, 'build/firmware.elf'));
  // The test firmware does not say what the example waits for: the example's own words decide, here by their failure.
  const ended = await run(block.replace('--timeout 30s', '--timeout 2s')).then(() => 0, (error) => error.code);
  assert.strictEqual(ended, 124, 'a timeout');
  const shown = await run(block.replace("'All tests passed'", "'/./'"));
  assert.ok(shown.length > 0);
});
