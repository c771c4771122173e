import { spawn } from 'node:child_process';

// gdb by its machine interface, as the extensions of editors drive it.
export class Mi {
  constructor() {
    this.child = spawn('gdb-multiarch', ['-q', '-nx', '--interpreter=mi2'], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.text = '';
    this.partial = '';
    this.token = 0;
    this.answers = new Map();
    this.records = [];
    this.child.stdout.on('data', (data) => this.#take(String(data)));
    this.child.stderr.on('data', (data) => { this.text += data; });
    this.ended = new Promise((go) => this.child.on('close', () => { this.over = true; this.#look(); go(); }));
    Mi.all.add(this);
  }
  #take(data) {
    this.text += data;
    const lines = (this.partial + data).split('\n');
    this.partial = lines.pop();
    for (const line of lines) {
      const result = /^(\d+)\^(\w+)(.*)$/.exec(line);
      if (result) {
        const [, token, verdict, rest] = result;
        this.answers.get(Number(token))?.({ verdict, rest });
        this.answers.delete(Number(token));
      } else if (/^[*=~@&]/.test(line)) {
        this.records.push(line);
      }
    }
    this.#look();
  }
  #look() { this.wake?.(); }

  // One command; what follows its result class. A refusal is an error.
  async ask(command) {
    const token = ++this.token;
    const answered = new Promise((go) => this.answers.set(token, go));
    this.child.stdin.write(`${token}-${command}\n`);
    const timer = setTimeout(() => this.answers.get(token)?.({ verdict: 'timeout', rest: '' }), 20_000);
    const { verdict, rest } = await answered;
    clearTimeout(timer);
    if (verdict === 'error' || verdict === 'timeout') throw new Error(`gdb answered ${verdict}${rest} to ${command}:\n${this.text}`);
    return rest;
  }
  console(command) { return this.ask(`interpreter-exec console "${command.replaceAll('"', '\\"')}"`); }

  // The next record (*stopped, =breakpoint-modified, ...) that fits; earlier ones are dropped.
  async record(pattern, timeout = 20_000) {
    const end = Date.now() + timeout;
    for (;;) {
      const at = this.records.findIndex((line) => pattern.test(line));
      if (at >= 0) return this.records.splice(0, at + 1).at(-1);
      if (this.over || Date.now() > end) throw new Error(`no record ${pattern} came; gdb said:\n${this.text}`);
      await new Promise((go) => { this.wake = go; setTimeout(go, 200); });
    }
  }
  async quit() {
    this.child.stdin.write('-gdb-exit\n');
    await this.ended;
  }
  static all = new Set();
  static killAll() {
    for (const gdb of Mi.all) gdb.child.kill('SIGKILL');
    Mi.all.clear();
  }
}
