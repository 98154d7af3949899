import { describe, expect, it } from "vitest";
import { hafStream } from "#server/contract/event.ts";
import type { HafSample } from "#server/contract/haf.ts";
import { createRecordedStore } from "#server/demo/haf/recorded-store.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import type { HafLogRow, HafRead, HafStore } from "./ports.ts";
import { createHafReader } from "./reader.ts";

type Read = Exclude<keyof HafStore, "close" | "schemas">;

function setUp(step: number, apps: readonly string[] = []) {
  const clock = createManualClock();
  const journal = createMemoryRecorder(clock);
  const calls: { readonly read: Read; readonly atMs: number }[] = [];
  const overrides = new Map<Read, (real: () => Promise<HafRead<unknown>>) => Promise<HafRead<unknown>>>();
  let at = step - 1;
  let running = 0;
  let most = 0;
  const recorded = createRecordedStore({ steps: recordedSteps(), at: () => at, clock });
  const store = new Proxy(recorded, {
    get(target, name: keyof HafStore) {
      if (name === "close" || name === "schemas" || name === "appLogOf") return target[name];
      return async (...given: unknown[]) => {
        calls.push({ read: name, atMs: clock.monotonic() });
        running += 1;
        most = Math.max(most, running);
        try {
          const real = () => Reflect.apply(target[name], target, given) as Promise<HafRead<unknown>>;
          return await (overrides.get(name)?.(real) ?? real());
        } finally {
          running -= 1;
        }
      };
    },
  });
  let lateMs = 0;
  const open = () =>
    createHafReader({
      ...{ sourceId: "hive", store, engine: null, apps, recorder: journal.recorder, view: journal.recorder },
      ...{ clock, log: silentLogger, loopDelay: { maxLateSince: () => lateMs } },
    });
  let reader = open();
  let abort = new AbortController();
  let done = Promise.resolve();
  const fold = () => journal.recorder.haf("hive");
  return {
    ...{ clock, journal, calls, fold },
    atOnce: () => most,
    late(ms: number) {
      lateMs = ms;
    },
    sample: (): HafSample | undefined => journal.recorder.samples()[hafStream("hive")]?.haf,
    reader: () => reader,
    to(next: number) {
      at = next - 1;
    },
    on(read: Read, answer: (real: () => Promise<HafRead<unknown>>) => Promise<HafRead<unknown>>) {
      overrides.set(read, answer);
    },
    mend: () => overrides.clear(),
    fail(code: "upstream-unavailable" | "not-permitted" = "upstream-unavailable") {
      for (const read of ["database", "instance"] as const)
        overrides.set(read, async () => {
          throw new OpsError(code, "connection refused");
        });
    },
    start() {
      done = reader.run(abort.signal);
    },
    async stop() {
      abort.abort();
      await done;
    },
    async restart() {
      abort.abort();
      await done;
      abort = new AbortController();
      reader = open();
      done = reader.run(abort.signal);
    },
    kinds: () => journal.kinds(),
    rows: () => journal.events.flatMap((event) => (event.kind === "haf.app.logged" ? event.body.logId : [])),
  };
}

const busy = async (): Promise<HafRead<never>> => ({ kind: "busy", reason: "a lock on hafd.blocks" });

describe("the reader of a stack", () => {
  it("reads each thing at its own pace, and never two at a time", async () => {
    const { clock, start, stop, calls, atOnce } = setUp(19);
    start();
    await clock.advance(61_000);
    await stop();
    const count = (read: Read) => calls.filter((call) => call.read === read && call.atMs < 60_000).length;
    expect(atOnce()).toBe(1);
    expect([count("instance"), count("apps"), count("appLog")]).toEqual([30, 30, 30]);
    expect([count("connections"), count("eventQueue"), count("vacuum")]).toEqual([6, 6, 2]);
    expect([count("indexes"), count("indexBuilds"), count("databaseBytes")]).toEqual([1, 0, 1]);
    expect(count("forks")).toBeLessThanOrEqual(12);
  });

  it("reads indexes and their builds every 5 s while some are being created", async () => {
    const { clock, start, stop, calls } = setUp(12);
    start();
    await clock.advance(30_000);
    await stop();
    const count = (read: Read) => calls.filter((call) => call.read === read).length;
    expect(count("indexes")).toBeGreaterThanOrEqual(5);
    expect(count("indexBuilds")).toBeGreaterThanOrEqual(5);
  });

  it("says that a stack is busy and never that it is down while locks keep it from reading, and recovers", async () => {
    const { clock, start, stop, on, mend, sample, fold } = setUp(19);
    start();
    await clock.advance(3_000);
    on("instance", busy);
    await clock.advance(30_000);
    expect(sample()?.busy).toBe("a lock on hafd.blocks");
    expect(fold().source.state).toBe("up");
    expect(fold().checks.busy?.level).toBe("not-known");
    expect(sample()?.block).toBe(12_001);
    mend();
    await clock.advance(3_000);
    expect(sample()?.busy).toBeNull();
    expect(fold().checks.busy?.level).toBe("ok");
    await stop();
  });

  it("stops saying so within a look of the end of the lock, also of what it reads once a minute", async () => {
    const { clock, start, stop, on, mend, sample } = setUp(19);
    on("indexes", busy);
    on("databaseBytes", busy);
    start();
    await clock.advance(5_000);
    expect(sample()?.busy).toBe("a lock on hafd.blocks");
    mend();
    await clock.advance(2_500);
    expect(sample()?.busy).toBeNull();
    expect(sample()?.databaseBytes).not.toBeNull();
    await stop();
  });

  it("tells that the source is down once, keeps what was known, and that it is up again", async () => {
    const { clock, start, stop, fail, mend, fold, journal } = setUp(19);
    start();
    await clock.advance(3_000);
    const before = fold();
    fail();
    await clock.advance(20_000);
    expect(fold().source).toMatchObject({ state: "down", reason: "connection refused" });
    expect([fold().phases, fold().apps]).toEqual([before.phases, before.apps]);
    mend();
    await clock.advance(3_000);
    expect(fold().source.state).toBe("up");
    await stop();
    const told = journal.events.flatMap((event) => (event.kind === "source.state_changed" ? event.body.to : []));
    expect(told).toEqual(["up", "down", "up"]);
  });

  it("takes a server that hangs for down, and goes on when it answers again", async () => {
    const { clock, start, stop, on, mend, fold } = setUp(19);
    start();
    await clock.advance(3_000);
    on("instance", () => new Promise(() => undefined));
    await clock.advance(12_000);
    expect(fold().source).toMatchObject({ state: "down", reason: "The read of instance did not answer within 4 s" });
    mend();
    await clock.advance(6_000);
    expect(fold().source.state).toBe("up");
    await stop();
  });

  it("says what a role lacks that may not read at all", async () => {
    const { clock, start, stop, fail, fold } = setUp(19);
    fail("not-permitted");
    start();
    await clock.advance(5_000);
    expect(fold().source.state).toBe("down");
    expect(fold().phases).toEqual([]);
    await stop();
  });

  it("does not take apps for removed that its role may not see any more", async () => {
    const { clock, start, stop, on, fold } = setUp(19);
    start();
    await clock.advance(3_000);
    on("apps", async () => ({ kind: "read", value: [] }));
    on("database", async (real) => {
      const answer = await real();
      if (answer.kind === "busy" || typeof answer.value !== "object") return answer;
      return { kind: "read", value: { ...answer.value, seesApps: false } };
    });
    await clock.advance(61_000);
    expect(fold().checks["sees-no-apps"]?.level).toBe("warning");
    expect(fold().checks["app-detached"]?.level).toBe("not-known");
    await stop();
  });

  it("shows configured apps that are not there as missing, and the stack as setting them up", async () => {
    const { clock, start, stop, fold } = setUp(14, ["app1", "hivemind"]);
    start();
    await clock.advance(3_000);
    await stop();
    expect(fold().apps.hivemind).toMatchObject({ state: "missing", contextId: null });
    expect(fold().phases).toEqual(["app_setup", "app_sync"]);
  });

  it("shows a configured app as installing whose schema is there and whose context is not", async () => {
    const clock = createManualClock();
    const journal = createMemoryRecorder(clock);
    const asked: (readonly string[])[] = [];
    const store: HafStore = {
      ...createRecordedStore({ steps: recordedSteps(), at: () => 13, clock }),
      async schemas(names) {
        asked.push(names);
        return { kind: "read", value: ["hivemind"] };
      },
    };
    const reader = createHafReader({
      ...{ sourceId: "hive", store, engine: null, apps: ["app1", "hivemind", "hafah"], recorder: journal.recorder },
      ...{ view: journal.recorder, clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
    });
    await reader.readNow();
    const { apps } = journal.recorder.haf("hive");
    expect([apps.hivemind?.state, apps.hafah?.state, apps.app1?.state]).toEqual([
      ...["installing", "missing", "waiting_for_haf"],
    ]);
    expect(asked).toEqual([["hivemind", "hafah"]]);
  });

  it("tells of everything once more after the journal refused it, and of nothing twice", async () => {
    const { clock, start, stop, journal, to, rows, fold } = setUp(6);
    start();
    await clock.advance(3_000);
    journal.fail();
    to(9);
    await clock.advance(4_000);
    to(15);
    await clock.advance(4_000);
    expect(fold().apps).toEqual({});
    journal.mend();
    await clock.advance(4_000);
    expect(rows()).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    expect(Object.keys(fold().apps)).toEqual(["app1", "app2", "app3"]);
    await stop();
  });

  it("does not judge what it read while the console itself stood still", async () => {
    const { clock, start, stop, late, to, fold } = setUp(6);
    start();
    await clock.advance(3_000);
    late(6_000);
    to(9);
    await clock.advance(4_000);
    expect(fold().apps).toEqual({});
    late(0);
    await clock.advance(4_000);
    expect(Object.keys(fold().apps)).toHaveLength(3);
    await stop();
  });

  it("computes paces and what is left from its looks, and journals progress by hundredths only", async () => {
    const { clock, start, stop, on, sample, journal } = setUp(5);
    let block = 9_000;
    on("instance", async (real) => {
      const answer = await real();
      if (answer.kind === "busy" || typeof answer.value !== "object") return answer;
      block += 100;
      return { kind: "read", value: { ...answer.value, consistentBlock: block } };
    });
    start();
    await clock.advance(40_000);
    await stop();
    expect(sample()?.blocksPerSecond).toBeCloseTo(50, 1);
    expect(sample()?.leftMs).toBeGreaterThan(0);
    const told = journal.events.filter(({ kind }) => kind === "haf.progress");
    expect(told.length).toBeGreaterThan(1);
    expect(told.length).toBeLessThan(8);
  });
});

describe("a database that goes back", () => {
  it("to an older block is told, with its rows neither lost nor told twice, across a restart too", async () => {
    const { clock, start, stop, to, rows, fold, journal, restart } = setUp(21);
    start();
    await clock.advance(3_000);
    expect(rows()).toHaveLength(22);
    to(16);
    await clock.advance(6_000);
    const rewound = journal.events.find(({ kind }) => kind === "haf.block.rewound");
    expect(rewound?.body).toEqual({ from: 12_001, to: 12_000 });
    expect(rows()).toHaveLength(22);
    expect(fold().apps.app2?.state).not.toBe("removed");
    await restart();
    await clock.advance(6_000);
    expect(rows()).toHaveLength(22);
    to(18);
    await clock.advance(6_000);
    expect(rows().slice(22)).toEqual(["12", "13", "14"]);
    expect(fold().fork?.id).toBe("1");
    await stop();
  });

  it("to nothing at all, as another database would, begins anew without a crash", async () => {
    const { clock, start, stop, to, rows, fold } = setUp(24);
    start();
    await clock.advance(3_000);
    to(1);
    await clock.advance(6_000);
    expect(fold().phases).toEqual(["haf_starting"]);
    expect(Object.values(fold().apps).map(({ state }) => state)).toEqual(["removed", "removed", "removed"]);
    to(9);
    await clock.advance(12_000);
    expect(rows().slice(-3)).toEqual(["1", "2", "3"]);
    expect(fold().apps.app1).toMatchObject({ state: "installed", life: 2 });
    await stop();
  });

  it("is told of in full where its log is longer than one read gives, and of old slowness not at all", async () => {
    const { clock, start, stop, on, rows } = setUp(19);
    const at = epochMs(clock.now() - 7_200_000);
    const log: HafLogRow[] = Array.from({ length: 2_500 }, (_, index) => ({
      ...{
        id: String(index + 1),
        app: "app1",
        stage: "live",
        event: index % 100 === 0 ? "STATE_CHANGED" : "SLOW_PROCESSING",
      },
      ...{ at, block: index, forkId: "1", headBlock: index },
    }));
    let after = 0;
    on("appLog", async () => {
      const value = log.slice(after, after + 1_000);
      after += 1_000;
      return { kind: "read", value };
    });
    start();
    await clock.advance(1_000);
    await stop();
    expect(rows()).toHaveLength(25);
  });
});

describe("hived", () => {
  it("that is started again is told, and its replay is expected", async () => {
    const { clock, start, stop, on, mend, journal, fold } = setUp(19);
    start();
    await clock.advance(3_000);
    on("instance", async (real) => {
      const answer = await real();
      if (answer.kind === "busy" || typeof answer.value !== "object") return answer;
      return { kind: "read", value: { ...answer.value, syncState: "REINDEX_WAIT" } };
    });
    on("hivedConnections", async () => ({
      kind: "read",
      value: [
        { id: "1", block: 1, gitSha: "lab", at: clock.now() },
        { id: "2", block: 12_001, gitSha: "lab2", at: clock.now() },
      ],
    }));
    await clock.advance(3_000);
    expect(fold().phases).toEqual(["replay"]);
    expect(fold().hived).toMatchObject({ connectionId: "2", gitSha: "lab2" });
    expect(fold().checks["hived-restarted"]?.level).toBe("warning");
    expect(fold().checks["odd-transition"]?.level).toBe("ok");
    const told = journal.events.findLast(({ kind }) => kind === "haf.sync_state.changed");
    expect(told?.body).toEqual({ from: "LIVE", to: "REINDEX_WAIT", expected: true });
    await clock.advance(700_000);
    expect(fold().checks["hived-restarted"]?.level).toBe("ok");
    mend();
    await stop();
  });

  it("that goes a way it never takes is told as odd", async () => {
    const { clock, start, stop, to, fold } = setUp(14);
    start();
    await clock.advance(3_000);
    to(5);
    await clock.advance(3_000);
    expect(fold().checks["odd-transition"]).toMatchObject({
      level: "warning",
      evidence: "hived went from LIVE to REINDEX",
    });
    await stop();
  });
});
