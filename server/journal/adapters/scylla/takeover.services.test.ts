import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import type { WriterState } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { ScyllaJournal, ScyllaJournalOptions } from "./options.ts";
import { createPlace, type Place } from "./place.test-kit.ts";
import { SHORT_LEASE, startWriter } from "./writer-child.test-kit.ts";

const STREAM = "dna:eu-1";
const PAGE = 10_000;
const WAIT_MS = 60_000;
const ACKNOWLEDGED_PER_ROUND = 20;
const SLOW_MACHINE_MS = 400_000;
const KILL_ROUNDS = 5;

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

async function open(holder: string, options: Partial<ScyllaJournalOptions> = {}): Promise<ScyllaJournal> {
  const journal = await place.open({ holder, lease: SHORT_LEASE, ...options });
  opened.push(journal);
  return journal;
}

const draft = (subject: string, id?: string): EventDraft => ({
  kind: "dna.row.unreadable",
  body: { cluster: "c", reason: null },
  subject,
  occurredAt: epochMs(5),
  ...(id === undefined ? {} : { id }),
});

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 20) {
    if (waited > WAIT_MS) throw new Error(`not so within ${WAIT_MS} ms`);
    await sleep(20);
  }
}

/** Every event of every stream, in order, having checked that none is missing or there twice. */
async function allOf(journal: ScyllaJournal): Promise<readonly JournalEvent[]> {
  const events: JournalEvent[] = [];
  for (const { stream, seq } of await journal.heads()) {
    let after = "0";
    while (after !== seq) {
      const page = await journal.after(stream, after, PAGE);
      expect(page.length).toBeGreaterThan(0);
      for (const event of page) {
        expect(Number(event.seq)).toBe(Number(after) + 1);
        after = event.seq;
      }
      events.push(...page);
    }
  }
  const keys = events.map(({ stream, id }) => `${stream} ${id}`);
  expect(new Set(keys).size).toBe(keys.length);
  return events;
}

it("lets one of two openers write, while the other reads, is refused, and names who writes", async () => {
  const writer = await open("one:1");
  const follower = await open("two:2");
  expect(writer.role.state()).toEqual({ role: "writer" });
  expect(follower.role.state()).toEqual({ role: "follower", holder: "one:1" });
  const [event] = await writer.append(STREAM, [draft("a")]);
  await writer.state.put("n", "k", "v");
  expect(await follower.after(STREAM, "0", 10)).toEqual([event]);
  expect(await follower.heads()).toEqual(await writer.heads());
  expect(await follower.state.get("n", "k")).toBe("v");
  for (const refused of [follower.append(STREAM, [draft("b")]), follower.state.put("n", "k", "w")])
    await expect(refused).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("one:1") });
  await sleep(3 * SHORT_LEASE.leaseMs);
  expect(follower.role.state()).toEqual({ role: "follower", holder: "one:1" });
});

it("hands the journal over when its writer closes it, and goes on with numbers, ids and the chain", async () => {
  const writer = await open("one:1");
  const follower = await open("two:2");
  const states: WriterState[] = [];
  follower.role.onChange((state) => states.push(state));
  await writer.append(STREAM, [draft("a", "id-1"), draft("b")]);
  await writer.close();
  await until(() => follower.role.state().role === "writer");
  const events = await follower.append(STREAM, [draft("again", "id-1"), draft("c")]);
  expect(events.map(({ seq, subject }) => [seq, subject])).toEqual([
    ["1", "a"],
    ["3", "c"],
  ]);
  expect(states.at(-1)).toEqual({ role: "writer" });
  expect(await follower.verifyChain()).toMatchObject({ ok: true, events: 3 });
});

it(
  "takes the journal from a stopped writer, whose next append then fails by its epoch",
  async () => {
    const child = startWriter(await madePlace());
    await child.said("dna:eu-1 5 ");
    const follower = await open("parent:1");
    expect(follower.role.state()).toEqual({ role: "follower", holder: `child:${child.pid}` });
    const beatAfter = await beatSeen();
    child.signal("SIGSTOP");
    await until(() => follower.role.state().role === "writer");
    expect(performance.now() - beatAfter).toBeGreaterThan(SHORT_LEASE.leaseMs);
    const mine = await follower.append(STREAM, [draft("after the takeover")]);
    const known = await allOf(follower);
    child.signal("SIGCONT");
    expect(await child.said("rejected")).toMatch(/^rejected refused .*parent:1/);
    expect(await child.said("state")).toBe('state {"role":"follower","holder":"parent:1"}');
    expect(await child.ended).toBe("");
    expect(await allOf(follower)).toEqual(known);
    expect(known.filter(({ stream }) => stream === STREAM).at(-1)).toEqual(mine[0]);
    expect(await follower.verifyChain()).toMatchObject({ ok: true, events: known.length });
    const stored = new Set(known.map(({ stream, seq, id }) => `${stream} ${seq} ${id}`));
    const acknowledged = child.lines().filter((line) => /^\S+ \d+ \d/.test(line));
    expect(acknowledged.filter((line) => !stored.has(line))).toEqual([]);
  },
  SLOW_MACHINE_MS,
);

it(
  "keeps every acknowledged event over kill -9 under load: no hole, no duplicate, a sound chain",
  async () => {
    await madePlace();
    const acknowledged: string[] = [];
    for (let round = 0; round < KILL_ROUNDS; round += 1) {
      const child = startWriter(place, round);
      await child.said("writes");
      await until(() => child.lines().length > ACKNOWLEDGED_PER_ROUND);
      await sleep(700 + round * 137);
      child.signal("SIGKILL");
      expect(await child.ended).toBe("");
      acknowledged.push(...child.lines().filter((line) => line !== "writes"));
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(KILL_ROUNDS * ACKNOWLEDGED_PER_ROUND);
    const journal = await open("parent:1");
    await until(() => journal.role.state().role === "writer");
    const events = await allOf(journal);
    const stored = new Set(events.map(({ stream, seq, id }) => `${stream} ${seq} ${id}`));
    expect(acknowledged.filter((line) => !stored.has(line))).toEqual([]);
    expect(await journal.verifyChain()).toMatchObject({ ok: true, events: events.length, faults: [] });
    const bySubject = await journal.range({
      streams: [STREAM],
      kinds: [],
      subject: "row-6",
      from: null,
      to: null,
      limit: 1_000,
      newestFirst: false,
      cursor: null,
    });
    const expected = events.filter(({ stream, subject }) => stream === STREAM && subject === "row-6").slice(0, 1_000);
    expect(bySubject.events.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq));
  },
  SLOW_MACHINE_MS,
);

/** Waits for the holder's next beat; answers an instant before which it was not there. */
async function beatSeen(): Promise<number> {
  const beat = async () => {
    const { rows } = await place.admin.execute(`SELECT beat FROM "${place.keyspace}".lease WHERE name = 'writer'`);
    return Number(rows[0]?.beat);
  };
  let askedAt = performance.now();
  const before = await beat();
  for (;;) {
    const asked = performance.now();
    if ((await beat()) !== before) return askedAt;
    askedAt = asked;
  }
}

/** The place with its tables, which the child does not make. */
async function madePlace(): Promise<Place> {
  const journal = await place.open({ lease: SHORT_LEASE });
  await journal.close();
  return place;
}
