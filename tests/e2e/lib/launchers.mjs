// Where an emulator is installed that is no Debian package: its launcher in PATH, or null.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export function findLauncher(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch { /* not here */ }
  }
  return null;
}
