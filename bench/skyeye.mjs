// SkyEye under VirServer against SkyEye by hand: power-on to the first UART byte, and twenty boards at once. Says so where no
// SkyEye is installed.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from '../tests/e2e/node_modules/ws/wrapper.mjs';
import { findLauncher } from '../tests/e2e/lib/launchers.mjs';
import { Server, firmwareDir } from '../tests/e2e/lib/server.mjs';
import { paired, report } from './lib.mjs';

const launcher = findLauncher('skyeye');
if (!launcher) {
  console.log('skyeye is not installed: nothing was measured');
  process.exit(0);
}
const rounds = Number(process.argv[2] ?? 21);
const board = process.argv[3] ?? 'at91eb40a';
const server = await new Server({ env: { VIRSERVER_SKYEYE: launcher } }).start();
await server.discovered();
const { id, default_console: uart } = await server.session(board, { backend: 'skyeye' });
await server.upload(id, `${firmwareDir}/${board}.elf`);
await server.power(id, 'on');
await server.expect(id, uart, 'ready');
const engines = join(server.data, 'sessions', id, 'engines');
const work = mkdtempSync(join(tmpdir(), 'virserver-bench-'));
const engine = join(engines, readdirSync(engines).sort((a, b) => b - a)[0]);
for (const name of ['skyeye.conf', 'image.elf', ...readdirSync(engine).filter((each) => /\.bin$/.test(each))])
  if (existsSync(join(engine, name))) cpSync(join(engine, name), join(work, name));

const stream = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/sessions/${id}/stream?raw=1&since=now`);
await new Promise((resolve) => { stream.on('open', resolve); });
async function ours() {
  await server.power(id, 'off');
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  const first = new Promise((resolve) => { stream.once('message', () => resolve(performance.now())); });
  const start = performance.now();
  await server.power(id, 'on');
  return await first - start;
}
const script = join(dirname(fileURLToPath(import.meta.url)), 'skyeye_by_hand.py');
const hand = async () => Number(execFileSync('python3', [script, launcher, work, uart], { encoding: 'utf8' }));
report(`power-on to first UART byte, ${board} on SkyEye`, 'ms', await paired(rounds, ours, hand), 'goal <= 1.25');
stream.terminate();

const ids = [];
const begun = performance.now();
for (let i = 0; i < 20; ++i) {
  const made = await server.session(board, { backend: 'skyeye' });
  await server.upload(made.id, `${firmwareDir}/${board}.elf`);
  ids.push(made.id);
}
await Promise.all(ids.map((each) => server.power(each, 'on')));
for (const each of ids) await server.expect(each, uart, 'ready', { timeout: 120_000 });
console.log(`20 boards at once, from the request to the last one's greeting: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
for (const each of [...ids, id]) await server.delete(`/api/v1/sessions/${each}`);
rmSync(work, { recursive: true, force: true });
await server.destroy();
process.exit(0);
