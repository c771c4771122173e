#!/usr/bin/env node
// Writes docs/boards/: a page for each template of the library and an index, from what a running server says of the template and
// of the machine it becomes, and from the firmware's build. Usage: board-pages.mjs SERVER FIRMWARE_DIR
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const folder = fileURLToPath(new URL('../docs/boards/', import.meta.url));

const number = (address) => (typeof address === 'number' ? address : Number(address));
const hex = (value) => '0x' + value.toString(16).toUpperCase().padStart(8, '0');
const cell = (text) => String(text).replaceAll('|', '\\|');
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n') + '\n';

function size(bytes) {
  for (const [unit, shift] of [['GiB', 30], ['MiB', 20], ['KiB', 10]])
    if (bytes >= 2 ** shift && (bytes % 2 ** shift === 0 || unit === 'KiB')) return `${Math.round(bytes / 2 ** shift * 10) / 10} ${unit}`;
  return `${bytes} bytes`;
}

// The two numbers of a version say what a machine is; the third is the distribution's business.
export const release = (machine) => machine.version.split('.').slice(0, 2).join('.');
const emulator = (machine) => `QEMU ${release(machine)}`;
const covers = (region, address) => address >= number(region.address) && address < number(region.address) + region.size;
const range = (region) => `${hex(number(region.address))} - ${hex(number(region.address) + region.size - 1)}`;

function interrupts(peripheral) {
  const irq = [peripheral.irq ?? []].flat();
  const consecutive = irq.length > 3 && irq.every((each, i) => i === 0 || each === irq[i - 1] + 1);
  return consecutive ? `${irq[0]} to ${irq.at(-1)}` : irq.join(', ');
}

function fate(machine, peripheral) {
  if (peripheral.address === undefined || peripheral.address === null) return 'part of the processor';
  const found = machine.devices.find((each) => covers(each, number(peripheral.address)));
  if (found && !found.stub) return found.model || found.name;
  const block = machine.register_models.find((each) => covers(each, number(peripheral.address)));
  return block ? block.model : found ? '**reads 0**' : 'missing';
}

function memory(node, machine) {
  const rows = (node.memory ?? []).map((region) => {
    const from = number(region.address);
    const there = machine.memory.find((each) => covers(each, from));
    const missing = !there ? 'missing' : there.writable || region.type.toLowerCase() !== 'ram' ? there.name : `${there.name}, read-only`;
    return [hex(from), size(number(region.size)), region.name ?? '', region.type, region.access, missing];
  });
  for (const region of machine.memory)
    if (!(node.memory ?? []).some((each) => number(region.address) < number(each.address) + number(each.size) && number(each.address) < number(region.address) + region.size))
      rows.push([hex(number(region.address)), size(region.size), '', region.writable ? 'RAM' : 'ROM', '', `${region.name}${(node.memory ?? []).some((each) => machine.memory.some((twin) => twin !== region && twin.name === region.name && covers(twin, number(each.address)))) ? ", a second place of it" : ""}`]);
  return rows.sort((a, b) => Number(a[0]) - Number(b[0]));
}

function start(qemu, profile, node) {
  if (profile) return `The processor takes stack and entry from the vector table at ${hex(number(qemu.vector_table ?? 0))}.`;
  const at = qemu.reset_address !== undefined ? ` Without a program it starts at ${hex(number(qemu.reset_address))}.` : '';
  const raw = qemu.load_address ?? qemu.reset_address;
  const cores = (node.processor.cores ?? 1) > 1 ? ' Start code should ask for the number of its core and let only the first one go on.' : '';
  return `A program is entered at its ELF's entry.${at}${raw !== undefined ? ` A raw binary without an address goes to ${hex(number(raw))}.` : ''}${cores}`;
}

function build(template, firmware) {
  const flags = `${firmware.flags} -ffreestanding -nostdlib -static`;
  return `Debian's \`${firmware.compiler}\` (package \`gcc-${firmware.compiler.replace(/-gcc$/, '')}\`) with

\`\`\`
${firmware.compiler} ${flags} -T program.ld start.c main.c -lgcc -o program.elf
\`\`\`

\`\`\`
ENTRY(${firmware.entry})
MEMORY {
  rom (rx)  : ORIGIN = ${firmware.rom[0]}, LENGTH = ${firmware.rom[1]}
  ram (rwx) : ORIGIN = ${firmware.ram[0]}, LENGTH = ${firmware.ram[1]}
}
\`\`\`

These are the flags and regions of the test firmware (\`firmware/\`), which boots on this board in every test run.
`;
}

// The page of one template. `machine`: what GET /templates/{id}/machine answers; `firmware`: what its build wrote.
export function page(template, machine, firmware) {
  const node = template.config.nodes[0];
  const qemu = node.targets.qemu;
  const { processor } = node;
  const peripherals = node.peripherals ?? [];
  const profile = qemu.vector_table !== undefined;
  const stubs = machine.devices.filter((each) => each.stub);
  const uart = (name) => peripherals.find((each) => each.name === name) ?? {};
  const other = [...(qemu.preferred_machines ?? []), qemu.machine].filter((name) => name !== machine.machine);
  return `# ${template.name}

<!-- Written by scripts/board-pages.mjs; change boards/${template.id}.yaml instead. -->

${template.description}

\`\`\`
virctl run program.elf --board ${template.id}
\`\`\`

## What is approximated or missing

${template.findings.map((finding) => `- ${finding}`).join('\n')}

## Processor

${table(['', ''], [
    ['Chip or system', node.soc ?? ''],
    ['Processor', `${processor.type}${(processor.cores ?? 1) > 1 ? `, ${processor.cores} cores` : ''}`],
    ['Frequency on the board', processor.frequency ? `${processor.frequency / 1e6} MHz; emulation keeps no cycle times` : 'none stated'],
    ['Byte order', machine.big_endian ? 'big-endian' : 'little-endian'],
    ['Semihosting', machine.semihosting ? 'yes' : 'no'],
    ['Emulated by', `${emulator(machine)}, machine \`${machine.machine}\`, processor \`${machine.processor}\`${qemu.memory ? `, \`-m ${qemu.memory}\`` : ''}`],
    ...(other.length ? [['Other QEMU', other.map((name) => `machine \`${name}\` where it has that`).join(', ')]] : []),
  ])}
${start(qemu, profile, node)}

## Memory

${table(['Address', 'Size', 'Name', 'Type', 'Access', `On ${emulator(machine)}`], memory(node, machine))}
## Consoles

${table(['Console', 'UART', 'Address', 'Interrupts', 'Serial port'], machine.consoles.map((console) => {
    const device = uart(console.peripheral);
    return [`\`${console.name}\`${console.name === machine.default_console ? ' (default)' : ''}`, console.peripheral,
            device.address === undefined ? '' : hex(number(device.address)), interrupts(device), console.port];
  }))}
${machine.semihosting ? 'Semihosting output is the console `semihosting`; what the emulator itself prints is `emulator`.' : 'What the emulator itself prints is the console `emulator`.'}

## Devices

Interrupts are numbers of ${profile ? 'the NVIC' : peripherals.find((each) => each.type === 'interrupt-controller')?.name ?? 'the interrupt controller'}${/gic/i.test(JSON.stringify(peripherals)) && !profile ? ' (the first shared one is 32)' : ''}.

${table(['Device', 'Type', 'Address', 'Interrupts', `On ${emulator(machine)}`], peripherals.map((each) =>
    [each.name, each.type, each.address === undefined || each.address === null ? '' : hex(number(each.address)), interrupts(each), fate(machine, each)]))}
${machine.register_models.length ? `## Register models

What the machine lacks and [models](../register-models.md) answer.

${table(['Block', 'Address', 'Model'], machine.register_models.map((each) => [each.name, hex(number(each.address)), each.model.replace(/^the register model (.*)/, '`$1`')]))}
` : ''}## Building a program

${build(template, firmware)}
## All that answers at an address on ${emulator(machine)}

${stubs.length ? `${stubs.length} of these ${machine.devices.length} regions are placeholders: they read 0 and forget what is written.` : 'None of these is a mere placeholder.'} An access to an address that is not here, nor memory, ${template.tags.includes('arm') ? 'is a bus fault on most Arm machines' : 'reads 0 or traps, as the machine does it'}.

${table(['Addresses', 'Registers', 'Model'], machine.devices.map((each) => [range(each), each.name, each.stub ? '*reads 0*' : each.model]))}`;
}

export function index(templates, machines) {
  return `# The boards of the library

<!-- Written by scripts/board-pages.mjs. -->

Each of these boots on Debian's QEMU in every test run. Boards of your own: [boards.md](../boards.md).

${table(['Board', 'Id', 'Processor', 'QEMU machine'], templates.map((each) => {
    const { processor } = each.config.nodes[0];
    return [`[${each.name}](${each.id}.md)`, `\`${each.id}\``, `${processor.type}${(processor.cores ?? 1) > 1 ? ` x${processor.cores}` : ''}`, `\`${machines.get(each.id).machine}\``];
  }))}`;
}

// All pages of the library, by file name. `get` asks the server: path -> object.
export async function pages(get, firmwareDir) {
  const templates = (await get('/api/v1/templates?limit=200')).items.filter((each) => each.builtin && each.backends.includes('qemu'));
  const machines = new Map(), files = new Map();
  for (const template of templates) {
    const machine = await get(`/api/v1/templates/${template.id}/machine?backend=qemu`);
    machines.set(template.id, machine);
    files.set(`${template.id}.md`, page(template, machine, JSON.parse(readFileSync(join(firmwareDir, `${template.id}.json`)))));
  }
  files.set('README.md', index(templates, machines));
  return { files, release: release([...machines.values()][0]) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [server, firmwareDir] = process.argv.slice(2);
  if (!firmwareDir) {
    console.error('usage: scripts/board-pages.mjs SERVER FIRMWARE_DIR (http://127.0.0.1:8080 build/dev/firmware)');
    process.exit(2);
  }
  const { files } = await pages(async (path) => {
    const answer = await fetch(server + path);
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  }, firmwareDir);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  console.log(`${files.size} files in ${folder}`);
}
