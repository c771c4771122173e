// Where Renode is installed: its launcher in PATH, or null.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export function findRenode() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, 'renode'), constants.X_OK);
      return join(folder, 'renode');
    } catch { /* not here */ }
  }
  return null;
}
