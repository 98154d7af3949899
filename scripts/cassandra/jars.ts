import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { withFileLock } from "./file-lock.ts";
import { findMaven } from "./toolchain.ts";

const run = promisify(execFile);

const POM = join(import.meta.dirname, "pom.xml");
const CACHE = join(import.meta.dirname, "..", "..", ".cache", "cassandra");
/** About 100 jars, 67 MB: 10 s on a good line. */
const RESOLVE_TIMEOUT_MS = 600_000;

/**
 * The class path of Apache Cassandra, of jars that Maven resolved once and that every later run reuses.
 *
 * The cache's directory is named by the content of `pom.xml` and appears whole or not at all; simultaneous calls, in
 * this process or others, wait for the one that resolves.
 */
export async function cassandraClassPath(): Promise<string> {
  const name = `lib-${createHash("sha256").update(readFileSync(POM)).digest("hex").slice(0, 12)}`;
  const directory = join(CACHE, name);
  if (!existsSync(directory)) {
    await mkdir(CACHE, { recursive: true });
    await withFileLock(join(CACHE, "resolve.lock"), RESOLVE_TIMEOUT_MS, async () => {
      if (!existsSync(directory)) await resolveInto(directory);
    });
  }
  const jars = (await readdir(directory)).filter((file) => file.endsWith(".jar")).sort();
  return jars.map((jar) => join(directory, jar)).join(":");
}

async function resolveInto(directory: string): Promise<void> {
  const maven = await findMaven();
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${partial}`];
  try {
    await run(maven, ["-B", "-q", "-f", POM, ...goal], { timeout: RESOLVE_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
  } catch (cause) {
    throw new Error(`Maven could not resolve the jars of Cassandra: ${outputOf(cause)}`, { cause });
  }
  await rename(partial, directory);
}

/** What Maven printed before it failed, cut to what one can read. */
function outputOf(cause: unknown): string {
  const printed = cause !== null && typeof cause === "object" && "stdout" in cause ? String(cause.stdout) : "";
  return (printed || String(cause)).slice(0, 2_000);
}
