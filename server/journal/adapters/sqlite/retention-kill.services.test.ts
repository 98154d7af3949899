import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "#server/kernel/logger.ts";
import { createRecorder } from "#server/live/recorder.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { openSqliteJournal } from "./journal.ts";

const STREAM = "dna:eu-1";
const DAY_MS = 86_400_000;
const DAYS_PER_ROUND = 10;
const EVENTS_PER_ROUND = 200;
const FIRST_DAY = 20_000;
/** Where the kill falls: so long after it has said so many lines, the first of which is that the snapshot is written. */
const KILLS = [
  { lines: 1, delayMs: 0 },
  { lines: 1, delayMs: 4 },
  { lines: 3, delayMs: 0 },
  { lines: 4, delayMs: 2 },
  { lines: 5, delayMs: 5 },
  { lines: 7, delayMs: 1 },
] as const;
type Kill = { readonly lines: number; readonly delayMs: number };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-retention-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs one round, kills it, and answers what it has said. */
async function runAndKill(round: number, mode: "drop" | "stall", kill: Kill): Promise<readonly string[]> {
  const script = fileURLToPath(new URL("./retention-kill.fixture.ts", import.meta.url));
  const startDay = String(FIRST_DAY + round * DAYS_PER_ROUND);
  const child = spawn(process.execPath, [script, directory, startDay, mode], { stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => {
    lines.push(line);
    if (lines.length === kill.lines) setTimeout(() => child.kill("SIGKILL"), kill.delayMs);
  });
  await new Promise<void>((resolve) => child.once("close", () => resolve()));
  expect(complaint).toBe("");
  return lines;
}

async function look(round: number) {
  const clock = createManualClock((FIRST_DAY + (round + 1) * DAYS_PER_ROUND) * DAY_MS);
  const journal = await openSqliteJournal({ directory, key: { from: "generated" }, clock, log: silentLogger });
  const verdict = await journal.verifyChain();
  const [head] = await journal.heads();
  const events = await journal.after(STREAM, head?.keptAfter ?? "", 10_000);
  const recorder = await createRecorder({ journal, clock, log: silentLogger });
  const nodes = Object.keys(recorder.dna("eu-1").nodes).length;
  const { seq } = recorder.positions()[STREAM] ?? { seq: "" };
  await journal.close();
  return { verdict, head, events, nodes, seq };
}

it("drops nothing and loses nothing when it is killed between the snapshot and the drop", async () => {
  expect(await runAndKill(0, "stall", { lines: 1, delayMs: 0 })).toEqual([`snapshot ${EVENTS_PER_ROUND}`]);
  const found = await look(0);
  expect(found.verdict).toMatchObject({ ok: true, events: EVENTS_PER_ROUND });
  expect(found).toMatchObject({ nodes: EVENTS_PER_ROUND, seq: String(EVENTS_PER_ROUND), head: { keptAfter: "0" } });
});

it("is sound and whole wherever among the drops it is killed: same state, no gap, whole days only", async () => {
  for (const [round, kill] of KILLS.entries()) {
    const lines = await runAndKill(round, "drop", kill);
    const { verdict, head, events, nodes, seq } = await look(round);
    const written = EVENTS_PER_ROUND * (round + 1);
    expect(lines[0]).toBe(`snapshot ${written}`);
    expect(verdict).toMatchObject({ ok: true, events: events.length, faults: [] });
    expect({ nodes, seq }).toEqual({ nodes: written, seq: String(written) });
    expect(head?.seq).toBe(String(written));
    const keptAfter = Number(head?.keptAfter);
    expect(events.map((event) => Number(event.seq))).toEqual(
      Array.from({ length: written - keptAfter }, (_, n) => keptAfter + n + 1),
    );
    expect(keptAfter % 20).toBe(0);
    const said = lines.slice(1).map((line) => Number(line.replace("dropped ", "")));
    expect(keptAfter).toBeGreaterThanOrEqual(Math.max(0, ...said));
    if (round === KILLS.length - 1) expect(Math.max(...said)).toBeGreaterThan(0);
  }
}, 400_000);
