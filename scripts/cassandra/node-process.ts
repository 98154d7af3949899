import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suspendProcess } from "#scripts/process/suspend.ts";
import { jvmFlags } from "./jvm-flags.ts";

/** Draining takes 2 to 4 s on an idle machine. After this the node is killed. */
const STOP_TIMEOUT_MS = 60_000;
const LOG_TAIL_LINES = 40;

export interface NodeProcess {
  readonly logFile: string;
  /** Process id while it runs; a stopped (SIGSTOP) process runs. */
  pid(): number | undefined;
  launch(): void;
  /** SIGTERM: the node drains, closes, and keeps its data. Killed when it does not end in time. */
  terminate(): Promise<void>;
  /** SIGKILL. What was acknowledged is kept. */
  kill(): Promise<void>;
  /** Stands still for certain when it returns. */
  suspend(): void;
  resume(): void;
  /** The last lines of its log, for messages of failure. */
  logTail(): Promise<string>;
}

/** One JVM, restartable on the same directory. It writes its log and its pid there. */
export function createNodeProcess(java: string, classPath: string, directory: string): NodeProcess {
  const logFile = join(directory, "node.log");
  const pidFile = join(directory, "pid");
  let child: ChildProcess | undefined;

  const end = async (running: ChildProcess, signal: NodeJS.Signals) => {
    const gone = once(running, "exit");
    if (!hasEnded(running)) {
      running.kill(signal);
      running.kill("SIGCONT"); // one that is stopped could not obey
      await gone;
    }
  };

  const runningPid = (): number => {
    if (child?.pid === undefined || hasEnded(child)) throw new Error(`The node in ${directory} does not run`);
    return child.pid;
  };

  return {
    logFile,
    pid: () => (child === undefined || hasEnded(child) ? undefined : child.pid),
    launch() {
      if (child !== undefined && !hasEnded(child)) throw new Error(`The node in ${directory} runs already`);
      const log = openSync(logFile, "a");
      const flags = [...jvmFlags(directory), "-cp", classPath, "org.apache.cassandra.service.CassandraDaemon"];
      // Detached: its own process group, so that a Ctrl-C in the terminal is ours to answer, in order.
      child = spawn(java, flags, { cwd: directory, detached: true, stdio: ["ignore", log, log] });
      closeSync(log);
      child.on("error", (cause) => writeFileSync(logFile, `${cause}\n`, { flag: "a" }));
      child.on("exit", () => rmSync(pidFile, { force: true }));
      if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid));
    },
    async terminate() {
      if (child === undefined) return;
      const running = child;
      const timer = setTimeout(() => running.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await end(running, "SIGTERM");
      clearTimeout(timer);
    },
    async kill() {
      if (child !== undefined) await end(child, "SIGKILL");
    },
    suspend: () => suspendProcess(runningPid()),
    resume: () => void process.kill(runningPid(), "SIGCONT"),
    async logTail() {
      const lines = (await readFile(logFile, "utf8")).trimEnd().split("\n");
      return lines.slice(-LOG_TAIL_LINES).join("\n");
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
