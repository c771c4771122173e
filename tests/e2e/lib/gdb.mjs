import { spawn } from 'node:child_process';

// Debian's gdb-multiarch, told one command after the other; `says` waits for what it prints.
export class Gdb {
  constructor(file, target) {
    this.out = '';
    this.child = spawn('gdb-multiarch', ['-q', '-nx', '-ex', 'set confirm off', '-ex', 'set pagination off', '-ex', 'set tcp auto-retry off', file],
                       { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => { this.out += data; this.wake?.(); });
    this.ended = new Promise((go) => this.child.on('close', () => { this.over = true; this.wake?.(); go(); }));
    this.seen = 0;
    if (target) this.target(target);
    Gdb.all.add(this);
  }
  say(command) { this.child.stdin.write(`${command}\n`); }
  target(target) { this.say(`target extended-remote ${target}`); }
  async says(pattern, timeout = 20_000) {
    const end = Date.now() + timeout;
    for (;;) {
      const match = pattern.exec(this.out.slice(this.seen));
      if (match) {
        this.seen += match.index + match[0].length;
        return match;
      }
      if (this.over || Date.now() > end) throw new Error(`gdb did not say ${pattern}; it said:\n${this.out}`);
      await new Promise((go) => { this.wake = go; setTimeout(go, 200); });
    }
  }
  async value(expression) {
    this.say(`printf "<%d>\\n", ${expression}`);
    return Number((await this.says(/<(-?\d+)>/))[1]);
  }
  interrupt() { this.child.kill('SIGINT'); }
  // A test that fails leaves none behind.
  static all = new Set();
  static killAll() {
    for (const gdb of Gdb.all) gdb.child.kill('SIGKILL');
    Gdb.all.clear();
  }
  async quit(command = 'quit') {
    this.say(command);
    await this.ended;
  }
}
