/** Plans of the shapes that the suite of actions needs, found in whatever database there is; each is given out once. */
import { type PlanReading, readPlan } from "./command-prepare.ts";
import { matchesClass } from "./domain/cancel.ts";
import { isWorldClass } from "./domain/records.ts";
import { failedSteps } from "./domain/skip.ts";
import type { DynflowStore } from "./ports.ts";

const PAGE = 200;
/** Plans of one state that are looked at. */
const LOOKED_AT_MAX = 2_000;
const HOUR_MS = 3_600_000;

/** What has to be there, as the document of the suite says it too (`docs/operations.md`, "Trying the actions"). */
export const SHAPES = {
  paused: "paused with a failed run step, held by nobody; resumed, it runs",
  planned: "planned, held by nobody",
  stopped: "stopped",
  suspended: "running under an executor's lock, with a suspended step of a class named in DYNFLOW_TEST_CANCELLABLE",
  "sub-plans": "running under an executor's lock, with a suspended step that has unfinished sub-plans",
  scheduled: "scheduled, to start in an hour or later, not frozen, without unfinished prerequisites",
  unlocked: "running, held by nobody",
  "dead-lock": "running under the lock of a world that has no record",
} as const;
export type Shape = keyof typeof SHAPES;

const STATES: Readonly<Record<Shape, string>> = {
  paused: "paused",
  planned: "planned",
  stopped: "stopped",
  suspended: "running",
  "sub-plans": "running",
  scheduled: "scheduled",
  unlocked: "running",
  "dead-lock": "running",
};

export interface ShapeFinder {
  /** A plan of this shape that was not given out before; `null` = there is none. */
  find(shape: Shape): Promise<string | null>;
}

export function createShapeFinder(store: DynflowStore, cancellable: readonly string[]): ShapeFinder {
  const used = new Set<string>();

  async function fits(shape: Shape, reading: PlanReading): Promise<boolean> {
    const { plan, locks } = reading;
    const lockedBy = locks.find((lock) => lock.kind === "execution")?.worldId ?? null;
    const free = locks.length === 0;
    const alive = lockedBy !== null && (await hasRecord(lockedBy));
    const suspended = plan.steps.filter((step) => step.phase === "run" && step.state === "suspended");
    const sub = plan.subPlanIds.length > 0;
    switch (shape) {
      case "paused":
        return free && failedSteps(plan).some((step) => step.phase === "run");
      case "planned":
      case "unlocked":
        return free;
      case "stopped":
        return true;
      case "suspended":
        return (
          alive && !sub && suspended.some((step) => cancellable.some((name) => matchesClass(name, step.actionClass)))
        );
      case "sub-plans":
        return alive && suspended.length > 0 && sub && (await anyUnfinished(plan.subPlanIds));
      case "scheduled": {
        const startAt = Date.parse(plan.delayed?.startAt ?? "");
        const waits = await anyUnfinished(plan.blockedBy);
        return free && plan.delayed?.frozen === false && startAt > Date.now() + HOUR_MS && !waits;
      }
      case "dead-lock":
        return lockedBy !== null && !alive;
    }
  }

  const hasRecord = async (worldId: string): Promise<boolean> =>
    (await store.recordKeys()).some((key) => key.id === worldId && isWorldClass(key.class));
  const anyUnfinished = async (ids: readonly string[]): Promise<boolean> =>
    ids.length > 0 && (await store.heads(ids.slice(0, 500))).some((head) => head.state !== "stopped");

  return {
    async find(shape) {
      const filter = { ids: [], states: [STATES[shape]], results: [], label: null, startedFrom: null, startedTo: null };
      let cursor: string | null = null;
      for (let looked = 0; looked < LOOKED_AT_MAX; looked += PAGE) {
        const from = cursor === null ? null : ({ cursor, direction: "next" } as const);
        const page = await store.plans({ filter, sort: "id", descending: false, limit: PAGE, from });
        for (const { id } of page.rows) {
          if (used.has(id)) continue;
          const reading = await readPlan(store, id);
          if (reading === null || reading.plan.head.state !== STATES[shape] || !(await fits(shape, reading))) continue;
          used.add(id);
          return id;
        }
        cursor = page.nextCursor;
        if (cursor === null) break;
      }
      return null;
    },
  };
}
