/**
 * A MariaDB server of one's own for tests: on 127.0.0.1, a free port, a throw-away directory.
 *
 * Started in a few seconds. `WORLDLINE_TEST_MARIADB` (URL of root) uses a running server instead; it cannot be paused or
 * stopped from here, and tests that need that fail with a line that says so.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, copyFileSync, existsSync, openSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, createConnection } from "mysql2/promise";
import { suspendProcess } from "#scripts/process/suspend.ts";
import type { TestPair } from "./certificates.ts";
import { findMariadb, type MariadbBinaries } from "./mariadb-binaries.ts";
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

export interface TestMariadb extends OwnServer {
  /** URL of root, without a database. */
  readonly rootUrl: string;
  /** Another certificate from now on. Of a server with `tls`. */
  certify(pair: TestPair): Promise<void>;
}

const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 100;
const STOP_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** Speed over safety: the data is thrown away. A zone of its own, so that a wrong reading of times shows. */
const SETTINGS = [
  "--bind-address=127.0.0.1",
  "--skip-name-resolve",
  "--skip-log-bin",
  "--innodb-flush-log-at-trx-commit=0",
  "--innodb-doublewrite=0",
  "--innodb-buffer-pool-size=64M",
  "--innodb-log-file-size=16M",
  "--max-connections=60",
  "--max-allowed-packet=64M",
  "--performance-schema=OFF",
  "--default-time-zone=-03:30",
];

/**
 * `tls`: a certificate with which it also speaks TLS; connections in the clear are taken all the same. A server that was
 * there already has it, or not.
 * @throws Error with the tail of the server's log when it does not start, or that says what to install
 */
export async function startMariadb(options: { readonly tls?: TestPair } = {}): Promise<TestMariadb> {
  const external = process.env.WORLDLINE_TEST_MARIADB;
  if (external !== undefined && external !== "") return externalMariadb(external);
  const binaries = findMariadb();
  const directory = await mkdtemp(join(tmpdir(), "worldline-mariadb-"));
  const forget = removals.add(directory);
  try {
    await chmod(directory, 0o755);
    const server = {
      binaries,
      directory,
      user: unprivilegedUser("MariaDB", "mysql"),
      password: randomBytes(12).toString("hex"),
    };
    await initialise(server);
    return await runServer(
      { ...server, port: await freePort(), settings: tlsSettings(options.tls, directory) },
      forget,
    );
  } catch (cause) {
    forget();
    await rm(directory, { recursive: true, force: true });
    throw cause;
  }
}

interface Place {
  readonly binaries: MariadbBinaries;
  readonly directory: string;
  readonly user: ServerUser;
  readonly password: string;
}

interface Server extends Place {
  readonly port: number;
  readonly settings: readonly string[];
}

function tlsSettings(pair: TestPair | undefined, directory: string): readonly string[] {
  if (pair === undefined) return [];
  putPair(pair, directory);
  return [`--ssl-cert=${join(directory, "server.pem")}`, `--ssl-key=${join(directory, "server.key")}`];
}

function putPair({ certificateFile, keyFile }: TestPair, directory: string): void {
  copyFileSync(certificateFile, join(directory, "server.pem"));
  copyFileSync(keyFile, join(directory, "server.key"));
}

const dataOf = ({ directory }: Place): string => join(directory, "data");
const logOf = ({ directory }: Place): string => join(directory, "server.log");

async function initialise(place: Place): Promise<void> {
  const data = dataOf(place);
  await mkdir(data, { mode: 0o700 });
  const { uid, gid } = place.user;
  if (uid !== undefined && gid !== undefined) {
    await chown(data, uid, gid);
    await chown(place.directory, uid, gid);
  }
  const options = ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db"];
  execFileSync(place.binaries.installDb, [...options, "--skip-name-resolve"], {
    ...place.user,
    cwd: place.directory,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

async function runServer(server: Server, forget: () => void): Promise<TestMariadb> {
  const urlOf = (database: string) => `mysql://root:${server.password}@127.0.0.1:${server.port}/${database}`;
  let running: ChildProcess | null = null;
  const pid = (): number => running?.pid ?? fail("the test's MariaDB is not running");

  const start = async (): Promise<void> => {
    running = spawnServer(server);
    running.unref();
    removals.runs(server.directory, running.pid ?? null);
    await ready(urlOf(""), server, running);
  };
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    const process = running;
    running = null;
    if (process !== null) await endServer(process, signal);
    removals.runs(server.directory, null);
  };

  await start();
  return {
    rootUrl: urlOf(""),
    createDatabase: async (name) => {
      await executeMariadb(urlOf(""), (connection) =>
        connection.query("CREATE DATABASE ?? CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", [name]),
      );
      return urlOf(encodeURIComponent(name));
    },
    pause: () => suspendProcess(pid()),
    resume: () => process.kill(pid(), "SIGCONT"),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    start,
    async certify(pair) {
      putPair(pair, server.directory);
      await executeMariadb(urlOf(""), (connection) => connection.query("FLUSH SSL"));
    },
    async remove() {
      await end("SIGKILL");
      forget();
      await rm(server.directory, { recursive: true, force: true });
    },
  };
}

/** Dies with this process also when that is killed, where Debian's `setpriv` is there to see to it. */
function spawnServer(server: Server): ChildProcess {
  const log = openSync(logOf(server), "a");
  const init = join(server.directory, "password.sql");
  const sql = `ALTER USER root@localhost IDENTIFIED BY '${server.password}';
CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '${server.password}';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
`;
  execFileSync("tee", [init], { input: sql, stdio: ["pipe", "ignore", "inherit"] });
  const command = [
    server.binaries.server,
    "--no-defaults",
    `--datadir=${dataOf(server)}`,
    `--port=${server.port}`,
    `--socket=${join(server.directory, "s")}`,
    `--pid-file=${join(server.directory, "pid")}`,
    `--init-file=${init}`,
    ...SETTINGS,
    ...server.settings,
  ];
  const guarded = existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL", ...command] : command;
  const [file = "", ...args] = guarded;
  const child = spawn(file, args, { ...server.user, cwd: server.directory, stdio: ["ignore", log, log] });
  closeSync(log);
  return child;
}

async function endServer(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.ref();
  child.kill("SIGCONT");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

const ready = (url: string, server: Server, child: ChildProcess): Promise<void> =>
  untilReady({
    product: "MariaDB",
    child,
    log: logOf(server),
    timeoutMs: READY_TIMEOUT_MS,
    pollMs: READY_POLL_MS,
    ask: () => executeMariadb(url, (connection) => connection.query("SELECT 1")),
  });

/** One connection for one piece of work. Takes several statements at once. */
export async function executeMariadb<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({
    uri: url,
    multipleStatements: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    charset: "utf8mb4",
    dateStrings: true,
    supportBigNumbers: true,
  });
  connection.on("error", () => undefined); // told again by whatever is being asked
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

function externalMariadb(rootUrl: string): TestMariadb {
  return {
    rootUrl,
    createDatabase: async (name) => {
      await executeMariadb(rootUrl, async (connection) => {
        await connection.query("DROP DATABASE IF EXISTS ??", [name]);
        await connection.query("CREATE DATABASE ?? CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", [name]);
      });
      return urlOfDatabase(rootUrl, name);
    },
    ...notOurs("WORLDLINE_TEST_MARIADB"),
  };
}

const removals = createRemovals((pid) => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
});
