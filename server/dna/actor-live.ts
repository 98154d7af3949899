/** What the nodes themselves say of one key: whether it runs, how far behind it is, who has whom cached. Only reads. */
import { actorSubject } from "#server/contract/actor-key.ts";
import { own } from "#server/contract/fold/record.ts";
import type { WireShape } from "#server/contract/wire/common.ts";
import {
  ASKED_NODES_MAX,
  type actorLive,
  type liveOutput,
  type onNodesOutput,
} from "#server/contract/wire/dna-actors.ts";
import { toIso } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { BeamBacklog, BeamInstance, BeamProcess, DnaBeam } from "./beam-ports.ts";
import {
  type ActorKey,
  type Incarnation,
  parseIncarnationId,
  sameIncarnation,
  toIncarnationId,
} from "./domain/identity.ts";
import type { DnaSource } from "./source-view.ts";

export type ActorLiveView = WireShape<typeof actorLive>;
type NodeAnswer = WireShape<typeof onNodesOutput>["nodes"][number];

/** Said wherever something needs the nodes and they cannot be asked. */
export const NO_BEAM =
  "Access to the nodes is not configured (beam): whether it runs, and how far behind it is, only its node knows.";

const ASKED_AT_ONCE = 8;

/** The node name under which an incarnation is known, if it is. */
export function nodeNameOf(source: DnaSource, incarnation: Incarnation): string | null {
  const known = own(source.fold().nodes, toIncarnationId(incarnation));
  return known?.node ?? source.liveness.sight(incarnation).node;
}

/** An instance with what was read of it. */
export interface RunningInstance {
  readonly node: string;
  readonly identity: Incarnation;
  readonly instance: BeamInstance;
  readonly backlog: BeamBacklog;
  readonly process: BeamProcess | null;
}

export type OwnerLook =
  | { readonly kind: "off"; readonly reason: string }
  | { readonly kind: "unreachable"; readonly node: string; readonly reason: string }
  | { readonly kind: "other"; readonly node: string; readonly identity: Incarnation }
  | { readonly kind: "absent"; readonly node: string; readonly identity: Incarnation }
  | ({ readonly kind: "running" } & RunningInstance);

/** Asks the owner's node for the key's instance. Never throws for a node that does not answer: it says so. */
export async function lookAtOwner(source: DnaSource, key: ActorKey, owner: Incarnation | null): Promise<OwnerLook> {
  const { beam } = source;
  if (beam === null) return { kind: "off", reason: NO_BEAM };
  if (owner === null) return { kind: "off", reason: "Nobody owns the key, so no node runs it." };
  const node = nodeNameOf(source, owner);
  if (node === null)
    return { kind: "off", reason: "Its owner was never seen in the nodes table: nobody can be asked." };
  try {
    return await askOwner(beam, node, key, owner);
  } catch (cause) {
    if (!(cause instanceof OpsError)) throw cause;
    return { kind: "unreachable", node, reason: messageOf(cause) };
  }
}

async function askOwner(beam: DnaBeam, node: string, key: ActorKey, owner: Incarnation): Promise<OwnerLook> {
  const [identity, instance] = await Promise.all([beam.identity(node), beam.instance(node, key)]);
  if (!sameIncarnation(identity, owner)) return { kind: "other", node, identity };
  if (instance === null) return { kind: "absent", node, identity };
  const [backlog, [process = null]] = await Promise.all([beam.backlog(node, instance), beam.inspect(node, [instance])]);
  if (backlog.kind === "ended") return { kind: "absent", node, identity };
  return { kind: "running", node, identity, instance, backlog, process };
}

export function toLiveView(look: OwnerLook): ActorLiveView {
  switch (look.kind) {
    case "off":
      return { ...look, noAccess: look.reason === NO_BEAM };
    case "unreachable":
      return { ...look };
    case "other":
    case "absent":
      return { kind: look.kind, node: look.node, incarnation: toIncarnationId(look.identity) };
    case "running":
      return runningView(look);
    default:
      return look satisfies never;
  }
}

function runningView({ node, identity, instance, backlog, process }: RunningInstance): ActorLiveView {
  const known = backlog.kind === "ended" ? null : backlog;
  return {
    kind: "running",
    node,
    incarnation: toIncarnationId(identity),
    partition: instance.partition,
    ref: instance.ref,
    phase: phaseOf(backlog),
    buffered: backlog.kind === "known" ? backlog.buffered : null,
    mailbox: known?.mailbox ?? process?.mailbox ?? 0,
    memoryBytes: known?.memoryBytes ?? process?.memoryBytes ?? 0,
    reductions: process?.reductions ?? null,
    status: process?.status ?? null,
    currentFunction: process?.currentFunction ?? null,
  };
}

function phaseOf(backlog: BeamBacklog): "initialising" | "idle" | "pending_storage" | "busy" | "not-read" {
  if (backlog.kind === "known") return backlog.phase;
  return backlog.kind === "busy" ? "busy" : "not-read";
}

/** The alarm that this key runs on several nodes at once; `null` = it is not known to. */
export function doubledOf(source: DnaSource, key: ActorKey): WireShape<typeof liveOutput>["doubled"] {
  const doubled = own(source.fold().doubled, actorSubject(key));
  if (doubled === undefined) return null;
  const instances = doubled.instances.map(({ incarnation, node }) => ({ incarnation, node }));
  return { since: toIso(doubled.since), evidence: doubled.evidence, instances };
}

/** Asks living nodes whether they run the key, and whom they have cached as its owner. The owner comes first. */
export async function askNodes(
  source: DnaSource,
  beam: DnaBeam,
  key: ActorKey,
  owner: Incarnation | null,
): Promise<{ readonly nodes: readonly NodeAnswer[]; readonly notAsked: number }> {
  const ownerId = owner === null ? null : toIncarnationId(owner);
  const living = Object.entries(source.fold().nodes)
    .filter(([id, { state }]) => id === ownerId || (state !== "gone" && state !== "silent"))
    .sort(([a, x], [b, y]) => Number(b === ownerId) - Number(a === ownerId) || (x.node < y.node ? -1 : 1));
  const asked = living.slice(0, ASKED_NODES_MAX);
  const answers: NodeAnswer[] = [];
  for (let from = 0; from < asked.length; from += ASKED_AT_ONCE) {
    const part = asked.slice(from, from + ASKED_AT_ONCE);
    answers.push(...(await Promise.all(part.map(([id, { node }]) => askNode(source, beam, key, { id, node, owner })))));
  }
  return { nodes: answers, notAsked: living.length - asked.length };
}

interface Asked {
  readonly id: string;
  readonly node: string;
  readonly owner: Incarnation | null;
}

async function askNode(
  source: DnaSource,
  beam: DnaBeam,
  key: ActorKey,
  { id, node, owner }: Asked,
): Promise<NodeAnswer> {
  const isOwner = owner !== null && id === toIncarnationId(owner);
  const about = { incarnation: id, node, owner: isOwner };
  try {
    const [identity, instance, cached] = await Promise.all([
      beam.identity(node),
      beam.instance(node, key),
      beam.cachedOwner(node, key),
    ]);
    const asked = parseIncarnationId(id);
    if (asked === null || !sameIncarnation(asked, identity))
      return { ...about, runs: null, partition: null, cached: null, missing: "it is another incarnation by now" };
    return {
      ...about,
      runs: instance !== null,
      partition: instance?.partition ?? null,
      cached:
        cached === null
          ? null
          : {
              incarnation: toIncarnationId(cached.owner),
              node: nodeNameOf(source, cached.owner),
              ttlMs: cached.ttlMs,
              differs: owner === null || !sameIncarnation(cached.owner, owner),
            },
      missing: null,
    };
  } catch (cause) {
    if (!(cause instanceof OpsError)) throw cause;
    return { ...about, runs: null, partition: null, cached: null, missing: messageOf(cause) };
  }
}
