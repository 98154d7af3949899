/**
 * `npm start`: checks the Node, builds the pages when they are not there or not of these sources, then becomes the
 * server. Arguments go on to it: `npm start -- --config worldline.yaml --port 3000`.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "./process/build.mjs";
import { giveBack } from "./process/give-back.mjs";
import { become, ensureNode, nodeFlags, SERVER_FLAGS } from "./process/node-version.mjs";

const script = fileURLToPath(import.meta.url);
const root = path.resolve(path.dirname(script), "..");

await ensureNode(root, script);
if (!existsSync(path.join(root, "node_modules", "next", "package.json"))) {
  process.stderr.write("The packages are not installed. Run: npm ci\n");
  process.exit(1);
}
const { failed } = await ensureBuilt(root);
if (failed !== null) {
  process.stderr.write(`${failed}\n`);
  process.exit(1);
}
giveBack(root);
process.exit(
  await become(process.execPath, [
    ...nodeFlags(),
    ...SERVER_FLAGS,
    path.join(root, "server", "main.ts"),
    ...process.argv.slice(2),
  ]),
);
