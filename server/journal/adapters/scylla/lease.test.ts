import type { types } from "cassandra-driver";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import type { Cql, Outcome, Statement } from "./cql.ts";
import { createLease, Fenced } from "./lease.ts";
import { statementsOn } from "./statements.ts";

const TIMES = { leaseMs: 1_000, beatMs: 200 };
const statements = statementsOn("k");

interface Row {
  epoch: bigint;
  owner: string | null;
  holder: string | null;
  beat: bigint;
}

/** The lease's one row, with the conditions of its statements; answers are lost on demand. */
function fakeTable() {
  let row: Row | null = null;
  let isAway = false;
  let losesAnswers = false;
  const apply = ({ query, params }: Statement): boolean => {
    const [a, b, c, d, e] = params;
    if (query.startsWith("INSERT")) {
      if (row !== null) return false;
      row = { epoch: 1n, owner: String(a), holder: String(b), beat: 0n };
      return true;
    }
    if (row === null) return false;
    if (query.includes("SET epoch")) {
      if (row.epoch !== d || row.beat !== e) return false;
      row = { epoch: BigInt(String(a)), owner: String(b), holder: String(c), beat: 0n };
      return true;
    }
    if (query.includes("SET beat")) {
      if (row.epoch !== b) return false;
      row.beat = BigInt(String(a));
      return true;
    }
    if (row.epoch !== a) return false;
    row = { ...row, owner: null, holder: null };
    return true;
  };
  const answering = <T>(work: () => T): Promise<T> =>
    isAway ? Promise.reject(new OpsError("journal-unavailable", "away")) : Promise.resolve().then(work);
  const cql: Pick<Cql, "read" | "conditional"> = {
    // A row of the driver is its columns and methods that nobody here calls.
    read: () => answering(() => (row === null ? [] : [{ ...row } as unknown as types.Row])),
    conditional: ([statement]) =>
      answering((): Outcome => {
        const applied = statement !== undefined && apply(statement);
        if (losesAnswers) return { kind: "unknown", cause: new Error("no answer") };
        return { kind: applied ? "applied" : "rejected" };
      }),
  };
  return {
    cql: cql as Cql,
    row: () => row,
    goAway(away: boolean) {
      isAway = away;
    },
    loseAnswers(loses: boolean) {
      losesAnswers = loses;
    },
  };
}

describe("lease", () => {
  let clock: ManualClock;
  let table: ReturnType<typeof fakeTable>;
  const ending = new Set<AbortController>();
  beforeEach(() => {
    clock = createManualClock();
    table = fakeTable();
  });
  afterEach(() => {
    for (const end of ending) end.abort(new Error("ended"));
    ending.clear();
  });

  async function start(holder: string, fence: (epoch: number) => Promise<void> = async () => undefined) {
    const deps = { cql: table.cql, statements, clock, log: silentLogger, holder, times: TIMES, fence, onBeat() {} };
    const lease = createLease(deps);
    const ended = new AbortController();
    ending.add(ended);
    await lease.start();
    lease.run(ended.signal).catch((cause: unknown) => {
      throw cause;
    });
    return { lease, stop: () => ended.abort(new Error("stopped")) };
  }
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += TIMES.beatMs / 2) await clock.advance(TIMES.beatMs / 2);
  };

  it("is taken by the first, and not by another while the first beats", async () => {
    const one = await start("one");
    const two = await start("two");
    await pass(10 * TIMES.leaseMs);
    expect(one.lease.epoch()).toBe(1);
    expect(two.lease.state()).toEqual({ role: "follower", holder: "one" });
    expect(() => two.lease.epoch()).toThrow("one does");
  });

  it("goes to the one who has seen its beat stand still for so long, under a new epoch; the first finds out", async () => {
    const one = await start("one");
    const two = await start("two");
    one.stop();
    await pass(TIMES.leaseMs - TIMES.beatMs);
    expect(two.lease.state().role).toBe("follower");
    await pass(3 * TIMES.beatMs);
    expect(two.lease.epoch()).toBe(2);
    expect(await one.lease.lose()).toMatchObject({ code: "refused", message: expect.stringContaining("two") });
    expect(one.lease.state()).toEqual({ role: "follower", holder: "two" });
  });

  it("is given away at once by who leaves it", async () => {
    const one = await start("one");
    const two = await start("two");
    one.stop();
    await one.lease.leave();
    await pass(2 * TIMES.beatMs);
    expect(two.lease.epoch()).toBe(2);
  });

  it("stays where it is when the database was away for long: who waits begins to measure anew", async () => {
    const one = await start("one");
    const two = await start("two");
    await pass(TIMES.leaseMs);
    table.goAway(true);
    await pass(10 * TIMES.leaseMs);
    table.goAway(false);
    await pass(10 * TIMES.leaseMs);
    expect(one.lease.epoch()).toBe(1);
    expect(two.lease.state()).toEqual({ role: "follower", holder: "one" });
  });

  it("is whose the row says it is, also when no answer to any write arrives", async () => {
    table.loseAnswers(true);
    const one = await start("one");
    expect(one.lease.epoch()).toBe(1);
    await pass(3 * TIMES.leaseMs);
    expect(table.row()?.beat).toBeGreaterThan(5n);
    expect(one.lease.epoch()).toBe(1);
  });

  it("is beaten while what it stands for is still taken over, and nobody writes before that", async () => {
    let finish = () => undefined as undefined;
    const slow = new Promise<void>((resolve) => {
      finish = () => void resolve();
    });
    let calls = 0;
    const fence = async () => {
      calls += 1;
      if (calls === 1) throw new OpsError("journal-unavailable", "not yet");
      await slow;
    };
    await expect(start("one", fence)).rejects.toMatchObject({ code: "journal-unavailable" });
    const lease = createLease({
      cql: table.cql,
      statements,
      clock,
      log: silentLogger,
      holder: "two",
      times: TIMES,
      fence,
      onBeat() {},
    });
    const ended = new AbortController();
    ending.add(ended);
    const running = lease.run(ended.signal);
    await pass(2 * TIMES.leaseMs);
    const beat = table.row()?.beat ?? 0n;
    expect(lease.state().role).toBe("follower");
    await pass(TIMES.leaseMs);
    expect(table.row()?.beat).toBeGreaterThan(beat);
    finish();
    await pass(TIMES.beatMs);
    expect([lease.epoch(), calls]).toEqual([2, 2]);
    ended.abort(new Error("ended"));
    await running;
  });

  it("is not kept by who finds a newer epoch while taking over", async () => {
    const one = await start("one", async () => {
      throw new Fenced();
    });
    expect(one.lease.state().role).toBe("follower");
  });
});
