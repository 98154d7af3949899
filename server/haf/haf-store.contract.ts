import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answersOf } from "#server/demo/haf/recorded-answers.ts";
import { type RecordedStep, recordedSteps } from "#server/demo/haf/recording.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { HafInstance, HafRead, HafStore } from "./ports.ts";

/** A stack whose tables hold a step of the recording. */
export interface HafStoreHarness {
  readonly store: HafStore;
  /** From now on the tables are those of this step (1 to 24). Answers by how much its times were moved. */
  load(step: number): Promise<{ readonly shiftMs: number }>;
  close(): Promise<void>;
}

const MS_PER_S = 1_000;
const BLOCK_S = 3;
/** Between loading a step and reading it. */
const SOON_MS = 60_000;

/** What every store of a HAF stack promises, held against what was recorded from HAF itself. */
export function hafStoreContract(name: string, open: () => Promise<HafStoreHarness>): void {
  describe(`HafStore over ${name}`, () => {
    let harness: HafStoreHarness;
    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close());

    for (const step of recordedSteps()) stepContract(step, () => harness);

    it("gives rows behind an id only, oldest first", async () => {
      await harness.load(24);
      const { store } = harness;
      const all = (await readOf(store.appLog("0"))).map(({ id }) => id);
      expect(all).toEqual(Array.from({ length: 24 }, (_, index) => String(index + 1)));
      expect((await readOf(store.appLog("22"))).map(({ id }) => id)).toEqual(["23", "24"]);
      expect(await readOf(store.appLog("9223372036854775807"))).toEqual([]);
      const of = store.appLogOf === undefined ? null : await readOf(store.appLogOf(["23", "7", "9000", "23"]));
      if (of !== null)
        expect(of).toEqual((await readOf(store.appLog("0"))).filter(({ id }) => ["7", "23"].includes(id)));
      expect((await readOf(store.forks("1"))).map(({ id }) => id)).toEqual(["2"]);
      expect(await readOf(store.hivedConnections("1"))).toEqual([]);
    });

    it("names those schemas that are there, and takes names as they come", async () => {
      await harness.load(19);
      const hostile = `x'); drop schema hafd; --`;
      const found = await harness.store.schemas?.(["nowhere", "hafd", "HAFD", hostile, ""]);
      expect(found).toEqual({ kind: "read", value: ["hafd"] });
    });

    it("gives up with the signal, and goes on reading afterwards", async () => {
      await harness.load(19);
      const reason = new Error("nobody waits for it any more");
      await expect(harness.store.instance(AbortSignal.abort(reason))).rejects.toBe(reason);
      const later = new AbortController();
      const read = harness.store.apps(later.signal);
      later.abort(reason);
      await read.catch((cause: unknown) => expect(cause).toBe(reason));
      expect((await readOf(harness.store.instance())).consistentBlock).toBe(12_001);
    });
  });
}

function stepContract(step: RecordedStep, harness: () => HafStoreHarness): void {
  it(`reads step ${step.step}, ${step.name}, as it was recorded`, async () => {
    const { shiftMs } = await harness().load(step.step);
    const { store } = harness();
    const observedAt = epochMs(step.observed_at + shiftMs);
    const expected = answersOf(step, observedAt);

    const instance = await readOf(store.instance());
    expect(instance).toEqual({ ...expected.instance, now: instance.now });
    expect(instance.now - observedAt).toBeGreaterThanOrEqual(0);
    expect(instance.now - observedAt).toBeLessThan(SOON_MS);
    const apps = await readOf(store.apps());
    expect(apps).toEqual(expected.apps.map((app) => ({ ...app, asOf: apps[0]?.asOf })));
    const indexes = await readOf(store.indexes());
    expect(indexes).toEqual(expected.indexes);
    expect(await readOf(store.appLog("0"))).toEqual(expected.appLog);
    expect(await readOf(store.forks("0"))).toEqual(expected.forks);
    expect(await readOf(store.hivedConnections("0"))).toEqual(expected.hivedConnections);
    expect(await readOf(store.eventQueue())).toEqual(expected.eventQueue);
    expect(await readOf(store.vacuum())).toEqual([]);
    expect(await readOf(store.databaseBytes())).toMatch(/^[1-9]\d{5,}$/);
    expect(await readOf(store.database())).toMatchObject({ seesApps: true, pruned: false });

    // What HAF's own functions said follows from what was read.
    const pending = indexes.some(({ contexts, status }) => contexts.includes(0) && status !== "created");
    expect(instance.hasEvents && !pending).toBe(step.is_instance_ready);
    expect(headOf(instance, observedAt)).toBe(step.estimated_head);
    const inSync = apps.map(({ attached, currentBlock }) => attached === true && lag(instance, currentBlock) <= 1);
    expect(inSync).toEqual(step.contexts.map((context) => context.is_app_in_sync));
  });
}

const lag = ({ consistentBlock }: HafInstance, block: number): number => (consistentBlock ?? Number.NaN) - block;

/** In whole seconds, rounded, as HAF does it: openhive-network/haf@e4fd584f application_loop/loop.sql. */
const headOf = ({ consistentBlock, consistentBlockAt }: HafInstance, now: number): number =>
  (consistentBlock ?? Number.NaN) +
  Math.floor(Math.round((now - (consistentBlockAt ?? Number.NaN)) / MS_PER_S) / BLOCK_S);

/** The value of a read that was not kept waiting. */
export async function readOf<T>(read: Promise<HafRead<T>>): Promise<T> {
  const answer = await read;
  if (answer.kind === "busy") throw new Error(`busy: ${answer.reason}`);
  return answer.value;
}
