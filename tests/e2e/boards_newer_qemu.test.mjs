// The library on a newer QEMU beside the installed one: `scripts/newer-qemu` fetches it, or VIRSERVER_NEWER_QEMU is its folder.
import assert from 'node:assert';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { boots } from './lib/boots.mjs';
import { Server } from './lib/server.mjs';

const folder = process.env.VIRSERVER_NEWER_QEMU ?? new URL('../../.cache/qemu-newer/bin', import.meta.url).pathname;
const absent = !existsSync(folder) && `NOT TESTED: no newer QEMU in ${folder}; scripts/newer-qemu fetches one`;
if (absent) console.log(absent);

let server, templates;
before(async () => {
  if (absent) return;
  server = await new Server({ args: ['--qemu-dir', folder] }).start();
  templates = (await server.get('/api/v1/templates?limit=200')).body.items.filter(({ backends }) => backends.includes('qemu'));
});
after(() => server?.destroy());

test('every board boots its firmware on the newer QEMU', { concurrency: 2, skip: absent }, async (t) => {
  await Promise.all(templates.map((template) => t.test(template.id, () => boots(server, template, 16))));
});

test('a machine that comes closer is preferred', { skip: absent }, async () => {
  const { body } = await server.post('/api/v1/templates/check', { board_template: 'stm32f4-disco', backend: 'qemu' });
  assert.strictEqual(body.backends[0].machine, 'olimex-stm32-h405');
});
