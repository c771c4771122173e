// From the API's power-on to the first UART byte at a WebSocket client, against starting the identical argv by hand,
// outside any sandbox.
import { spawn, execFileSync } from 'node:child_process';
import { constants, cpSync, createReadStream, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, closeSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import http from 'node:http';
import WebSocket from '../tests/e2e/node_modules/ws/wrapper.mjs';
import { Server, firmwareDir } from '../tests/e2e/lib/server.mjs';
import { paired, report } from './lib.mjs';

const board = process.argv[2] ?? 'mps2-an385';
const rounds = Number(process.argv[3] ?? 31);
const server = await new Server().start();
await server.discovered();
const { id } = await server.session(board);
await server.upload(id, `${firmwareDir}/${board}.elf`);

const agent = new http.Agent({ keepAlive: true });
function post(path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(server.url + path, { method: 'POST', agent, headers: { 'Content-Type': 'application/json' } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
    request.end(JSON.stringify(body));
  });
}

// The emulator of our session, found by its working directory.
function emulator() {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
      if (/qemu-system/.test(argv[0]) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(id)) return { pid, argv };
    } catch { /* gone */ }
  }
  throw new Error('the emulator was not found');
}

await server.power(id, 'on');
const { argv } = emulator();
const engines = join(server.data, 'sessions', id, 'engines');
const engine = join(engines, readdirSync(engines).sort((a, b) => b - a)[0]);
const copy = mkdtempSync(join(tmpdir(), 'virserver-bench-'));
for (const name of readdirSync(engine)) if (/^load/.test(name)) cpSync(join(engine, name), join(copy, name));
await server.power(id, 'off');

const default_console = (await server.get(`/api/v1/sessions/${id}`)).body.default_console;
const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/sessions/${id}/stream?raw=1&since=now`);
await new Promise((resolve) => socket.on('open', resolve));

async function ours() {
  const off = await post(`/api/v1/sessions/${id}/power`, { action: 'off' });
  if (off !== 200) throw new Error(`off: ${off}`);
  await new Promise((resolve) => setTimeout(resolve, 100));  // what a person takes; the next sandbox is made ready meanwhile
  const first = new Promise((resolve) => socket.once('message', () => resolve(performance.now())));
  const start = performance.now();
  const answered = post(`/api/v1/sessions/${id}/power`, { action: 'on' });
  const time = await first - start;
  await answered;
  return time;
}

// Descriptors and FIFOs that the argv names are made as the shim makes them.
async function baseline() {
  const fifos = argv.filter((each) => /^pipe,/.test(each)).map((each) => /path=([^,]+)/.exec(each)[1]);
  for (const name of readdirSync(copy)) if (!/^load/.test(name)) rmSync(join(copy, name), { recursive: true });
  const opened = [];
  for (const fifo of fifos) {
    execFileSync('mkfifo', [join(copy, `${fifo}.in`), join(copy, `${fifo}.out`)]);
  }
  const fds = argv.flatMap((each) => [.../\bfd=(\d+)/g[Symbol.matchAll](each)].map((match) => Number(match[1])));
  const stdio = ['ignore', 'ignore', 'ignore'];
  for (const fd of fds) {
    while (stdio.length < fd) stdio.push('ignore');
    stdio.push('pipe');
  }
  let stream;
  if (fifos.length) {
    const path = join(copy, `${fifos.includes(default_console) ? default_console : fifos[0]}.out`);
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    stream = createReadStream('', { fd, autoClose: false });
    opened.push(fd);
  }
  const start = performance.now();
  const child = spawn(argv[0], argv.slice(1), { cwd: copy, stdio });
  const time = await new Promise((resolve) => {
    if (stream) stream.once('data', () => resolve(performance.now() - start));
    else for (const fd of fds) child.stdio[fd].once('data', () => resolve(performance.now() - start));
  });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.on('exit', resolve));
  if (stream) stream.destroy();
  for (const fd of opened) if (existsSync(`/proc/self/fd/${fd}`)) closeSync(fd);
  return time;
}

report(`power-on to first UART byte, ${board}`, 'ms', await paired(rounds, ours, baseline), 'goal <= 1.25');
socket.terminate();
agent.destroy();
rmSync(copy, { recursive: true });
await server.destroy();
process.exit(0);
