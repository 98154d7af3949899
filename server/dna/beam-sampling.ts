/** What is asked of which node when, and what is remembered of it. Pure but for what it is given. */
import type { DnaFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { EpochMs, MonotonicMs } from "#server/kernel/clock.ts";
import type { BeamPartition, BeamVitals } from "./beam-ports.ts";
import type { RunningCount } from "./domain/beam-health.ts";
import type { IncarnationId } from "./domain/identity.ts";

/** Running instances are counted this often in a cluster of up to `SMALL_CLUSTER_NODES`. */
export const COUNT_PERIOD_SMALL_MS = 5_000;
/** … and this often in a larger one: 67 small calls a second at 1,000 nodes. */
export const COUNT_PERIOD_MS = 15_000;
export const SMALL_CLUSTER_NODES = 200;
export const VITALS_PERIOD_MS = 30_000;
/** One that is late, silent or gone by the database is asked this often at first: whether it lives matters now. */
export const SUSPECT_PERIOD_MS = 3_000;
const SUSPECT_FOR_MS = 120_000;
/** One that has been gone for this long is not asked any more. */
export const GONE_ASKED_MS = 600_000;
/** Nodes of one source that are asked at all. */
export const NODES_ASKED_MAX = 5_000;

/** What one node told last, each with its instant. */
export interface BeamNodeSample {
  readonly node: string;
  /** Which incarnation it said it was; `null` = it never did. */
  readonly identity: IncarnationId | null;
  readonly identityAt: EpochMs | null;
  readonly partitions: readonly BeamPartition[] | null;
  readonly partitionsAt: EpochMs | null;
  readonly vitals: BeamVitals | null;
  readonly vitalsAt: EpochMs | null;
  /** Since its own last refresh, at `refreshAt`. */
  readonly lastRefreshMs: number | null;
  readonly refreshAt: EpochMs | null;
  /** Whether it said who it is when it was asked last: it can be asked more. */
  readonly answers: boolean;
  /** Why the last question was not answered; `null` = it was. */
  readonly failure: string | null;
}

/** One address that is asked. */
export interface AskedNode {
  readonly node: string;
  cluster: string;
  /** The worst judgement of its incarnations asks for haste. */
  suspectSince: EpochMs | null;
  dueAt: MonotonicMs;
  vitalsDueAt: MonotonicMs;
  busy: boolean;
  failures: number;
  counts: readonly RunningCount[];
  sample: BeamNodeSample;
}

export const emptySample = (node: string): BeamNodeSample => ({
  node,
  identity: null,
  identityAt: null,
  partitions: null,
  partitionsAt: null,
  vitals: null,
  vitalsAt: null,
  lastRefreshMs: null,
  refreshAt: null,
  answers: false,
  failure: null,
});

/** Running instances of a node; `null` = it did not tell, or one of its partitions has no registry. */
export function runningOf(partitions: readonly BeamPartition[] | null): number | null {
  if (partitions === null) return null;
  let sum = 0;
  for (const { running } of partitions) {
    if (running === null) return null;
    sum += running;
  }
  return sum;
}

export interface Address {
  readonly node: string;
  readonly cluster: string;
  /** Since when its latest incarnation has been late, silent or gone; `null` = it is none of them. */
  readonly suspectSince: EpochMs | null;
}

/** The addresses worth asking: of every incarnation that is not long gone. The later incarnation of a name speaks for it. */
export function addressesOf({ nodes }: Pick<DnaFold, "nodes">, now: EpochMs): readonly Address[] {
  const latest = new Map<string, NodeFold>();
  for (const node of Object.values(nodes)) {
    if (node.node === "" || (node.state === "gone" && now - node.since > GONE_ASKED_MS)) continue;
    const known = latest.get(node.node);
    if (known === undefined || known.createdAt < node.createdAt) latest.set(node.node, node);
  }
  return [...latest.values()].slice(0, NODES_ASKED_MAX).map(({ node, cluster, state, since }) => ({
    node,
    cluster,
    suspectSince: state === "late" || state === "silent" || state === "gone" ? since : null,
  }));
}

export const countPeriodMs = (nodes: number): number =>
  nodes <= SMALL_CLUSTER_NODES ? COUNT_PERIOD_SMALL_MS : COUNT_PERIOD_MS;

/** How long until an address is asked again. */
export function nextVisitMs({ suspectSince }: Pick<Address, "suspectSince">, nodes: number, now: EpochMs): number {
  const periodMs = countPeriodMs(nodes);
  return suspectSince !== null && now - suspectSince <= SUSPECT_FOR_MS
    ? Math.min(SUSPECT_PERIOD_MS, periodMs)
    : periodMs;
}
