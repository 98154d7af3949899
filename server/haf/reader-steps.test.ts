import { describe, expect, it } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import { hafStream } from "#server/contract/event.ts";
import { reduceAll } from "#server/contract/fold/fold.ts";
import { createRecordedStore } from "#server/demo/haf/recorded-store.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createHafReader } from "./reader.ts";
import { EXPECTED_STEPS, judgedOf } from "./recorded-steps.test-kit.ts";

const STREAM = hafStream("hive");
const steps = recordedSteps();

function setUp() {
  const clock = createManualClock();
  const journal = createMemoryRecorder(clock);
  let at = 0;
  const store = createRecordedStore({ steps, at: () => at, clock });
  const open = () =>
    createHafReader({
      ...{ sourceId: "hive", store, engine: null, apps: [], recorder: journal.recorder, view: journal.recorder },
      ...{ clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
    });
  let reader = open();
  return {
    clock,
    journal,
    fold: () => journal.recorder.haf("hive"),
    sample: () => journal.recorder.samples()[STREAM]?.haf,
    /** @param step from 1 */
    async to(step: number) {
      at = step - 1;
      await clock.advance(2_000);
      await reader.readNow();
    },
    restart() {
      reader = open();
    },
  };
}

function blocksOf(console: ReturnType<typeof setUp>) {
  return Object.fromEntries(Object.entries(console.sample()?.apps ?? {}).map(([name, { block }]) => [name, block]));
}

describe("the recording, step by step", () => {
  it("gives the expected phases, states, stages, indexes and troubles at each of its 24 steps", async () => {
    const console = setUp();
    for (const { step, name, ...expected } of EXPECTED_STEPS) {
      await console.to(step);
      expect({ step, ...judgedOf(console.fold(), blocksOf(console)) }).toEqual({ step, ...expected });
      expect(steps[step - 1]?.name).toBe(name);
    }
    expect(console.fold().source.state).toBe("up");
  });

  it("gives the same when the console is started anew before each step, and tells nothing twice", async () => {
    const [whole, restarted] = [setUp(), setUp()];
    for (const { step } of EXPECTED_STEPS) {
      await whole.to(step);
      restarted.restart();
      await restarted.to(step);
      expect(judgedOf(restarted.fold(), blocksOf(restarted))).toEqual(judgedOf(whole.fold(), blocksOf(whole)));
    }
    const rows = (console: typeof whole) =>
      console.journal.events.flatMap((event) => (event.kind === "haf.app.logged" ? event.body.logId : []));
    expect(rows(restarted)).toEqual(Array.from({ length: 24 }, (_, index) => String(index + 1)));
    expect(rows(restarted)).toEqual(rows(whole));
    expect(restarted.fold().roles).toEqual(whole.fold().roles);
  });

  it("is the same state at each step when the journal is folded up to there", async () => {
    const console = setUp();
    for (const { step } of EXPECTED_STEPS) {
      await console.to(step);
      const folded = reduceAll({}, JSON.parse(JSON.stringify(console.journal.events)))[STREAM];
      expect(canonicalJson(folded)).toBe(canonicalJson(console.fold()));
    }
  });

  it("records nothing at a second look at the same", async () => {
    const console = setUp();
    for (const { step } of EXPECTED_STEPS) {
      await console.to(step);
      const count = console.journal.events.length;
      await console.to(step);
      expect(console.journal.kinds().slice(count)).toEqual([]);
    }
  });

  it("computes ready, estimated head and in sync as HAF's own functions did", async () => {
    const console = setUp();
    for (const recorded of steps) {
      await console.to(recorded.step);
      const { ready, apps } = console.fold();
      expect({ step: recorded.step, ready, head: console.sample()?.head }).toEqual({
        step: recorded.step,
        ready: recorded.is_instance_ready,
        head: recorded.estimated_head,
      });
      for (const { name, is_app_in_sync } of recorded.contexts)
        expect([recorded.step, name, apps[name]?.inSync]).toEqual([recorded.step, name, is_app_in_sync]);
    }
  });

  it("infers the lives of roles, each in its order, with what caused it", async () => {
    const console = setUp();
    for (const { step } of EXPECTED_STEPS) await console.to(step);
    const told = console.journal.events.flatMap((event) => (event.kind === "haf.role.changed" ? event : []));
    const of = (role: string, app: string | null) =>
      told.flatMap(({ body }) => (body.role === role && body.app === app ? body.to : []));
    expect(of("live_trigger", null)).toEqual(["alive", "done"]);
    expect(of("haf", null)).toEqual(["alive"]);
    expect(of("mib", "app1")).toEqual(["planned", "alive", "done"]);
    expect(of("setup", "app2")).toEqual(["alive", "done"]);
    expect(of("sync", "app1")).toEqual(["alive", "sick"]);
    expect(of("detector", "app3")).toEqual(["alive", "done"]);
    expect(of("sync", "app3")).toEqual(["alive", "destroyed"]);
    expect(of("api", "app1")).toEqual(["alive"]);
    const second = told.find(({ body }) => body.role === "setup" && body.app === "app2");
    expect(second?.body.cause).toEqual({ role: "setup", app: "app1", generation: 1 });
  });

  it("tells the blocks that went down with the row of the log that says why", async () => {
    const console = setUp();
    for (const { step } of EXPECTED_STEPS) await console.to(step);
    expect(console.fold().checks["block-went-down"]).toMatchObject({
      level: "warning",
      about: ["app1"],
      evidence: "app1 went from block 12004 back to 12001, log: DETACHED at block 12004",
    });
  });

  it("bears a recording that begins again: the database is rewound, apps are removed and live again", async () => {
    const console = setUp();
    for (const { step } of EXPECTED_STEPS) await console.to(step);
    const count = console.journal.events.length;
    for (const { step, name: _, troubles: __, ...expected } of EXPECTED_STEPS) {
      await console.to(step);
      const { troubles: ___, apps, ...judged } = judgedOf(console.fold(), blocksOf(console));
      const there = Object.fromEntries(Object.entries(apps).filter(([, [state]]) => state !== "removed"));
      const wanted = Object.fromEntries(Object.entries(expected.apps).filter(([, [state]]) => state !== "removed"));
      expect({ step, ...judged, apps: there }).toEqual({ step, ...expected, apps: wanted });
    }
    const again = console.journal.events.slice(count);
    expect(again.map(({ kind }) => kind)).toContain("haf.block.rewound");
    expect(again.filter(({ kind }) => kind === "haf.app.logged")).toHaveLength(24);
    expect(console.fold().apps.app2).toMatchObject({ state: "live", life: 2 });
    expect(console.fold().roles["sync/app2/2"]).toMatchObject({ state: "alive" });
  });
});
