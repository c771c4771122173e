// Memory of a running board by the REST API, against QEMU's own `memsave` asked for directly: the monitor's socket and the file.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, firmwareDir } from '../tests/e2e/lib/server.mjs';
import { paired, report } from './lib.mjs';

const rounds = Number(process.argv[2] ?? 101);
const board = 'mps2-an385', ram = 0x20000000;
const server = await new Server().start();
await server.discovered();
const { id } = await server.session(board);
await server.upload(id, `${firmwareDir}/${board}.elf`);
await server.power(id, 'on');
await server.expect(id, 'uart0', 'ready');

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const get = (path) => new Promise((resolve, reject) => {
  http.get(`${server.url}${path}`, { agent }, (answer) => {
    let bytes = 0;
    answer.on('data', (data) => { bytes += data.length; });
    answer.on('end', () => resolve({ status: answer.statusCode, bytes }));
  }).on('error', reject);
});

const dir = mkdtempSync(join(tmpdir(), 'virserver-bench-'));
const socketPath = join(dir, 'qmp'), file = join(dir, 'memory');
const qemu = spawn('qemu-system-arm', ['-M', board, '-display', 'none', '-nodefaults', '-accel', 'tcg,tb-size=16,thread=single', '-serial', 'null',
  '-kernel', `${firmwareDir}/${board}.elf`, '-qmp', `unix:${socketPath},server=on,wait=off`], { stdio: 'ignore' });
while (!existsSync(socketPath)) await new Promise((resolve) => setTimeout(resolve, 10));
const qmp = net.connect(socketPath);
let text = '', answered = () => {};
qmp.on('data', (data) => {
  text += data;
  for (let end; (end = text.indexOf('\n')) >= 0; text = text.slice(end + 1)) {
    const message = JSON.parse(text.slice(0, end));
    if ('return' in message || 'error' in message) answered(message);
  }
});
const ask = (command) => new Promise((resolve) => { answered = resolve; qmp.write(JSON.stringify(command)); });
await ask({ execute: 'qmp_capabilities' });

for (const [name, size, goal] of [['4 bytes', 4, 'no goal'], ['64 KiB', 64 << 10, 'goal <= 1.5 ms'], ['1 MiB', 1 << 20, 'goal <= 5 ms']]) {
  const byRest = async () => {
    const start = performance.now();
    const answer = await get(`/api/v1/sessions/${id}/debug/memory?address=0x${ram.toString(16)}&size=${size}&format=raw`);
    if (answer.status !== 200 || answer.bytes !== size) throw new Error(`${answer.status}, ${answer.bytes} bytes`);
    return performance.now() - start;
  };
  const directly = async () => {
    const start = performance.now();
    const answer = await ask({ execute: 'memsave', arguments: { val: ram, size, filename: file, 'cpu-index': 0 } });
    if (!('return' in answer) || readFileSync(file).length !== size) throw new Error(JSON.stringify(answer));
    return performance.now() - start;
  };
  report(`memory of a running board, ${name}`, 'ms', await paired(rounds, byRest, directly), goal);
}
qemu.kill('SIGKILL');
agent.destroy();
rmSync(dir, { recursive: true });
await server.destroy();
process.exit(0);
