#!/usr/bin/env node
/** `worldline …`: the command line. `worldline start` is `npm start`; the rest is `server/cli/main.ts`. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { become, ensureNode, nodeFlags } from "./process/node-version.mjs";

const script = fileURLToPath(import.meta.url);
const root = path.resolve(path.dirname(script), "..");

await ensureNode(root, script);
const [command, ...rest] = process.argv.slice(2);
const target =
  command === "start"
    ? [path.join(root, "scripts", "start.mjs"), ...rest]
    : [...nodeFlags(), path.join(root, "server", "cli", "main.ts"), ...process.argv.slice(2)];
process.exit(await become(process.execPath, target));
