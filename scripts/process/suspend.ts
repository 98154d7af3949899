/** Standing a process still, for certain. */
import { readdirSync, readFileSync } from "node:fs";

const POLL_MS = 1;
const WITHIN_MS = 10_000;

/**
 * Sends SIGSTOP and answers once no thread of the process runs any more: the signal alone only asks for it, and a
 * thread that is on a processor meanwhile may still answer somebody. Elsewhere than on Linux the signal has to do.
 * @throws Error when it is not there, or does not stand still within 10 s
 */
export function suspendProcess(pid: number): void {
  process.kill(pid, "SIGSTOP");
  if (process.platform !== "linux") return;
  for (let waitedMs = 0; waitedMs < WITHIN_MS; waitedMs += POLL_MS) {
    if (threadStates(pid).every((state) => state === "T" || state === "t" || state === "Z")) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  throw new Error(`process ${pid} does not stand still`);
}

function threadStates(pid: number): readonly string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((thread) => {
    try {
      const stat = readFileSync(`${tasks}/${thread}/stat`, "utf8");
      // The name in brackets may itself hold brackets and blanks: what counts comes after the last one.
      return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
    } catch {
      return []; // it ended meanwhile
    }
  });
}
