/** What nodes told, in the shapes of the wire. */
import type { WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-beam.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";
import type { BeamInstance, BeamLink, BeamPeer, BeamPeerTable } from "./beam-ports.ts";
import { type BeamNodeSample, runningOf } from "./beam-sampling.ts";
import { toIncarnationId } from "./domain/identity.ts";
import { PEER_EXPIRE_AFTER_MS } from "./domain/peer-verdict.ts";
import type { DnaSource } from "./source-view.ts";

type NodeOutput = WireShape<typeof wire.beamNodeOutput>;

const isoOr = (at: EpochMs | null | undefined): string | null => (at == null ? null : toIso(at));

export function toLinkView(link: BeamLink): NonNullable<NodeOutput["link"]> {
  switch (link.kind) {
    case "idle":
    case "connected":
      return { state: link.kind, reason: null, retryInMs: null };
    case "unreachable":
    case "refused":
      return { state: link.kind, reason: link.reason, retryInMs: link.retryInMs };
    default:
      return link satisfies never;
  }
}

type Numbers = Pick<
  NodeOutput,
  | "identity"
  | "identityAt"
  | "failure"
  | "partitions"
  | "partitionsAt"
  | "running"
  | "vitals"
  | "vitalsAt"
  | "lastRefreshMs"
  | "refreshAt"
>;

/** @param sample `null` = it is not asked */
export function toNodeNumbers(sample: BeamNodeSample | null): Numbers {
  const { partitions = null, vitals = null } = sample ?? {};
  return {
    identity: sample?.identity ?? null,
    identityAt: isoOr(sample?.identityAt),
    failure: sample?.failure ?? null,
    partitions: partitions === null ? null : partitions.map((partition) => ({ ...partition })),
    partitionsAt: isoOr(sample?.partitionsAt),
    running: runningOf(partitions),
    vitals: vitals === null ? null : { ...vitals, memoryBytes: { ...vitals.memoryBytes } },
    vitalsAt: isoOr(sample?.vitalsAt),
    lastRefreshMs: sample?.lastRefreshMs ?? null,
    refreshAt: isoOr(sample?.refreshAt),
  };
}

export const toInstanceView = ({ key, partition, ref }: BeamInstance): WireShape<typeof wire.beamInstance> => ({
  namespace: key.namespace,
  moduleId: key.moduleId,
  name: key.name,
  partition,
  ref,
});

type PeersView = Pick<WireShape<typeof wire.beamPeersOutput>, "lastRefreshMs" | "unreadable" | "peers" | "unlisted">;

/** A node's peer table beside our own judgement of the same incarnations. */
export function toPeersView(source: DnaSource, table: BeamPeerTable): PeersView {
  const { nodes } = source.fold();
  const listed = new Set(table.peers.map(({ incarnation }) => toIncarnationId(incarnation)));
  const unlisted = Object.entries(nodes)
    .filter(([id, { state }]) => isBeating(state) && !listed.has(id))
    .map(([incarnation, { node, state }]) => ({ incarnation, node, state }));
  return {
    lastRefreshMs: table.lastRefreshMs,
    unreadable: table.unreadable,
    peers: table.peers.map((peer) => toPeerView(source, peer)),
    unlisted,
  };
}

const isBeating = (state: string): boolean => state === "alive" || state === "returned";

function toPeerView(source: DnaSource, peer: BeamPeer): PeersView["peers"][number] {
  const { incarnation, node, local, heartbeat, lastChangeMs, load } = peer;
  const id = toIncarnationId(incarnation);
  const ours = source.fold().nodes[id]?.state ?? null;
  const verdict = local || lastChangeMs <= PEER_EXPIRE_AFTER_MS ? "alive" : "dead";
  const judged = ours !== null && ours !== "observing";
  return {
    incarnation: id,
    node,
    local,
    heartbeat: heartbeat.toString(),
    lastChangeMs,
    load,
    verdict,
    ours,
    oursSilentMs: source.sample()?.nodes?.[id]?.silentMs ?? null,
    differs: judged && isBeating(ours) !== (verdict === "alive"),
  };
}
