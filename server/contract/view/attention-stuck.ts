/** Plans that will not go on by themselves, or that take longer than anything should. */
import type { StreamName } from "#server/contract/event.ts";
import type { DynflowFold, PlanFold } from "#server/contract/fold/dynflow.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { groupedByClass, type PlanEntry } from "./attention-groups.ts";
import { type Patience, suspendedLateMs } from "./attention-patience.ts";
import { type Finding, sourceOf } from "./need.ts";
import { parseInstant, plural } from "./words.ts";

/** Locks and plans are read a second apart: what differs for less than this is no finding. */
const UNLOCKED_AFTER_MS = 10_000;
/** An executor takes a planned plan up within milliseconds; one that starts, after it has looked at the other worlds. */
const PLANNED_LATE_MS = 60_000;
const PLANNING_LATE_MS = 10 * 60_000;
/** The poller looks every 15 s (Dynflow/dynflow 2.0.0 lib/dynflow/delayed_executors/polling.rb). */
const POLLER_LATE_MS = 60_000;

const NOBODY_POLLS = "no world holds the DelayedExecutorLock";
const DELAYED_EXECUTOR_LOCK = "Dynflow::Coordinator::DelayedExecutorLock";

export function stuckFindings(
  stream: StreamName,
  fold: DynflowFold,
  now: EpochMs,
  patience: Patience,
): readonly Finding[] {
  const entries = Object.entries(fold.plans);
  const pick = (wanted: (plan: PlanFold) => boolean): readonly PlanEntry[] =>
    entries.filter(([, plan]) => wanted(plan));
  const age = (at: EpochMs | null): number => (at === null ? -1 : now - at);
  const unlocked = (plan: PlanFold) => age(plan.unlockedSince) >= UNLOCKED_AFTER_MS;
  return [
    ...groupedByClass(
      stream,
      pick((plan) => plan.state === "running" && unlocked(plan)),
      {
        kind: "plan_unlocked",
        severity: "failed",
        since: sinceUnlocked,
        one: "is running, but no world holds its lock",
        many: "are running, but no world holds their locks",
        evidence: () => ["nobody executes it, and a running plan cannot be resumed"],
        remedy: "Halt it: its steps stay as they are and no rescue runs",
      },
    ),
    ...groupedByClass(
      stream,
      pick((plan) => plan.state === "planning" && unlocked(plan)),
      {
        kind: "planning_stuck",
        severity: "failed",
        since: sinceUnlocked,
        one: "stays in planning, and no world plans it",
        many: "stay in planning, and no world plans them",
        evidence: () => ["the world that planned it is gone, nothing moves it on"],
        remedy: "Halt it and have it asked for again",
      },
    ),
    ...groupedByClass(
      stream,
      pick((plan) => plan.state === "planning" && !unlocked(plan) && age(plan.stateSince) >= PLANNING_LATE_MS),
      {
        kind: "planning_stuck",
        severity: "attention",
        since: sinceState,
        one: "has been planning for long",
        many: "have been planning for long",
        evidence: () => ["a world holds its planning lock"],
        remedy: "Ping the world that plans it",
      },
    ),
    ...groupedByClass(
      stream,
      pick((plan) => plan.state === "planned" && unlocked(plan) && age(plan.stateSince) >= PLANNED_LATE_MS),
      {
        kind: "planned_long",
        severity: "attention",
        since: sinceState,
        one: "is planned, but nobody executes it",
        many: "are planned, but nobody executes them",
        evidence: () => ["the request to execute it was lost, or no executor took it"],
        remedy: "Resume: it asks an executor to run it",
        offer: "resume",
      },
    ),
    ...groupedByClass(
      stream,
      pick((plan) => isAllSuspended(plan) && !unlocked(plan) && age(plan.movedAt) >= suspendedLateMs(patience, plan)),
      {
        kind: "suspended_long",
        severity: "attention",
        since: ({ movedAt }) => movedAt,
        one: "waits suspended, nothing of it has moved",
        many: "wait suspended, nothing of them has moved",
        evidence: ({ steps }) => [`${plural(countOf(steps, "suspended"), "step")} suspended, none running`],
        remedy: "Look at what it waits for; cancel the step if it will not come",
      },
    ),
    ...scheduledFindings(stream, fold, pick, now),
  ];
}

function scheduledFindings(
  stream: StreamName,
  fold: DynflowFold,
  pick: (wanted: (plan: PlanFold) => boolean) => readonly PlanEntry[],
  now: EpochMs,
): readonly Finding[] {
  const scheduled = pick(({ state }) => state === "scheduled");
  const never = scheduled.filter(
    ([, { delay, stateSince }]) => delay === null && now - stateSince >= UNLOCKED_AFTER_MS,
  );
  const frozen = scheduled.filter(([, { delay }]) => delay?.frozen === true);
  const missed = scheduled.filter(([, { delay }]) => {
    const before = parseInstant(delay?.startBefore ?? null);
    return delay?.frozen === false && before !== null && now - before >= POLLER_LATE_MS;
  });
  return [
    ...groupedByClass(stream, never, {
      kind: "never_starts",
      severity: "failed",
      since: sinceState,
      one: "is scheduled, but nothing will ever start it",
      many: "are scheduled, but nothing will ever start them",
      evidence: () => ["the row of its delay is gone: it can neither be started nor cancelled"],
      remedy: "Halt it and have it asked for again",
    }),
    ...groupedByClass(stream, frozen, {
      kind: "never_starts",
      severity: "attention",
      since: sinceState,
      one: "is scheduled and frozen",
      many: "are scheduled and frozen",
      evidence: () => ["it does not start while it is frozen"],
      remedy: "Whoever froze it lets it go, or cancel it",
    }),
    ...groupedByClass(stream, missed, {
      kind: "never_starts",
      severity: "attention",
      since: sinceState,
      one: "should have started by now or been given up",
      many: "should have started by now or been given up",
      evidence: ({ delay }) => [`to be started before ${delay?.startBefore ?? "–"}`],
      remedy: "See whether an executor polls for delayed plans",
    }),
    ...noPoller(stream, fold, scheduled, now),
  ];
}

/** Plans are due, and no world that is there holds the lock of the poller that would start them. */
function noPoller(
  stream: StreamName,
  fold: DynflowFold,
  scheduled: readonly PlanEntry[],
  now: EpochMs,
): readonly Finding[] {
  const holder = Object.values(fold.locks).find((lock) => lock.class === DELAYED_EXECUTOR_LOCK);
  const gone = holder !== undefined && holder.worldId !== null && !Object.hasOwn(fold.worlds, holder.worldId);
  if (holder !== undefined && !gone) return [];
  const due = scheduled.flatMap(([, { delay, stateSince }]) => {
    if (delay === null || delay === undefined || delay.frozen) return [];
    const at = parseInstant(delay.startAt) ?? stateSince;
    return now - at >= POLLER_LATE_MS ? [at] : [];
  });
  if (due.length === 0) return [];
  return [
    {
      id: `no_poller|${stream}`,
      kind: "no_poller",
      severity: "failed",
      stream,
      target: sourceOf(stream),
      headline: [
        "No world polls for delayed plans at ",
        sourceOf(stream),
        `: ${plural(due.length, "plan is", "plans are")} due`,
      ],
      evidence: [{ text: gone ? "the world that holds the DelayedExecutorLock has no record" : NOBODY_POLLS }],
      since: Math.min(...due) as EpochMs,
      count: 1,
      place: { page: "worlds", source: sourceOf(stream), world: null },
      remedy: "Start or restart an executor",
    },
  ];
}

const sinceState = ({ stateSince }: PlanFold): EpochMs => stateSince;
const sinceUnlocked = ({ unlockedSince, stateSince }: PlanFold): EpochMs =>
  Math.max(unlockedSince ?? stateSince, stateSince) as EpochMs;

const countOf = (steps: PlanFold["steps"], state: string): number =>
  Object.values(steps ?? {}).filter((each) => each === state).length;
const isAllSuspended = ({ state, steps }: PlanFold): boolean =>
  state === "running" && countOf(steps, "suspended") > 0 && countOf(steps, "running") === 0;
