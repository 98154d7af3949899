/** The processes of a PostgreSQL server. Its backends lead sessions of their own, so no process group holds them all. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { suspendProcess } from "#scripts/process/suspend.ts";

/** Ids of the processes whose parent is `pid`. PostgreSQL's are one level deep. */
export function childrenOf(pid: number): readonly number[] {
  return parentage()
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child);
}

function parentage(): readonly (readonly [number, number])[] {
  if (process.platform === "linux") return readdirSync("/proc").flatMap(parentInProc);
  const listing = execFileSync("ps", ["-axo", "pid=,ppid="], { encoding: "utf8" });
  return listing
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0]) => [pid, parent] as const);
}

function parentInProc(entry: string): readonly (readonly [number, number])[] {
  if (!/^[0-9]+$/.test(entry)) return [];
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
    // The name in brackets may itself hold brackets and blanks: what counts comes after the last one.
    const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    return [[Number(entry), Number(parent)]];
  } catch {
    return []; // it ended meanwhile
  }
}

/** Sends a signal; false when there is no such process any more. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Whether it has not ended; one that nobody has buried yet has. */
export function runs(pid: number): boolean {
  if (process.platform !== "linux") return signal(pid, "SIGCONT");
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3));
  } catch {
    return false;
  }
}

/** Freezes a server: the one that forks first, so that no new backend escapes. */
export function freeze(postmaster: number): void {
  suspendProcess(postmaster);
  for (const child of childrenOf(postmaster)) suspendIfThere(child);
}

/** Backends come and go. */
function suspendIfThere(pid: number): void {
  if (signal(pid, "SIGSTOP")) suspendProcess(pid);
}

/** The inverse: backends first, so that none is asked for before it runs. */
export function thaw(postmaster: number): void {
  for (const child of childrenOf(postmaster)) signal(child, "SIGCONT");
  signal(postmaster, "SIGCONT");
}
