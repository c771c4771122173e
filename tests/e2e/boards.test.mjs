// Each template of the library that QEMU runs boots its own firmware and talks.
import assert from 'node:assert';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { boots } from './lib/boots.mjs';
import { Server, firmwareDir } from './lib/server.mjs';

let server, templates;
before(async () => {
  server = await new Server().start();
  templates = (await server.get('/api/v1/templates?limit=200')).body.items.filter(({ backends }) => backends.includes('qemu'));
});
after(() => server.destroy());

test('every template has its firmware', () => {
  assert.ok(templates.length >= 35, `${templates.length} templates`);
  for (const { id } of templates) assert.ok(existsSync(join(firmwareDir, `${id}.elf`)), `${id}.elf; is its cross compiler installed?`);
});

// The whole MiB on a board of each kind of UART; the others are of the same model.
const whole = ['arm-virt-a15', 'ast2500-evb', 'leon3', 'mcimx6ul-evk', 'microbit', 'mps2-an385', 'ppce500', 'riscv-virt64', 'sifive-u', 'stm32f4-disco', 'zcu102'];

test('every board boots its firmware', { concurrency: 2 }, async (t) => {
  await Promise.all(templates.map((template) => t.test(template.id, () => boots(server, template, whole.includes(template.id) ? 1024 : 256))));
});

test('the STM32F4 Discovery says on what it really runs', async () => {
  const { id, findings } = await server.session('stm32f4-disco');
  assert.match(JSON.stringify(findings), /STM32F405/);
  await server.delete(`/api/v1/sessions/${id}`);
});
