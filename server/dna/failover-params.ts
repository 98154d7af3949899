import { OpsError } from "#server/kernel/errors.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import type { WeightedTarget } from "./domain/claim-assignment.ts";
import { type ActorKey, type ActorType, type Incarnation, parseIncarnationId } from "./domain/identity.ts";

/** A live node that keys are given to, as it was chosen. */
export interface ClaimTarget extends WeightedTarget {
  /** Its BEAM name, for people. */
  readonly node: string;
}

/** What a failover is to do, frozen at its start. */
export interface FailoverParams {
  readonly sourceId: string;
  readonly incarnationId: string;
  readonly owner: Incarnation;
  /** Types of which it had keys when they were counted. */
  readonly types: readonly ActorType[];
  /** This key alone; `null` = every key of the types. */
  readonly key: ActorKey | null;
  /** Whom the keys are given to; `null` = nobody: their rows are deleted, and the next message to a key claims it. */
  readonly targets: readonly ClaimTarget[] | null;
}

/** The parameters as they are kept with the job. */
export function failoverParams(
  sourceId: string,
  incarnationId: string,
  types: readonly ActorType[],
  rest: { readonly key?: ActorKey; readonly targets?: readonly ClaimTarget[] } = {},
): JsonObject {
  const { key, targets } = rest;
  return {
    sourceId,
    incarnationId,
    types: types.map(({ namespace, moduleId }) => ({ namespace, moduleId })),
    key: key === undefined ? null : key.name,
    targets:
      targets === undefined
        ? null
        : targets.map((target) => ({
            incarnationId: target.incarnationId,
            node: target.node,
            weight: target.weight,
          })),
  };
}

/** @throws OpsError `invalid-input` when they are not those of a failover */
export function readFailoverParams(raw: JsonObject): FailoverParams {
  const { sourceId, incarnationId, types, key = null, targets = null } = raw;
  const owner = typeof incarnationId === "string" ? parseIncarnationId(incarnationId) : null;
  if (typeof sourceId !== "string" || typeof incarnationId !== "string" || owner === null || !Array.isArray(types))
    throw malformed();
  const read = types.map(readType);
  const [only] = read;
  if (key !== null && (typeof key !== "string" || only === undefined)) throw malformed();
  return {
    sourceId,
    incarnationId,
    owner,
    types: read,
    key: key === null || only === undefined ? null : { ...only, name: key },
    targets: targets === null ? null : readTargets(targets),
  };
}

const malformed = (): OpsError =>
  new OpsError("invalid-input", "The job's parameters on disk are not those of a failover");

function readType(raw: JsonValue): ActorType {
  if (typeof raw === "object" && raw !== null && "namespace" in raw && "moduleId" in raw) {
    const { namespace, moduleId } = raw;
    if (typeof namespace === "string" && typeof moduleId === "number") return { namespace, moduleId };
  }
  throw malformed();
}

function readTargets(raw: JsonValue): readonly ClaimTarget[] {
  if (!Array.isArray(raw)) throw malformed();
  return raw.map((target: JsonValue) => {
    if (typeof target !== "object" || target === null || !("incarnationId" in target)) throw malformed();
    const { incarnationId, node, weight } = target;
    const known = typeof incarnationId === "string" && parseIncarnationId(incarnationId) !== null;
    if (!known || typeof node !== "string" || typeof weight !== "number" || !(weight > 0)) throw malformed();
    return { incarnationId, node, weight };
  });
}
