import { isMasked, type StreamName } from "#server/contract/event.ts";
import type { DynflowFold, LockFold, PlanFold, WorldFold } from "#server/contract/fold/dynflow.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type Evidence, type Finding, sourceOf } from "./need.ts";
import { plural, shortId, splitClassName } from "./words.ts";

const MESSAGE_MAX = 200;

/** Paused plans by class and error, worlds that do not answer, locks of worlds that are gone, no executor at all. */
export function dynflowFindings(stream: StreamName, fold: DynflowFold): readonly Finding[] {
  return [
    ...pausedPlans(stream, fold),
    ...silentWorlds(stream, fold),
    ...orphanedLocks(stream, fold),
    ...noExecutor(stream, fold),
  ];
}

type PlanEntry = readonly [planId: string, plan: PlanFold];

function pausedPlans(stream: StreamName, fold: DynflowFold): readonly Finding[] {
  const groups = new Map<string, PlanEntry[]>();
  for (const entry of Object.entries(fold.plans)) {
    const [, plan] = entry;
    if (plan.state !== "paused") continue;
    const key = JSON.stringify([classOf(plan), plan.failure?.exceptionClass ?? null]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups].map(([key, entries]) => pausedGroup(stream, key, entries));
}

/** The action that failed says more than the plan's root: many plans stop at the same one. */
const classOf = (plan: PlanFold): string =>
  plan.failure?.actionClass ?? plan.rootActionClass ?? plan.label ?? "unknown class";

function pausedGroup(stream: StreamName, key: string, entries: readonly PlanEntry[]): Finding {
  const sorted = [...entries].sort(([, a], [, b]) => a.stateSince - b.stateSince);
  const [first] = sorted;
  const [planId, plan] = first ?? ["", null];
  const failed = plan?.failure !== null;
  const one = entries.length === 1;
  const failedClass = plan === null ? "" : splitClassName(classOf(plan))[1];
  return {
    id: `paused_plans|${stream} ${key}`,
    kind: "paused_plans",
    severity: failed ? "failed" : "attention",
    stream,
    target: planId,
    headline: one
      ? [
          "Plan ",
          plan === null ? planId : splitClassName(plan.rootActionClass ?? plan.label ?? planId)[1],
          failed ? ` is paused on an error at ${failedClass}` : " is paused",
        ]
      : [
          "",
          plural(entries.length, "plan"),
          failed ? ` are paused on the same error at ${failedClass}` : ` of ${failedClass} are paused`,
        ],
    evidence: [{ text: sourceOf(stream) }, ...(one ? [{ text: shortId(planId) }] : []), ...failureEvidence(plan)],
    since: plan?.stateSince ?? null,
    count: entries.length,
    place: one
      ? { page: "plan", source: sourceOf(stream), planId }
      : { page: "plans", source: sourceOf(stream), state: "paused" },
  };
}

function failureEvidence(plan: PlanFold | null): readonly Evidence[] {
  const failure = plan?.failure ?? null;
  if (failure === null) return [{ text: "without an error: somebody or something paused it" }];
  const { exceptionClass, message } = failure;
  const said = isMasked(message) ? "message not shown to viewers" : message.split("\n", 1)[0]?.slice(0, MESSAGE_MAX);
  return [{ text: `step ${failure.stepId}` }, { text: `${exceptionClass}: ${said}` }];
}

const worldName = (id: string, world: WorldFold): string => world.hostname ?? shortId(id);

function silentWorlds(stream: StreamName, fold: DynflowFold): readonly Finding[] {
  return Object.entries(fold.worlds).flatMap(([id, world]): readonly Finding[] => {
    const unanswered = world.ping !== null && world.ping.roundTripMs === null;
    if (!world.executor || (!unanswered && world.unreadable === null)) return [];
    const held = Object.values(fold.locks).filter((lock) => lock.worldId === id).length;
    return [
      {
        id: `world_silent|${stream} ${id}`,
        kind: "world_silent",
        severity: held > 0 && unanswered ? "failed" : "attention",
        stream,
        target: id,
        headline: [
          "World ",
          worldName(id, world),
          unanswered ? " did not answer a ping" : " has a record that cannot be read",
        ],
        evidence: [
          { text: sourceOf(stream) },
          { text: `${shortId(id)}${world.pid === null ? "" : `, pid ${world.pid}`}` },
          { text: `holds ${plural(held, "lock")}` },
          ...(world.unreadable === null ? [] : [{ text: world.unreadable }]),
        ],
        since: world.ping?.at ?? world.seenSince,
        count: 1,
        place: { page: "worlds", source: sourceOf(stream), world: id },
      },
    ];
  });
}

/** Locks whose world has no record: nobody will release them. One finding a world. */
function orphanedLocks(stream: StreamName, fold: DynflowFold): readonly Finding[] {
  const byWorld = new Map<string, LockFold[]>();
  for (const lock of Object.values(fold.locks)) {
    if (lock.worldId === null || Object.hasOwn(fold.worlds, lock.worldId)) continue;
    byWorld.set(lock.worldId, [...(byWorld.get(lock.worldId) ?? []), lock]);
  }
  return [...byWorld].map(([world, locks]) => {
    const plans = new Set(locks.flatMap((lock) => (lock.planId === null ? [] : [lock.planId])));
    return {
      id: `orphaned_lock|${stream} ${world}`,
      kind: "orphaned_lock",
      severity: "failed",
      stream,
      target: world,
      headline: [
        "",
        plural(locks.length, "lock"),
        ` of a world that is gone: ${plural(plans.size, "plan")} cannot go on`,
      ],
      evidence: [{ text: sourceOf(stream) }, { text: `world ${shortId(world)} has no record` }],
      since: Math.min(...locks.map((lock) => lock.seenSince)) as EpochMs,
      count: locks.length,
      place: { page: "worlds", source: sourceOf(stream), world },
    };
  });
}

const WAITING_STATES: ReadonlySet<string> = new Set(["planned", "running"]);

function noExecutor(stream: StreamName, fold: DynflowFold): readonly Finding[] {
  if (fold.source.state !== "up" || Object.values(fold.worlds).some((world) => world.executor)) return [];
  const waiting = Object.values(fold.plans).filter((plan) => WAITING_STATES.has(plan.state));
  if (waiting.length === 0) return [];
  return [
    {
      id: `no_executor|${stream}`,
      kind: "no_executor",
      severity: "failed",
      stream,
      target: sourceOf(stream),
      headline: [
        "No executor world is registered at ",
        sourceOf(stream),
        `: ${plural(waiting.length, "plan waits", "plans wait")}`,
      ],
      evidence: [{ text: "plans go on when an executor starts" }],
      since: Math.min(...waiting.map((plan) => plan.stateSince)) as EpochMs,
      count: 1,
      place: { page: "worlds", source: sourceOf(stream), world: null },
    },
  ];
}
