// A real virserver for a test file: its own port, data directory and log; every answer is checked against the contract.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkResponse } from './contract.mjs';
import { processes } from './processes.mjs';

export const bin = process.env.VIRSERVER_BIN;             // folder with virserver, virctl, virserver-shim
export const firmwareDir = process.env.VIRSERVER_FIRMWARE; // folder with the built test firmware
if (!bin) throw new Error('VIRSERVER_BIN is not set: run the tests through ctest');

// A directory that emulators may traverse when the tests run as root.
export function temporaryDirectory() {
  const dir = mkdtempSync(join(tmpdir(), 'virserver-test-'));
  chmodSync(dir, 0o711);
  return dir;
}

export class Server {
  constructor(options = {}) {
    this.args = options.args ?? [];
    this.env = options.env ?? {};
    this.data = options.data ?? temporaryDirectory();
    this.keepData = options.data !== undefined;
    this.port = options.port ?? 0;
    this.stdin = options.stdin ?? 'ignore';
    this.command = options.command ?? [];  // what starts it, like ['bwrap', ...]
    this.log = '';
    this.crashed = false;  // by us
  }

  async start() {
    const argv = [...this.command, join(bin, 'virserver'), '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...this.args];
    this.crashed = false;
    this.child = spawn(argv[0], argv.slice(1), { env: { ...process.env, ...this.env }, stdio: [this.stdin, 'pipe', 'pipe'] });
    this.child.stderr.on('data', (data) => { this.log += data; });
    this.exited = once(this.child, 'exit');
    const lines = createInterface({ input: this.child.stdout });
    const ready = new Promise((resolve) => {
      lines.on('line', (line) => {
        const match = /^listening on (http:\/\/\S+)/.exec(line);
        if (match) resolve(match[1]);
      });
    });
    const url = await Promise.race([ready, this.exited.then(() => null)]);
    if (!url) throw new Error(`virserver did not start:\n${this.log}`);
    this.url = url;
    this.port = Number(new URL(url).port);
    return this;
  }

  // The server's own process, which is not our child when a command runs it.
  pid() {
    if (!this.command.length) return this.child.pid;
    return processes().find((each) => each.argv[0].endsWith('/virserver') && each.argv.includes(this.data)).pid;
  }

  // Ends the server with SIGTERM, which must be an orderly end; sessions' boards live on.
  async stop() {
    if (this.crashed) return;
    if (!this.ended()) process.kill(this.pid(), 'SIGTERM');  // one that ended by itself is told below
    const [code, signal] = await this.exited;
    if (code !== 0) throw new Error(`virserver ended with ${signal ?? `status ${code}`}:\n${this.log.slice(-8000)}`);
  }

  ended() { return this.child.exitCode !== null || this.child.signalCode !== null; }

  async crash() {
    this.crashed = true;
    this.child.kill('SIGKILL');
    await this.exited;
  }

  // Deletes every session, stops, removes the data directory.
  async destroy() {
    if (!this.ended()) {
      for (const session of (await this.get('/api/v1/sessions?limit=200')).body.items) await this.delete(`/api/v1/sessions/${session.id}`);
    }
    await this.stop();
    if (!this.keepData) rmSync(this.data, { recursive: true, force: true });
  }

  // One request; the answer is checked against openapi.yaml unless `check` is false. `body`: object, string or bytes.
  async request(method, path, { body, headers = {}, check = true } = {}) {
    const init = { method, headers: { ...headers } };
    if (body instanceof FormData || typeof body === 'string' || body instanceof Uint8Array) init.body = body;
    else if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers['Content-Type'] ??= 'application/json';
    }
    const response = await fetch(this.url + path, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? '';
    const result = { status: response.status, headers: response.headers, bytes, text: bytes.toString(), body: undefined };
    if (type.startsWith('application/json') && bytes.length) result.body = JSON.parse(result.text);
    if (check) checkResponse(method, path, result, type);
    return result;
  }

  get(path, options) { return this.request('GET', path, options); }
  post(path, body, options) { return this.request('POST', path, { body, ...options }); }
  put(path, body, options) { return this.request('PUT', path, { body, ...options }); }
  patch(path, body, options) { return this.request('PATCH', path, { body, ...options }); }
  delete(path, options) { return this.request('DELETE', path, options); }

  // Waits until every backend has been asked.
  async discovered() {
    return this.eventually(async () => {
      const { body } = await this.get('/api/v1/capabilities');
      return Object.values(body.backends).every((backend) => backend.status !== 'probing') && body;
    }, 60_000);
  }

  async session(template, extra = {}) {
    const made = await this.post('/api/v1/sessions', { board_template: template, ...extra });
    if (made.status !== 201) throw new Error(`session on ${template}: ${made.status} ${made.text}`);
    return made.body;
  }

  async upload(id, file, query = '') {
    return this.post(`/api/v1/sessions/${id}/programs${query}`, readFileSync(file), { headers: { 'Content-Type': 'application/octet-stream' } });
  }

  async power(id, action, query = '') { return this.post(`/api/v1/sessions/${id}/power${query}`, { action }); }

  async output(id, console_, since = 0) {
    return (await this.get(`/api/v1/sessions/${id}/consoles/${console_}/output?since=${since}`)).bytes;
  }

  async type(id, console_, data) {
    const sent = await this.post(`/api/v1/sessions/${id}/consoles/${console_}/input`, { data });
    if (sent.status !== 204) throw new Error(`typing on ${console_}: ${sent.status} ${sent.text}`);
  }

  // Until the console has shown `pattern` (text or RegExp) at or after byte `since`; returns all its output.
  async expect(id, console_, pattern, { since = 0, timeout = 30_000 } = {}) {
    let seen = '';
    const met = await this.eventually(async () => {
      seen = (await this.output(id, console_, since)).toString('latin1');
      return pattern instanceof RegExp ? pattern.test(seen) : seen.includes(pattern);
    }, timeout, () => `console ${console_} did not show ${pattern}; it showed:\n${seen.slice(-2000)}`);
    return met && seen;
  }

  async eventually(probe, timeout = 10_000, message = () => 'it did not happen in time') {
    const end = Date.now() + timeout;
    for (;;) {
      const value = await probe();
      if (value) return value;
      if (Date.now() > end) throw new Error(`${message()}\n--- server log\n${this.log.slice(-2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
