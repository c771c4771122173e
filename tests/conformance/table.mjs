// The table backend x feature in docs/backends.md: written by scripts/conformance.mjs, compared by the suite.
import { readFileSync, writeFileSync } from 'node:fs';

export const pages = {
  'docs/backends.md': { head: ['Feature', 'Checks'], yes: 'yes', no: 'refused' },
  'docs/zh-CN/backends.md': { head: ['功能', '检查项'], yes: '是', no: '拒绝' },
};
const begin = '<!-- conformance: written by scripts/conformance.mjs -->', end = '<!-- conformance ends -->';

// The two numbers of a version say what an emulator can do; the third is mostly the packager's business.
export const version = (text) => /\d+(\.\d+)+/.exec(text)?.[0] ?? text;
export const release = (text) => version(text).split('.').slice(0, 2).join('.');
export const column = (result) => `${result.title} ${version(result.version)}`;

// `results`: what the suite left, one a backend: {title, version, features: {name: true (all checks passed) | false (refused)},
// checks: {name: how many}}, the same checks for all.
export function render(results, { head, yes, no }) {
  const { features, checks } = results.find((each) => each.checks);
  const names = Object.keys(features);
  const row = (cells) => `| ${cells.join(' | ')} |\n`;
  return row([...head, ...results.map(column)]) + `${'|---'.repeat(head.length + results.length)}|\n` +
    names.map((name) => row([`\`${name}\``, String(checks[name]), ...results.map((each) => (each.features[name] ? yes : no))])).join('');
}

function split(file) {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(`${begin}\n`), to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} has no place for the table of conformance`);
  const start = from + begin.length + 1;
  return { before: text.slice(0, start), table: text.slice(start, to), after: text.slice(to) };
}

export function write(root, results) {
  for (const [page, words] of Object.entries(pages)) {
    const { before, after } = split(new URL(page, root));
    writeFileSync(new URL(page, root), `${before}${render(results, words)}${after}`);
  }
}

// What a page says of one backend: {version, features: {name: boolean}}, or null where it has no column.
export function published(root, page, title) {
  const rows = split(new URL(page, root)).table.trim().split('\n').map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
  const at = rows[0].findIndex((cell) => cell.startsWith(`${title} `));
  if (at < 0) return null;
  const { yes, no } = pages[page];
  const features = Object.fromEntries(rows.slice(2).map((cells) => [cells[0].replaceAll('`', ''), cells[at] === yes ? true : cells[at] === no ? false : cells[at]]));
  return { version: rows[0][at].slice(title.length + 1), features };
}
