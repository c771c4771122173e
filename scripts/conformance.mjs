#!/usr/bin/env node
// Runs the conformance suite on every installed backend and prints the table backend x feature; --write puts it into
// docs/backends.md and its translation. Usage: conformance.mjs [--write] [BUILD_DIR], build/dev by default.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backends } from '../tests/conformance/backends.mjs';
import { pages, published, render, write } from '../tests/conformance/table.mjs';

const root = new URL('../', import.meta.url);
const words = process.argv.slice(2);
const writes = words.includes('--write');
const build = resolve(words.find((word) => !word.startsWith('--')) ?? fileURLToPath(new URL('build/dev', root)));
const folder = mkdtempSync(join(tmpdir(), 'virserver-conformance-'));
const results = [];
let failed = false;
for (const name of Object.keys(backends)) {
  const file = join(folder, name);
  const env = { ...process.env, VIRSERVER_BIN: join(build, 'bin'), VIRSERVER_FIRMWARE: join(build, 'firmware'), VIRSERVER_CONFORMANCE: name, VIRSERVER_CONFORMANCE_RESULT: file };
  const suite = fileURLToPath(new URL('tests/conformance/conformance.test.mjs', root));
  const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', suite], { env, stdio: 'inherit' });
  if (status !== 0) failed = true;
  else if (existsSync(file)) results.push(JSON.parse(readFileSync(file, 'utf8')));
  else {
    const said = published(root, 'docs/backends.md', backends[name].title);
    console.log(`${name}: not installed; ${said ? 'its published column stays as it is' : 'it gets no column'}`);
    if (said) results.push({ title: backends[name].title, ...said });
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${render(results, pages['docs/backends.md'])}`);
if (writes && !failed) write(root, results);
process.exitCode = failed ? 1 : 0;
