// Firmware that other people wrote, from Debian's packages.
import assert from 'node:assert';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server } from './lib/server.mjs';

const micropython = '/usr/share/firmware-microbit-micropython/firmware.hex';
const uboot = (name) => `/usr/lib/u-boot/${name}`;
const opensbi = ['/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf', '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.elf'].find((path) => existsSync(path));
const efi = '/usr/share/qemu-efi-aarch64/QEMU_EFI.fd';
const missing = (...paths) => paths.some((path) => !path || !existsSync(path)) && `not installed: ${paths}`;

let server;
before(async () => { server = await new Server().start(); });
after(() => server.destroy());

async function power(id) {
  const on = await server.power(id, 'on');
  assert.strictEqual(on.status, 200, on.text);
}
async function load(id, file, query) {
  const uploaded = await server.upload(id, file, query);
  assert.strictEqual(uploaded.status, 201, uploaded.text);
  return uploaded.body;
}

test('MicroPython on a micro:bit: an expression, a mistake, a loop interrupted', { skip: missing(micropython) }, async () => {
  const { id } = await server.session('microbit');
  await load(id, micropython);
  await power(id);
  await server.expect(id, 'uart0', '>>> ');
  await server.type(id, 'uart0', 'sum(range(100)) * 2\r');
  await server.expect(id, 'uart0', /\n9900\r?\n/);
  await server.type(id, 'uart0', 'nonsense\r');
  await server.expect(id, 'uart0', 'NameError');
  await server.type(id, 'uart0', 'while True: pass\r\r');
  await server.type(id, 'uart0', '\x03');
  await server.expect(id, 'uart0', 'KeyboardInterrupt');
  await server.delete(`/api/v1/sessions/${id}`);
});

async function uBoot(id, version) {
  await server.expect(id, 'uart0', 'Hit any key to stop autoboot', { timeout: 60_000 });
  await server.type(id, 'uart0', ' ');
  await server.expect(id, 'uart0', '=> ', { timeout: 60_000 });
  const { length } = await server.output(id, 'uart0');
  await server.type(id, 'uart0', 'version\r');
  await server.expect(id, 'uart0', version, { since: length, timeout: 60_000 });
  await server.expect(id, 'uart0', /=> $/, { since: length, timeout: 60_000 });
}

test('U-Boot on arm virt', { skip: missing(uboot('qemu_arm/u-boot.bin')) }, async () => {
  const { id } = await server.session('arm-virt-a15');
  await load(id, uboot('qemu_arm/u-boot.bin'), '?load_address=0&type=bin');
  await power(id);
  await uBoot(id, /U-Boot 20\d\d\.\d\d.*\r?\n.*gcc/s);
  await server.delete(`/api/v1/sessions/${id}`);
});

test('U-Boot on riscv virt', { skip: missing(uboot('qemu-riscv64/u-boot.bin')) }, async () => {
  const { id } = await server.session('riscv-virt64');
  await load(id, uboot('qemu-riscv64/u-boot.bin'), '?type=bin');
  await power(id);
  await uBoot(id, /U-Boot 20\d\d\.\d\d.*\r?\n.*gcc/s);
  await server.delete(`/api/v1/sessions/${id}`);
});

test('OpenSBI as the bootloader, U-Boot in S-mode as the application', { skip: missing(opensbi, uboot('qemu-riscv64_smode/u-boot.bin')) }, async () => {
  const { id } = await server.session('riscv-virt64');
  await load(id, uboot('qemu-riscv64_smode/u-boot.bin'), '?role=application&load_address=0x80200000&type=bin');
  await load(id, opensbi, '?role=bootloader');
  await power(id);
  await server.expect(id, 'uart0', /OpenSBI v\d/);
  await uBoot(id, /U-Boot 20\d\d\.\d\d.*\r?\n.*gcc/s);
  await server.delete(`/api/v1/sessions/${id}`);
});

test('EDK2 on an arm virt A53, to its shell', { skip: missing(efi) }, async () => {
  const { id } = await server.session('arm-virt-a53');
  await load(id, efi, '?load_address=0&type=bin');
  await power(id);
  await server.expect(id, 'uart0', 'Shell>', { timeout: 100_000 });
  await server.type(id, 'uart0', 'ver\r');
  await server.expect(id, 'uart0', /UEFI v?\d|UEFI Interactive Shell v/, { timeout: 20_000 });
  await server.delete(`/api/v1/sessions/${id}`);
});
