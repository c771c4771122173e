// Collects the pages into one folder: own files as they are, large ones compressed.
// usage: node build.mjs OUTPUT
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync, constants } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(here, "dist");
const swagger = join(here, "node_modules", "swagger-ui-dist");

rmSync(output, { recursive: true, force: true });
mkdirSync(join(output, "swagger"), { recursive: true });

for (const name of ["index.html", "home.js", "home.css", "favicon.svg", "swagger/index.html", "swagger/start.js"])
  copyFileSync(join(here, "src", name), join(output, name));
copyFileSync(join(swagger, "LICENSE"), join(output, "swagger", "LICENSE.txt"));

for (const name of ["swagger-ui-bundle.js", "swagger-ui.css"]) {
  const text = readFileSync(join(swagger, name), "utf8").replace(/\n?(\/\/# sourceMappingURL=.*|\/\*# sourceMappingURL=.*\*\/)\s*$/, "\n");
  writeFileSync(join(output, "swagger", `${name}.gz`), gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
}
