import { type ChildProcess, spawn } from "node:child_process";

/**
 * Ends every node whose `pid` file lies under `$1/<node>/`, then removes `$1`. Waits for that until its standard input
 * closes, which the system does when the process that started it is gone, however it went.
 */
const WHEN_ORPHANED = `cat >/dev/null
for file in "$1"/*/pid; do [ -f "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null; done
rm -rf "$1"; sleep 1; rm -rf "$1"`;

export interface Guard {
  /** Nothing is left to guard. */
  dismiss(): void;
}

/** Sees to it that no Cassandra and no directory outlives this process, not even one that was killed with -9. */
export function guardDirectory(directory: string): Guard {
  const watcher: ChildProcess = spawn("sh", ["-c", WHEN_ORPHANED, "sh", directory], {
    detached: true, // a Ctrl-C in the terminal must not reach it
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.unref();
  if (watcher.stdin !== null && "unref" in watcher.stdin && typeof watcher.stdin.unref === "function") {
    watcher.stdin.unref();
  }
  return { dismiss: () => void watcher.kill("SIGKILL") };
}
