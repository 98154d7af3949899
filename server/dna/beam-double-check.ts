/** Whether one key runs on several nodes at the same moment: looked at, and proven. */
import type { InstanceFacts } from "#server/contract/event.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { type BeamWitness, LOOK_TIMEOUT_MS, refusalOf } from "./beam-evidence.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { withinDeadline } from "./deadline.ts";
import { type InstanceLook, proveDouble } from "./domain/doubles.ts";
import { type ActorKey, type Incarnation, toIncarnationId } from "./domain/identity.ts";

const NOBODY: Incarnation = { createdAt: epochMs(0), id: 0n };

export type DoubleFinding =
  | { readonly kind: "doubled"; readonly nodes: readonly string[]; readonly evidence: string }
  | { readonly kind: "single"; readonly reason: string }
  /** It was met on several nodes, and not at the same moment. */
  | { readonly kind: "moved" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface DoubleCheck {
  /** Looks for the key on these nodes. Never rejects: what could not be looked at is in the answer. */
  check(key: ActorKey, nodes: ReadonlySet<string>): Promise<DoubleFinding>;
  /** The node with the incarnation that answered there last. */
  whoIs(node: string): InstanceFacts;
}

export function createDoubleCheck(deps: {
  readonly sourceId: string;
  readonly beam: Pick<DnaBeam, "link" | "instance">;
  readonly witness: Pick<BeamWitness, "known" | "judge">;
  readonly clock: Clock;
  readonly log: Logger;
}): DoubleCheck {
  const { sourceId, beam, witness, clock, log } = deps;

  async function lookAt(node: string, key: ActorKey): Promise<InstanceLook | string> {
    const waiting = refusalOf(beam, node);
    if (waiting !== null) return waiting;
    const startedAt = clock.monotonic();
    try {
      const instance = await withinDeadline(clock, LOOK_TIMEOUT_MS, node, () => beam.instance(node, key));
      return { node, ref: instance?.ref ?? null, startedAt, endedAt: clock.monotonic() };
    } catch (cause) {
      if (!(cause instanceof OpsError)) log.error("dna.doubles.unexpected", { source: sourceId, node, cause });
      return messageOf(cause);
    }
  }

  /** Looks at each node twice, one look after the other, so that lives can be told to overlap. */
  async function check(key: ActorKey, nodes: ReadonlySet<string>): Promise<DoubleFinding> {
    const looks: InstanceLook[] = [];
    const unseen = new Map<string, string>();
    for (const node of [...nodes, ...nodes]) {
      if (isDead(node)) continue;
      const look = await lookAt(node, key);
      if (typeof look === "string") unseen.set(node, look);
      else looks.push(look);
      // Nobody but one can have it: the second looks would prove nothing.
      if (looks.length === nodes.size && looks.filter(({ ref }) => ref !== null).length < 2) break;
    }
    const proof = proveDouble(looks);
    if (proof !== null) return { kind: "doubled", ...proof };
    const [first] = unseen;
    if (first !== undefined) return { kind: "unknown", reason: `${first[0]} could not be looked at: ${first[1]}` };
    const holders = [...nodes].filter((node) => looks.findLast((look) => look.node === node)?.ref != null);
    if (holders.length > 1) return { kind: "moved" };
    return { kind: "single", reason: holders.length === 0 ? "it runs nowhere now" : `only ${holders[0]} runs it now` };
  }

  /** Nobody bears the name any more: nothing runs there. */
  function isDead(node: string): boolean {
    const { identity, unregistered } = witness.known(node) ?? { identity: null, unregistered: null };
    return unregistered !== null && witness.judge(node, identity?.incarnation ?? NOBODY).kind === "dead";
  }

  const whoIs = (node: string): InstanceFacts => {
    const identity = witness.known(node)?.identity ?? null;
    return { node, incarnation: identity === null ? null : toIncarnationId(identity.incarnation) };
  };

  return { check, whoIs };
}
