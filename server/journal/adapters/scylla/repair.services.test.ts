import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import type { StreamFold } from "#server/contract/fold/fold.ts";
import type { RangeQuery } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createClient } from "./client.ts";
import { type Cql, createCql } from "./cql.ts";
import { openJournalOn } from "./journal.ts";
import type { ScyllaJournal } from "./options.ts";
import { createPlace, type Place } from "./place.test-kit.ts";

const STREAM = "dna:eu-1";
const DAY_MS = 86_400_000;
const RULES = { keepMs: DAY_MS, keepOperatorMs: DAY_MS, maxBytes: Number.MAX_SAFE_INTEGER };
/** What a retention of this size does takes some thirty calls of the database. */
const CUTS = [1, 4, 8, 12, 16, 20, 24, 28];

let place: Place;
const opened: ScyllaJournal[] = [];
beforeAll(async () => {
  place = await createPlace();
});
afterAll(() => place.drop());
beforeEach(() => place.empty());
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
});

const draft = (subject: string): EventDraft => ({
  kind: "dna.row.unreadable",
  body: { cluster: "c", reason: null },
  subject,
  occurredAt: epochMs(5),
});
const anything: RangeQuery = {
  streams: [],
  kinds: [],
  subject: null,
  from: null,
  to: null,
  limit: 1_000,
  newestFirst: false,
  cursor: null,
};
const run = (text: string, params: readonly unknown[] = []) =>
  place.admin.execute(text, [...params], { prepare: true });

/** A journal whose database goes away for good after so many more calls, once told to count. */
async function openBreaking(clock: ReturnType<typeof createManualClock>) {
  const options = place.options({ clock, segmentEvents: 3 });
  const cql = createCql(createClient(options));
  let left = Number.POSITIVE_INFINITY;
  const counted = <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1;
    return left < 0 ? Promise.reject(new OpsError("journal-unavailable", "cut off")) : work();
  };
  const breaking: Cql = {
    ...cql,
    read: (statement, how) => counted(() => cql.read(statement, how)),
    write: (statements) => counted(() => cql.write(statements)),
    conditional: (statements) => counted(() => cql.conditional(statements)),
  };
  const journal = await openJournalOn(breaking, options);
  return {
    journal,
    breakAfter(calls: number) {
      left = calls;
    },
  };
}

describe("a retention that was cut off", () => {
  it("is finished by the next writer, wherever it was cut: told once, nothing half there, a sound chain", async () => {
    for (const cut of CUTS) {
      await place.empty();
      const clock = createManualClock(1_795_348_800_000);
      const { journal, breakAfter } = await openBreaking(clock);
      await journal.append(
        STREAM,
        Array.from({ length: 8 }, (_, n) => draft(`s${n}`)),
      );
      await clock.advance(3 * DAY_MS);
      await journal.append(STREAM, [draft("young")]);
      await journal.writeSnapshot({ stream: STREAM, seq: "9", foldVersion: 1, state: EMPTY_DNA });
      breakAfter(cut);
      const outcome = await journal.retain(RULES, 1).catch((cause: unknown) => cause);
      await journal.close();
      await run(`UPDATE "${place.keyspace}".lease SET owner = null, holder = null WHERE name = 'writer' IF EXISTS`);

      const next = await place.open({ clock, segmentEvents: 3 });
      const { dropped } = await next.retain(RULES, 1);
      expect([cut, dropped.map(({ events, why }) => [events, why])]).toEqual([cut, [[8, "age"]]]);
      if (!(outcome instanceof Error)) expect(outcome).toMatchObject({ dropped });
      expect(await next.heads()).toMatchObject([{ seq: "9", keptAfter: "8" }]);
      expect((await next.after(STREAM, "8", 10)).map(({ subject }) => subject)).toEqual(["young"]);
      await expect(next.after(STREAM, "7", 10)).rejects.toMatchObject({ code: "not-found" });
      expect((await next.range(anything)).events.map(({ seq }) => seq)).toEqual(["9"]);
      expect((await next.range({ ...anything, subject: "s3" })).events).toEqual([]);
      expect(await next.verifyChain()).toMatchObject({ ok: true, events: 1, faults: [] });
      await next.acknowledge(dropped.map(({ id }) => id));
      expect((await next.retain(RULES, 1)).dropped).toEqual([]);
      await next.close();
    }
  }, 400_000);
});

describe("the index", () => {
  it("is made again from the events when it is lost, and what it lacks is looked through meanwhile", async () => {
    const writer = await place.open({ segmentEvents: 50 });
    await writer.append(
      STREAM,
      Array.from({ length: 120 }, (_, n) => draft(`s${n % 7}`)),
    );
    await writer.close();
    await run(`TRUNCATE "${place.keyspace}".lookup`);
    await run(`DELETE FROM "${place.keyspace}".marks WHERE stream = ? AND name = 'indexed'`, [STREAM]);
    const seqs = async (journal: ScyllaJournal, newestFirst: boolean) =>
      (await journal.range({ ...anything, subject: "s3", newestFirst })).events.map(({ seq }) => Number(seq));
    const expected = Array.from({ length: 120 }, (_, n) => n + 1).filter((seq) => (seq - 1) % 7 === 3);
    const reader = await place.open({ writes: false });
    opened.push(reader);
    expect(await seqs(reader, false)).toEqual(expected);
    expect(await seqs(reader, true)).toEqual(expected.toReversed());
    const again = await place.open({ segmentEvents: 50 });
    opened.push(again);
    await again.append(STREAM, [draft("s3")]);
    expect(await seqs(again, false)).toEqual([...expected, 121]);
    await again.close();
    const marks = await run(`SELECT seq FROM "${place.keyspace}".marks WHERE stream = ? AND name = 'indexed'`, [
      STREAM,
    ]);
    expect(Number(marks.first()?.seq)).toBe(121);
    expect(await seqs(reader, true)).toEqual([121, ...expected.toReversed()]);
  });
});

describe("a snapshot", () => {
  it("of an earlier version of the fold is kept while it is the newest of its version, and no other", async () => {
    const journal = await place.open();
    opened.push(journal);
    await journal.append(STREAM, [draft("a"), draft("b"), draft("c")]);
    for (const [seq, foldVersion] of [
      ["1", 4],
      ["2", 4],
      ["3", 5],
    ] as const)
      await journal.writeSnapshot({ stream: STREAM, seq, foldVersion, state: EMPTY_DNA });
    expect((await journal.latestSnapshot(STREAM, 4))?.seq).toBe("2");
    expect(await journal.snapshotBefore(STREAM, "1", 4)).toBeNull();
    expect((await journal.latestSnapshot(STREAM, 5))?.seq).toBe("3");
  });

  it("of any size is kept in pieces, and one with a piece missing or changed is passed over", async () => {
    const journal = await place.open();
    opened.push(journal);
    await journal.append(STREAM, [draft("a"), draft("b")]);
    let seed = 1;
    const noise = Array.from({ length: 150_000 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed.toString(36);
    });
    // Only its size matters: the store does not look into a fold.
    const large = { ...EMPTY_DNA, noise } as unknown as StreamFold;
    await journal.writeSnapshot({ stream: STREAM, seq: "1", foldVersion: 1, state: EMPTY_DNA });
    await journal.writeSnapshot({ stream: STREAM, seq: "2", foldVersion: 1, state: large });
    expect((await journal.latestSnapshot(STREAM, 1))?.state).toEqual(large);
    const chunks = `"${place.keyspace}".snapshot_chunks`;
    const key = [STREAM, 1, 2n, 1];
    const where = "WHERE stream = ? AND fold_version = ? AND seq = ? AND chunk = ?";
    const found = await run(`SELECT data FROM ${chunks} ${where}`, key);
    const data = Buffer.from(found.first()?.data);
    expect(data.byteLength).toBeLessThanOrEqual(500_000);
    data[100] = (data[100] ?? 0) ^ 1;
    await run(`UPDATE ${chunks} SET data = ? ${where}`, [data, ...key]);
    expect((await journal.latestSnapshot(STREAM, 1))?.seq).toBe("1");
    await run(`DELETE FROM ${chunks} ${where}`, key);
    expect((await journal.latestSnapshot(STREAM, 1))?.seq).toBe("1");
  });
});
