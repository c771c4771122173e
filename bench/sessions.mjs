// What sessions cost: memory of the server, of shim and sandbox, 100 boards at once, and 1,000 rounds of create and delete.
import { readFileSync, readdirSync } from 'node:fs';
import { Server, firmwareDir } from '../tests/e2e/lib/server.mjs';

const sessions = Number(process.argv[2] ?? 100);
const rounds = Number(process.argv[3] ?? 1000);
const server = await new Server({ args: ['--prestart', String(sessions)] }).start();
await server.discovered();

const read = (path) => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };
const kib = (text, key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
const own = () => kib(read(`/proc/${server.child.pid}/status`), 'VmRSS') / 1024;
const mib = (value) => value.toFixed(2);

// Proportional memory of all processes whose command line or name matches.
function pss(matches) {
  let sum = 0, count = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!matches(read(`/proc/${pid}/comm`).trim(), read(`/proc/${pid}/cmdline`))) continue;
    sum += kib(read(`/proc/${pid}/smaps_rollup`), 'Pss') / 1024;
    ++count;
  }
  return { sum, count };
}

for (let i = 0; i < 20; ++i) {  // warm-up: the allocator, the statement cache
  const { id } = await server.session('mps2-an385');
  await server.delete(`/api/v1/sessions/${id}`);
}
const before = own();
const ids = [];
for (let i = 0; i < sessions; ++i) ids.push((await server.session('mps2-an385')).id);
await server.eventually(() => pss((comm) => comm === 'virserver-shim').count >= sessions, 30_000);
console.log(`virserver's own memory per idle session: ${mib((own() - before) / sessions)} MiB (goal <= 1; ${sessions} sessions, server ${mib(own())} MiB)`);
const waiting = pss((comm) => comm === 'virserver-shim' || comm === 'bwrap');
console.log(`shim and sandbox per idle session: ${mib(waiting.sum / sessions)} MiB proportional (goal <= 1.5; ${waiting.count} processes)`);

const start = performance.now();
for (const id of ids) {
  await server.upload(id, `${firmwareDir}/mps2-an385.elf`);
  const on = await server.power(id, 'on');
  if (on.status !== 200) throw new Error(on.text);
}
for (const id of ids) await server.expect(id, 'uart0', 'ready');
console.log(`${sessions} boards powered on and idle: ${((performance.now() - start) / 1000).toFixed(1)} s for all, ` +
            `emulators ${mib(pss((comm) => comm.startsWith('qemu-system')).sum / sessions)} MiB proportional each, server ${mib(own())} MiB`);
for (const id of ids) await server.delete(`/api/v1/sessions/${id}`);

const descriptors = () => readdirSync(`/proc/${server.child.pid}/fd`).length;
const marks = [];
for (let i = 0; i < rounds; ++i) {
  const { id } = await server.session('mps2-an385');
  await server.delete(`/api/v1/sessions/${id}`);
  if ((i + 1) % (rounds / 10) === 0) marks.push(own());
}
console.log(`create and delete, ${rounds} rounds: server memory ${marks.map((value) => value.toFixed(1)).join(' ')} MiB after each tenth, ${descriptors()} descriptors`);
await server.destroy();
process.exit(0);
