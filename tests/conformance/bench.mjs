// What a check works with: a server, one backend, one of its boards.
import assert from 'node:assert';
import { join } from 'node:path';
import { Target } from '../e2e/lib/debugging.mjs';
import { firmwareDir } from '../e2e/lib/server.mjs';

export const firmware = (name) => join(firmwareDir, name);

export class Bench {
  constructor(server, name, row, board, capabilities) {
    Object.assign(this, { server, name, row, board, capabilities });
  }
  has(feature) { return this.capabilities.features[feature]; }

  // A session on the backend; by default the board's. Its program is uploaded, its power off.
  async session({ template = this.board.template, program = `${template}.elf`, ...extra } = {}) {
    const made = await this.server.session(template, { backend: this.name, ...extra });
    assert.strictEqual(made.backend, this.name);
    if (program) this.ok(await this.server.upload(made.id, firmware(program)), 201);
    return made;
  }
  async power(id, action, status) {
    const answer = this.ok(await this.server.power(id, action));
    if (status) assert.strictEqual(answer.status, status);
  }
  async status(id) { return (await this.server.get(`/api/v1/sessions/${id}`)).body.status; }
  async remove(id) { this.ok(await this.server.delete(`/api/v1/sessions/${id}`), 204); }

  // The board that checks share, running the test firmware with nothing set; a check that leaves it otherwise gives it up.
  async running() {
    if (!this.shared) {
      const made = await this.session();
      await this.power(made.id, 'on', 'running');
      await this.server.expect(made.id, made.default_console, 'ready');
      this.shared = made;
    }
    return new Target(this.server, this.shared.id, this.shared.default_console);
  }
  async giveUp() {
    const made = this.shared;
    this.shared = undefined;
    if (made) await this.server.delete(`/api/v1/sessions/${made.id}`);
  }

  // It takes input and answers; only what comes after this call counts.
  async answers(id, console_) {
    const since = (await this.server.output(id, console_)).length;
    await this.server.type(id, console_, 'version\r');
    await this.server.expect(id, console_, `VirServer hello 1 on ${this.board.template}`, { since });
  }

  ok(answer, status = 200) {
    assert.strictEqual(answer.status, status, answer.text);
    return answer.body;
  }
  refused(answer, status, code, words = /./) {
    assert.deepStrictEqual([answer.status, answer.body?.code], [status, code], answer.text);
    assert.match(answer.body.error, words);
    assert.ok(answer.body.error.length > 15, 'the error says what is wrong');
  }
}
