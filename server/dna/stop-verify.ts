import { parseActorSubject } from "#server/contract/actor-key.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView } from "#server/live/ports.ts";
import type { Operations } from "#server/operations/ports.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { type ActorKey, parseIncarnationId, sameIncarnation } from "./domain/identity.ts";
import { SAFE_STOP_DEADLINE_MS, STOP_ACTION } from "./stop-words.ts";

/** How often what is open is looked at again. */
const LOOK_EVERY_MS = 5_000;
/** A stop that was sent has ended on the node by then, one way or the other. */
export const STOP_LANDED_MS = SAFE_STOP_DEADLINE_MS + 5_000;
/** What could not be looked at for so long stays unverified. */
const GIVE_UP_MS = 10 * 60_000;

/** The registry's word on a stop: it never sends anything. */
export type RegistryWord =
  /** The process is not there any more. */
  | { readonly kind: "ended"; readonly found: string }
  /** The very same process is in the registry. */
  | { readonly kind: "same" }
  | { readonly kind: "not-read"; readonly reason: string };

/** Whether this life of an instance is still in the registry of its node. Never throws for a node that does not answer. */
export async function askRegistry(
  beam: DnaBeam,
  seen: { readonly node: string; readonly owner: string; readonly ref: string },
  key: ActorKey,
): Promise<RegistryWord> {
  try {
    const [identity, instance] = await Promise.all([beam.identity(seen.node), beam.instance(seen.node, key)]);
    const owner = parseIncarnationId(seen.owner);
    if (owner === null || !sameIncarnation(identity, owner))
      return { kind: "ended", found: `${seen.node} is another incarnation by now: whatever ran in it has ended` };
    if (instance === null) return { kind: "ended", found: "It is not in the registry of its node" };
    if (instance.ref !== seen.ref)
      return { kind: "ended", found: `It ended, and a message has started it again as ${instance.ref}` };
    return { kind: "same" };
  } catch (cause) {
    if (!(cause instanceof OpsError)) throw cause;
    return { kind: "not-read", reason: messageOf(cause) };
  }
}

/** Verifies stops by looking into the registry, those of an earlier life of the console too. */
export interface StopVerifier {
  /** Looks once now; answers what was settled, `null` = nothing yet. */
  verify(requestId: string): Promise<{ readonly phase: "verified" | "unverified"; readonly found: string } | null>;
  /** Settles what is open, until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export function createStopVerifier(deps: {
  readonly beamOf: (stream: string) => DnaBeam | null;
  readonly view: Pick<FoldView, "operator">;
  readonly operations: Pick<Operations, "known" | "settle">;
  readonly clock: Clock;
  readonly log: Logger;
}): StopVerifier {
  const { view, operations, clock, log } = deps;
  const underWay = new Set<string>();

  async function settle(known: OperationFold, phase: "verified" | "unverified", found: string) {
    const { id: requestId, action, stream, target, expected, actor } = known;
    if (actor === null) return null;
    await operations.settle({ requestId, actor, facts: { action, stream, target, expected } }, phase, found);
    return { phase, found };
  }

  async function look(known: OperationFold) {
    const seen = seenOf(known.expected);
    const key = parseActorSubject(known.target);
    const beam = known.stream === null ? null : deps.beamOf(known.stream);
    if (seen === null || key === null) return settle(known, "unverified", "What was stopped cannot be read back");
    const ageMs = clock.now() - (known.at.requested ?? clock.now());
    const word: RegistryWord =
      beam === null ? { kind: "not-read", reason: "no access to the nodes" } : await askRegistry(beam, seen, key);
    switch (word.kind) {
      case "ended":
        return settle(known, "verified", word.found);
      case "same":
        // It may still be on its way, or the node may still be waiting for a quiet moment.
        if (ageMs < STOP_LANDED_MS) return null;
        return settle(known, "unverified", `The same instance ${seen.ref} still runs: it was not ended`);
      case "not-read":
        if (ageMs < GIVE_UP_MS) return null;
        return settle(known, "unverified", `Its registry could not be looked at: ${word.reason}`);
      default:
        return word satisfies never;
    }
  }

  async function verify(requestId: string) {
    const known = operations.known(requestId);
    if (known === null || !isOpen(known) || underWay.has(requestId)) return null;
    underWay.add(requestId);
    try {
      return await look(known);
    } finally {
      underWay.delete(requestId);
    }
  }

  return {
    verify,
    async run(signal) {
      while (!signal.aborted) {
        for (const { id } of view.operator().operations.filter(isOpen)) {
          await verify(id).catch((cause: unknown) => log.error("dna.stop.not_verified", { requestId: id, cause }));
        }
        await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined); // aborted: the loop ends
      }
    },
  };
}

const isOpen = ({ action, phase, expected }: OperationFold): boolean =>
  action === STOP_ACTION && (phase === "executed" || phase === "unknown") && seenOf(expected) !== null;

interface Seen {
  readonly node: string;
  readonly owner: string;
  readonly ref: string;
}

/** `null` for the request of a job, which its own outcomes settle. */
function seenOf(expected: JsonValue): Seen | null {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) return null;
  const { node, owner, ref } = expected as { node?: unknown; owner?: unknown; ref?: unknown };
  if (typeof node !== "string" || typeof owner !== "string" || typeof ref !== "string") return null;
  return { node, owner, ref };
}
