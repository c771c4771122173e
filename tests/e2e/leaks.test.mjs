// Sessions come and go and leave nothing: no process, no directory, no descriptor, no blob, no memory.
import assert from 'node:assert';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { blobsIn, descriptorsOf, enginesIn, memoryOf } from './lib/processes.mjs';
import { Server, firmwareDir } from './lib/server.mjs';

let server;
before(async () => { server = await new Server().start(); await server.discovered(); });
after(() => server.destroy());

async function nothingLeft() {
  await server.eventually(() => enginesIn(server.data).length === 0, 10_000, () => `processes are left: ${JSON.stringify(enginesIn(server.data))}`);
  assert.strictEqual((await server.get('/api/v1/sessions')).body.total, 0);
  assert.deepStrictEqual(readdirSync(join(server.data, 'sessions')), []);
  assert.deepStrictEqual(blobsIn(server.data), []);
}

async function round(board) {
  const { id } = await server.session(board);
  assert.strictEqual((await server.upload(id, join(firmwareDir, `${board}.elf`))).status, 201);
  const on = await server.power(id, 'on');
  assert.strictEqual(on.status, 200, on.text);
  assert.strictEqual((await server.delete(`/api/v1/sessions/${id}`)).status, 204);
  assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).status, 404);
}

test('200 rounds of create, upload, power on, delete', async () => {
  const rounds = async (count) => {
    const lane = async () => { for (let i = 0; i < count / 2; ++i) await round(i % 2 ? 'microbit' : 'riscv-virt32'); };
    await Promise.all([lane(), lane()]);
  };
  await rounds(60);  // caches and arenas are warm
  await nothingLeft();
  const { pid } = server.child;
  const memory = memoryOf(pid), descriptors = descriptorsOf(pid);
  await rounds(140);
  await nothingLeft();
  await server.eventually(() => descriptorsOf(pid) <= descriptors + 2, 10_000, () => `${descriptors} descriptors became ${descriptorsOf(pid)}`);
  const grown = memoryOf(pid) - memory;
  assert.ok(grown < 4 << 20, `140 rounds grew the server by ${grown >> 10} KiB`);
});

test('deleting in every state, also under way', async () => {
  const prepare = async () => {
    const { id } = await server.session('microbit');
    assert.strictEqual((await server.upload(id, join(firmwareDir, 'microbit.elf'))).status, 201);
    return id;
  };
  const gone = async (id) => assert.strictEqual((await server.delete(`/api/v1/sessions/${id}`)).status, 204);
  await gone(await prepare());  // created
  for (const ways of [['on'], ['on', 'pause'], ['on', 'off'], ['on', 'reset']]) {
    const id = await prepare();
    for (const action of ways) assert.strictEqual((await server.power(id, action)).status, 200);
    await gone(id);
  }
  for (const last of ['on', 'off', 'reset']) {  // starting, stopping, resetting
    const id = await prepare();
    if (last !== 'on') await server.power(id, 'on');
    assert.strictEqual((await server.power(id, last, '?wait=false')).status, 202);
    await gone(id);
  }
  for (let i = 0; i < 10; ++i) {  // at once, both requests in the air
    const id = await prepare();
    const on = server.power(id, 'on');
    await new Promise((go) => setTimeout(go, i * 5));
    const [answer] = await Promise.all([on, gone(id)]);
    assert.ok([200, 404, 409].includes(answer.status), answer.text);
  }
  const failed = await prepare();  // error
  await server.power(failed, 'on');
  process.kill(enginesIn(server.data).find((each) => /qemu-system/.test(each.argv[0]) && each.cwd.includes(failed)).pid, 'SIGKILL');
  await server.eventually(async () => (await server.get(`/api/v1/sessions/${failed}`)).body.status === 'error');
  await gone(failed);
  await nothingLeft();
});

test('two clients that power, upload and delete the same session', async () => {
  for (let i = 0; i < 15; ++i) {
    const { id } = await server.session('microbit');
    const file = join(firmwareDir, 'microbit.elf');
    const statuses = new Set();
    const client = async (actions) => {
      for (const action of actions) {
        const answer = action === 'upload' ? await server.upload(id, file, '?start=true') : await server.power(id, action);
        statuses.add(answer.status);
        assert.ok([200, 201, 404, 409].includes(answer.status), `${action}: ${answer.status} ${answer.text}`);
      }
    };
    const remove = async () => {
      await new Promise((go) => setTimeout(go, i * 20));
      const answer = await server.delete(`/api/v1/sessions/${id}`);
      assert.ok([204, 404].includes(answer.status), answer.text);
    };
    await Promise.all([client(['on', 'off', 'on', 'reset', 'off']), client(['upload', 'off', 'on', 'upload']), remove(), remove()]);
    assert.strictEqual((await server.get(`/api/v1/sessions/${id}`)).status, 404);
  }
  await nothingLeft();
});
