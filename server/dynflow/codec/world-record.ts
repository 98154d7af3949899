import type { PayloadValue } from "#server/dynflow/domain/model.ts";
import { CLIENT_WORLD_CLASS, EXECUTION_INHIBITION_LOCK_CLASS, planLockId } from "#server/dynflow/domain/records.ts";
import { encodePayload } from "./payload.ts";

/**
 * The record under which a client world is registered. `lastSeenText` is `%Y-%m-%d %H:%M:%S.mmm`; a record without it
 * makes Ruby fail when it parses the time.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb `ClientWorld`, `WorldRecord`; world.rb `meta`.
 */
export function encodeClientWorld(world: {
  readonly id: string;
  readonly hostname: string;
  readonly pid: number;
  readonly lastSeenText: string;
  readonly extraMeta?: { readonly [key: string]: PayloadValue };
}): Uint8Array {
  return encodePayload({
    class: CLIENT_WORLD_CLASS,
    id: world.id,
    meta: { hostname: world.hostname, pid: world.pid, ...world.extraMeta, last_seen: world.lastSeenText },
  });
}

/**
 * The lock that keeps a plan from being executed until it was halted; owned by the plan itself.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb `ExecutionInhibitionLock`; a recorded one (`dynflow.md` 5).
 */
export const encodeInhibitionLock = (planId: string): Uint8Array =>
  encodePayload({
    class: EXECUTION_INHIBITION_LOCK_CLASS,
    owner_id: planLockId(planId),
    execution_plan_id: planId,
    id: planLockId(planId),
  });
