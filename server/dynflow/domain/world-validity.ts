/**
 * What can be said of a world, and of locks whose owner is not there any more, from records alone.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world.rb
 * `perform_validity_checks`, coordinator.rb `clean_orphaned_locks`.
 */
import type { EpochMs } from "#server/kernel/clock.ts";
import type { LockKind } from "./records.ts";

const QUARTER_MS = 15 * 60_000;
/** Zones lie between UTC-12 and UTC+14. */
const ZONE_MIN_MS = -12 * 3_600_000;
const ZONE_MAX_MS = 14 * 3_600_000;
/** How far from a whole quarter of an hour a clock may be for its zone to be believed. */
const ZONE_TOLERANCE_MS = 90_000;
const LAST_SEEN = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?$/;

/** The text of `last_seen` as if it were UTC; `null` when it is none. */
export function lastSeenAsUtc(text: string): number | null {
  const parts = LAST_SEEN.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second, fraction = "0"] = parts;
  const value = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return Number.isFinite(value) ? value + Number(fraction.padEnd(3, "0")) : null;
}

/**
 * The zone of whoever wrote `text`, in milliseconds east of UTC, learned by having watched it change: it had been written
 * shortly before `changedAt`. `null` when no zone explains it: the clock of that host is off.
 */
export function learnedZone(text: string, changedAt: EpochMs): number | null {
  const asUtc = lastSeenAsUtc(text);
  if (asUtc === null) return null;
  const offset = asUtc - changedAt;
  const zone = Math.round(offset / QUARTER_MS) * QUARTER_MS + 0;
  if (zone < ZONE_MIN_MS || zone > ZONE_MAX_MS || Math.abs(offset - zone) > ZONE_TOLERANCE_MS) return null;
  return zone;
}

/** How long ago a world was last seen, where its zone is known. */
export interface LastSeenHint {
  readonly text: string;
  /** `null` = not known: the text has no zone. */
  readonly ageMs: number | null;
  readonly zone: "watched" | "like-others" | "unknown";
}

/** A hint, never a proof of life: a healthy client writes only when it registers. */
export function lastSeenHint(
  text: string,
  known: { readonly own: number | null; readonly others: readonly number[] },
  now: EpochMs,
): LastSeenHint {
  const [first] = known.others;
  const shared = first !== undefined && known.others.every((zone) => zone === first) ? first : null;
  const zone = known.own ?? shared;
  const asUtc = lastSeenAsUtc(text);
  if (zone === null || asUtc === null) return { text, ageMs: null, zone: "unknown" };
  return { text, ageMs: Math.max(0, now - (asUtc - zone)), zone: known.own === null ? "like-others" : "watched" };
}

/** Why a lock is left over, what removes it, and when. `null` = nothing says that it is. */
export interface OrphanWords {
  readonly reason: string;
  readonly remedy: string;
}

const AT_START = "The next executor that starts removes it; nothing checks before.";

/** What is known of the plan of a lock: its state, or that it has no row. */
export type PlanStanding = { readonly kind: "state"; readonly state: string } | { readonly kind: "missing" };

export function orphanOf(
  lock: { readonly kind: LockKind; readonly worldId: string | null; readonly planId: string | null },
  worldExists: (worldId: string) => boolean,
  plan: PlanStanding | null,
): OrphanWords | null {
  if (lock.worldId !== null && !worldExists(lock.worldId)) return orphanOfWorld(lock.kind);
  if (plan === null) return null;
  if (lock.kind === "singleton") return orphanSingleton(plan);
  if (lock.kind === "inhibition") return orphanInhibition(plan);
  if (lock.kind === "execution" || lock.kind === "planning") {
    return plan.kind === "missing" ? { reason: "Its plan has no row.", remedy: AT_START } : null;
  }
  return null;
}

function orphanOfWorld(kind: LockKind): OrphanWords {
  const reason = "The world that owns it has no record: nobody will release it.";
  switch (kind) {
    case "execution":
    case "planning":
      return {
        reason,
        remedy: `${AT_START} It treats the plan as if its world had died: what ran is failed, what only waited goes on.`,
      };
    case "world-invalidation":
      return { reason, remedy: `${AT_START} Until then nobody can invalidate that world.` };
    case "delayed-executor":
    case "plan-cleaner":
      return { reason, remedy: `${AT_START} Until then no executor does its work.` };
    default:
      return { reason, remedy: AT_START };
  }
}

function orphanSingleton(plan: PlanStanding): OrphanWords | null {
  if (plan.kind === "missing") return { reason: "The plan that owns it has no row.", remedy: AT_START };
  if (plan.state !== "stopped" && plan.state !== "paused") return null;
  return {
    reason: `The plan that owns it is ${plan.state}: it should have been released then.`,
    remedy: `${AT_START} Until then no other plan of that action can start.`,
  };
}

function orphanInhibition(plan: PlanStanding): OrphanWords | null {
  if (plan.kind === "state" && plan.state !== "stopped") return null;
  const reason =
    plan.kind === "missing" ? "Its plan has no row." : "Its plan is stopped: there is nothing left to halt.";
  return {
    reason,
    remedy: "It harms nobody. The next invalidation of any world removes it when its plan is stopped.",
  };
}
