import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft } from "#server/contract/event.ts";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import { createMemoryJournal, emptyMemory, type MemoryContent } from "#server/journal/adapters/memory/journal.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type Logger, silentLogger } from "#server/kernel/logger.ts";
import { createRecorder, type LiveRecorder } from "#server/live/recorder.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import type { RetentionRules } from "./domain/retention.ts";
import type { Journal, JournalRetention } from "./ports.ts";
import { createRetention } from "./retention.ts";
import { createTimeTravel } from "./time-travel.ts";

const STREAM = "dna:eu-1";
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const RULES: RetentionRules = { keepMs: 2 * DAY_MS, keepOperatorMs: 90 * DAY_MS, maxBytes: Number.MAX_SAFE_INTEGER };
const seen = (node: string): EventDraft => ({
  kind: "dna.node.seen",
  subject: node,
  occurredAt: epochMs(1),
  body: { cluster: "c", node, createdAt: epochMs(1), nodeId: "1" },
});

let clock: ManualClock;
let content: MemoryContent;
let journal: Journal & JournalRetention;
let recorder: LiveRecorder;
let logged: string[];
const log: Logger = {
  ...silentLogger,
  warn: (event: string) => void logged.push(event),
  error: (event: string) => void logged.push(event),
};
const aborts = new AbortController();

beforeEach(async () => {
  clock = createManualClock();
  content = emptyMemory();
  logged = [];
  await start();
});
afterEach(() => recorder.stop());

async function start(): Promise<void> {
  journal = createMemoryJournal(clock, content);
  recorder = await createRecorder({ journal, clock, log });
}

async function fiveDays(): Promise<void> {
  for (let day = 0; day < 5; day += 1) {
    await recorder.record(STREAM, [seen(`n${day}`)]);
    await clock.advance(DAY_MS);
  }
}

const retention = (rules = RULES) => createRetention({ journal, recorder, rules, clock, log });
const told = () =>
  [...(content.streams.get("console") ?? [])].flatMap((event) =>
    event.kind === "console.retention_applied" ? [event] : [],
  );

it("drops what is old and writes down what went", async () => {
  await fiveDays();
  await retention().apply();
  expect(told()).toMatchObject([
    {
      subject: "journal",
      occurredAt: clock.now(),
      actor: null,
      body: { chain: "observed", streams: [STREAM], events: 3, why: "age" },
    },
  ]);
  expect(told()[0]?.body.droppedBefore).toBe(content.horizons.get("observed"));
  expect(logged).toEqual([]);
});

it("changes no state, neither now nor after a start from snapshot and kept events", async () => {
  await fiveDays();
  const before = canonicalJson(recorder.folds()[STREAM]);
  await retention().apply();
  expect(canonicalJson(recorder.folds()[STREAM])).toBe(before);
  const positions = recorder.positions();
  await start();
  expect(canonicalJson(recorder.folds()[STREAM])).toBe(before);
  expect(recorder.positions()).toEqual(positions);
  expect(logged).toEqual([]);
});

it("starts from the oldest kept event where the snapshot is lost, and says so", async () => {
  await fiveDays();
  await retention().apply();
  content.snapshots.splice(0);
  await start();
  expect(Object.keys(recorder.dna("eu-1").nodes)).toEqual(["n3", "n4"]);
  expect(recorder.positions()[STREAM]?.seq).toBe("5");
  expect(logged).toEqual(["live.history_cut"]);
  await recorder.record(STREAM, [seen("n5")]);
  expect(recorder.positions()[STREAM]?.seq).toBe("6");
});

it("lets every instant be told that is to be kept, also of a stream in which little happens", async () => {
  const states = new Map<number, string>();
  for (let day = 0; day < 8; day += 1) {
    await recorder.record(STREAM, [seen(`n${day}`)]);
    states.set(clock.now(), canonicalJson(recorder.folds()[STREAM]));
    await clock.advance(DAY_MS - 1);
    await retention().apply();
    await clock.advance(1);
  }
  const travel = createTimeTravel({ journal, log });
  const [head] = (await journal.heads()).filter(({ stream }) => stream === STREAM);
  let told = 0;
  for (const [at, state] of states) {
    const past = await travel.stateAt(head === undefined ? [] : [head], epochMs(at));
    const isKept = at >= clock.now() - RULES.keepMs;
    if (isKept) expect(canonicalJson(past.folds[STREAM])).toBe(state);
    if (isKept) told += 1;
    else if (past.folds[STREAM] === undefined) expect(past.notKnown).toMatchObject([{ why: "before-horizon" }]);
    else expect(canonicalJson(past.folds[STREAM])).toBe(state);
  }
  expect(told).toBe(2);
  expect(head?.keptAfter).not.toBe("0");
});

it("has the snapshots written that are missing, also of a stream that has not moved since its last", async () => {
  await fiveDays();
  await recorder.writeSnapshots([STREAM]);
  content.snapshots.splice(0);
  expect((await journal.retain(RULES, FOLD_VERSION)).waiting).toEqual([STREAM]);
  await retention().apply();
  expect(told()).toHaveLength(1);
});

it("leaves what no snapshot can be had of, and says so", async () => {
  await fiveDays();
  content.snapshots.splice(0);
  vi.spyOn(journal, "writeSnapshot").mockRejectedValue(new OpsError("journal-unavailable", "disk full"));
  await retention().apply();
  expect(told()).toEqual([]);
  expect(content.streams.get(STREAM)).toHaveLength(5);
  expect(logged.filter((event) => event !== "journal.retention.no_beginning")).toEqual([
    "live.snapshot.not_written",
    "journal.retention.waits",
  ]);
});

it("writes a drop down once, whatever fails in between", async () => {
  await fiveDays();
  const record = vi.spyOn(journal, "append");
  record.mockRejectedValueOnce(new OpsError("journal-unavailable", "disk full"));
  await expect(retention().apply()).rejects.toMatchObject({ code: "journal-unavailable" });
  expect(told()).toHaveLength(0);
  vi.spyOn(journal, "acknowledge").mockRejectedValueOnce(new OpsError("journal-unavailable", "disk full"));
  await expect(retention().apply()).rejects.toMatchObject({ code: "journal-unavailable" });
  expect(told()).toHaveLength(1);
  await retention().apply();
  await retention().apply();
  expect(told()).toHaveLength(1);
});

it("says when what must be kept alone is larger than the journal may be", async () => {
  await recorder.record("operator", [seen("x")]);
  await clock.advance(DAY_MS);
  await retention({ ...RULES, maxBytes: 1 }).apply();
  expect(logged).toEqual(["journal.retention.too_large"]);
});

it("works at the start and every hour, also after a failure, until it is told to stop", async () => {
  const retain = vi.spyOn(journal, "retain").mockRejectedValueOnce(new OpsError("journal-unavailable", "busy"));
  const running = retention().run(aborts.signal);
  await clock.advance(0);
  expect(retain).toHaveBeenCalledTimes(1);
  await clock.advance(HOUR_MS - 1);
  expect(retain).toHaveBeenCalledTimes(1);
  await clock.advance(1);
  expect(retain).toHaveBeenCalledTimes(2);
  await clock.advance(HOUR_MS);
  expect(retain).toHaveBeenCalledTimes(3);
  aborts.abort(new Error("over"));
  await running;
  expect(logged).toEqual(["journal.retention.failed"]);
});
