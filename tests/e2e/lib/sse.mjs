// A reader of Server-Sent Events that keeps what came until it is asked for. Node 18's fetch, no EventSource.
export class EventReader {
  static async open(server, { query = '', lastEventId } = {}) {
    const reader = new EventReader();
    reader.controller = new AbortController();
    const headers = { Accept: 'text/event-stream' };
    if (lastEventId !== undefined) headers['Last-Event-ID'] = String(lastEventId);
    reader.response = await fetch(`${server.url}/api/v1/events${query}`, { headers, signal: reader.controller.signal });
    if (!reader.response.ok) throw new Error(`events: ${reader.response.status} ${await reader.response.text()}`);
    reader.events = [];
    reader.waiting = [];
    reader.ended = false;
    reader.pump();
    return reader;
  }

  async pump() {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body) {
        text += decoder.decode(chunk, { stream: true });
        for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) this.take(text.slice(0, end));
      }
    } catch (error) {
      this.failure = error;
    }
    this.ended = true;
    for (const wake of this.waiting.splice(0)) wake();
  }

  take(block) {
    const fields = {};
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) continue;
      const colon = line.indexOf(': ');
      fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    if (!fields.data) return;
    const event = JSON.parse(fields.data);
    if (String(event.id) !== fields.id || event.type !== fields.event) throw new Error(`the frame and its data differ: ${block}`);
    this.events.push(event);
    for (const wake of this.waiting.splice(0)) wake();
  }

  // The events up to the first that `last` accepts; they are taken out of the reader.
  async until(last, timeout = 15_000) {
    const end = Date.now() + timeout;
    for (;;) {
      const at = this.events.findIndex(last);
      if (at >= 0) return this.events.splice(0, at + 1);
      if (this.ended) throw new Error(`the event stream ended; it held ${JSON.stringify(this.events)}`);
      if (Date.now() > end) throw new Error(`the event did not come; these did: ${JSON.stringify(this.events)}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, end - Date.now()));
        this.waiting.push(() => { clearTimeout(timer); resolve(); });
      });
    }
  }

  close() { this.controller.abort(); }
}
