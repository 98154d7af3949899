import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { openSqliteJournal } from "./journal.ts";

const ROUNDS = 5;
const LOAD_MS = 400;
const SEGMENT_EVENTS = 1_000;
const PAGE = 10_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-kill-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Lets the load run, kills it without warning, and answers the lines that came out whole. */
async function loadAndKill(round: number): Promise<readonly string[]> {
  const script = fileURLToPath(new URL("./append-load.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, [script, directory, String(round), String(SEGMENT_EVENTS)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.stdout.on("data", (chunk: Buffer) => {
      if (output === "") setTimeout(() => child.kill("SIGKILL"), LOAD_MS + round * 37);
      output += chunk.toString();
    });
    child.stdout.once("data", () => resolve());
  });
  await ended;
  expect(complaint).toBe("");
  return output.split("\n").slice(1, -1);
}

it("keeps every acknowledged event over kill -9 under load: no hole, no duplicate, a sound chain", async () => {
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) acknowledged.push(...(await loadAndKill(round)));
  expect(acknowledged.length).toBeGreaterThan(ROUNDS * 100);

  const journal = await openSqliteJournal({
    directory,
    key: { from: "generated" },
    clock: createSystemClock(),
    log: silentLogger,
  });
  const stored = new Map<string, string>();
  for (const { stream, seq } of await journal.heads()) {
    let after = "0";
    while (after !== seq) {
      for (const event of await journal.after(stream, after, PAGE)) {
        expect(Number(event.seq)).toBe(Number(after) + 1);
        after = event.seq;
        const key = `${stream} ${event.id}`;
        expect(stored.has(key)).toBe(false);
        stored.set(key, `${stream} ${event.seq} ${event.id}`);
      }
    }
  }
  const lines = new Set(stored.values());
  expect(acknowledged.filter((line) => !lines.has(line))).toEqual([]);
  const verdict = await journal.verifyChain();
  expect(verdict).toMatchObject({ ok: true, events: stored.size, faults: [] });
  await journal.close();
});
