/** What database servers of tests have in common: whose processes they are, where they listen, when they are ready, and that they go. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";

/** Who a server runs as; empty = who runs the tests. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** A database server of a test's own, whatever its product. */
export interface OwnServer {
  /** Creates an empty database and answers its URL, as whoever may do everything. */
  createDatabase(name: string): Promise<string>;
  /** SIGSTOP: it accepts connections (the kernel does) and never answers. */
  pause(): void;
  resume(): void;
  /** An orderly shutdown; databases stay for `start`. */
  stop(): Promise<void>;
  /** SIGKILL: connections break at once, `start` recovers the data. */
  kill(): Promise<void>;
  /** Starts again on the same port and data. */
  start(): Promise<void>;
  /** Ends it for good and removes its directory. Also done when this process exits. */
  remove(): Promise<void>;
}

/** What a server that was there already cannot be made to do; `variable` named it. Removing leaves it alone. */
export function notOurs(variable: string) {
  const cannot = () => fail(`a server named by ${variable} cannot be paused or stopped from here`);
  return {
    pause: cannot,
    resume: cannot,
    stop: async () => cannot(),
    kill: async () => cannot(),
    start: async () => cannot(),
    certify: async () => cannot(),
    remove: async () => undefined,
  };
}

/** The URL of another database of the same server. */
export function urlOfDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(name)}`;
  return other.href;
}

/**
 * Database servers refuse to run as root: then Debian's own user for it serves, else nobody.
 * @throws Error when there is neither
 */
export function unprivilegedUser(product: string, own: string): ServerUser {
  if (userInfo().uid !== 0) return {};
  for (const name of [own, "nobody"]) {
    const uid = idOf("-u", name);
    const gid = idOf("-g", name);
    if (uid !== null && gid !== null) return { uid, gid };
  }
  throw new Error(`${product} does not run as root, and there is neither a user ${own} nor nobody`);
}

function idOf(flag: "-u" | "-g", name: string): number | null {
  try {
    return Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return null; // no such user
  }
}

/** Below what systems give to those who connect: a port of ours that is down for a while is nobody else's meanwhile. */
const PORTS = { from: 12_000, to: 32_000 } as const;
const PORT_ATTEMPTS = 100;

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (await isFree(port)) return port;
  }
  return fail("no free port");
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false; // taken, or not for us
  }
  server.close();
  await once(server, "close");
  return true;
}

export function fail(reason: string): never {
  throw new Error(reason);
}

interface Awaited {
  readonly product: string;
  readonly child: ChildProcess;
  /** Its log. */
  readonly log: string;
  readonly timeoutMs: number;
  readonly pollMs: number;
  /** Asks it something; rejects while it does not answer. */
  ask(): Promise<unknown>;
}

const LOG_TAIL_CHARS = 2_000;

/** @throws Error with the tail of the server's log when it ends, or does not answer in time */
export async function untilReady({ product, child, log, timeoutMs, pollMs, ask }: Awaited): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask().catch((cause: unknown) => cause);
    if (!(answer instanceof Error)) return;
    if (child.exitCode !== null || performance.now() > deadline) {
      const tail = readFileSync(log, "utf8").slice(-LOG_TAIL_CHARS);
      throw new Error(`${product} for tests did not start:\n${tail}`, { cause: answer });
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Directories of this process that are removed when it exits, each with the server that runs on it. */
export interface Removals {
  /** Answers what forgets it again. */
  add(directory: string): () => void;
  /** The server that runs on it now; `null` = none. */
  runs(directory: string, pid: number | null): void;
}

/** `end` ends a server at once, in an exit handler: nothing can be awaited there. */
export function createRemovals(end: (pid: number, directory: string) => void): Removals {
  const removals = new Map<string, number | null>();
  const removeAll = (): void => {
    for (const [directory, pid] of removals) {
      if (pid !== null) end(pid, directory);
      rmSync(directory, { recursive: true, force: true });
    }
  };
  return {
    add(directory) {
      if (removals.size === 0) process.once("exit", removeAll);
      removals.set(directory, null);
      return () => void removals.delete(directory);
    },
    runs: (directory, pid) => void removals.set(directory, pid),
  };
}
