// The processes of a server's engines, seen from outside: whatever works in its data directory.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

function read(path) {
  try { return readFileSync(path, 'utf8'); } catch { return ''; }
}

export function processes() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => {
    const stat = read(`/proc/${name}/stat`);
    const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    let cwd = '';
    try { cwd = readlinkSync(`/proc/${name}/cwd`); } catch { /* gone, or not ours */ }
    return { pid: Number(name), name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), state: rest[0], parent: Number(rest[1]), cwd, argv: read(`/proc/${name}/cmdline`).split('\0') };
  });
}

// Shims and emulators (and sandboxes around them) that name the directory or work in it; zombies are no processes.
export function enginesIn(dir) {
  return processes().filter((each) => each.state && each.state !== 'Z' && each.pid !== process.pid && !each.argv[0].endsWith('/virserver') &&
    (each.cwd.startsWith(`${dir}/`) || each.argv.some((word) => word.startsWith(`${dir}/sessions`))));
}

export function emulatorsIn(dir) { return enginesIn(dir).filter((each) => /qemu-system-/.test(each.argv[0])); }
// The supervisors, the bubblewrap processes that start them left out.
export function shimsIn(dir) { return enginesIn(dir).filter((each) => each.name === 'virserver-shim'); }

export function memoryOf(pid) {  // bytes
  const match = /VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`));
  return match ? Number(match[1]) * 1024 : 0;
}
export function descriptorsOf(pid) { return readdirSync(`/proc/${pid}/fd`).length; }

// Files of uploaded content in a data directory, half-received ones included.
export function blobsIn(data) {
  const files = (dir) => existsSync(dir) ? readdirSync(dir, { withFileTypes: true }).flatMap((each) =>
    each.isDirectory() ? files(join(dir, each.name)) : [join(dir, each.name)]) : [];
  return files(join(data, 'blobs'));
}
