/**
 * A PostgreSQL server of one's own for tests and benchmarks: on 127.0.0.1, a free port, a throw-away directory.
 *
 * Started in about a second. `WORLDLINE_TEST_POSTGRES` (URL of a superuser) uses a running server instead; it cannot
 * be paused or stopped from here, and tests that need that fail with a line that says so.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, closeSync, copyFileSync, existsSync, openSync, readFileSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { TestPair } from "./certificates.ts";
import {
  createRemovals,
  fail,
  freePort,
  notOurs,
  type OwnServer,
  type ServerUser,
  unprivilegedUser,
  untilReady,
  urlOfDatabase,
} from "./own-server.ts";
import { findPostgres, type PostgresBinaries } from "./postgres-binaries.ts";
import { childrenOf, freeze, runs, signal, thaw } from "./postgres-processes.ts";

/** Its databases have another text order than that of bytes; it is paused and killed with every process of it. */
export interface TestPostgres extends OwnServer {
  /** URL of the superuser's own database. */
  readonly superuserUrl: string;
  /** Another certificate from now on, for who connects in a moment; `null` = no TLS at all. Of a server with `tls`. */
  certify(pair: TestPair | null): Promise<void>;
}

const READY_TIMEOUT_MS = 90_000;
const READY_POLL_MS = 50;
const STOP_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;
const EXIT_TIMEOUT_MS = 10_000;

/** Speed over safety: the data is thrown away. A zone of its own, so that a wrong reading of times shows. */
const SETTINGS = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "max_connections=60",
  "shared_buffers=64MB",
  "timezone=America/St_Johns",
];

/**
 * `tls`: a certificate with which it also speaks TLS; connections in the clear are taken all the same. A server that was
 * there already has it, or not.
 * @throws Error with the tail of the server's log when it does not start, or that says what to install
 */
export async function startPostgres(options: { readonly tls?: TestPair } = {}): Promise<TestPostgres> {
  const external = process.env.WORLDLINE_TEST_POSTGRES;
  if (external !== undefined && external !== "") return externalPostgres(external);
  const directory = await mkdtemp(join(tmpdir(), "worldline-postgres-"));
  const forget = removals.add(directory);
  try {
    await chmod(directory, 0o755);
    const user = unprivilegedUser("PostgreSQL", "postgres");
    const binaries = await findPostgres(directory, user.uid !== undefined);
    const password = randomBytes(12).toString("hex");
    await initialise(binaries, directory, user, password);
    const port = await freePort();
    const settings = options.tls === undefined ? [] : tlsSettings(options.tls, directory, user);
    return await runServer({ binaries, directory, user, password, port, settings, pair: options.tls ?? null }, forget);
  } catch (cause) {
    forget();
    await rm(directory, { recursive: true, force: true });
    throw cause;
  }
}

async function initialise(
  binaries: PostgresBinaries,
  directory: string,
  user: ServerUser,
  password: string,
): Promise<void> {
  const data = join(directory, "data");
  const passwordFile = join(directory, "password");
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    await chown(data, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  const options = ["--username=postgres", "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--no-sync"];
  const text = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"];
  execFileSync(binaries.initdb, [`--pgdata=${data}`, ...options, ...text], {
    ...user,
    cwd: directory,
    stdio: ["ignore", "ignore", "pipe"],
  });
  await rm(passwordFile);
}

interface Server {
  readonly binaries: PostgresBinaries;
  readonly directory: string;
  readonly user: ServerUser;
  readonly password: string;
  readonly port: number;
  readonly settings: readonly string[];
  readonly pair: TestPair | null;
}

/** A key must be its owner's alone, or the server does not start: so it has copies of its own. */
function tlsSettings(pair: TestPair, directory: string, user: ServerUser): readonly string[] {
  putPair(pair, directory, user);
  return [`ssl_cert_file=${join(directory, "server.pem")}`, `ssl_key_file=${join(directory, "server.key")}`];
}

function putPair({ certificateFile, keyFile }: TestPair, directory: string, user: ServerUser): void {
  for (const [from, name] of [
    [certificateFile, "server.pem"],
    [keyFile, "server.key"],
  ] as const) {
    const own = join(directory, name);
    copyFileSync(from, own);
    chmodSync(own, 0o600);
    if (user.uid !== undefined && user.gid !== undefined) chownSync(own, user.uid, user.gid);
  }
}

async function runServer(server: Server, forget: () => void): Promise<TestPostgres> {
  const urlOf = (database: string) => `postgres://postgres:${server.password}@127.0.0.1:${server.port}/${database}`;
  const superuserUrl = urlOf("postgres");
  let running: ChildProcess | null = null;
  const pid = (): number => running?.pid ?? fail("the test's PostgreSQL is not running");

  const start = async (): Promise<void> => {
    running = spawnServer(server);
    running.unref();
    removals.runs(server.directory, running.pid ?? null);
    await ready(superuserUrl, server, running);
  };
  const stop = async (): Promise<void> => {
    const process = running;
    running = null;
    if (process !== null) await stopServer(process);
    removals.runs(server.directory, null);
  };

  const certify = async (pair: TestPair | null): Promise<void> => {
    if (pair !== null) putPair(pair, server.directory, server.user);
    await execute(superuserUrl, async (client) => {
      await client.query(`ALTER SYSTEM SET ssl = ${pair === null ? "off" : "on"}`);
      await client.query("SELECT pg_reload_conf()");
    });
  };

  await start();
  if (server.pair !== null) await certify(server.pair);
  return {
    superuserUrl,
    createDatabase: async (name) => {
      await execute(superuserUrl, (client) => client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`));
      return urlOf(encodeURIComponent(name));
    },
    pause: () => freeze(pid()),
    resume: () => thaw(pid()),
    stop,
    async kill() {
      const process = running;
      running = null;
      if (process !== null) await killServer(process);
      removals.runs(server.directory, null);
    },
    start,
    certify,
    async remove() {
      await stop();
      forget();
      await rm(server.directory, { recursive: true, force: true });
    },
  };
}

const logOf = (server: Server): string => join(server.directory, "server.log");

function spawnServer(server: Server): ChildProcess {
  const log = openSync(logOf(server), "a");
  const settings = [`port=${server.port}`, ...SETTINGS, ...server.settings].flatMap((setting) => ["-c", setting]);
  const child = spawn(server.binaries.postgres, ["-D", join(server.directory, "data"), ...settings], {
    ...server.user,
    cwd: server.directory,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  return child;
}

async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  child.ref();
  thaw(child.pid);
  signal(child.pid, "SIGINT");
  const timer = setTimeout(() => child.pid !== undefined && signal(child.pid, "SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

/** Its children end by themselves once the first is gone, but not before the port is free: so they are killed too. */
async function killServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  child.ref();
  freeze(child.pid);
  const backends = childrenOf(child.pid);
  for (const backend of backends) signal(backend, "SIGKILL");
  signal(child.pid, "SIGKILL");
  await exited;
  // Whoever is not gone yet still holds the shared memory, and no other server starts on the same data.
  for (let waitedMs = 0; backends.some(runs) && waitedMs < EXIT_TIMEOUT_MS; waitedMs += READY_POLL_MS)
    await sleep(READY_POLL_MS);
}

const ready = (url: string, server: Server, child: ChildProcess): Promise<void> =>
  untilReady({
    product: "PostgreSQL",
    child,
    log: logOf(server),
    timeoutMs: READY_TIMEOUT_MS,
    pollMs: READY_POLL_MS,
    ask: () => execute(url, (client) => client.query("SELECT 1")),
  });

/** One client for one piece of work. */
export async function execute<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => undefined); // told again by whatever is being asked
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs a dump of plain statements (`pg_dump --inserts`) into a database. */
export async function loadDump(url: string, path: string): Promise<void> {
  const dump = readFileSync(path, "utf8");
  await execute(url, (client) => client.query(dump));
}

function externalPostgres(superuserUrl: string): TestPostgres {
  return {
    superuserUrl,
    createDatabase: async (name) => {
      await execute(superuserUrl, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)}`);
        await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
      });
      return urlOfDatabase(superuserUrl, name);
    },
    ...notOurs("WORLDLINE_TEST_POSTGRES"),
  };
}

const removals = createRemovals((postmaster, directory) => {
  thaw(postmaster);
  signal(postmaster, "SIGQUIT");
  waitUntilGone(join(directory, "data", "postmaster.pid"));
});

/** In an exit handler nothing can be awaited, and the server would go on writing what is being removed. */
function waitUntilGone(path: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; existsSync(path) && waitedMs < EXIT_TIMEOUT_MS; waitedMs += READY_POLL_MS) {
    Atomics.wait(pause, 0, 0, READY_POLL_MS);
  }
}
