// What is done to a running board from outside: interrupt lines on QEMU and Renode, devices and spans of time on Renode. The
// firmware (firmware/pins.c) tells the button and each interrupt, and drives the LED. Where no Renode is installed, that is said.
import assert from 'node:assert';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { Target } from './lib/debugging.mjs';
import { findLauncher } from './lib/launchers.mjs';
import { firmwareDir, Server } from './lib/server.mjs';
import { EventReader } from './lib/sse.mjs';
import { virctl } from './lib/virctl.mjs';

const launcher = findLauncher('renode');
if (!launcher) console.log('NOT TESTED: renode is not installed');
const skip = launcher ? false : 'renode is not installed';

let server, capabilities;
before(async () => {
  server = await new Server(launcher ? { env: { VIRSERVER_RENODE: launcher } } : {}).start();
  capabilities = (await server.discovered()).backends;
  if (launcher && capabilities.renode.status !== 'available') console.log(`NOT TESTED: ${capabilities.renode.reason}`);
});
after(() => server.destroy());

const on = (name, run) => test(name, { skip }, async (t) => (capabilities.renode.status === 'available' ? run(t) : t.skip('the sandbox is reduced')));
const must = (answer, status = 200) => {
  assert.strictEqual(answer.status, status, answer.text);
  return answer.body;
};
const refused = (answer, status, code, words = /./) => {
  assert.deepStrictEqual([answer.status, answer.body?.code], [status, code], answer.text);
  assert.match(answer.body.error, words);
};

// On Renode the board of the library is a platform that Renode ships, with the button and the LED; `parts`: made of its own
// description, with an ADC.
async function session(backend, parts = false) {
  const { config } = must(await server.get('/api/v1/templates/stm32f4-disco'));
  if (parts) config.nodes[0].targets.renode = {};
  const made = must(await server.post('/api/v1/sessions', { board_config: config, backend }), 201);
  must(await server.upload(made.id, join(firmwareDir, 'pins.elf')), 201);
  const path = `/api/v1/sessions/${made.id}`;
  return {
    id: made.id, path,
    target: new Target(server, made.id, 'usart2'),
    power: async (action) => must(await server.power(made.id, action)),
    status: async () => must(await server.get(path)).status,
    irq: (line, action) => server.post(`${path}/irq`, { line, ...(action && { action }) }),
    devices: async (query = '') => must(await server.get(`${path}/devices${query}`)).items,
    get: (name) => server.get(`${path}/devices/${name}`),
    set: (name, body) => server.put(`${path}/devices/${name}`, body),
    value: async (name, property) => must(await server.get(`${path}/devices/${name}`)).properties.find((each) => each.name === property).value,
    runFor: (for_ns, more = {}) => server.post(`${path}/debug/run`, { for_ns, ...more }),
    type: (text) => server.type(made.id, 'usart2', text),
    length: async () => (await server.output(made.id, 'usart2')).length,
    shows: (text, since = 0) => server.expect(made.id, 'usart2', text, { since, timeout: 60_000 }),
  };
}
async function running(backend, parts) {
  const board = await session(backend, parts);
  await board.power('on');
  await board.shows('ready');
  return board;
}

// The next interrupt, after it was armed.
async function interrupted(board, words, drive) {
  const since = await board.length();
  await board.type('a');
  await board.shows('armed', since);
  must(await drive());
  await board.shows(words, since);
}

async function interruptLines(backend) {
  const board = await session(backend);
  refused(await board.irq('TIM3'), 409, 'TARGET_OFF');
  await board.power('on');
  await board.shows('ready');
  assert.deepStrictEqual(must(await board.irq('TIM3')), { line: 29, name: 'TIM3', action: 'pulse' });
  await board.shows('interrupt 29');
  await interrupted(board, 'interrupt 29', () => board.irq(29));
  await interrupted(board, 'interrupt 6', () => board.irq('exti[0]', 'raise'));
  assert.deepStrictEqual(must(await board.irq(6, 'lower')), { line: 6, name: 'EXTI[0]', action: 'lower' });
  assert.strictEqual(must(await board.irq(61, 'lower')).name, null, 'no peripheral of the board has it');

  // While it stands, with and without a debugger.
  for (const debugged of [false, true]) {
    const since = await board.length();
    await board.type('a');
    await board.shows('armed', since);
    if (debugged) await board.target.pause();
    else await board.power('pause');
    must(await board.irq('TIM3', 'raise'));
    assert.ok(!(await server.output(board.id, 'usart2', since)).includes('interrupt'));
    await board.power('resume');
    await board.shows('interrupt 29', since);
    must(await board.irq('TIM3', 'lower'));
  }

  const near = await board.irq('TIM33');
  refused(near, 404, 'DEVICE_NOT_FOUND', /TIM3/);
  assert.ok(near.body.details.suggestions.includes('TIM3'), near.text);
  refused(await board.irq('EXTI'), 400, 'INVALID_REQUEST', /EXTI\[0\], EXTI\[1\]/);
  refused(await board.irq('EXTI[7]'), 404, 'DEVICE_NOT_FOUND');
  refused(await board.irq(4000), 400, 'INVALID_REQUEST', /no line 4000/);
  for (const line of [4096, -1, 1.5, true, null, '', 'x'.repeat(129), ['TIM3']]) refused(await board.irq(line), 400, 'INVALID_REQUEST');
  refused(await board.irq('TIM3', 'shake'), 400, 'INVALID_REQUEST');
  for (const line of ['38; quit', '38\nquit', '"', '$x', '`id`', '../nvic']) refused(await board.irq(line), 404, 'DEVICE_NOT_FOUND');
  await interrupted(board, 'interrupt 29', () => board.irq('TIM3'));
  must(await server.delete(board.path), 204);
}
test('interrupt lines on QEMU', () => interruptLines('qemu'));
on('interrupt lines on Renode', () => interruptLines('renode'));

test('what QEMU lacks is refused with its reason', async () => {
  const board = await running('qemu');
  const { features, reasons } = capabilities.qemu;
  assert.deepStrictEqual([features.irq, features.devices, features.run_for], [true, false, false]);
  for (const answer of [await server.get(`${board.path}/devices`), await board.get('led'), await board.set('led', { value: true })]) {
    refused(answer, 422, 'UNSUPPORTED_BY_BACKEND');
    assert.strictEqual(answer.body.error, reasons.devices);
  }
  await board.power('pause');
  const ran = await board.runFor(1000);
  refused(ran, 422, 'UNSUPPORTED_BY_BACKEND');
  assert.strictEqual(ran.body.error, reasons.run_for);
  assert.strictEqual(await board.status(), 'paused');
  must(await server.delete(board.path), 204);
});

async function says(args, pattern, status = 0) {
  const run = await virctl(args, { server, timeout: 120_000 });
  assert.strictEqual(run.status, status, `virctl ${args.join(' ')}: ${run.stdout}${run.stderr}`);
  assert.match(status ? run.stderr : run.stdout, pattern, `virctl ${args.join(' ')}`);
}

test('virctl on QEMU', async () => {
  const { id, path, power } = await running('qemu');
  await says(['irq', id, 'tim3'], /^line 29 \(TIM3\) pulsed$/m);
  await says(['irq', id, '61', '--raise'], /^line 61 raised$/m);
  await says(['irq', id, '61', '--lower', '--json'], /"action":"lower"/);
  await says(['irq', id, '61', '--lower', '--raise'], /excludes/, 2);
  await says(['irq', id, 'TIM33'], /near: .*TIM3.*DEVICE_NOT_FOUND/, 1);
  await says(['device', 'list', id], /UNSUPPORTED_BY_BACKEND/, 1);
  await power('pause');
  await says(['continue', id, '--for', '5ms'], /UNSUPPORTED_BY_BACKEND/, 1);
  must(await server.delete(path), 204);
});

on('virctl on Renode', async () => {
  const { id, path } = await running('renode');
  await says(['device', 'list', id, '--kind', 'button'], /^NAME +KIND +MODEL +STATE\ngpioPortA\.UserButton +button +Button +pressed=false\n$/);
  await says(['device', 'set', id, 'UserButton', 'pressed'], /^pressed +true +yes$/m);
  await says(['device', 'set', id, 'gpioPortA', 'in3=high', 'in4=off'], /^gpioPortA .*\nPROPERTY.*\nin3 +true +yes\nin4 +false +yes\n$/);
  await says(['device', 'get', id, 'gpioPortA'], /^in5 +unknown +yes$/m);
  await says(['device', 'get', id, 'UserLED', '--json'], /"kind":"led"/);
  await says(['device', 'set', id, 'UserLED', 'on'], /the program/, 1);
  await says(['device', 'set', id, 'UserButton', '7x'], /no value/, 2);
  await says(['device', 'set', id, 'gpioPortA', 'in3=high', 'in3=low'], /twice/, 2);
  await says(['device', 'set', id, 'gpioPortA', 'in3=high', 'low'], /PROPERTY=VALUE/, 2);
  await says(['irq', id, '29'], /^line 29 \(TIM3\) pulsed$/m);
  await says(['continue', id, '--for', '5ms'], /TARGET_RUNNING/, 1);
  await says(['power', 'pause', id], /./);
  await says(['continue', id, '--for', '5ms'], /^stopped: its span of time is over$/m);
  await says(['continue', id, '--for', '5ms', '--json'], /"complete":true,"ran_ns":50000\d\d/);
  await says(['continue', id, '--for', '20h', '--real-time', '--timeout', '300ms'], /goes on/, 124);
  await says(['power', 'pause', id], /./);
  await says(['run', join(firmwareDir, 'pins.elf'), '--board', 'stm32f4-disco', '--backend', 'renode', '--virtual-timeout', '50ms'], /virtual-time limit/, 124);
  for (const args of [['--for', '0'], ['--real-time'], ['--for', '5ms', '--wait'], ['--for', '-5ms']]) await says(['continue', id, ...args], /./, 2);
  must(await server.delete(path), 204);
});

on('a button reaches the program, and its LED is an event', async () => {
  const board = await session('renode');
  refused(await server.get(`${board.path}/devices`), 409, 'TARGET_OFF');
  refused(await board.set('UserButton', { value: true }), 409, 'TARGET_OFF');
  await board.power('on');
  await board.shows('pins ready\r\n');
  const devices = await board.devices();
  assert.deepStrictEqual([...new Set(devices.map((each) => each.kind))].sort(), ['button', 'gpio', 'led']);
  assert.deepStrictEqual((await board.devices('?kind=led')).map((each) => each.name), ['gpioPortD.UserLED']);
  assert.deepStrictEqual(must(await board.get('UserButton')), {
    name: 'gpioPortA.UserButton', kind: 'button', model: 'Button', properties: [{ name: 'pressed', type: 'boolean', value: false, writable: true, unit: '' }],
  });
  const events = await EventReader.open(server, { query: `?session_id=${board.id}` });
  const seen = async (device, property, value) => (await events.until((each) => each.type === 'session.device' && each.data.device === device &&
    each.data.property === property && each.data.value === value, 60_000)).at(-1).data;
  let last = 0;
  for (const down of [true, false, true]) {
    assert.strictEqual(must(await board.set('UserButton', { value: down })).properties[0].value, down);
    assert.deepStrictEqual(await seen('gpioPortA.UserButton', 'pressed', down), { device: 'gpioPortA.UserButton', property: 'pressed', value: down, by: 'api', virtual_time_ns: null });
    const led = await seen('gpioPortD.UserLED', 'on', down);
    assert.strictEqual(led.by, 'board');
    assert.ok(led.virtual_time_ns > last, JSON.stringify(led));
    last = led.virtual_time_ns;
    assert.strictEqual(await board.value('UserLED', 'on'), down);
  }
  await board.shows(/button down\r\nbutton up\r\nbutton down/);
  assert.strictEqual(await board.value('gpioPortD', 'out12'), true);
  must(await board.set('UserButton', { values: { pressed: false } }));
  await seen('gpioPortD.UserLED', 'on', false);

  // A reset releases what was held, and what was driven is not known any more.
  must(await board.set('gpioPortA', { values: { in3: true, in4: false } }));
  assert.deepStrictEqual([await board.value('gpioPortA', 'in3'), await board.value('gpioPortA', 'in4'), await board.value('gpioPortA', 'in5')], [true, false, null]);
  const since = await board.length();
  await board.power('reset');
  await board.shows('ready', since);
  assert.strictEqual(await board.value('gpioPortA', 'in3'), null);
  events.close();
  must(await server.delete(board.path), 204);
});

on('names and values that are none', async () => {
  const board = await running('renode');
  const near = await board.get('UserLedd');
  refused(near, 404, 'DEVICE_NOT_FOUND');
  refused(await board.get('gpioPortD.UserLed'), 404, 'DEVICE_NOT_FOUND', /near: gpioPortD\.UserLED/);
  for (const name of ['%22%3B%20quit', 'a%0Aquit', '..%2Fnvic', 'sysbus.gpioPortA', '%24x', 'x'.repeat(200)]) {
    refused(await board.get(name), 404, 'DEVICE_NOT_FOUND');
    refused(await board.set(name, { value: true }), 404, 'DEVICE_NOT_FOUND');
  }
  refused(await board.get('x'.repeat(201)), 400, 'INVALID_REQUEST');
  refused(await server.get(`${board.path}/devices?kind=motor`), 400, 'INVALID_REQUEST');
  refused(await board.set('UserLED', { value: true }), 400, 'INVALID_REQUEST', /the program/);
  refused(await board.set('gpioPortA', { value: true }), 400, 'INVALID_REQUEST', /several/);
  refused(await board.set('gpioPortA', { values: { in3: true, out3: true } }), 400, 'INVALID_REQUEST', /out3/);
  assert.strictEqual(await board.value('gpioPortA', 'in3'), null, 'all are checked before one is set');
  refused(await board.set('gpioPortA', { values: { in99: true } }), 400, 'INVALID_REQUEST', /no property 'in99'/);
  refused(await board.set('gpioPortA', { values: { in3: 1 } }), 400, 'INVALID_REQUEST', /true or false/);
  for (const body of [{}, { value: null }, { value: 'on' }, { values: {} }, { value: true, values: { pressed: true } }, { values: { pressed: [true] } }, { on: true }])
    refused(await board.set('UserButton', body), 400, 'INVALID_REQUEST');
  for (const for_ns of [0, -1, 1.5, 86_400_000_000_001, 1e300, '5ms', null]) refused(await board.runFor(for_ns), 400, 'INVALID_REQUEST');
  refused(await board.runFor(1000, { pace: 'slow' }), 400, 'INVALID_REQUEST');
  refused(await board.runFor(1000), 409, 'TARGET_RUNNING', /pause/);
  await board.type('a');
  await board.shows('armed');
  must(await server.delete(board.path), 204);
});

on('ADC channels of a board that is made of parts', async () => {
  const board = await running('renode', true);
  const [adc] = await board.devices('?kind=adc');
  assert.strictEqual(adc.properties.length, 19);
  const set = (value) => board.set(adc.name, { values: { channel3: value } });
  must(await set(1234));
  assert.strictEqual(await board.value(adc.name, 'channel3'), 1234);
  refused(await set(true), 400, 'INVALID_REQUEST', /a number/);
  for (const value of [-1, 1.5, 4096, 1e18, 1e300]) refused(await set(value), 400, 'INVALID_REQUEST', /channel3 of .* cannot be .*(whole number|too large)/);
  assert.strictEqual(await board.value(adc.name, 'channel3'), 1234);
  must(await server.delete(board.path), 204);
});

on('an exact span of time, with and without a debugger', async () => {
  const board = await running('renode');
  const ran = async (for_ns, more) => {
    const answer = must(await board.runFor(for_ns, more));
    assert.ok(answer.complete, JSON.stringify(answer));
    assert.ok(answer.ran_ns >= for_ns && answer.ran_ns < for_ns + 100, `${answer.ran_ns} of ${for_ns} ns`);
    assert.strictEqual(answer.state.state, 'stopped');
    assert.strictEqual(await board.status(), 'paused');
    return answer;
  };
  must(await board.get('UserLED'));
  for (const debugged of [false, true]) {
    if (debugged) {
      await board.power('resume');
      await board.target.pause();
    } else {
      await board.power('pause');
    }
    const first = await ran(5_000_000);
    const second = await ran(5_000_001);
    assert.strictEqual(second.virtual_time_ns - first.virtual_time_ns, second.ran_ns);
    await ran(1_000_000, { pace: 'real_time' });
    await ran(1);
    // Blinks while nobody looks: each change is told, with its time.
    const events = await EventReader.open(server, { query: `?session_id=${board.id}` });
    const since = await board.length();
    await board.type('b');
    await ran(200_000_000, { timeout_ms: 120_000 });
    const blinks = [];
    while (blinks.length < 6)
      blinks.push((await events.until((each) => each.type === 'session.device' && each.data.device === 'gpioPortD.UserLED', 60_000)).at(-1).data);
    events.close();
    assert.deepStrictEqual(blinks.map((each) => each.value), [true, false, true, false, true, false]);
    const gaps = blinks.slice(1).map((each, i) => each.virtual_time_ns - blinks[i].virtual_time_ns);
    assert.ok(gaps.every((gap) => gap > 5_000_000 && Math.abs(gap - gaps[0]) < 1000), `equal waits: ${gaps}`);
    await board.shows('blinked', since);
    await board.power('resume');
    await board.type('a');
    await board.shows('armed', since);
  }
  must(await server.delete(board.path), 204);
});

on('what ends a span early', async () => {
  const board = await running('renode');
  const day = 86_400_000_000_000;
  await board.power('pause');
  // The request gives up, the span goes on, a pause ends it.
  const gone = must(await board.runFor(day, { timeout_ms: 300, pace: 'real_time' }));
  assert.deepStrictEqual([gone.complete, gone.state.state], [false, 'running']);
  assert.strictEqual(await board.status(), 'running');
  await board.type('a');
  await board.shows('armed');
  await board.power('pause');
  assert.ok(must(await board.runFor(1_000_000)).complete);

  // Two at once: one runs, the other is told so.
  const both = await Promise.all([board.runFor(50_000_000, { pace: 'real_time', timeout_ms: 60_000 }), board.runFor(50_000_000, { pace: 'real_time', timeout_ms: 60_000 })]);
  assert.deepStrictEqual(both.map((each) => each.status).sort(), [200, 409], both.map((each) => each.text).join());
  refused(both.find((each) => each.status === 409), 409, 'TARGET_RUNNING');

  // Two who press at once: both are answered, and the last is what counts.
  await board.power('resume');
  for (const answer of await Promise.all([true, false, true].map((value) => board.set('UserButton', { value })))) must(answer);
  assert.strictEqual(typeof await board.value('UserButton', 'pressed'), 'boolean');
  must(await board.set('UserButton', { value: false }));

  // A reset; the board runs.
  await board.power('pause');
  const cut = board.runFor(day, { pace: 'real_time', timeout_ms: 60_000 });
  await server.eventually(async () => await board.status() === 'running', 60_000);
  const since = await board.length();
  await board.power('reset');
  await board.shows('ready', since);
  assert.strictEqual(must(await cut).complete, false);
  assert.strictEqual(await board.status(), 'running');

  // A breakpoint.
  const { id } = await board.target.break('blink');
  await board.target.pause();
  await board.type('b');
  const hit = must(await board.runFor(day, { timeout_ms: 60_000 }));
  assert.deepStrictEqual([hit.complete, hit.state.state, hit.state.reason, hit.state.breakpoint_ids], [false, 'stopped', 'breakpoint', [id]], JSON.stringify(hit));
  assert.ok(hit.ran_ns < day);
  must(await server.delete(`${board.target.path}/breakpoints/${id}`), 204);
  assert.ok(must(await board.runFor(200_000_000, { timeout_ms: 120_000 })).complete, 'and from a breakpoint on');
  await board.shows('blinked');

  // The end of the board.
  const ended = board.runFor(day, { pace: 'real_time', timeout_ms: 60_000 });
  await server.eventually(async () => await board.status() === 'running', 30_000);
  await board.power('off');
  const off = await ended;
  assert.ok(off.status === 200 ? off.body.complete === false : off.body.code === 'ENGINE_DIED', off.text);
  refused(await board.runFor(1000), 409, 'TARGET_OFF');
  must(await server.delete(board.path), 204);
});

on('devices outlive the server, a span that nobody waits for does not', async () => {
  const board = await running('renode');
  must(await board.set('gpioPortA', { values: { in3: true } }));
  await board.power('pause');
  assert.strictEqual(must(await board.runFor(86_400_000_000_000, { timeout_ms: 100 })).complete, false);
  await server.crash();
  await server.start();
  await server.discovered();
  await server.eventually(async () => await board.status() === 'running', 60_000);
  const events = await EventReader.open(server, { query: `?session_id=${board.id}` });
  assert.strictEqual(await board.value('gpioPortA', 'in3'), true);
  must(await board.set('UserButton', { value: true }));
  await board.shows('button down');
  const led = await events.until((each) => each.type === 'session.device' && each.data.device === 'gpioPortD.UserLED', 60_000);
  assert.strictEqual(led.filter((each) => each.data.device === 'gpioPortD.UserLED').length, 1, 'each change is told once');
  events.close();
  must(await server.delete(board.path), 204);
});
