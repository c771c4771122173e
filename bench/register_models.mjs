// What register models cost: an access to a modelled register; a firmware that touches none; a vendor's clock set-up at power-on.
// Sessions on the same board with its models and without, alternately.
import { join } from 'node:path';
import WebSocket from '../tests/e2e/node_modules/ws/wrapper.mjs';
import { Server, firmwareDir } from '../tests/e2e/lib/server.mjs';
import { median, paired, report } from './lib.mjs';

const rounds = Number(process.argv[2] ?? 15);
const accesses = 2000;  // of firmware/models_speed.c
const server = await new Server().start();
await server.discovered();

const config = (await server.get('/api/v1/templates/stm32f4-disco')).body.config;
config.nodes[0].register_models = ['stm32f4-rcc', 'stm32f4-pwr', 'stm32f4-flash'].map((use) => ({ use }));

class Board {
  static async make(program, models) {
    const board = new Board();
    const made = await server.post('/api/v1/sessions', { board_config: config, features: { register_models: models } });
    if (made.status !== 201) throw new Error(made.text);
    board.id = made.body.id;
    await server.upload(board.id, join(firmwareDir, `${program}.elf`));
    board.socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/sessions/${board.id}/stream?raw=1&since=now&console=usart2`);
    await new Promise((resolve) => board.socket.on('open', resolve));
    return board;
  }
  next() { return new Promise((resolve) => this.socket.once('message', () => resolve(performance.now()))); }
  async boot() {
    await server.power(this.id, 'off');
    await new Promise((resolve) => setTimeout(resolve, 100));  // what a person takes; the next sandbox is made ready meanwhile
    const first = this.next();
    const start = performance.now();
    const on = server.power(this.id, 'on');
    const time = await first - start;
    await on;
    return time;
  }
  async ask(letter) {
    const answer = this.next();
    const start = performance.now();
    await server.type(this.id, 'usart2', letter);
    return await answer - start;
  }
}

const modelled = await Board.make('models_speed', true), plain = await Board.make('models_speed', false);
await modelled.boot();
await plain.boot();
const each = [];
for (let round = -1; round < rounds; ++round) {
  const played = await modelled.ask('a'), alone = await plain.ask('a');
  if (round >= 0) each.push((played - alone) * 1000 / accesses);
}
console.log(`an access to a modelled register: ${median(each).toFixed(1)} us (at most 150; median of ${rounds} rounds of ${accesses})`);
report('work that touches no modelled register', 'ms', await paired(rounds, () => modelled.ask('w'), () => plain.ask('w')), 'ratio at most 1.02');

const vendor = await Board.make('clock_hal', true), simple = await Board.make('models_speed', false);
const more = [];
for (let round = -1; round < rounds; ++round) {
  const slow = await vendor.boot(), fast = await simple.boot();
  if (round >= 0) more.push(slow - fast);
}
console.log(`power-on to the first byte with a vendor's clock set-up: ${median(more).toFixed(1)} ms more than without one (at most 60; median of ${rounds} pairs)`);
for (const board of [modelled, plain, vendor, simple]) board.socket.close();
await server.destroy();
