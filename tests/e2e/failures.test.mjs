// Hosts that are not as they should be: an emulator that is missing or broken, a disk that is full.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { join } from 'node:path';
import { enginesIn } from './lib/processes.mjs';
import { Server, firmwareDir, temporaryDirectory } from './lib/server.mjs';

// A server whose only QEMU is `script` (none without one).
async function withQemu(script, use) {
  const dir = temporaryDirectory();
  chmodSync(dir, 0o755);
  if (script) {
    writeFileSync(join(dir, 'qemu-system-arm'), script, { mode: 0o755 });
    chmodSync(join(dir, 'qemu-system-arm'), 0o755);
  }
  const server = await new Server({ args: ['--qemu-dir', dir] }).start();
  try {
    await use(server, dir);
  } finally {
    await server.destroy();
    rmSync(dir, { recursive: true, force: true });
  }
  assert.deepStrictEqual(enginesIn(server.data), []);
}

test('no QEMU: said by capabilities, refused at create, the server is ready all the same', async () => {
  await withQemu(null, async (server) => {
    const { backends } = await server.discovered();
    assert.strictEqual(backends.qemu.status, 'absent');
    assert.match(JSON.stringify(backends.qemu), /apt-get install|install/);
    assert.strictEqual((await server.get('/health/ready')).status, 200);
    const refused = await server.post('/api/v1/sessions', { board_template: 'microbit' });
    assert.deepStrictEqual([refused.status, refused.body.code], [503, 'BACKEND_ABSENT'], refused.text);
    assert.match(refused.body.error, /qemu-system-arm.*install/);
  });
});

const broken = {
  'ends at once': ['#!/bin/sh\necho "no such machine here" >&2\nexit 3\n', /./],
  'prints rubbish': ['#!/bin/sh\nhead -c 100000 /dev/urandom\nexit 0\n', /./],
  'speaks no QMP': ['#!/bin/sh\nwhile read -r line; do echo "what?"; done\n', /./],
};
for (const [name, [script]] of Object.entries(broken))
  test(`a QEMU that ${name}`, async () => {
    await withQemu(script, async (server) => {
      const { backends } = await server.discovered();
      assert.notStrictEqual(backends.qemu.status, 'available', JSON.stringify(backends.qemu));
      assert.ok(backends.qemu.reason.length > 10, JSON.stringify(backends.qemu));
      const refused = await server.post('/api/v1/sessions', { board_template: 'microbit' });
      assert.ok([502, 503, 504].includes(refused.status), refused.text);
      assert.match(refused.body.code, /^(BACKEND_ABSENT|ENGINE_\w+)$/);
      assert.match(refused.body.error, /qemu-system-arm/);
    });
  });

test('a QEMU that hangs: asked in vain, then said to be broken; nothing else waits', { timeout: 60_000 }, async () => {
  await withQemu('#!/bin/sh\nexec sleep 1000\n', async (server) => {
    const asked = Date.now();
    assert.strictEqual((await server.get('/health/ready')).status, 200);
    assert.strictEqual((await server.get('/api/v1/templates')).status, 200);
    assert.ok(Date.now() - asked < 2000);
    const { backends } = await server.discovered();
    assert.notStrictEqual(backends.qemu.status, 'available');
    assert.match(backends.qemu.reason, /answer|time|within/);
    const refused = await server.post('/api/v1/sessions', { board_template: 'microbit' });
    assert.ok([502, 503, 504].includes(refused.status), refused.text);
  });
});

test('a QEMU that answers questions but does not start boards', async () => {
  // Real answers to discovery; a board's start, which has a QMP socket, fails.
  for (const [how, code, pattern] of [['echo "qemu-system-arm: cannot do that" >&2; exit 1', 'ENGINE_START_FAILED', /cannot do that/], ['kill -SEGV $$', 'ENGINE_START_FAILED', /SEGV/]]) {
    const script = `#!/bin/sh\ncase "$*" in *unix:qmp*) ${how};; esac\nexec /usr/bin/qemu-system-arm "$@"\n`;
    await withQemu(script, async (server) => {
      const { id } = await server.session('microbit');
      assert.strictEqual((await server.upload(id, join(firmwareDir, 'microbit.elf'))).status, 201);
      for (let i = 0; i < 2; ++i) {
        const on = await server.power(id, 'on');
        assert.deepStrictEqual([on.status, on.body.code], [502, code], on.text);
        assert.match(on.text, pattern);
        const session = (await server.get(`/api/v1/sessions/${id}`)).body;
        assert.strictEqual(session.status, 'error');
        assert.ok(session.status_reason.length > 10);
      }
      await server.eventually(() => enginesIn(server.data).every((each) => !/qemu-system/.test(each.argv.join(' '))));
    });
  }
});

const mountable = () => {
  const dir = temporaryDirectory();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0711', 'virserver-test', dir]).status === 0;
  if (!mounted) rmSync(dir, { recursive: true });
  return mounted ? dir : null;
};

test('a full disk: said as STORAGE_FULL, the running board goes on, space makes all well', async (t) => {
  const data = mountable();
  if (!data) return t.skip('mounting a small file system is not permitted here');
  const server = await new Server({ data }).start();
  try {
    const { id } = await server.session('riscv-virt64');
    assert.strictEqual((await server.upload(id, join(firmwareDir, 'riscv-virt64.elf'))).status, 201);
    assert.strictEqual((await server.power(id, 'on')).status, 200);
    await server.expect(id, 'uart0', 'ready\r\n> ');
    const idle = await server.session('microbit');
    mkdirSync(join(data, 'filler'));
    for (let i = 0, size = 1 << 20; size >= 512;) {  // to the last byte
      try { writeFileSync(join(data, 'filler', String(i++)), Buffer.alloc(size)); } catch { size >>= 1; }
    }
    assert.ok(statfsSync(data).bavail < 4, 'full');
    const big = Buffer.alloc(1 << 20, 0x55);
    const refused = await server.post(`/api/v1/sessions/${idle.id}/programs?type=bin&load_address=0`, big, { headers: { 'Content-Type': 'application/octet-stream' } });
    assert.deepStrictEqual([refused.status, refused.body.code], [507, 'STORAGE_FULL'], refused.text);
    const from = (await server.output(id, 'uart0')).length;
    await server.type(id, 'uart0', 'semi-flood 64\r');  // no room: dropped, the guest is not stopped
    await server.type(id, 'uart0', 'version\r');
    await server.eventually(async () => (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items.find((each) => each.name === 'uart0').end > from ||
      (await server.get(`/api/v1/sessions/${id}`)).body.status === 'running');
    assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).body.status, 'running');
    const created = await server.post('/api/v1/sessions', { board_template: 'microbit' });
    assert.ok(created.status === 201 || (created.status === 507 && created.body.code === 'STORAGE_FULL'), created.text);
    const on = await server.power(idle.id, 'on');
    assert.ok([200, 507].includes(on.status), on.text);

    const doomed = (await server.get('/api/v1/sessions')).body.items.find((each) => each.id !== id && each.id !== idle.id)?.id;
    if (doomed) {
      const deleted = await server.delete(`/api/v1/sessions/${doomed}`);
      assert.ok(deleted.status === 204 || (deleted.status === 507 && deleted.body.code === 'STORAGE_FULL'), deleted.text);
    }

    rmSync(join(data, 'filler'), { recursive: true });
    const next = (await server.get(`/api/v1/sessions/${id}/consoles`)).body.items.find((each) => each.name === 'uart0').end;
    await server.type(id, 'uart0', 'echo again\r');
    await server.expect(id, 'uart0', 'you said: echo again', { since: next });
    assert.strictEqual((await server.power(id, 'off')).status, 200);
    assert.strictEqual((await server.upload(idle.id, join(firmwareDir, 'microbit.elf'))).status, 201);
    assert.strictEqual((await server.power(idle.id, 'on')).status, 200);
    for (const { id: each } of (await server.get('/api/v1/sessions')).body.items)
      assert.strictEqual((await server.delete(`/api/v1/sessions/${each}`)).status, 204);
    assert.deepStrictEqual(enginesIn(data), []);
  } finally {
    await server.destroy();
    spawnSync('umount', ['-l', data]);
    rmSync(data, { recursive: true, force: true });
  }
});
