/**
 * What root has made in a folder of somebody else is given to that somebody: after root ran the commands of the
 * README, its owner can run them too. Nothing happens for anybody else, or in a folder of root's own.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const MADE = [
  "node_modules",
  ".next",
  ".cache",
  "data",
  "test-results",
  "playwright-report",
  "next-env.d.ts",
  "tsconfig.tsbuildinfo",
];

/** @param {string} root folder of the project */
export function giveBack(root) {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(root);
  if (uid === 0) return;
  const made = MADE.map((name) => path.join(root, name)).filter((file) => existsSync(file));
  if (made.length > 0) spawnSync("chown", ["-R", "-h", `${uid}:${gid}`, ...made], { stdio: "inherit" });
}

// Also under the old Node of a distribution, which npm itself may run on.
const own = fileURLToPath(import.meta.url);
if (process.argv[1] === own) giveBack(path.resolve(path.dirname(own), "../.."));
