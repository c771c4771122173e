// A client of /sessions/{id}/stream. It keeps every message; raw=1 gives plain bytes.
import WebSocket from 'ws';

export class Stream {
  // `query`: what follows `?`. Throws when the server refuses, with the status and the answer in the error.
  static open(server, id, query = '') {
    const stream = new Stream();
    stream.messages = [];
    stream.raw = Buffer.alloc(0);
    stream.pieces = [];
    stream.waiting = [];
    const url = `${server.url.replace('http', 'ws')}/api/v1/sessions/${id}/stream${query ? `?${query}` : ''}`;
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 64 << 20 });
    stream.socket = socket;
    socket.on('message', (data, binary) => {
      if (binary) stream.pieces.push(data);
      else stream.messages.push(JSON.parse(data.toString()));
      stream.wake();
    });
    stream.closed = new Promise((resolve) => socket.on('close', (code, reason) => {
      stream.ended = { code, reason: reason.toString() };
      stream.wake();
      resolve(stream.ended);
    }));
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(stream));
      socket.on('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk) => { body += chunk; });
        response.on('end', () => reject(Object.assign(new Error(`refused: ${response.statusCode} ${body}`),
                                                      { status: response.statusCode, body: JSON.parse(body || 'null') })));
      });
      socket.on('error', (error) => { stream.failure = error; stream.wake(); reject(error); });
    });
  }

  wake() { for (const each of this.waiting.splice(0)) each(); }

  // All bytes of a console so far; checks that each message begins where the one before ended.
  bytes(console_) {
    const parts = [];
    let at;
    for (const message of this.messages) {
      if (message.console !== console_ || message.data === undefined) continue;
      const data = decode(message);
      if (at !== undefined && message.seq !== at) throw new Error(`${console_}: seq ${message.seq} follows ${at}`);
      at = message.seq + data.length;
      parts.push(data);
    }
    return Buffer.concat(parts);
  }

  rawBytes() {
    if (this.pieces.length) this.raw = Buffer.concat([this.raw, ...this.pieces.splice(0)]);
    return this.raw;
  }

  type(data, more = {}) { this.socket.send(JSON.stringify({ type: 'stdin', data, ...more })); }
  send(data) { this.socket.send(data); }
  pause() { this.socket._socket.pause(); }
  resume() { this.socket._socket.resume(); }
  close() { this.socket.close(); }

  // Until `probe` gives something; it is asked again whenever a message has come.
  async until(probe, timeout = 20_000, what = 'what was awaited') {
    const end = Date.now() + timeout;
    for (;;) {
      const value = probe();
      if (value) return value;
      if (this.ended) throw new Error(`the stream ended (${this.ended.code} ${this.ended.reason}) before ${what}; ${this.tail()}`);
      if (Date.now() > end) throw new Error(`${what} did not come; ${this.tail()}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, end - Date.now()));
        this.waiting.push(() => { clearTimeout(timer); resolve(); });
      });
    }
  }

  message(accepts, timeout, what) { return this.until(() => this.messages.find(accepts), timeout, what); }

  // Until the console has shown `text`; searches the new messages only.
  async shows(console_, text, timeout = 20_000) {
    let seen = 0, window = '';
    return this.until(() => {
      for (; seen < this.messages.length; ++seen) {
        const message = this.messages[seen];
        if (message.console !== console_ || message.data === undefined) continue;
        window += decode(message).toString('latin1');
        if (window.includes(text)) return true;
        window = window.slice(-text.length);
      }
      return false;
    }, timeout, `'${text}' on ${console_}`);
  }

  tail() {
    const raw = this.rawBytes();
    return `the last messages: ${JSON.stringify(this.messages.slice(-5)).slice(0, 1500)}${raw.length ? `; raw: ${raw.subarray(-500).toString('latin1')}` : ''}`;
  }
}

export function decode(message) { return Buffer.from(message.data, message.encoding === 'base64' ? 'base64' : 'utf8'); }

// What the firmware's `flood N` prints.
export function floodText(kib) {
  const lines = [];
  for (let i = 0; i < kib * 16; ++i) lines.push(`${i.toString(16).padStart(8, '0')} ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.\r\n`);
  return Buffer.from(`${lines.join('')}flood done ${kib} KiB\r\n`);
}
