import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft, JournalEvent, StreamName } from "#server/contract/event.ts";
import { anyHistory } from "#server/contract/fold/events.contract.ts";
import { FOLD_VERSION, type Folds, reduceFolds } from "#server/contract/fold/fold.ts";
import { createMemoryJournal, emptyMemory, type MemoryJournal } from "#server/journal/adapters/memory/journal.ts";
import type { Journal } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createRecorder } from "./recorder.ts";

const STREAM = "dna:eu-1";
const seen = (subject: string, id?: string): EventDraft => ({
  kind: "dna.node.seen",
  subject,
  occurredAt: epochMs(1),
  body: { cluster: "c", node: subject, createdAt: epochMs(1), nodeId: "1" },
  ...(id === undefined ? {} : { id }),
});
const log = silentLogger;

function draftOf(event: JournalEvent): EventDraft {
  const { stream: _stream, seq: _seq, observedAt: _observedAt, ...draft } = event;
  return draft;
}

/** A journal whose appends fail with `broken.error` while there is one. */
function breakable(journal: MemoryJournal, broken: { error: unknown }): Journal {
  return {
    ...journal,
    append: (stream, drafts) => (broken.error === null ? journal.append(stream, drafts) : Promise.reject(broken.error)),
  };
}

describe("recorder", () => {
  it("has the fold of everything recorded, also after any number of restarts and with snapshots in between", async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory(40), fc.array(fc.nat({ max: 40 }), { maxLength: 4 }), async (events, restarts) => {
        const clock = createManualClock();
        const content = emptyMemory();
        let recorder = await createRecorder({ journal: createMemoryJournal(clock, content), clock, log });
        const recorded: JournalEvent[] = [];
        for (const [index, event] of events.entries()) {
          if (restarts.includes(index)) {
            await recorder.stop();
            recorder = await createRecorder({ journal: createMemoryJournal(clock, content), clock, log });
          }
          recorded.push(...(await recorder.record(event.stream, [draftOf(event)])));
        }
        const whole = recorded.reduce<Folds>(reduceFolds, {});
        expect(canonicalJson(recorder.folds())).toBe(canonicalJson(whole));
        const restarted = await createRecorder({ journal: createMemoryJournal(clock, content), clock, log });
        expect(canonicalJson(restarted.folds())).toBe(canonicalJson(whole));
        expect(restarted.positions()).toEqual(recorder.positions());
      }),
      { numRuns: 200 },
    );
  });

  it("is not moved by events that the journal holds already", async () => {
    const clock = createManualClock();
    const recorder = await createRecorder({ journal: createMemoryJournal(clock), clock, log });
    await recorder.record(STREAM, [seen("a", "1"), seen("b", "2")]);
    const folds = recorder.folds();
    const told = vi.fn();
    recorder.onEvents(told);
    const again = await recorder.record(STREAM, [seen("a", "1"), seen("b", "2"), seen("b", "2")]);
    expect(again.map((event) => event.seq)).toEqual(["1", "2", "2"]);
    expect(recorder.folds()).toBe(folds);
    expect(told).not.toHaveBeenCalled();
    await recorder.record(STREAM, [seen("a", "1"), seen("c", "3"), seen("c", "3")]);
    expect(told.mock.calls.flat(2).map((event: JournalEvent) => event.seq)).toEqual(["3"]);
  });

  it("folds and tells in the order of the journal, however the appends of a stream overlap and answer", async () => {
    const clock = createManualClock();
    const memory = createMemoryJournal(clock);
    let turn = 0;
    const journal: Journal = {
      ...memory,
      async append(stream, drafts) {
        const events = await memory.append(stream, drafts);
        turn += 1;
        for (let waits = (turn * 7) % 5; waits > 0; waits -= 1) await new Promise((resolve) => setImmediate(resolve));
        return events;
      },
    };
    const recorder = await createRecorder({ journal, clock, log });
    const told = new Map<StreamName, string[]>();
    recorder.onEvents((events) => {
      for (const { stream, seq } of events) told.set(stream, [...(told.get(stream) ?? []), seq]);
    });
    const streams = [STREAM, "dna:eu-2"];
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => recorder.record(streams[n % 2] ?? STREAM, [seen(`a${n}`), seen(`b${n}`)])),
    );
    const inOrder = Array.from({ length: 60 }, (_, n) => String(n + 1));
    expect(told).toEqual(new Map(streams.map((stream) => [stream, inOrder])));
  });

  it("does not move while the journal fails, says so, and notes the gap when it is back", async () => {
    const clock = createManualClock();
    const broken: { error: unknown } = { error: null };
    const recorder = await createRecorder({ journal: breakable(createMemoryJournal(clock), broken), clock, log });
    await recorder.record(STREAM, [seen("a")]);
    const folds = recorder.folds();
    expect(recorder.journalStatus().ok).toBe(true);

    broken.error = new OpsError("journal-unavailable", "disk full");
    const downAt = clock.now();
    await expect(recorder.record(STREAM, [seen("b")])).rejects.toMatchObject({ code: "journal-unavailable" });
    expect(recorder.folds()).toBe(folds);
    expect(recorder.journalStatus()).toEqual({ ok: false, since: downAt, reason: "disk full" });
    expect(recorder.counts()).toMatchObject({ recorded: 1, failed: 1, appends: 1 });
    recorder.sample(STREAM, { asOf: clock.now(), readMs: 3 });
    expect(recorder.samples()[STREAM]?.readMs).toBe(3);

    await clock.advance(5_000);
    expect(recorder.journalStatus().ok).toBe(false);
    broken.error = null;
    await clock.advance(2_000);
    expect(recorder.journalStatus()).toMatchObject({ ok: true, reason: null });
    await recorder.record(STREAM, [seen("b")]);
    expect(Object.keys(recorder.dna("eu-1").nodes)).toEqual(["a", "b"]);
    await recorder.stop();
  });

  it("writes down from when the journal could not be written", async () => {
    const clock = createManualClock();
    const broken: { error: unknown } = { error: new OpsError("journal-unavailable", "disk full") };
    const memory = createMemoryJournal(clock);
    const recorder = await createRecorder({ journal: breakable(memory, broken), clock, log });
    const downAt = clock.now();
    await expect(recorder.record(STREAM, [seen("b")])).rejects.toThrow();
    await clock.advance(3_000);
    broken.error = null;
    await clock.advance(2_000);
    const [event] = await memory.after("console", "0", 10);
    expect(event).toMatchObject({
      kind: "source.state_changed",
      subject: "journal",
      occurredAt: downAt,
      body: { from: "down", to: "up", reason: "disk full" },
    });
  });

  it("takes an event that is refused for what it is: the journal is not down", async () => {
    const clock = createManualClock();
    const broken: { error: unknown } = { error: new OpsError("limit-exceeded", "too large") };
    const recorder = await createRecorder({ journal: breakable(createMemoryJournal(clock), broken), clock, log });
    await expect(recorder.record(STREAM, [seen("b")])).rejects.toMatchObject({ code: "limit-exceeded" });
    expect(recorder.journalStatus().ok).toBe(true);
  });

  it("finds events that were stored although the append had been given up", async () => {
    const clock = createManualClock();
    const memory = createMemoryJournal(clock);
    let givesUp = false;
    const journal: Journal = {
      ...memory,
      async append(stream, drafts) {
        const events = await memory.append(stream, drafts);
        if (givesUp) throw new OpsError("journal-unavailable", "no answer in time");
        return events;
      },
    };
    const recorder = await createRecorder({ journal, clock, log });
    await recorder.record(STREAM, [seen("a")]);
    givesUp = true;
    await expect(recorder.record(STREAM, [seen("b")])).rejects.toThrow();
    givesUp = false;
    const told: string[] = [];
    recorder.onEvents((events) => told.push(...events.map((event) => event.seq)));
    await recorder.record(STREAM, [seen("c")]);
    expect(told).toEqual(["2", "3"]);
    expect(Object.keys(recorder.dna("eu-1").nodes)).toEqual(["a", "b", "c"]);
    await recorder.stop();
  });

  it("finds them as soon as the journal is back, in streams of which nothing more is recorded too", async () => {
    const clock = createManualClock();
    const memory = createMemoryJournal(clock);
    let givesUp = false;
    const journal: Journal = {
      ...memory,
      async append(stream, drafts) {
        const events = await memory.append(stream, drafts);
        if (givesUp) throw new OpsError("journal-unavailable", "no answer in time");
        return events;
      },
    };
    const recorder = await createRecorder({ journal, clock, log });
    await recorder.record(STREAM, [seen("a")]);
    givesUp = true;
    await expect(recorder.record(STREAM, [seen("b")])).rejects.toThrow();
    await expect(recorder.record("dna:eu-2", [seen("c")])).rejects.toThrow();
    givesUp = false;
    await clock.advance(2_000);
    await vi.waitFor(() => expect(Object.keys(recorder.dna("eu-1").nodes)).toEqual(["a", "b"]));
    expect(Object.keys(recorder.dna("eu-2").nodes)).toEqual(["c"]);
    await recorder.stop();
  });

  it("writes a snapshot every 1,000 events of a small state, 5,000 of a large one, and every 10 minutes, and starts from it", async () => {
    const clock = createManualClock();
    const content = emptyMemory();
    const recorder = await createRecorder({ journal: createMemoryJournal(clock, content), clock, log });
    const row = (n: number): EventDraft => ({
      kind: "dna.row.unreadable",
      subject: String(n % 10),
      occurredAt: epochMs(1),
      body: { cluster: "c", reason: "r" },
    });
    const burst = (events: number) =>
      recorder.record(
        STREAM,
        Array.from({ length: events }, (_, n) => row(n)),
      );
    await burst(999);
    expect(content.snapshots).toHaveLength(0);
    await burst(1);
    expect(content.snapshots.map(({ seq }) => seq)).toEqual(["1000"]);
    await clock.advance(600_000);
    expect(content.snapshots).toHaveLength(1);
    await burst(1);
    expect(content.snapshots.map(({ seq, foldVersion }) => [seq, foldVersion])).toEqual([
      ["1000", FOLD_VERSION],
      ["1001", FOLD_VERSION],
    ]);

    const many = Array.from({ length: 2_500 }, (_, n) => ({ ...row(n), subject: `row ${n}` }));
    await recorder.record(STREAM, many);
    expect(content.snapshots.at(-1)?.seq).toBe("1001");
    await recorder.record(STREAM, many);
    expect(content.snapshots.at(-1)?.seq).toBe("6001");

    const journal = createMemoryJournal(clock, content);
    const after = vi.spyOn(journal, "after");
    const restarted = await createRecorder({ journal, clock, log });
    expect(after.mock.calls).toEqual([[STREAM, "6001", 2_000]]);
    expect(restarted.folds()).toEqual(recorder.folds());
  });

  it("keeps a listener's failure from the others and from who recorded", async () => {
    const clock = createManualClock();
    const recorder = await createRecorder({ journal: createMemoryJournal(clock), clock, log });
    const told = vi.fn();
    recorder.onEvents(() => {
      throw new Error("a bug");
    });
    const stop = recorder.onEvents(told);
    await recorder.record(STREAM, [seen("a")]);
    expect(told).toHaveBeenCalledTimes(1);
    stop();
    await recorder.record(STREAM, [seen("b")]);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("merges samples field by field", async () => {
    const clock = createManualClock();
    const recorder = await createRecorder({ journal: createMemoryJournal(clock), clock, log });
    recorder.sample("dynflow:x", { asOf: epochMs(1), readMs: 1, lapMs: 7 });
    recorder.sample("dynflow:x", { asOf: epochMs(2), readMs: 2, planProgress: { p: 0.5 } });
    expect(recorder.samples()).toEqual({ "dynflow:x": { asOf: 2, readMs: 2, lapMs: 7, planProgress: { p: 0.5 } } });
  });
});
