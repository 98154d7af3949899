import { beforeEach, describe, expect, it } from "vitest";
import { actorSubject } from "#server/contract/actor-key.ts";
import { dnaStream, type JournalEvent } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import {
  createActorWatch,
  WATCH_AFTER_LOOK_MS,
  WATCH_PERIOD_MS,
  WATCH_READS_PER_PERIOD_MAX,
  WATCHED_KEYS_MAX,
} from "./actor-watch.ts";
import type { ActorKey, Incarnation } from "./domain/identity.ts";
import type { ActorRow, MalformedRow } from "./ports.ts";

const KEY: ActorKey = { namespace: "game", moduleId: 0, name: "city/7" };
const SUBJECT = actorSubject(KEY);
const [A, B]: readonly [Incarnation, Incarnation] = [
  { createdAt: epochMs(1_000), id: 1n },
  { createdAt: epochMs(2_000), id: -2n },
];
const STREAM = dnaStream("eu-1");

const rig = () => {
  const clock = createManualClock();
  const recorder = createMemoryRecorder(clock);
  const rows = new Map<string, ActorRow | MalformedRow>();
  const reads: string[] = [];
  const abort = new AbortController();
  const state = { clock, rows, reads, abort, down: false, held: null as Promise<void> | null };
  const create = () =>
    createActorWatch({
      sourceId: "eu-1",
      store: {
        async actor({ name }) {
          reads.push(name);
          const row = rows.get(name) ?? null;
          await state.held;
          if (state.down) throw new OpsError("upstream-unavailable", "no replica answered");
          return row;
        },
      },
      recorder: recorder.recorder,
      view: recorder.recorder,
      clock,
      log: silentLogger,
    });
  const told = () => recorder.events.filter((event) => event.subject === SUBJECT);
  return { ...state, state, recorder, create, watch: create(), told };
};
const owned = (owner: Incarnation, claimedAt: number): ActorRow => ({
  name: KEY.name,
  owner,
  claimedAt: epochMs(claimedAt),
});
const bodies = (events: readonly JournalEvent[]) => events.map(({ kind, body }) => ({ kind, ...body }));
const nobody = { incarnation: null, claimedAt: null, unreadable: null };

describe("the watch of actors", () => {
  let of: ReturnType<typeof rig>;
  let running: Promise<void>;
  beforeEach(async () => {
    of = rig();
    await of.recorder.recorder.record(STREAM, [
      {
        kind: "source.state_changed",
        subject: "eu-1",
        occurredAt: of.clock.now(),
        body: { from: null, to: "up", reason: null },
      },
    ]);
    running = of.watch.run(of.abort.signal);
    return async () => {
      of.abort.abort();
      await of.clock.advance(0);
      await running;
    };
  });

  it("records the first sight of a key, then nothing while its owner stays", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    expect(await of.watch.look(KEY)).toMatchObject({ owner: A });
    await of.clock.advance(20 * WATCH_PERIOD_MS);
    expect(of.reads.length).toBeGreaterThan(20);
    expect(bodies(of.told())).toEqual([
      {
        kind: "dna.actor.seen",
        ...KEY,
        owner: { incarnation: "1000:1", claimedAt: 5_000, unreadable: null },
        notKnownFrom: null,
      },
    ]);
  });

  it("records a new owner with the last instant at which the old one was read", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    await of.clock.advance(10 * WATCH_PERIOD_MS);
    const lastOfA = of.clock.now();
    await of.clock.advance(1_000);
    of.rows.set(KEY.name, owned(B, 9_000));
    await of.clock.advance(WATCH_PERIOD_MS);
    const [, changed] = of.told();
    expect(changed).toMatchObject({
      kind: "dna.actor.owner_changed",
      occurredAt: 9_000,
      body: { from: { incarnation: "1000:1" }, to: { incarnation: "2000:-2", claimedAt: 9_000 } },
    });
    if (changed?.kind !== "dna.actor.owner_changed") throw new Error("no change was told");
    expect(changed.body.notKnownFrom).toBe(lastOfA);
    expect(changed.observedAt - changed.body.notKnownFrom).toBeLessThanOrEqual(WATCH_PERIOD_MS + 1_000);
    expect(of.recorder.recorder.dna("eu-1").watched[SUBJECT]).toMatchObject({ incarnation: "2000:-2" });
  });

  it("tells a claim anew by the same owner: the key was somebody else's, or nobody's, between", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    of.rows.set(KEY.name, owned(A, 6_000));
    await of.clock.advance(WATCH_PERIOD_MS);
    expect(of.told().map(({ kind }) => kind)).toEqual(["dna.actor.seen", "dna.actor.owner_changed"]);
  });

  it("tells a row that became unreadable as such, not as nobody's", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    of.rows.set(KEY.name, { malformed: true, key: KEY.name, reason: "node_id is empty" });
    await of.clock.advance(WATCH_PERIOD_MS);
    expect(of.told()[1]?.body).toMatchObject({ to: { ...nobody, unreadable: "node_id is empty" } });
  });

  it("says until when it knew of a key that it stops reading, and drops it from the state", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    await of.clock.advance(WATCH_AFTER_LOOK_MS + 2 * WATCH_PERIOD_MS);
    const [, left] = of.told();
    if (left?.kind !== "dna.actor.unwatched") throw new Error("it was not let go");
    expect(left.observedAt - left.body.lastReadAt).toBeLessThanOrEqual(2 * WATCH_PERIOD_MS);
    expect(of.recorder.recorder.dna("eu-1").watched).toEqual({});
    const reads = of.reads.length;
    await of.clock.advance(10 * WATCH_PERIOD_MS);
    expect(of.reads).toHaveLength(reads);
  });

  it("says that a key cannot be read, and on its return from when on nothing was known", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    await of.clock.advance(3 * WATCH_PERIOD_MS);
    const lastRead = of.clock.now();
    of.state.down = true;
    await of.clock.advance(30_000);
    expect(of.told()[1]?.body).toMatchObject({
      lastReadAt: lastRead,
      reason: "it cannot be read: no replica answered",
    });
    of.state.down = false;
    await of.clock.advance(WATCH_PERIOD_MS);
    expect(bodies(of.told()).slice(2)).toEqual([
      expect.objectContaining({ kind: "dna.actor.seen", notKnownFrom: lastRead }),
    ]);
  });

  it("asks a source that is down for nothing, and tells what changed meanwhile with the interval not known", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    const lastRead = of.clock.now();
    const down = { from: "up", to: "down", reason: "no host answers" } as const;
    const at = { subject: "eu-1", occurredAt: of.clock.now() };
    await of.recorder.recorder.record(STREAM, [{ kind: "source.state_changed", ...at, body: down }]);
    const reads = of.reads.length;
    of.rows.set(KEY.name, owned(B, 9_000));
    await of.clock.advance(60_000);
    expect(of.reads).toHaveLength(reads);
    const up = { from: "down", to: "up", reason: null } as const;
    await of.recorder.recorder.record(STREAM, [{ kind: "source.state_changed", ...at, body: up }]);
    await of.clock.advance(WATCH_PERIOD_MS);
    expect(of.told()[1]?.body).toMatchObject({ to: { incarnation: "2000:-2" }, notKnownFrom: lastRead });
  });

  it("tells a release by a job once, as caused by its request, and not what a read from before it says", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    await of.clock.advance(1_000);
    let go: () => void = () => undefined;
    of.state.held = new Promise((resolve) => {
      go = resolve;
    });
    const early = of.watch.look(KEY);
    await of.clock.advance(10);
    of.rows.delete(KEY.name);
    of.watch.released(KEY, "1000:1", { id: "job-1", requestId: "op-1" });
    of.watch.released({ ...KEY, name: "not watched" }, "1000:1", { id: "job-1", requestId: "op-1" });
    await of.clock.advance(10);
    go();
    of.state.held = null;
    await early;
    await of.clock.advance(3 * WATCH_PERIOD_MS);
    expect(of.told().map(({ kind, causedBy }) => [kind, causedBy])).toEqual([
      ["dna.actor.seen", null],
      ["dna.actor.released", "op-1"],
    ]);
    expect(of.recorder.recorder.dna("eu-1").watched[SUBJECT]).toMatchObject(nobody);
    expect(of.recorder.events).toHaveLength(3);
  });

  it("tells a release of an owner that is no longer the one seen as nothing", async () => {
    of.rows.set(KEY.name, owned(B, 9_000));
    await of.watch.look(KEY);
    of.watch.released(KEY, "1000:1", { id: "job-1", requestId: null });
    await of.clock.advance(WATCH_PERIOD_MS);
    expect(of.told().map(({ kind }) => kind)).toEqual(["dna.actor.seen"]);
  });

  it("goes on with what an earlier life watched, and says what was not known between", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    await of.clock.advance(WATCH_PERIOD_MS);
    of.abort.abort();
    await of.clock.advance(0);
    await running;
    const seenAt = of.told()[0]?.observedAt;
    of.rows.set(KEY.name, owned(B, 9_000));
    const again = new AbortController();
    const second = of.create().run(again.signal);
    await of.clock.advance(WATCH_PERIOD_MS);
    again.abort();
    await of.clock.advance(0);
    await second;
    expect(of.told()[1]?.body).toMatchObject({ to: { incarnation: "2000:-2" }, notKnownFrom: seenAt });
  });

  it("knows at once whom a job gave a watched key to, and is not misled by a read that began before", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    await of.clock.advance(WATCH_PERIOD_MS);
    const held = Promise.withResolvers<void>();
    of.state.held = held.promise;
    const stale = of.watch.look(KEY);
    await of.clock.advance(10);
    of.rows.set(KEY.name, owned(B, 9_000));
    const claim = { to: "2000:-2", claimedAt: epochMs(9_000) };
    of.watch.claimed(KEY, "1000:1", claim, { id: "job-1", requestId: "op-1" });
    of.watch.claimed({ ...KEY, name: "not watched" }, "1000:1", claim, { id: "job-1", requestId: "op-1" });
    of.watch.claimed(KEY, "3000:3", claim, { id: "job-1", requestId: "op-1" });
    of.state.held = null;
    held.resolve();
    await stale;
    await of.clock.advance(3 * WATCH_PERIOD_MS);
    expect(of.told().map(({ kind, causedBy }) => [kind, causedBy])).toEqual([
      ["dna.actor.seen", null],
      ["dna.actor.claimed", "op-1"],
    ]);
    expect(of.recorder.recorder.dna("eu-1").watched[SUBJECT]).toMatchObject({
      incarnation: "2000:-2",
      claimedAt: 9_000,
    });
  });

  it("reads for those who look and records nothing while it does not run", async () => {
    const idle = of.create();
    of.rows.set(KEY.name, owned(A, 5_000));
    expect(await idle.look(KEY)).toMatchObject({ owner: A });
    await of.clock.advance(5 * WATCH_PERIOD_MS);
    expect(of.told()).toEqual([]);
    expect(of.reads).toHaveLength(1);
  });

  it("keeps what it could not record for the next period, without an event lost or told twice", async () => {
    of.rows.set(KEY.name, owned(A, 5_000));
    await of.watch.look(KEY);
    await of.clock.advance(WATCH_PERIOD_MS);
    const lastOfA = of.clock.now();
    of.recorder.fail();
    of.rows.set(KEY.name, owned(B, 9_000));
    await of.clock.advance(10 * WATCH_PERIOD_MS);
    of.recorder.mend();
    await of.clock.advance(3 * WATCH_PERIOD_MS);
    expect(of.told()).toHaveLength(2);
    expect(of.told()[1]?.body).toMatchObject({ notKnownFrom: lastOfA });
  });

  it("watches a bounded number of keys with a bounded number of reads, and takes new ones only so fast", async () => {
    const look = (count: number, from: number) =>
      Promise.all(Array.from({ length: count }, (_, index) => of.watch.look({ ...KEY, name: `k${from + index}` })));
    await look(200, 0);
    await of.clock.advance(0);
    const sizeOf = () => Object.keys(of.recorder.recorder.dna("eu-1").watched).length;
    expect(sizeOf()).toBeLessThan(50);
    for (let from = 1_000; sizeOf() < WATCHED_KEYS_MAX && from < 3_000; from += 20) {
      await look(20, from);
      await of.clock.advance(WATCH_PERIOD_MS);
    }
    for (let from = 5_000; from < 5_100; from += 20) {
      await look(20, from);
      await of.clock.advance(WATCH_PERIOD_MS);
      expect(sizeOf()).toBeLessThanOrEqual(WATCHED_KEYS_MAX);
    }
    of.reads.length = 0;
    await of.clock.advance(10 * WATCH_PERIOD_MS);
    expect(of.reads.length).toBeLessThanOrEqual(10 * WATCH_READS_PER_PERIOD_MAX);
    expect(new Set(of.reads).size).toBeGreaterThan(450);
  });
});
