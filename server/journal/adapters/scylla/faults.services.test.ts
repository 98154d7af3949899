import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectInTime, msOf } from "#scripts/testing/in-time.ts";
import type { EventDraft } from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createClient } from "./client.ts";
import { type Cql, createCql, type Outcome } from "./cql.ts";
import { openJournalOn } from "./journal.ts";
import type { ScyllaJournal, ScyllaJournalOptions } from "./options.ts";
import { createPlace, type Place } from "./place.test-kit.ts";
import { schemaStatements } from "./schema.ts";

const STREAM = "dna:eu-1";
const LEASE = { leaseMs: 600, beatMs: 100 };
const LONG_LEASE = { leaseMs: 60_000, beatMs: 1_000 };
const DAY_MS = 86_400_000;

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

const draft = (subject: string, id?: string): EventDraft => ({
  kind: "dna.row.unreadable",
  body: { cluster: "c", reason: null },
  subject,
  occurredAt: epochMs(5),
  ...(id === undefined ? {} : { id }),
});

async function open(options: Partial<ScyllaJournalOptions> = {}): Promise<ScyllaJournal> {
  const journal = await place.open({ lease: LEASE, ...options });
  opened.push(journal);
  return journal;
}

/** What becomes of an append on its way to the database; everything else passes. */
type Fate = (send: () => Promise<Outcome>) => Promise<Outcome>;
const UNKNOWN: Outcome = { kind: "unknown", cause: new Error("no answer") };

interface Fated {
  readonly journal: ScyllaJournal;
  /** Of the next write of the kind. */
  meet(fate: Fate): void;
  /** Writes of the kind so far. */
  readonly sent: () => number;
}

/** A journal of which the fate of single writes of one kind is chosen; unless told, of those that add something. */
async function openWithFate(matches = isAddition, given: Partial<ScyllaJournalOptions> = {}): Promise<Fated> {
  const options = place.options({ holder: "fated:1", lease: LEASE, ...given });
  const cql = createCql(createClient(options));
  let fate: Fate | null = null;
  let sent = 0;
  const fated: Cql = {
    ...cql,
    conditional(statements) {
      if (!matches(statements[0]?.query ?? "")) return cql.conditional(statements);
      sent += 1;
      const current = fate ?? ((send) => send());
      fate = null;
      return current(() => cql.conditional(statements));
    },
  };
  const journal = await openJournalOn(fated, options);
  opened.push(journal);
  return {
    journal,
    meet(next) {
      fate = next;
    },
    sent: () => sent,
  };
}

/** The batches that add events, or change records. */
const isAddition = (query: string): boolean => /UPDATE \S+\.(events SET last_seq|state SET turn) = \?/.test(query);
const isOpening = (query: string): boolean => query.includes("IF epoch = null");

/** As if the holder had gone: whoever opens the journal next takes it at once. */
const freeLease = () =>
  place.admin.execute(
    `UPDATE "${place.keyspace}".lease SET owner = null, holder = null WHERE name = 'writer' IF EXISTS`,
  );

describe("a write whose outcome is not known", () => {
  it("counts when it was applied: it is answered as stored, and sent once", async () => {
    const { journal, meet, sent } = await openWithFate();
    await journal.append(STREAM, [draft("a")]);
    meet(async (send) => {
      await send();
      return UNKNOWN;
    });
    const before = sent();
    const events = await journal.append(STREAM, [draft("b"), draft("c")]);
    expect(events.map(({ seq }) => seq)).toEqual(["2", "3"]);
    expect(sent()).toBe(before + 1);
    expect((await journal.after(STREAM, "0", 10)).map(({ subject }) => subject)).toEqual(["a", "b", "c"]);
  });

  it("is sent again when it was lost", async () => {
    const { journal, meet } = await openWithFate();
    await journal.append(STREAM, [draft("a")]);
    meet(async () => UNKNOWN);
    expect((await journal.append(STREAM, [draft("b")])).map(({ seq }) => seq)).toEqual(["2"]);
    expect((await journal.after(STREAM, "0", 10)).map(({ subject }) => subject)).toEqual(["a", "b"]);
    expect(await journal.verifyChain()).toMatchObject({ ok: true, events: 2 });
  });

  it("cannot be applied any more when it arrives late, after it was settled", async () => {
    const { journal, meet } = await openWithFate();
    await journal.append(STREAM, [draft("a")]);
    let late: (() => Promise<Outcome>) | null = null;
    meet(async (send) => {
      late = send;
      return UNKNOWN;
    });
    await journal.append(STREAM, [draft("b")]);
    expect(await (late as (() => Promise<Outcome>) | null)?.()).toEqual({ kind: "rejected" });
    expect((await journal.after(STREAM, "0", 10)).map(({ subject }) => subject)).toEqual(["a", "b"]);
  });

  it("of a record counts once too: a counter does not skip or repeat a number", async () => {
    const { journal, meet } = await openWithFate();
    expect(await journal.state.increment("n", "k")).toBe(1);
    meet(async (send) => {
      await send();
      return UNKNOWN;
    });
    expect(await journal.state.increment("n", "k")).toBe(2);
    meet(async () => UNKNOWN);
    expect(await journal.state.increment("n", "k")).toBe(3);
    expect(await journal.state.get("n", "k")).toBe("3");
  });
});

describe("a writer that was taken over without noticing", () => {
  it("can neither append, nor add a stream, nor write a record: each fails by its epoch and makes it a follower", async () => {
    for (const attempt of [
      (journal: ScyllaJournal) => journal.append(STREAM, [draft("late")]),
      (journal: ScyllaJournal) => journal.append("dna:new", [draft("late")]),
      (journal: ScyllaJournal) => journal.state.put("n", "k", "late"),
      (journal: ScyllaJournal) => journal.state.put("other", "k", "late"),
    ]) {
      await place.empty();
      // Its clock stands still, so it neither beats nor looks.
      const asleep = await open({ clock: createManualClock(), holder: "asleep:1" });
      await asleep.append(STREAM, [draft("a")]);
      await asleep.state.put("n", "k", "v");
      const awake = await open({ holder: "awake:2" });
      while (awake.role.state().role === "follower") await sleep(50);
      expect(asleep.role.state()).toEqual({ role: "writer" });
      await expect(attempt(asleep)).rejects.toMatchObject({
        code: "refused",
        message: expect.stringContaining("awake:2"),
      });
      expect(asleep.role.state()).toEqual({ role: "follower", holder: "awake:2" });
      expect((await awake.heads()).map(({ stream, seq }) => [stream, seq])).toEqual([[STREAM, "1"]]);
      expect([await awake.state.get("n", "k"), await awake.state.get("other", "k")]).toEqual(["v", null]);
      for (const journal of opened.splice(0)) await journal.close();
    }
  });

  it("is told that its last write is stored when it was, though another has taken over since", async () => {
    // The first must not take it back meanwhile.
    const { journal, meet } = await openWithFate(isAddition, { lease: LONG_LEASE });
    await journal.append(STREAM, [draft("a")]);
    meet(async (send) => {
      await send();
      await freeLease();
      const awake = await open({ holder: "awake:2", lease: LONG_LEASE });
      await awake.append(STREAM, [draft("c")]);
      return UNKNOWN;
    });
    expect((await journal.append(STREAM, [draft("b")])).map(({ seq }) => seq)).toEqual(["2"]);
    await expect(journal.append(STREAM, [draft("late")])).rejects.toMatchObject({ code: "refused" });
    const stored = await journal.after(STREAM, "0", 10);
    expect(stored.map(({ subject }) => subject)).toEqual(["a", "b", "c"]);
  });

  it("cannot open a segment that others opened, filled and dropped while it slept", async () => {
    const clock = createManualClock(1_795_348_800_000);
    const shape = { clock, segmentEvents: 2 };
    const { journal: asleep, meet } = await openWithFate(isOpening, { ...shape, holder: "asleep:1" });
    await asleep.append(STREAM, [draft("a"), draft("b")]);
    let answer: Outcome | null = null;
    meet(async (send) => {
      // The first segment is closed, and the statement that opens the second one is about to be sent.
      await freeLease();
      const awake = await open({ ...shape, holder: "awake:2" });
      await awake.append(STREAM, [draft("c"), draft("d"), draft("e")]);
      await clock.advance(3 * DAY_MS);
      await awake.writeSnapshot({ stream: STREAM, seq: "5", foldVersion: 1, state: EMPTY_DNA });
      const rules = { keepMs: DAY_MS, keepOperatorMs: DAY_MS, maxBytes: Number.MAX_SAFE_INTEGER };
      expect((await awake.retain(rules, 1)).dropped).toMatchObject([{ events: 5 }]);
      answer = await send();
      return answer;
    });
    await expect(asleep.append(STREAM, [draft("late")])).rejects.toMatchObject({ code: "refused" });
    expect(answer).toEqual({ kind: "rejected" });
    const awake = opened.at(-1);
    expect(await awake?.heads()).toMatchObject([{ seq: "5", keptAfter: "5" }]);
    expect((await awake?.append(STREAM, [draft("f")]))?.map(({ seq }) => seq)).toEqual(["6"]);
    expect(await awake?.verifyChain()).toMatchObject({ ok: true, events: 1 });
  });
});

describe("verification", () => {
  const events = () => `"${place.keyspace}".events`;
  const run = (text: string, params: readonly unknown[] = []) =>
    place.admin.execute(text, [...params], { prepare: true });

  async function written(): Promise<ScyllaJournal> {
    const journal = await open({ segmentEvents: 4 });
    await journal.append(
      STREAM,
      Array.from({ length: 10 }, (_, n) => draft(`s${n}`)),
    );
    await journal.append("operator", [draft("o")]);
    expect(await journal.verifyChain()).toMatchObject({ ok: true, events: 11, faults: [] });
    return journal;
  }

  it("finds a flipped byte", async () => {
    const journal = await written();
    const key = [STREAM, 2n, 6n];
    const found = await run(`SELECT bytes FROM ${events()} WHERE stream = ? AND segment = ? AND seq = ?`, key);
    const bytes = Buffer.from(found.first()?.bytes);
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    await run(`UPDATE ${events()} SET bytes = ? WHERE stream = ? AND segment = ? AND seq = ?`, [bytes, ...key]);
    const { ok, faults } = await journal.verifyChain();
    expect(ok).toBe(false);
    expect(faults).toEqual([
      {
        chain: "observed",
        file: `${STREAM} segment 2`,
        position: 6,
        what: "the event is not the one that was written",
      },
    ]);
  });

  it("finds a dropped tail, also when everything that counts the events is made to fit", async () => {
    const journal = await written();
    const found = await run(`SELECT hash FROM ${events()} WHERE stream = ? AND segment = 3 AND seq = 9`, [STREAM]);
    await run(`DELETE FROM ${events()} WHERE stream = ? AND segment = 3 AND seq = 10`, [STREAM]);
    expect((await journal.verifyChain()).faults).toMatchObject([{ position: 10, what: "the segment had 2 events" }]);
    await run(`UPDATE ${events()} SET last_seq = 9, last_hash = ? WHERE stream = ? AND segment = 3`, [
      found.first()?.hash,
      STREAM,
    ]);
    expect((await journal.verifyChain()).faults).toMatchObject([
      { position: 10, what: "10 events were written, this is the end" },
    ]);
    await run(`DELETE FROM "${place.keyspace}".registry WHERE kind = 'stream' AND name = ?`, [STREAM]);
    expect((await journal.verifyChain()).faults).toMatchObject([{ what: "the list of the streams was changed" }]);
  });

  it("finds a chain that was rewritten without the key", async () => {
    await written();
    for (const journal of opened.splice(0)) await journal.close();
    const forged = await createPlace();
    try {
      // The same journal, written anew by somebody who has everything but the key.
      const other = await forged.open({ key: { from: "secret", secret: "another secret of thirty-two characters" } });
      await other.append(STREAM, [draft("another story")]);
      await other.close();
      for (const table of ["events", "segments", "marks", "registry"]) {
        await run(`TRUNCATE "${place.keyspace}".${table}`);
        const rows = await forged.admin.execute(`SELECT JSON * FROM "${forged.keyspace}".${table}`);
        const texts = rows.rows.map((row) => String(row["[json]"])).filter((text) => !text.includes('"name": null'));
        for (const text of texts) await run(`INSERT INTO "${place.keyspace}".${table} JSON ?`, [text]);
      }
      const journal = await open();
      const { ok, faults } = await journal.verifyChain();
      expect(ok).toBe(false);
      expect(faults.map(({ what }) => what)).toContain("the record of the stream's head was changed");
    } finally {
      await forged.drop();
    }
  });
});

it("refuses another key, and a journal that a newer version wrote", async () => {
  await (await open()).close();
  const other = { from: "secret", secret: "another secret of thirty-two characters" } as const;
  await expect(place.open({ key: other })).rejects.toMatchObject({ code: "refused" });
  await place.admin.execute(`UPDATE "${place.keyspace}".journal SET format = 2 WHERE name = 'journal' IF EXISTS`);
  await expect(place.open()).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("format 2") });
  await place.empty();
});

it("neither makes nor takes anything when it is only to read", async () => {
  await expect(place.open({ writes: false })).rejects.toMatchObject({ code: "not-found" });
  const writer = await open({ holder: "writer:1" });
  await writer.append(STREAM, [draft("a")]);
  const reader = await open({ writes: false });
  expect(reader.role.state()).toEqual({ role: "follower", holder: "writer:1" });
  expect(await reader.verifyChain()).toMatchObject({ ok: true, events: 1 });
  await writer.close();
  await sleep(3 * LEASE.leaseMs);
  expect(reader.role.state().role).toBe("follower");
});

it("answers `journal-unavailable` in bounded time when no database answers", async () => {
  const nobody = { contactPoints: ["127.0.0.1:1"] };
  await expectInTime(15_000, () =>
    msOf(() => expect(place.open(nobody)).rejects.toMatchObject({ code: "journal-unavailable" })),
  );
});

it("prints the statements that make its tables, tablets switched off where there are some", () => {
  const [keyspace, ...tables] = schemaStatements("worldline", { dc1: 3 }, true);
  expect(keyspace).toBe(
    `CREATE KEYSPACE IF NOT EXISTS "worldline" WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3} AND tablets = {'enabled': false}`,
  );
  expect(tables.every((text) => text.startsWith('CREATE TABLE IF NOT EXISTS "worldline".'))).toBe(true);
  expect(() => schemaStatements('x"; DROP', null)).toThrow("Not the name of a keyspace");
  expect(() => schemaStatements("x", { "dc'": 1 })).toThrow("Not the name of a data centre");
});
