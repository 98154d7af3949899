import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  HAF_APP_STATES,
  HAF_PHASES,
  HAF_SYNC_STATES,
  type HafAppState,
  type HafRole,
  hafRoleKey,
} from "#server/contract/haf.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { aTrace } from "./facts.test-kit.ts";
import { type AppTrace, inferRoles } from "./inferred-roles.ts";
import { isExpectedMove } from "./instance.ts";
import { isOver, type Life, type LifeChange } from "./lives.ts";
import { phasesOf } from "./phases.ts";

/** A failing run prints its seed. */
const RUNS = { numRuns: 300 };
const STARTED_AT = 1_000_000;

interface AppRun {
  readonly createdAt: number;
  readonly iteratesAfter: number;
  readonly liveAfter: number;
  readonly servedAfter: number;
  readonly removedAfter: number | null;
  readonly asksIndexes: boolean;
}
const appRun: fc.Arbitrary<AppRun> = fc.record({
  createdAt: fc.integer({ min: 0, max: 20 }),
  iteratesAfter: fc.integer({ min: 1, max: 8 }),
  liveAfter: fc.integer({ min: 0, max: 8 }),
  servedAfter: fc.integer({ min: 0, max: 4 }),
  removedAfter: fc.option(fc.integer({ min: 0, max: 20 }), { nil: null, freq: 4 }),
  asksIndexes: fc.boolean(),
});

/** The app as a look at `tick` finds it; `null` = it is not there yet. */
function traceAt(run: AppRun, index: number, tick: number): AppTrace | null {
  if (tick < run.createdAt) return null;
  const iterates = run.createdAt + run.iteratesAfter;
  const live = iterates + run.liveAfter;
  const removed = run.removedAfter !== null && tick >= live + run.removedAfter;
  const state: HafAppState = removed ? "removed" : tick >= live ? "live" : tick >= iterates ? "massive" : "installed";
  return aTrace({
    ...{ name: `app${index}`, state, known: tick > run.createdAt },
    createdAt: epochMs(STARTED_AT + run.createdAt),
    iterated: tick >= iterates,
    iteratedAt: tick >= iterates ? epochMs(STARTED_AT + iterates) : null,
    removedAt: removed ? epochMs(STARTED_AT + tick) : null,
    served: tick >= live + run.servedAfter,
    indexes: { missing: 0, creating: run.asksIndexes && tick < iterates ? 2 : 0 },
  });
}

/** One set-up of a stack, looked at now and then. */
const stackRun = fc.record({
  apps: fc.array(appRun, { maxLength: 6 }),
  liveAt: fc.integer({ min: 0, max: 25 }),
  looks: fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 25 }),
});

interface Told extends LifeChange {
  readonly tick: number;
  readonly appState: HafAppState | null;
}

function tell({ apps, liveAt, looks }: typeof stackRun extends fc.Arbitrary<infer T> ? T : never): readonly Told[] {
  let lives: readonly Life[] = [];
  return looks
    .toSorted((a, b) => a - b)
    .flatMap((tick) => {
      const traces = apps.flatMap((run, index) => traceAt(run, index, tick) ?? []);
      const changes = inferRoles({
        ...{ now: epochMs(STARTED_AT + tick), syncState: tick >= liveAt ? "LIVE" : "P2P", apps: traces, lives },
        told: () => false,
      });
      const byKey = new Map(lives.map((life) => [hafRoleKey(life), life]));
      for (const change of changes) byKey.set(hafRoleKey(change), { ...change, state: change.to, since: change.at });
      lives = [...byKey.values()];
      return changes.map((change) => ({
        ...change,
        tick,
        appState: traces.find(({ name }) => name === change.app)?.state ?? null,
      }));
    });
}

const first = (told: readonly Told[], role: HafRole, app: string | null, over = false): number =>
  told.findIndex((change) => change.role === role && change.app === app && isOver(change.to) === over);

function holdsOnEveryRun(check: (told: readonly Told[]) => void): void {
  fc.assert(
    fc.property(stackRun, (run) => check(tell(run))),
    RUNS,
  );
}

describe("lives of roles, on generated runs", () => {
  it("each follow on from where they were, and none goes on after its end", () => {
    holdsOnEveryRun((told) => {
      const state = new Map<string, string>();
      for (const change of told) {
        const key = hafRoleKey(change);
        expect(change.from).toBe(state.get(key) ?? null);
        expect(["done", "failed", "destroyed"]).not.toContain(change.from);
        expect(change.to).not.toBe(change.from);
        state.set(key, change.to);
      }
    });
  });

  it("have at most one set-up at a time, one after another", () => {
    holdsOnEveryRun((told) => {
      let alive = 0;
      for (const change of told.filter(({ role }) => role === "setup")) {
        alive += change.to === "alive" ? 1 : -1;
        expect(alive).toBeGreaterThanOrEqual(0);
        expect(alive).toBeLessThanOrEqual(1);
      }
    });
  });

  it("have no sync before the set-up of its app ended, and no detector before its sync", () => {
    holdsOnEveryRun((told) => {
      for (const { role, app } of told) {
        if (role === "sync") expect(first(told, "setup", app, true)).toBeLessThan(first(told, "sync", app));
        if (role === "detector") expect(first(told, "sync", app)).toBeLessThan(first(told, "detector", app));
      }
    });
  });

  it("have no API before its app was live, and its detector is over by then", () => {
    holdsOnEveryRun((told) => {
      for (const [index, change] of told.entries()) {
        if (change.role !== "api" || change.to !== "alive") continue;
        expect(change.appState).toBe("live");
        const detector = told.slice(0, index).findLast(({ role, app }) => role === "detector" && app === change.app);
        expect(detector?.to ?? "done").toBe("done");
      }
    });
  });

  it("never end HAF; an app's roles end only when the app is removed", () => {
    holdsOnEveryRun((told) => {
      for (const { role, to, appState } of told) {
        if (role === "haf") expect(to).toBe("alive");
        if (to === "destroyed") expect(appState).toBe("removed");
      }
    });
  });

  it("have the live trigger at most once, and ended once LIVE is seen", () => {
    holdsOnEveryRun((told) => {
      const states = told.filter(({ role }) => role === "live_trigger").map(({ to }) => to);
      expect([[], ["alive"], ["alive", "done"]]).toContainEqual(states);
    });
  });

  it("come to rest: a second look at the same changes nothing", () => {
    fc.assert(
      fc.property(stackRun, ({ apps, liveAt, looks }) => {
        const last = Math.max(...looks);
        const [once, twice] = [tell({ apps, liveAt, looks: [last] }), tell({ apps, liveAt, looks: [last, last] })];
        expect(twice.length).toBe(once.length);
      }),
      RUNS,
    );
  });
});

describe("phases", () => {
  const facts = fc.record({
    syncState: fc.option(fc.constantFrom(...HAF_SYNC_STATES, "A_STATE_OF_TOMORROW"), { nil: null }),
    ready: fc.option(fc.boolean(), { nil: null }),
    apps: fc.array(
      fc.record({ state: fc.constantFrom(...HAF_APP_STATES), stage: fc.option(fc.constantFrom("live", "M")) }),
    ),
    appIndexesPending: fc.nat({ max: 3 }),
    buildersAlive: fc.boolean(),
    setupAlive: fc.boolean(),
  });

  it("are never none but for a word that is not known, in the order of the process, each once", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const judged = phasesOf(given);
        if (judged === null) {
          expect(given.syncState).toBe("A_STATE_OF_TOMORROW");
          return;
        }
        const ranks = judged.phases.map((phase) => HAF_PHASES.indexOf(phase));
        expect(ranks.length).toBeGreaterThan(0);
        expect(ranks).toEqual([...new Set(ranks)].toSorted((a, b) => a - b));
      }),
    );
  });

  it("serve or sync only while HAF is live and ready", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const judged = phasesOf(given)?.phases ?? [];
        const late = judged.some((phase) => HAF_PHASES.indexOf(phase) >= HAF_PHASES.indexOf("live_trigger_fired"));
        if (late) expect([given.syncState, given.ready]).toEqual(["LIVE", true]);
      }),
    );
  });
});

describe("ways of hived", () => {
  const move = (from: string | null, to: string, more: { restarted?: boolean; gapMs?: number | null } = {}) =>
    isExpectedMove({ from, to, restarted: false, gapMs: 2_000, ...more });

  it("are those it takes by itself, one by one", () => {
    const ways = HAF_SYNC_STATES.flatMap((from) =>
      HAF_SYNC_STATES.flatMap((to) => (from !== to && to !== "START" && move(from, to) ? `${from}>${to}` : [])),
    );
    expect(ways).toEqual([
      ...["START>WAIT", "START>REINDEX_WAIT", "START>P2P", "START>LIVE", "WAIT>P2P", "WAIT>LIVE"],
      ...["REINDEX_WAIT>WAIT", "REINDEX_WAIT>REINDEX", "REINDEX>P2P", "REINDEX>LIVE", "P2P>LIVE"],
    ]);
  });

  it("may replay after a restart, and may have passed others between looks that are far apart", () => {
    expect(move("LIVE", "REINDEX_WAIT")).toBe(false);
    expect(move("LIVE", "REINDEX_WAIT", { restarted: true })).toBe(true);
    expect(move("LIVE", "REINDEX", { restarted: true })).toBe(true);
    expect(move("REINDEX_WAIT", "P2P")).toBe(false);
    expect(move("REINDEX_WAIT", "P2P", { gapMs: 60_000 })).toBe(true);
    expect(move("LIVE", "P2P", { gapMs: null })).toBe(false);
    expect(move(null, "LIVE")).toBe(true);
    expect(move("LIVE", "START")).toBe(true);
  });
});
