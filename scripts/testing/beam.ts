/**
 * Real BEAM nodes for tests and benchmarks (Debian's Erlang and Elixir): a unique name at 127.0.0.1, a random cookie in
 * a private home directory, an own port mapper. `erl_call`, which comes with Erlang, is there as an oracle that shares no
 * code with us.
 *
 * A plain Erlang node starts in about a second, one with an Elixir script in two or three.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suspendProcess } from "#scripts/process/suspend.ts";
import { findBeamProgram } from "./beam-binaries.ts";
import { type BeamCertificates, makeBeamCertificates } from "./beam-certificates.ts";
import { dyingWithUs, killChild, startEpmd, type TestEpmd } from "./epmd.ts";
import { createRemovals, fail, freePort, untilReady } from "./own-server.ts";

export interface TestBeamOptions {
  /** Part of the node's name before a random rest; `worldline` when omitted. */
  readonly prefix?: string;
  /** The whole name (`dna@127.0.0.1`), when it matters: the mapper must then be one's own. */
  readonly name?: string;
  /** Path of an Elixir script that the node runs before it is ready; without one it is a plain Erlang node. */
  readonly script?: string;
  /** For the script, beyond what the node needs itself. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A mapper to share with other nodes; it is not removed with this one. */
  readonly epmd?: TestEpmd;
  /** A cookie to share with other nodes; else a random one. */
  readonly cookie?: string;
  /** No mapper: it listens on a port that is known beforehand (`-erl_epmd_port`). */
  readonly fixedPort?: boolean;
  /** Distribution over TLS; who connects must show a certificate. */
  readonly tls?: boolean;
  /** More words for `erl`, none with a blank. */
  readonly erlangArguments?: readonly string[];
}

export interface TestBeam {
  /** Whole: `worldline-4f…@127.0.0.1`. */
  readonly name: string;
  readonly cookie: string;
  /** Mode 0400, in a private directory; without a line end. */
  readonly cookieFile: string;
  readonly home: string;
  /** `null` when it runs without one. */
  readonly epmd: TestEpmd | null;
  /** `null` unless it listens on a fixed port. */
  readonly fixedPort: number | null;
  readonly certificates: BeamCertificates | null;
  /** All it has printed and logged up to now. */
  log(): string;
  pid(): number;
  /** SIGSTOP: the kernel goes on accepting connections, and nothing answers. */
  pause(): void;
  resume(): void;
  /** An orderly end, as by `init:stop()`. */
  stop(): Promise<void>;
  /** SIGKILL: connections break at once. */
  kill(): Promise<void>;
  /** Starts again under the same name. */
  start(): Promise<void>;
  /**
   * Evaluates an Erlang expression (ASCII, no final dot) on the node by `erl_call`.
   * @returns its value as Erlang prints it (`~0tp`)
   * @throws Error with what was raised; or when the node speaks TLS, which erl_call does not
   */
  erlCall(expression: string): string;
  /** The same, in the external term format as the node writes it. */
  erlCallTerm(expression: string): Buffer;
  /** Ends it for good, with its mapper if that is its own. Also done when this process exits. */
  remove(): Promise<void>;
}

const READY_TIMEOUT_MS = 90_000;
const READY_POLL_MS = 25;
const STOP_TIMEOUT_MS = 30_000;
const CALL_TIMEOUT_MS = 30_000;
const CALL_ANSWER_MAX_BYTES = 64 * 1024 ** 2;
const READY_LINE = "worldline: ready";

/** @throws Error with the tail of the node's log when it does not start, or that says what to install */
export async function startBeam(options: TestBeamOptions = {}): Promise<TestBeam> {
  for (const program of ["erl", "erl_call"] as const) findBeamProgram(program);
  const home = await mkdtemp(join(tmpdir(), "worldline-beam-"));
  const forget = removals.add(home);
  const ownEpmd = options.fixedPort || options.epmd ? null : await startEpmd();
  try {
    const cookie = options.cookie ?? randomBytes(15).toString("base64url");
    const cookieFile = join(home, ".erlang.cookie");
    await writeFile(cookieFile, cookie, { mode: 0o400 });
    await chmod(home, 0o700);
    const node: Node = {
      name: options.name ?? `${options.prefix ?? "worldline"}-${randomBytes(5).toString("hex")}@127.0.0.1`,
      home,
      script: options.script ?? null,
      epmdPort: (options.epmd ?? ownEpmd)?.port ?? null,
      fixedPort: options.fixedPort ? await freePort() : null,
      certificates: options.tls ? makeBeamCertificates(home) : null,
      environment: options.environment ?? {},
      erlangArguments: options.erlangArguments ?? [],
    };
    const running = await runNode(node, forget);
    const { certificates, fixedPort, name } = node;
    const epmd = options.epmd ?? ownEpmd;
    return {
      ...running,
      ...{ name, cookie, cookieFile, home, epmd, fixedPort, certificates },
      async remove() {
        await running.remove();
        await ownEpmd?.remove();
      },
    };
  } catch (cause) {
    forget();
    await ownEpmd?.remove();
    await rm(home, { recursive: true, force: true });
    throw cause;
  }
}

interface Node {
  readonly name: string;
  readonly home: string;
  readonly script: string | null;
  readonly epmdPort: number | null;
  readonly fixedPort: number | null;
  readonly certificates: BeamCertificates | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly erlangArguments: readonly string[];
}

type RunningNode = Omit<
  TestBeam,
  "name" | "cookie" | "cookieFile" | "home" | "epmd" | "fixedPort" | "certificates" | "remove"
> & { remove(): Promise<void> };

const logOf = (node: Node): string => join(node.home, "log");

async function runNode(node: Node, forget: () => void): Promise<RunningNode> {
  let running: ChildProcess | null = null;
  const alive = (): ChildProcess => running ?? fail("the test's BEAM node is not running");
  const start = async (): Promise<void> => {
    const printed = readIfThere(logOf(node)).length;
    running = spawnNode(node);
    running.unref();
    removals.runs(node.home, running.pid ?? null);
    await ready(node, running, printed);
  };
  const end = async (how: (child: ChildProcess) => Promise<void>): Promise<void> => {
    const child = running;
    running = null;
    if (child !== null) await how(child);
    removals.runs(node.home, null);
  };
  await start();
  return {
    log: () => readIfThere(logOf(node)),
    pid: () => alive().pid ?? fail("the test's BEAM node has no process"),
    pause: () => suspendProcess(alive().pid ?? fail("the test's BEAM node has no process")),
    resume: () => void alive().kill("SIGCONT"),
    stop: () => end(stopChild),
    kill: () => end(killChild),
    start,
    erlCall: (expression) =>
      erlCall(node, `unicode:characters_to_binary(io_lib:format("~0tp", [${expression}]))`).toString("utf8"),
    erlCallTerm: (expression) => erlCall(node, `term_to_binary(${expression})`),
    async remove() {
      await end(killChild);
      forget();
      await rm(node.home, { recursive: true, force: true });
    },
  };
}

function spawnNode(node: Node): ChildProcess {
  const words = [...erlangArguments(node), ...node.erlangArguments];
  const command =
    node.script === null
      ? [findBeamProgram("erl"), "-noinput", ...words, "-eval", `io:format("${READY_LINE}~n").`]
      : [findBeamProgram("elixir"), "--no-halt", "-r", node.script, "-e", `IO.puts("${READY_LINE}")`];
  const log = openSync(logOf(node), "a");
  const [file = "", ...args] = dyingWithUs(command);
  const child = spawn(file, args, {
    cwd: node.home,
    env: { ...environmentOf(node), ...node.environment, ELIXIR_ERL_OPTIONS: words.join(" ") },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  return child;
}

/** The cookie is not among them: the node finds it in its home directory. */
function erlangArguments({ name, fixedPort, certificates }: Node): readonly string[] {
  return [
    ...["-name", name, "-start_epmd", "false", "-kernel", "inet_dist_use_interface", "{127,0,0,1}"],
    ...["+S", "2:2", "+sbwt", "none"],
    ...(fixedPort === null ? [] : ["-erl_epmd_port", String(fixedPort)]),
    ...(certificates === null ? [] : ["-proto_dist", "inet_tls", "-ssl_dist_optfile", certificates.optionFile]),
  ];
}

const environmentOf = ({ home, epmdPort }: Node): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: home,
  LC_ALL: "C.UTF-8",
  NODE_ENV: "test",
  ERL_CRASH_DUMP_SECONDS: "0",
  ...(epmdPort === null ? {} : { ERL_EPMD_PORT: String(epmdPort) }),
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // nothing was printed yet
  }
}

const ready = (node: Node, child: ChildProcess, printedBefore: number): Promise<void> =>
  untilReady({
    product: "a BEAM node",
    child,
    log: logOf(node),
    timeoutMs: READY_TIMEOUT_MS,
    pollMs: READY_POLL_MS,
    ask: async () => readIfThere(logOf(node)).slice(printedBefore).includes(READY_LINE) || fail("not ready"),
  });

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.ref();
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

/** Binaries are cut by its plain printer, so the bytes come as base64 on the standard output. */
function erlCall(node: Node, bytes: string): Buffer {
  if (node.certificates !== null) fail("erl_call does not speak TLS");
  const where = node.fixedPort === null ? ["-name", node.name] : ["-address", `127.0.0.1:${node.fixedPort}`];
  const guarded = `try {"ok", ${bytes}} catch Class:Reason -> {"raised", unicode:characters_to_binary(io_lib:format("~0tp", [{Class, Reason}]))} end`;
  const input = `{WorldlineHow, WorldlineBytes} = ${guarded}, io:put_chars([WorldlineHow, 32, base64:encode(WorldlineBytes)]).\n`;
  const output = execFileSync(findBeamProgram("erl_call"), [...where, "-e", "-fetch_stdout", "-no_result_term"], {
    input,
    env: environmentOf(node),
    cwd: node.home,
    encoding: "latin1",
    timeout: CALL_TIMEOUT_MS,
    maxBuffer: CALL_ANSWER_MAX_BYTES,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const [how, base64 = ""] = output.trim().split(" ");
  const answer = Buffer.from(base64, "base64");
  if (how === "ok") return answer;
  return fail(`erl_call: ${how === "raised" ? answer.toString("utf8") : output}`);
}

const removals = createRemovals((pid) => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
});
