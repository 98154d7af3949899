/** Builds the pages when there are none, or when they are not those of the sources. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

/** What the pages are made of; the server runs its TypeScript as it is and needs no build. */
const SOURCES = [
  "app",
  "components",
  "public",
  "server/kernel",
  "server/contract",
  "package.json",
  "package-lock.json",
  "next.config.ts",
  "postcss.config.mjs",
  "tsconfig.json",
];
const STAMP = "worldline-sources";
const NOT_BUILT = /\.test\.|\.contract\.|\.test-kit\./;

/**
 * @param {string} root folder of the project
 * @returns {Promise<{ readonly built: boolean, readonly failed: string | null }>}
 */
export async function ensureBuilt(root) {
  const folder = path.join(root, ".next");
  const sources = hashSources(root);
  const reason = whyBuild(folder, sources);
  if (reason === null) return { built: false, failed: null };
  const blocked = makeRoom(folder);
  if (blocked !== null) return { built: false, failed: blocked };
  process.stderr.write(`Building the pages: ${reason}. This takes about half a minute.\n`);
  const startedAt = Date.now();
  const next = path.join(root, "node_modules", "next", "dist", "bin", "next");
  const result = spawnSync(process.execPath, [next, "build"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
  });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout}${result.stderr}`);
    return { built: false, failed: "the pages could not be built: see above" };
  }
  writeFileSync(path.join(folder, STAMP), sources);
  process.stderr.write(`Built in ${Math.round((Date.now() - startedAt) / 1000)} s.\n`);
  return { built: true, failed: null };
}

/** @param {string} folder @param {string} sources */
function whyBuild(folder, sources) {
  if (!existsSync(path.join(folder, "BUILD_ID"))) return "there are none yet";
  const stamp = path.join(folder, STAMP);
  if (!existsSync(stamp)) return "nobody knows what they were built from";
  return readFileSync(stamp, "utf8") === sources ? null : "the sources have changed";
}

/** A hash over names and contents: times mean nothing after a checkout. @param {string} root */
function hashSources(root) {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const file of filesOf(path.join(root, source))) {
      if (NOT_BUILT.test(file)) continue;
      hash.update(path.relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
    }
  }
  return hash.digest("hex");
}

/** @param {string} start @returns {string[]} */
function filesOf(start) {
  if (!existsSync(start)) return [];
  if (!statSync(start).isDirectory()) return [start];
  const entries = readdirSync(start, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/**
 * A build that somebody else made (root, mostly) cannot be written over: it is put aside, where the folder around it
 * allows that. Says what to do where it does not.
 *
 * @param {string} folder @returns {string | null}
 */
function makeRoom(folder) {
  if (!existsSync(folder) || isOurs(folder)) return null;
  const aside = `${folder}.old-${process.pid}`;
  try {
    renameSync(folder, aside);
    rmSync(aside, { recursive: true, force: true });
    return null;
  } catch {
    if (!existsSync(folder)) return null;
    return `.next belongs to another user and is out of date. Run: sudo chown -R "$(id -un)" ${folder}`;
  }
}

/** @param {string} folder */
function isOurs(folder) {
  try {
    for (const entry of [folder, ...readdirSync(folder).map((name) => path.join(folder, name))]) {
      accessSync(entry, constants.W_OK);
    }
    return true;
  } catch {
    return false;
  }
}
