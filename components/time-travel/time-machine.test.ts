import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { FOLD_VERSION, type Folds, reduceAll } from "#server/contract/fold/fold.ts";
import type { EventsInput, EventsOutput, StateAtOutput } from "#server/contract/wire/journal.ts";
import { type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import { createTimeMachine } from "./time-machine.ts";

const T0 = Date.UTC(2026, 10, 22, 3);
const at = (seconds: number): EpochMs => epochMs(T0 + seconds * 1_000);
const STATES = ["alive", "late", "silent", "gone"] as const;

/** A node that is seen at 0 s and then changes its state once a second, in two streams by turns. */
function history(seconds: number): readonly JournalEvent[] {
  const seqs: Record<string, number> = {};
  return Array.from({ length: seconds }, (_, index) => {
    const stream = index % 2 === 0 ? "dna:a" : "dna:b";
    const seq = (seqs[stream] ?? 0) + 1;
    seqs[stream] = seq;
    const head = {
      id: `${index}`,
      stream,
      seq: String(seq),
      subject: "1:1",
      observedAt: at(index),
      occurredAt: at(index),
    };
    const body = { cluster: "c", node: "n@1", createdAt: at(0), nodeId: "1" };
    const to = STATES[index % STATES.length];
    return {
      ...head,
      synthetic: true,
      causedBy: null,
      actor: null,
      ...(seq === 1
        ? { kind: "dna.node.seen", body }
        : { kind: "dna.incarnation.state_changed", body: { from: null, to, evidence: `e${index}`, silentMs: 0 } }),
    } as unknown as JournalEvent;
  });
}

/** A console that has recorded these events, and counts what is asked of it. */
function recorded(
  events: readonly JournalEvent[],
  { pageMax = 5_000, version = FOLD_VERSION, dropped = "" as string } = {},
) {
  const until = (instant: number) => events.filter(({ observedAt }) => observedAt <= instant);
  const asked: string[] = [];
  const foldsAt = (instant: number): Folds => reduceAll({}, until(instant));
  return {
    asked,
    foldsAt,
    async stateAt(instant: EpochMs): Promise<StateAtOutput> {
      asked.push(`state ${(instant - T0) / 1_000}`);
      const positions: Record<string, { epoch: string; seq: string }> = {};
      for (const { stream, seq } of until(instant)) positions[stream] = { epoch: "e", seq };
      const notKnown = ["dna:a", "dna:b"].flatMap((stream) => {
        if (positions[stream] !== undefined) return [];
        const first = events.find((event) => event.stream === stream);
        const why = stream === dropped ? ("before-horizon" as const) : ("not-begun" as const);
        return [{ stream, why, knownFrom: first === undefined ? null : toIso(first.observedAt) }];
      });
      return { at: toIso(instant), foldVersion: version, folds: foldsAt(instant), positions, notKnown, horizon: null };
    },
    async events({ after, to, limit = 2_000 }: EventsInput): Promise<EventsOutput> {
      asked.push("events");
      const given = ({ stream }: JournalEvent) => after[stream]?.seq ?? (stream === dropped ? "1e9" : "0");
      const rest = until(Date.parse(to)).filter((event) => Number(event.seq) > Number(given(event)));
      for (const { epoch } of Object.values(after)) if (epoch !== "e") throw new Error("of another journal");
      const page = rest.slice(0, Math.min(limit, pageMax));
      return { events: page, more: page.length < rest.length };
    },
  };
}

describe("a time machine", () => {
  it("knows nothing of an instant before it is loaded, and then what the console would answer", async () => {
    const console = recorded(history(100));
    const machine = createTimeMachine(console);
    expect(machine.peek(at(50))).toBeNull();
    await machine.load(at(50));
    expect(machine.peek(at(50))?.folds).toEqual(console.foldsAt(at(50)));
    expect(machine.peek(at(51))).toBeNull();
  });

  it("folds any instant within what it has reached for as the console does, without asking", async () => {
    const console = recorded(history(3_000), { pageMax: 400 });
    const machine = createTimeMachine(console);
    await machine.load(at(1_000));
    await machine.reach(at(1_000), at(300), at(1_900));
    const { length } = console.asked;
    for (const seconds of [1_000, 1_900, 300, 301, 777, 778, 1_899, 555.5, 1_256, 999])
      expect(machine.peek(at(seconds))?.folds, `${seconds} s`).toEqual(console.foldsAt(at(seconds)));
    expect(console.asked).toHaveLength(length);
  });

  it("keeps what has not changed the same object from one instant to the next", async () => {
    const machine = createTimeMachine(recorded(history(100)));
    await machine.load(at(10));
    await machine.reach(at(10), at(10), at(90));
    const [first, second] = [machine.peek(at(20)), machine.peek(at(21))];
    expect(first?.folds["dna:a"]).toBe(second?.folds["dna:a"]);
    expect(first?.folds["dna:b"]).not.toBe(second?.folds["dna:b"]);
    expect(machine.peek(at(21))).toBe(second);
  });

  it("does not claim an instant whose events came in part only", async () => {
    const console = recorded(history(2_000), { pageMax: 10 });
    const machine = createTimeMachine(console);
    await machine.load(at(100));
    await machine.reach(at(100), at(100), at(1_000));
    expect(machine.peek(at(199))?.folds).toEqual(console.foldsAt(at(199)));
    expect(machine.peek(at(200))).toBeNull();
  });

  it("takes in a stream that begins within a stretch, once", async () => {
    const console = recorded(history(100), { pageMax: 10 });
    const machine = createTimeMachine(console);
    await machine.load(at(0));
    expect(machine.peek(at(0))?.notKnown.map(({ stream }) => stream)).toEqual(["dna:b"]);
    await machine.reach(at(0), at(0), at(35));
    for (const seconds of [1, 12, 25, 35])
      expect(machine.peek(at(seconds))?.folds).toEqual(console.foldsAt(at(seconds)));
    expect(machine.peek(at(1))?.notKnown).toEqual([]);
    expect(machine.around(at(1))?.events.map(({ id }) => id)).toEqual(
      Array.from({ length: 35 }, (_, index) => `${index + 1}`),
    );
  });

  it("reaches back to before the journal began", async () => {
    const console = recorded(history(100));
    const machine = createTimeMachine(console);
    await machine.load(at(50));
    await machine.reach(at(50), at(-1_000), at(60));
    expect(machine.peek(at(-10))).toMatchObject({ folds: {}, notKnown: [{ stream: "dna:a" }, { stream: "dna:b" }] });
    expect(machine.peek(at(20))?.folds).toEqual(console.foldsAt(at(20)));
  });

  it("begins anew where a stream is known again whose beginning was dropped", async () => {
    const console = recorded(history(100), { dropped: "dna:b" });
    const machine = createTimeMachine(console);
    await machine.load(at(0));
    expect(machine.peek(at(0))?.notKnown.map(({ stream }) => stream)).toEqual(["dna:b"]);
    await machine.reach(at(0), at(0), at(50));
    expect(machine.peek(at(1))).toBeNull();
    await machine.load(at(1));
    expect(machine.peek(at(1))?.notKnown).toEqual([]);
    expect(Object.keys(machine.peek(at(1))?.folds ?? {})).toEqual(["dna:a", "dna:b"]);
  });

  it("tells what changed before an instant, newest first, and how far back it knows", async () => {
    const machine = createTimeMachine(recorded(history(100)));
    await machine.load(at(40));
    expect(machine.peek(at(40))?.recent).toEqual({ events: [], knownFrom: at(40) });
    await machine.reach(at(40), at(20), at(60));
    const recent = machine.peek(at(40))?.recent;
    expect(recent?.knownFrom).toBe(at(20));
    expect(recent?.events.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => String(40 - index)));
  });

  it("refuses states of another reducer", async () => {
    const machine = createTimeMachine(recorded(history(10), { version: FOLD_VERSION + 1 }));
    await expect(machine.load(at(5))).rejects.toThrow("load it again");
    expect(machine.peek(at(5))).toBeNull();
  });

  it("leaves a stretch alone that would take more than its bound of requests", async () => {
    const console = recorded(history(3_000), { pageMax: 100 });
    const machine = createTimeMachine(console);
    await machine.load(at(2_900));
    await machine.reach(at(2_900), at(100), at(2_900));
    expect(machine.peek(at(2_900))?.folds).toEqual(console.foldsAt(at(2_900)));
    expect(machine.peek(at(100))).toBeNull();
    expect(console.asked.length).toBeLessThan(30);
  });
});
