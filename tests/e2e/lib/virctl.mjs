// Runs virctl as a person or a CI job does and gathers what it says.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bin } from './server.mjs';

export const virctlPath = join(bin, 'virctl');

// Starts it. `server`: a Server, or null for none named. `command`: what starts it, like ['bwrap', ...].
// `program`: another program, like a terminal that runs virctl.
export function start(args, { server = null, env = {}, cwd, command = [], program = virctlPath, timeout = 60_000 } = {}) {
  const argv = [...command, program, ...args];
  const all = { ...process.env, ...env };
  delete all.VIRSERVER_URL;
  if (server) all.VIRSERVER_URL = server.url ?? server;
  const child = spawn(argv[0], argv.slice(1), { env: all, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const run = { child, stdout: '', stderr: '', waiting: [] };
  const wake = () => { for (const each of run.waiting.splice(0)) each(); };
  child.stdin.on('error', () => {});  // it may end before it has read all
  child.stdout.on('data', (data) => { run.stdout += data.toString('latin1'); wake(); });
  child.stderr.on('data', (data) => { run.stderr += data; wake(); });
  const timer = setTimeout(() => { run.hung = true; child.kill('SIGKILL'); }, timeout);
  run.ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      run.over = true;
      wake();
      if (run.hung) reject(new Error(`virctl ${args.join(' ')} hung\n${run.stdout}\n${run.stderr}`));
      else resolve({ status, signal, stdout: run.stdout, stderr: run.stderr });
    });
  });
  run.shows = async (text, where = 'stdout') => {
    while (!run[where].includes(text)) {
      if (run.over) throw new Error(`virctl ended before '${text}'\n${run.stdout}\n${run.stderr}`);
      await new Promise((go) => run.waiting.push(go));
    }
  };
  return run;
}

// Runs it to its end; `input` is its whole standard input.
export function virctl(args, options = {}) {
  const run = start(args, options);
  run.child.stdin.end(options.input ?? '');
  return run.ended;
}
