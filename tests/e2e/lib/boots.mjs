// The boot test of one board of the library.
import assert from 'node:assert';
import { join } from 'node:path';
import { firmwareDir } from './server.mjs';
import { floodText } from './stream.mjs';

// Boards whose firmware drives one UART, though some of them have more.
const oneUart = ['arm-virt-a7', 'arty-litex-vexriscv', 'ck-ra6m5', 'nucleo-wba52cg', 'arm-virt-a15', 'arm-virt-a53', 'arm-virt-a72', 'cubieboard', 'leon3', 'microbit', 'opentitan', 'raspi0',
                 'raspi2b', 'raspi3b', 'riscv-virt32', 'riscv-virt64', 'k210', 'nrf52840-dk', 'nucleo-f767zi', 'nucleo-g071rb', 'nucleo-h753zi',
                 'nucleo-l073rz', 'nucleo-l552ze-q', 'stm32f072-disco', 'at91eb40a', 'at91rm9200ek', 'cdb89712', 'collie', 'edb7312', 'lpc2210', 'lubbock',
                 'mainstone', 'smdk2440', 'smdk6410'];
// At most so many KiB of the flood, where the UART keeps its baud rate or QEMU's polling of it is slow.
const slow = { opentitan: 32, 'stm32f4-disco': 512 };
// Consoles that one backend does not have.
const absent = { skyeye: { collie: ['uart1', 'uart2'] } };
// A session on the board runs its firmware: banner, version, echo, second UART, and a flood of which no byte is missing.
export async function boots(server, template, kib, backend = 'qemu') {
  const board = template.id;
  const { id, default_console: main, findings } = await server.session(board, { backend });
  assert.ok(main, 'a default console');
  assert.ok(findings.length > 0, 'what is emulated, approximated and missing is said');
  const listed = (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items;
  const wanted = template.config.nodes[0].consoles.map((each) => each.name).filter((name) => !absent[backend]?.[board]?.includes(name));
  assert.deepStrictEqual(listed.filter((each) => each.kind === 'uart').map((each) => each.name), wanted);
  assert.deepStrictEqual(listed.filter((each) => each.default).map((each) => each.name), [main]);
  const semihosting = backend === 'qemu' && !['leon3', 'ppce500'].includes(board);  // Arm and RISC-V have it
  assert.strictEqual(listed.some((each) => each.name === 'semihosting'), semihosting);
  assert.ok(listed.some((each) => each.name === 'emulator'));

  const uploaded = await server.upload(id, join(firmwareDir, `${board}.elf`), `?name=${board}.elf`);
  assert.strictEqual(uploaded.status, 201, uploaded.text);
  const on = await server.power(id, 'on');
  assert.strictEqual(on.status, 200, on.text);
  assert.strictEqual(on.body.status, 'running');
  await server.expect(id, main, `VirServer ${board} ready`);
  await server.type(id, main, 'version\r');
  await server.expect(id, main, `version\r\nVirServer hello 1 on ${board}\r\n`);
  await server.type(id, main, 'echo me\r');
  await server.expect(id, main, 'echo me\r\nyou said: echo me\r\n');
  if (!oneUart.includes(board)) {
    await server.type(id, main, 'second hello there\r');
    const others = wanted.filter((name) => name !== main);
    await server.eventually(async () => {
      for (const other of others) if ((await server.output(id, other)).toString() === 'hello there\r\n') return true;
    }, 20_000, () => `no other console of ${wanted} showed the text`);
  }
  const { length: from } = await server.output(id, main);
  kib = Math.min(kib, slow[board] ?? kib);
  await server.type(id, main, `flood ${kib}\r`);
  await server.expect(id, main, `flood done ${kib} KiB`, { since: from + kib * 1024 - 100, timeout: 40_000 });
  const all = await server.output(id, main, from);
  const flood = floodText(kib);
  const start = all.indexOf('00000000 ABC');
  assert.ok(all.subarray(start, start + flood.length).equals(flood), 'every byte of the flood, in order');
  const off = await server.power(id, 'off');
  assert.strictEqual(off.status, 200);
  assert.strictEqual(off.body.status, 'stopped');
  assert.strictEqual((await server.delete(`/api/v1/sessions/${id}`)).status, 204);
}
