// Flat-out console output through the WebSocket against reading QEMU's own socket directly.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from '../tests/e2e/node_modules/ws/wrapper.mjs';
import { Server, firmwareDir } from '../tests/e2e/lib/server.mjs';
import { paired, report } from './lib.mjs';

const kib = Number(process.argv[2] ?? 512);
const rounds = Number(process.argv[3] ?? 7);
const board = 'riscv-virt64';  // its UART takes input from a bare QEMU too; the CMSDK one may not (see firmware/README.md)
const server = await new Server().start();
await server.discovered();
const { id } = await server.session(board);
await server.upload(id, `${firmwareDir}/${board}.elf`);
await server.power(id, 'on');
await server.expect(id, 'uart0', 'ready');

async function through(raw) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/sessions/${id}/stream?since=now&console=uart0&raw=${raw ? 1 : 0}`);
  await new Promise((resolve) => socket.on('open', resolve));
  let bytes = 0;
  const done = new Promise((resolve) => {
    socket.on('message', (data) => {
      if (raw) bytes += data.length;
      else {
        const message = JSON.parse(data);
        if (message.type === 'stdout') bytes += message.encoding === 'base64' ? Buffer.from(message.data, 'base64').length : Buffer.byteLength(message.data);
      }
      if (bytes >= kib * 1024) resolve();
    });
  });
  const start = performance.now();
  socket.send(raw ? `flood ${kib}\r` : JSON.stringify({ type: 'stdin', data: `flood ${kib}\r` }));
  await done;
  const seconds = (performance.now() - start) / 1000;
  socket.terminate();
  return kib / 1024 / seconds;
}

const dir = mkdtempSync(join(tmpdir(), 'virserver-bench-'));
const path = join(dir, 'uart');
const qemu = spawn('qemu-system-riscv64', ['-M', 'virt', '-bios', 'none', '-display', 'none', '-nodefaults', '-accel', 'tcg,tb-size=16,thread=single',
  '-kernel', `${firmwareDir}/${board}.elf`, '-chardev', `socket,id=s0,path=${path},server=on,wait=on`, '-serial', 'chardev:s0'], { stdio: 'ignore' });
while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10));
const direct = net.connect(path);
let sink = () => {};
direct.on('data', (data) => sink(data));
await new Promise((resolve) => { sink = (data) => data.includes('>') && resolve(); setTimeout(resolve, 2000); });

async function directly() {
  let bytes = 0;
  const start = performance.now();
  const done = new Promise((resolve) => { sink = (data) => { bytes += data.length; if (bytes >= kib * 1024) resolve(); }; });
  direct.write(`flood ${kib}\r`);
  await done;
  const seconds = (performance.now() - start) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 50));
  return kib / 1024 / seconds;
}

report('console throughput, JSON messages', 'MiB/s', await paired(rounds, () => through(false), directly), 'goal >= 0.9');
report('console throughput, raw=1', 'MiB/s', await paired(rounds, () => through(true), directly), 'goal >= 0.9');
qemu.kill('SIGKILL');
rmSync(dir, { recursive: true });
await server.destroy();
process.exit(0);
