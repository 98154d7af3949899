/** Erlang's port mapper of one's own for tests: on 127.0.0.1 and a free port, so that tests do not meet each other's nodes. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suspendProcess } from "#scripts/process/suspend.ts";
import { findBeamProgram } from "./beam-binaries.ts";
import { createRemovals, fail, freePort, untilReady } from "./own-server.ts";

export interface TestEpmd {
  readonly port: number;
  /** What `epmd -names` says: the registered short names with their ports. */
  names(): ReadonlyMap<string, number>;
  /** SIGSTOP: it accepts connections (the kernel does) and never answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL; names are forgotten. */
  kill(): Promise<void>;
  /** Ends it for good. Also done when this process exits. */
  remove(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 20;
const NAMES_TIMEOUT_MS = 20_000;
const SETPRIV = "/usr/bin/setpriv";

/** The command, made to die with this process also when that is killed, where Debian's `setpriv` is there to see to it. */
export const dyingWithUs = (command: readonly string[]): readonly string[] =>
  existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL", ...command] : command;

/** @throws Error with the tail of its log when it does not start, or that says what to install */
export async function startEpmd(): Promise<TestEpmd> {
  const program = findBeamProgram("epmd");
  const directory = await mkdtemp(join(tmpdir(), "worldline-epmd-"));
  const forget = removals.add(directory);
  const port = await freePort();
  const log = openSync(join(directory, "log"), "a");
  const [file = "", ...args] = dyingWithUs([program, "-port", String(port), "-address", "127.0.0.1"]);
  const child = spawn(file, args, { cwd: directory, env: environment(directory, port), stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  removals.runs(directory, child.pid ?? null);
  const names = (): ReadonlyMap<string, number> => askNames(program, directory, port);
  await untilReady({
    product: "epmd",
    child,
    log: join(directory, "log"),
    timeoutMs: READY_TIMEOUT_MS,
    pollMs: READY_POLL_MS,
    ask: async () => names(),
  });
  return {
    port,
    names,
    pause: () => suspendProcess(child.pid ?? fail("the test's epmd has no process")),
    resume: () => void child.kill("SIGCONT"),
    kill: () => killChild(child),
    async remove() {
      await killChild(child);
      forget();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const environment = (home: string, port: number): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: home,
  LC_ALL: "C.UTF-8",
  NODE_ENV: "test",
  ERL_EPMD_PORT: String(port),
});

function askNames(program: string, home: string, port: number): ReadonlyMap<string, number> {
  const text = execFileSync(program, ["-names"], {
    env: environment(home, port),
    encoding: "utf8",
    timeout: NAMES_TIMEOUT_MS,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (!text.includes("up and running")) fail(`epmd -names: ${text}`);
  const lines = text.matchAll(/^name (\S+) at port ([0-9]+)$/gm);
  return new Map([...lines].map(([, name = "", at]) => [name, Number(at)]));
}

/** SIGKILL, and waits until it has ended. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.ref();
  child.kill("SIGKILL");
  await exited;
}

const removals = createRemovals((pid) => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
});
