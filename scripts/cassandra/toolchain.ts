import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Cassandra 5.0 runs on Java 11 and 17; the flags beside this file are those of 17. */
const JAVA_MAJOR = 17;
const PROBE_TIMEOUT_MS = 20_000;
const INSTALL_TIMEOUT_MS = 600_000;
const JVM_DIRECTORY = "/usr/lib/jvm";
const INSTALL = {
  java: "apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless",
  maven: "apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless maven",
} as const;

/**
 * The path of a Java 17: `JAVA_HOME`, then the `PATH`, then Debian's directory. Installs Debian's package when run as
 * root there.
 *
 * @throws Error with the one line to type when there is none
 */
export async function findJava(): Promise<string> {
  return (await searchJava()) ?? (await installThen("java", searchJava, `Java ${JAVA_MAJOR}`));
}

/** The path of `mvn`, found or installed like {@link findJava}. */
export async function findMaven(): Promise<string> {
  return searchPath("mvn") ?? (await installThen("maven", async () => searchPath("mvn"), "Maven"));
}

async function searchJava(): Promise<string | undefined> {
  const homes = [process.env.JAVA_HOME, ...debianHomes()].filter((home) => home !== undefined && home !== "");
  const candidates = [...homes.map((home) => join(home ?? "", "bin", "java")), searchPath("java")];
  for (const candidate of candidates) {
    if (candidate !== undefined && existsSync(candidate) && (await javaMajor(candidate)) === JAVA_MAJOR)
      return candidate;
  }
  return undefined;
}

function debianHomes(): readonly string[] {
  if (!existsSync(JVM_DIRECTORY)) return [];
  return readdirSync(JVM_DIRECTORY)
    .filter((name) => name.includes(String(JAVA_MAJOR)))
    .map((name) => join(JVM_DIRECTORY, name));
}

/** The number in `openjdk version "17.0.15"`; `undefined` when the program does not answer like a Java. */
async function javaMajor(java: string): Promise<number | undefined> {
  try {
    const { stderr } = await run(java, ["-version"], { timeout: PROBE_TIMEOUT_MS });
    const major = /version "(\d+)/.exec(stderr)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined; // not a Java we can use: the search goes on, and its end says what is missing
  }
}

function searchPath(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));
}

async function installThen(
  what: keyof typeof INSTALL,
  search: () => Promise<string | undefined>,
  title: string,
): Promise<string> {
  const line = INSTALL[what];
  const mayInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (!mayInstall) throw new Error(`${title} is needed to run Cassandra for tests. Install it: sudo sh -c '${line}'`);
  process.stderr.write(`${title} is missing; installing it: ${line}\n`);
  await run("sh", ["-c", line.replaceAll("apt-get", "apt-get -q -o DPkg::Lock::Timeout=300")], {
    timeout: INSTALL_TIMEOUT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 * 1024 * 1024,
  });
  const found = await search();
  if (found === undefined) throw new Error(`${title} is still missing after: ${line}`);
  return found;
}
