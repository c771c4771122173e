// docs/boards/ says what the templates and the installed emulator say; `scripts/board-pages.mjs` writes it.
import assert from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { folder, pages } from '../../scripts/board-pages.mjs';
import { Server, firmwareDir } from './lib/server.mjs';

let server, made;
before(async () => {
  server = await new Server().start();
  const get = async (path) => {
    const answer = await server.get(path);
    assert.strictEqual(answer.status, 200, `${path}: ${answer.text}`);
    return answer.body;
  };
  made = await pages(get, firmwareDir);
});
after(() => server.destroy());

const how = 'write it again: scripts/board-pages.mjs http://127.0.0.1:8080 build/dev/firmware, with the server of this build running';

test('there is a page for each template, and no other', () => {
  assert.deepStrictEqual(readdirSync(folder).sort(), [...made.files.keys()].sort(), how);
});

test('each page is what would be written now', () => {
  const measured = /QEMU (\d+\.\d+), machine/.exec(readFileSync(join(folder, 'microbit.md'), 'utf8'))[1];
  const same = measured === made.release;
  if (!same) console.log(`NOT COMPARED: what the emulator says; the pages are of QEMU ${measured}, ${made.release} is installed`);
  // Without the emulator's own words: headings and what the template says up to the processor.
  const part = (text) => (same ? text : text.slice(0, text.indexOf('## Processor')));
  for (const [name, text] of made.files)
    if (same || name !== 'README.md') assert.strictEqual(part(readFileSync(join(folder, name), 'utf8')), part(text), `${name} is stale; ${how}`);
});

test('a machine is only told of where a backend takes the board', async () => {
  assert.strictEqual((await server.get('/api/v1/templates/nope/machine')).status, 404);
  const refused = await server.get('/api/v1/templates/microbit/machine?backend=renode');
  assert.ok(refused.status >= 400 && refused.body.code, refused.text);
});
