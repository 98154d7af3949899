/** What retention promises, whatever keeps the journal. Run against each adapter; never edited to suit one of them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import type { RetentionRules } from "#server/journal/domain/retention.ts";
import type { Journal, JournalRetention, RangeQuery } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";

/** A place that outlives the journals opened in it. */
export interface RetentionPlace {
  open(clock: ManualClock): Promise<Journal & JournalRetention>;
  remove(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** Noon of a day in UTC. */
const START = 1_795_348_800_000;
const STREAM = "dynflow:foreman";
const OTHER = "dna:eu-1";
const FOLD = 7;
/** Each segment is made and sealed with several waits for the disk. */
const MANY_SEGMENTS_TIMEOUT_MS = 120_000;

const rules: RetentionRules = { keepMs: 3 * DAY_MS, keepOperatorMs: 6 * DAY_MS, maxBytes: Number.MAX_SAFE_INTEGER };
const draft = (subject: string, bytes = 0): EventDraft => ({
  kind: "dna.row.unreadable",
  body: { cluster: "c", reason: "x".repeat(bytes) },
  subject,
  occurredAt: epochMs(5),
});
const everything: RangeQuery = {
  streams: [],
  kinds: [],
  subject: null,
  from: null,
  to: null,
  limit: 1_000,
  newestFirst: false,
  cursor: null,
};

export function retentionContract(name: string, makePlace: () => Promise<RetentionPlace>): void {
  describe(`Retention contract: ${name}`, () => {
    let clock: ManualClock;
    let place: RetentionPlace;
    let journal: Journal & JournalRetention;
    beforeEach(async () => {
      clock = createManualClock(START);
      place = await makePlace();
      journal = await place.open(clock);
    });
    afterEach(async () => {
      await journal.close();
      await place.remove();
    });
    const reopen = async () => {
      await journal.close();
      journal = await place.open(clock);
    };
    const days = async (count: number, bytes = 0) => {
      for (let day = 0; day < count; day += 1) {
        await journal.append(STREAM, [draft("a", bytes), draft("b", bytes)]);
        await journal.append("operator", [draft("o", bytes)]);
        await clock.advance(DAY_MS);
      }
    };
    const cover = async () => {
      for (const { stream, seq } of await journal.heads())
        await journal.writeSnapshot({ stream, seq, foldVersion: FOLD, state: EMPTY_DNA });
    };
    const kept = async () => {
      const page = await journal.range(everything);
      return page.events.map(({ stream, seq }) => `${stream}/${seq}`);
    };
    const head = async (stream: string) => (await journal.heads()).find((found) => found.stream === stream);

    it("drops nothing that is younger than it is to be kept", async () => {
      await days(3);
      await cover();
      const before = await kept();
      expect(await journal.retain(rules, FOLD)).toMatchObject({ dropped: [], waiting: [], more: false, overBytes: 0 });
      expect(await kept()).toEqual(before);
      expect((await journal.range(everything)).horizon).toBeNull();
    });

    it("drops what is older, what operators did later, and says what, from when and why", async () => {
      await days(8);
      await cover();
      const outcome = await journal.retain(rules, FOLD);
      expect(outcome).toMatchObject({ waiting: [], more: false });
      expect(outcome.dropped.map(({ chain, streams, events, why }) => [chain, streams, events, why])).toEqual([
        ["operator", ["operator"], 2, "age"],
        ["observed", [STREAM], 10, "age"],
      ]);
      for (const { bytes, at } of outcome.dropped) expect([bytes > 0, at]).toEqual([true, clock.now()]);
      expect(await kept()).toEqual([
        "operator/3",
        "operator/4",
        "operator/5",
        ...[6, 7, 8].flatMap((day) => [`${STREAM}/${2 * day - 1}`, `${STREAM}/${2 * day}`, `operator/${day}`]),
      ]);
    });

    it("answers as horizon the instant before which nothing of what is asked for is kept", async () => {
      await days(8);
      await cover();
      await journal.retain(rules, FOLD);
      await reopen();
      const horizonOf = async (streams: readonly string[]) => (await journal.range({ ...everything, streams })).horizon;
      const observed = START + 4 * DAY_MS + 1;
      expect(await horizonOf([STREAM])).toBe(observed);
      expect(await horizonOf(["operator"])).toBe(START + DAY_MS + 1);
      expect(await horizonOf([])).toBe(observed);
    });

    it("goes on with the numbers, and does not pretend to have what was dropped", async () => {
      await days(8);
      await journal.append(OTHER, [draft("x")]);
      await cover();
      await journal.retain(rules, FOLD);
      for (const round of [1, 2]) {
        expect(await head(STREAM)).toMatchObject({ keptAfter: "10" });
        expect(await head(OTHER)).toMatchObject({ seq: "1", keptAfter: "0" });
        await expect(journal.after(STREAM, "9", 100)).rejects.toMatchObject({ code: "not-found" });
        await expect(journal.after(STREAM, "0", 100)).rejects.toMatchObject({ code: "not-found" });
        const [event] = await journal.append(STREAM, [draft("y")]);
        expect(event?.seq).toBe(String(16 + round));
        const numbers = (await journal.after(STREAM, "10", 100)).map(({ seq }) => Number(seq));
        expect(numbers).toEqual(Array.from({ length: 6 + round }, (_, n) => 11 + n));
        await reopen();
      }
    });

    it("waits for a snapshot of every stream touched, of the fold's version, that covers what is due", async () => {
      await days(5);
      await journal.append(OTHER, [draft("x")]);
      await clock.advance(4 * DAY_MS);
      await cover();
      expect((await journal.retain(rules, FOLD + 1)).waiting).toEqual([OTHER, STREAM, "operator"].sort());
      const before = await kept();
      await journal.append(STREAM, [draft("y")]);
      await clock.advance(4 * DAY_MS);
      const outcome = await journal.retain({ ...rules, keepOperatorMs: rules.keepMs * 1_000 }, FOLD);
      expect(outcome.waiting).toEqual([STREAM]);
      expect((await kept()).length).toBeLessThan(before.length + 1);
      expect(await kept()).toContain(`${STREAM}/11`);
      await cover();
      expect(await journal.retain(rules, FOLD)).toMatchObject({ waiting: [], more: false });
      expect(await kept()).toEqual([]);
    });

    it("drops a day after which nothing happened, and goes on behind it", async () => {
      await journal.append(STREAM, [draft("a"), draft("b")]);
      await cover();
      await clock.advance(4 * DAY_MS);
      const { dropped } = await journal.retain(rules, FOLD);
      expect(dropped).toMatchObject([{ events: 2, droppedBefore: START + 1 }]);
      await reopen();
      expect(await kept()).toEqual([]);
      expect(await head(STREAM)).toMatchObject({ seq: "2", keptAfter: "2" });
      await expect(journal.after(STREAM, "1", 10)).rejects.toMatchObject({ code: "not-found" });
      expect(await journal.after(STREAM, "2", 10)).toEqual([]);
      const [event] = await journal.append(STREAM, [draft("c")]);
      expect(event?.seq).toBe("3");
    });

    it("does not drop what is written today, however large", async () => {
      await journal.append(STREAM, [draft("a", 100_000)]);
      await cover();
      const outcome = await journal.retain({ ...rules, keepMs: 1, maxBytes: 1 }, FOLD);
      expect(outcome.dropped).toEqual([]);
      expect(outcome.overBytes).toBeGreaterThan(90_000);
      expect(await kept()).toHaveLength(1);
    });

    it("drops the oldest that was observed while it is too large, and never what operators did", async () => {
      await days(3, 200_000);
      await cover();
      const whole = (await journal.retain(rules, FOLD)).bytes;
      const outcome = await journal.retain({ ...rules, maxBytes: whole - 300_000 }, FOLD);
      expect(outcome).toMatchObject({ overBytes: 0, dropped: [{ chain: "observed", events: 2, why: "size" }] });
      expect(outcome.bytes).toBeLessThanOrEqual(whole - 300_000);
      const rest = await journal.retain({ ...rules, maxBytes: 1 }, FOLD);
      expect(rest.overBytes).toBeGreaterThan(600_000);
      expect(await kept()).toEqual(["operator/1", "operator/2", "operator/3"]);
    });

    it("drops of what was seen what lies before the newest so many, whole days only", async () => {
      await days(4);
      await journal.append(STREAM, [draft("a")]);
      await cover();
      const bounded = { ...rules, keepMs: 100 * DAY_MS, keepOperatorMs: 100 * DAY_MS, keepEvents: 4 };
      const outcome = await journal.retain(bounded, FOLD);
      expect(outcome.dropped).toMatchObject([{ chain: "observed", streams: [STREAM], events: 4, why: "count" }]);
      expect((await kept()).filter((place) => place.startsWith(STREAM))).toEqual(
        [5, 6, 7, 8, 9].map((seq) => `${STREAM}/${seq}`),
      );
      expect((await kept()).filter((place) => place.startsWith("operator"))).toHaveLength(4);
      expect((await journal.retain({ ...bounded, keepEvents: null }, FOLD)).dropped).toHaveLength(1);
      expect(await head(STREAM)).toMatchObject({ seq: "9", keptAfter: "4" });
    });

    it("answers a drop until it is acknowledged, over restarts", async () => {
      await days(8);
      await cover();
      const { dropped } = await journal.retain(rules, FOLD);
      await reopen();
      expect((await journal.retain(rules, FOLD)).dropped).toEqual(dropped);
      await journal.acknowledge(dropped.slice(0, 1).map(({ id }) => id));
      expect((await journal.retain(rules, FOLD)).dropped).toEqual(dropped.slice(1));
      await journal.acknowledge(dropped.map(({ id }) => id));
      expect((await journal.retain(rules, FOLD)).dropped).toEqual([]);
    });

    it(
      "drops a long time's worth by several calls, oldest first",
      async () => {
        for (let day = 0; day < 19; day += 1) {
          await journal.append(STREAM, [draft("a")]);
          await clock.advance(DAY_MS);
        }
        await cover();
        const calls = [];
        for (;;) {
          const outcome = await journal.retain({ ...rules, keepMs: DAY_MS }, FOLD);
          calls.push((await journal.range(everything)).events.length);
          if (!outcome.more) break;
        }
        expect(calls.length).toBeGreaterThan(1);
        expect(calls).toEqual(calls.toSorted((a, b) => b - a));
        expect(calls.at(-1)).toBe(1);
      },
      MANY_SEGMENTS_TIMEOUT_MS,
    );
  });
}
