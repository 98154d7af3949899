/**
 * Coordinator records by what they mean. Classes we do not know stay plain locks: an application may define its own.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb (the classes and their fields).
 */
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import type { CoordinatorRecord, PayloadValue } from "./model.ts";
import type { WorldState } from "./world-states.ts";

const PREFIX = "Dynflow::Coordinator::";
export const EXECUTOR_WORLD_CLASS = `${PREFIX}ExecutorWorld`;
export const CLIENT_WORLD_CLASS = `${PREFIX}ClientWorld`;
export const EXECUTION_LOCK_CLASS = `${PREFIX}ExecutionLock`;
export const PLANNING_LOCK_CLASS = `${PREFIX}PlanningLock`;
export const EXECUTION_INHIBITION_LOCK_CLASS = `${PREFIX}ExecutionInhibitionLock`;
export const SINGLETON_ACTION_LOCK_CLASS = `${PREFIX}SingletonActionLock`;
export const WORLD_INVALIDATION_LOCK_CLASS = `${PREFIX}WorldInvalidationLock`;
export const DELAYED_EXECUTOR_LOCK_CLASS = `${PREFIX}DelayedExecutorLock`;

export interface World {
  readonly id: string;
  readonly kind: "executor" | "client";
  /** An inactive executor takes no new work but still answers pings. Clients are always active. */
  readonly state: Exclude<WorldState, "absent">;
  readonly hostname: string | null;
  readonly pid: number | null;
  /**
   * `2026-11-22 05:47:44.945` in the local time of whoever wrote it, without a zone: a hint for people who know the
   * zone, never a proof of life.
   */
  readonly lastSeenText: string | null;
  readonly runsDelayedExecutor: boolean;
  readonly queues: readonly { readonly name: string; readonly poolSize: number | null }[];
  readonly meta: JsonObject;
}

export type LockKind =
  | "execution"
  | "planning"
  | "inhibition"
  | "singleton"
  | "delayed-executor"
  | "plan-cleaner"
  | "auto-execute"
  | "world-invalidation"
  | "other";

export interface Lock {
  readonly class: string;
  readonly kind: LockKind;
  readonly id: string;
  readonly ownerId: string | null;
  /** The world that holds it; `null` for locks owned by plans. */
  readonly worldId: string | null;
  readonly planId: string | null;
  /** Who asked for the execution, and under which request. */
  readonly clientWorldId: string | null;
  readonly requestId: string | null;
}

const LOCK_KINDS: ReadonlyMap<string, LockKind> = new Map([
  [EXECUTION_LOCK_CLASS, "execution"],
  [PLANNING_LOCK_CLASS, "planning"],
  [EXECUTION_INHIBITION_LOCK_CLASS, "inhibition"],
  [SINGLETON_ACTION_LOCK_CLASS, "singleton"],
  [DELAYED_EXECUTOR_LOCK_CLASS, "delayed-executor"],
  [`${PREFIX}ExecutionPlanCleanerLock`, "plan-cleaner"],
  [`${PREFIX}AutoExecuteLock`, "auto-execute"],
  [WORLD_INVALIDATION_LOCK_CLASS, "world-invalidation"],
]);

export const isWorldClass = (name: string): boolean => name === EXECUTOR_WORLD_CLASS || name === CLIENT_WORLD_CLASS;

const objectOf = (value: PayloadValue | undefined): JsonObject =>
  value !== null && typeof value === "object" && !isList(value) ? value : {};
const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
const textOf = (value: PayloadValue | undefined): string | null => (typeof value === "string" ? value : null);
const numberOf = (value: PayloadValue | undefined): number | null => (typeof value === "number" ? value : null);

/** What a lock class means; an application's own class is `other`. */
export const lockKindOf = (name: string): LockKind => LOCK_KINDS.get(name) ?? "other";

/** A world's record; `null` when the record is none. What its data does not tell is `null`, not invented. */
export function worldOf(record: CoordinatorRecord): World | null {
  if (!isWorldClass(record.class)) return null;
  const data = objectOf(record.data.ok ? record.data.value : null);
  const meta = objectOf(data.meta);
  const executor = record.class === EXECUTOR_WORLD_CLASS;
  return {
    id: record.id,
    kind: executor ? "executor" : "client",
    state: executor && data.active !== true ? "inactive" : "active",
    hostname: textOf(meta.hostname),
    pid: numberOf(meta.pid),
    lastSeenText: textOf(meta.last_seen),
    runsDelayedExecutor: meta.delayed_executor === true,
    queues: Object.entries(objectOf(meta.queues)).map(([name, queue]) => ({
      name,
      poolSize: numberOf(objectOf(queue).pool_size),
    })),
    meta,
  };
}

/** A lock's record; `null` when the record is a world. */
export function lockOf(record: CoordinatorRecord): Lock | null {
  if (isWorldClass(record.class)) return null;
  const data = objectOf(record.data.ok ? record.data.value : null);
  return {
    class: record.class,
    kind: lockKindOf(record.class),
    id: record.id,
    ownerId: record.ownerId,
    worldId: textOf(data.world_id),
    planId: textOf(data.execution_plan_id),
    clientWorldId: textOf(data.client_world_id),
    requestId: textOf(data.request_id),
  };
}

/** The id under which execution, planning and inhibition locks of a plan are held. */
export const planLockId = (planId: string): string => `execution-plan:${planId}`;

/** The owner id of everything a world holds. */
export const worldOwnerId = (worldId: string): string => `world:${worldId}`;

/** The id under which a world's invalidation is claimed. */
export const worldInvalidationLockId = (deadWorldId: string): string => `world-invalidation:${deadWorldId}`;
