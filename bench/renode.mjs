// Renode under VirServer against Renode by hand: power-on to the first UART byte, a command's round trip, memory, ten boards at
// once, and what a board costs that waits. Says so where no Renode is installed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from '../tests/e2e/node_modules/ws/wrapper.mjs';
import { findLauncher } from '../tests/e2e/lib/launchers.mjs';
import { Server, firmwareDir } from '../tests/e2e/lib/server.mjs';
import { median, paired, report } from './lib.mjs';

const launcher = findLauncher('renode');
if (!launcher) {
  console.log('renode is not installed: nothing was measured');
  process.exit(0);
}
const rounds = Number(process.argv[2] ?? 11);
const board = 'stm32f4-disco', uart = 'usart2', ram = 0x20000000, flash = 0x08000000;
const image = `${firmwareDir}/${board}.elf`;
const server = await new Server({ env: { VIRSERVER_RENODE: launcher } }).start();
await server.discovered();
const { id } = await server.session(board, { backend: 'renode' });
await server.upload(id, image);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(server.url + path, { method, agent, headers: { 'Content-Type': 'application/json' } }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, bytes: Buffer.concat(parts) }));
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}
async function must(...request) {
  const answer = await call(...request);
  if (answer.status !== 200) throw new Error(`${request[1]}: ${answer.status} ${answer.bytes}`);
  return answer;
}
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const freePort = () => new Promise((resolve) => {
  const probe = net.createServer().listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
});

// By hand: the same platform and connections, Renode's own defaults.
await must('POST', `/api/v1/sessions/${id}/power`, { action: 'on' });
const work = mkdtempSync(join(tmpdir(), 'virserver-bench-'));
let home = 0;
async function byHand(robot = []) {
  const directory = join(work, `${home++}`), port = await freePort();
  writeFileSync(join(work, 'by_hand.resc'), `mach create "machine"
machine LoadPlatformDescription @platforms/boards/stm32f4_discovery.repl
machine StartGdbServer ${await freePort()}
sysbus LoadELF @${image}
cpu VectorTableOffset 0x08000000
emulation CreateServerSocketTerminal ${port} "term" false
connector Connect sysbus.${uart} term
`);
  const env = { PATH: process.env.PATH, TMPDIR: work, HOME: directory, XDG_CONFIG_HOME: directory };
  const child = spawn(launcher, ['--disable-gui', '--plain', '--console', '--hide-analyzers', ...robot, '-e', `include @${work}/by_hand.resc`], { env, cwd: work, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const begun = performance.now();
  let socket;
  for (;;) {
    socket = await new Promise((resolve) => { const dial = net.connect(port, '127.0.0.1', () => resolve(dial)).on('error', () => resolve(null)); });
    if (socket) break;
    if (performance.now() - begun > 60_000) throw new Error('Renode by hand did not open its console');
    await sleep(5);
  }
  socket.on('error', () => {});
  const end = () => {
    const gone = new Promise((resolve) => child.on('exit', resolve));
    process.kill(-child.pid, 'SIGKILL');
    return gone;
  };
  return { child, socket, begun, end };
}

const stream = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/sessions/${id}/stream?raw=1&since=now`);
await new Promise((resolve) => { stream.on('open', resolve); });
async function ours() {
  await must('POST', `/api/v1/sessions/${id}/power`, { action: 'off' });
  await sleep(200);
  const first = new Promise((resolve) => { stream.once('message', () => resolve(performance.now())); });
  const start = performance.now();
  await must('POST', `/api/v1/sessions/${id}/power`, { action: 'on' });
  return await first - start;
}
// A person types `start` when the console is there.
async function hand() {
  const it = await byHand();
  const first = new Promise((resolve) => { it.socket.once('data', () => resolve(performance.now())); });
  it.child.stdin.write('start\n');
  const time = await first - it.begun;
  await it.end();
  return time;
}
report(`power-on to first UART byte, ${board} on Renode`, 'ms', await paired(rounds, ours, hand), 'goal <= 1.1');
stream.terminate();

// A command: four bytes of a running board by REST, against the robot server asked directly.
const robotPort = await freePort();
const by = await byHand(['--robot-server-port', String(robotPort)]);
const robotAgent = new http.Agent({ keepAlive: true, maxSockets: 1 });
function robot(command) {
  const body = `<?xml version="1.0"?><methodCall><methodName>run_keyword</methodName><params><param><value><string>ExecuteCommand</string></value></param><param><value><array><data><value><string>${command}</string></value></data></array></value></param></params></methodCall>`;
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: robotPort, method: 'POST', path: '/', agent: robotAgent, headers: { 'Content-Type': 'text/xml', 'Content-Length': body.length } }, (answer) => {
      let text = '';
      answer.on('data', (part) => { text += part; });
      answer.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(body);
  });
}
await sleep(500);  // the script's last line
await robot('start');
const timed = async (what) => { const start = performance.now(); await what(); return performance.now() - start; };
const memory = (size, from = ram) => () => timed(async () => {
  const { bytes } = await must('GET', `/api/v1/sessions/${id}/debug/memory?address=0x${from.toString(16)}&size=${size}&format=raw`);
  if (bytes.length !== size) throw new Error(`${bytes.length} bytes`);
});
const directly = (size) => () => timed(async () => {
  const text = await robot(`sysbus ReadBytes 0x${ram.toString(16)} ${size}`);
  if (!text.includes('PASS')) throw new Error(text);
});
const trip = await paired(101, memory(4), directly(4));
console.log(`a command to a running board: ${(trip.ours - trip.baseline).toFixed(2)} ms more (goal <= 1), ${trip.ours.toFixed(2)} against ${trip.baseline.toFixed(2)} ms`);
report('64 KiB of a running board, against one ReadBytes', 'ms', await paired(7, memory(64 << 10), directly(64 << 10)), 'no goal');
const alone64 = [], alone1024 = [];
for (let i = 0; i < 11; ++i) alone1024.push(await memory(1 << 20, flash)());
console.log(`1 MiB of a running board: ${median(alone1024).toFixed(1)} ms`);
await must('POST', `/api/v1/sessions/${id}/debug/pause`);
for (let i = 0; i < 11; ++i) alone64.push(await memory(64 << 10)());
console.log(`64 KiB of a standing board: ${median(alone64).toFixed(1)} ms`);
await must('POST', `/api/v1/sessions/${id}/debug/continue`, {});
await by.end();

// What a board costs whose firmware waits for input (WFI), of one processor of the host.
const ticks = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((sum, each) => sum + Number(each), 0);
async function load(pid) {
  const before = ticks(pid), begun = performance.now();
  await sleep(10_000);
  return (ticks(pid) - before) * 10 / (performance.now() - begun) * 100;
}
const processes = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
  try { return /Renode|renode/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')); } catch { return false; }
});
const engine = processes().find((pid) => { try { return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(id); } catch { return false; } });
await sleep(2000);
const waiting = await load(engine);
const before = new Set(processes());
const alone = await byHand();
alone.child.stdin.write('start\n');
await sleep(3000);
const own = processes().filter((pid) => !before.has(pid)).sort((a, b) => ticks(b) - ticks(a))[0];
console.log(`a board that waits: ${waiting.toFixed(1)} % of a processor (goal <= 10), Renode by hand ${(await load(own)).toFixed(1)} %`);
await alone.end();

// Ten at once.
const ids = [];
const begun = performance.now();
for (let i = 0; i < 10; ++i) {
  const made = await server.session(board, { backend: 'renode' });
  await server.upload(made.id, image);
  ids.push(made.id);
}
await Promise.all(ids.map((each) => must('POST', `/api/v1/sessions/${each}/power`, { action: 'on' }).catch(() => server.power(each, 'on'))));
for (const each of ids) await server.expect(each, uart, 'ready', { timeout: 120_000 });
console.log(`ten boards at once, from the request to the last one's greeting: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
for (const each of ids) await server.delete(`/api/v1/sessions/${each}`);
await server.delete(`/api/v1/sessions/${id}`);
rmSync(work, { recursive: true, force: true });
await server.destroy();
process.exit(0);
