// Requests that no well-behaved client sends: bytes into a socket, the answer taken apart.
import { connect } from 'node:net';

export function parseAnswer(bytes) {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return { status: 0, headers: {}, text: '', raw: text };
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  const after = bytes.subarray(end + 4);
  const body = after.subarray(0, Number(headers['content-length'] ?? after.length)).toString();
  const answer = { status: Number(first.split(' ')[1]), headers, text: body, raw: text };
  if (headers['content-type']?.startsWith('application/json')) answer.body = JSON.parse(body);
  return answer;
}

// Sends `data` (text, bytes or an async iterable of them) and reads until the server closes or the answer is whole.
// `end`: half-closes after sending.
export function exchange(server, data, { end = false, timeout = 20_000 } = {}) {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    const chunks = [];
    let reset;
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      const answer = parseAnswer(Buffer.concat(chunks));
      if (answer.status || !reset) resolve({ ...answer, reset });
      else reject(reset);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no whole answer in ${timeout} ms; so far: ${Buffer.concat(chunks).toString().slice(0, 500)}`));
    }, timeout);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const answer = Buffer.concat(chunks);
      const head = answer.indexOf('\r\n\r\n');
      const length = head >= 0 && /content-length: *(\d+)/i.exec(answer.subarray(0, head).toString());
      if (length && answer.length >= head + 4 + Number(length[1])) done();
    });
    socket.on('close', done);
    socket.on('error', (error) => { reset = error; });
    (async () => {
      if (typeof data === 'string' || data instanceof Uint8Array) socket.write(data);
      else
        for await (const piece of data) {
          if (socket.destroyed || reset) return;
          if (!socket.write(piece)) await new Promise((go) => { socket.once('drain', go); socket.once('close', go); });
        }
      if (end) socket.end();
    })().catch(reject);
  });
}

// A request as text with a right Host and Content-Length.
export function requestText(server, method, path, { headers = {}, body = '' } = {}) {
  const all = { Host: `127.0.0.1:${server.port}`, ...headers };
  if (body.length && all['Content-Length'] === undefined && !all['Transfer-Encoding']) all['Content-Length'] = Buffer.byteLength(body);
  const lines = Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
