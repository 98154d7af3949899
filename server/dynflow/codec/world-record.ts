import type { PayloadValue } from "#server/dynflow/domain/model.ts";
import { CLIENT_WORLD_CLASS, EXECUTION_INHIBITION_LOCK_CLASS, planLockId } from "#server/dynflow/domain/records.ts";
import { encodeJson } from "./json-encode.ts";
import { encodePayload, fromPayload } from "./payload.ts";
import type { StoredForm } from "./stored.ts";

/** Records are written like everything else that is serialized. */
const encoded = (record: PayloadValue, encoding: StoredForm): Uint8Array =>
  encoding === "json" ? encodeJson(fromPayload(record)) : encodePayload(record);

/**
 * The record under which a client world is registered. `lastSeenText` is `%Y-%m-%d %H:%M:%S.mmm`; a record without it
 * makes Ruby fail when it parses the time.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb `ClientWorld`, `WorldRecord`; world.rb `meta`.
 */
export function encodeClientWorld(
  world: {
    readonly id: string;
    readonly hostname: string;
    readonly pid: number;
    readonly lastSeenText: string;
    readonly extraMeta?: { readonly [key: string]: PayloadValue };
  },
  encoding: StoredForm = "msgpack",
): Uint8Array {
  const { id, hostname, pid, extraMeta, lastSeenText } = world;
  const meta = { hostname, pid, ...extraMeta, last_seen: lastSeenText };
  return encoded({ class: CLIENT_WORLD_CLASS, id, meta }, encoding);
}

/**
 * The lock that keeps a plan from being executed until it was halted; owned by the plan itself.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb `ExecutionInhibitionLock`; a recorded one.
 */
export const encodeInhibitionLock = (planId: string, encoding: StoredForm = "msgpack"): Uint8Array =>
  encoded(
    {
      class: EXECUTION_INHIBITION_LOCK_CLASS,
      owner_id: planLockId(planId),
      execution_plan_id: planId,
      id: planLockId(planId),
    },
    encoding,
  );
