import type { StreamName } from "#server/contract/event.ts";
import type { DynflowFold, LockFold, WorldFold } from "#server/contract/fold/dynflow.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Patience } from "./attention-patience.ts";
import { pausedFindings } from "./attention-paused.ts";
import { stuckFindings } from "./attention-stuck.ts";
import { type Finding, sourceOf } from "./need.ts";
import { plural, shortId } from "./words.ts";

/** Plans that are paused or stuck, worlds that do not answer, locks of worlds that are gone, no executor at all. */
export function dynflowFindings(
  stream: StreamName,
  fold: DynflowFold,
  now: EpochMs,
  patience: Patience,
): readonly Finding[] {
  return [
    ...pausedFindings(stream, fold),
    ...stuckFindings(stream, fold, now, patience),
    ...silentWorlds(stream, fold),
    ...orphanedLocks(stream, fold),
    ...noExecutor(stream, fold),
  ];
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
        remedy:
          held > 0 ? "Restart it, or invalidate it once it has failed two pings" : "See whether its process is there",
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
        ` of a world that is gone${plans.size === 0 ? "" : `: ${plural(plans.size, "plan")} cannot go on`}`,
      ],
      evidence: [{ text: sourceOf(stream) }, { text: `world ${shortId(world)} has no record` }],
      since: Math.min(...locks.map((lock) => lock.seenSince)) as EpochMs,
      count: locks.length,
      place: { page: "worlds", source: sourceOf(stream), world },
      remedy: "An executor that starts takes them away",
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
      remedy: "Start an executor",
    },
  ];
}
