import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Place, SECRET } from "./place.test-kit.ts";

/** Short, so that a takeover is soon seen; longer than a machine that others use keeps a beat waiting. */
export const SHORT_LEASE = { leaseMs: 4_000, beatMs: 250 };

/** The process of `writer.fixture.ts`. */
export interface WriterChild {
  readonly pid: number;
  /** What it has written so far, whole lines only. */
  lines(): readonly string[];
  /** Resolves once a line begins so. */
  said(start: string): Promise<string>;
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void;
  /** Resolves, once it has ended, with what it complained of. */
  readonly ended: Promise<string>;
}

export function startWriter(place: Place, round = 0): WriterChild {
  const script = fileURLToPath(new URL("./writer.fixture.ts", import.meta.url));
  const { contactPoints, localDataCenter } = place.shared;
  const values = [
    contactPoints[0] ?? "",
    localDataCenter,
    place.keyspace,
    SECRET,
    String(round),
    JSON.stringify(SHORT_LEASE),
  ];
  const child: ChildProcess = spawn(process.execPath, [script, ...values], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaint = "";
  const waiting = new Set<() => void>();
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    for (const look of waiting) look();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const ended = new Promise<string>((resolve) => child.once("close", () => resolve(complaint)));
  const lines = () => output.split("\n").slice(0, -1);
  return {
    pid: child.pid ?? 0,
    lines,
    said: (start) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines().find((line) => line.startsWith(start));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        ended.then((why) => {
          look();
          reject(new Error(`ended without saying "${start}": ${why}`));
        }, reject);
      }),
    signal: (name) => void child.kill(name),
    ended,
  };
}
