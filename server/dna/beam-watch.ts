import { dnaStream, type EventDraft } from "#server/contract/event.ts";
import type { BeamSample } from "#server/contract/live.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { linkChanges } from "./beam-changes.ts";
import type { BeamWitness } from "./beam-evidence.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { askIdentity, askPartitions, askVitals } from "./beam-sample.ts";
import {
  type AskedNode,
  addressesOf,
  type BeamNodeSample,
  countPeriodMs,
  emptySample,
  nextVisitMs,
  runningOf,
  VITALS_PERIOD_MS,
} from "./beam-sampling.ts";
import { countFall, withCount } from "./domain/beam-health.ts";
import { toIncarnationId } from "./domain/identity.ts";

/** Nodes asked at the same moment, far below what the port keeps open. */
export const VISITS_AT_ONCE_MAX = 16;
const TICK_MS = 250;
/** The list of nodes is compared with the fold this often. */
const ADDRESSES_EVERY_MS = 1_000;
/** Samples go out together, this often at most. */
const PUBLISH_EVERY_MS = 5_000;

/** Asks the nodes of one source who they are and how they are, spread over time and bounded, however many look. */
export interface BeamWatch {
  /** What the node told last; `null` = it is not asked. */
  sample(node: string): BeamNodeSample | null;
  /** Names of the nodes that are asked, with what they told last. */
  samples(): readonly BeamNodeSample[];
  /** Asks until aborted; survives every failure of nodes and journal. */
  run(signal: AbortSignal): Promise<void>;
}

export function createBeamWatch(deps: {
  readonly sourceId: string;
  readonly beam: Pick<DnaBeam, "link" | "partitions" | "vitals" | "lastRefresh">;
  readonly witness: BeamWitness;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "dna" | "samples">;
  readonly clock: Clock;
  readonly log: Logger;
}): BeamWatch {
  const { sourceId, beam, witness, recorder, view, clock, log } = deps;
  const stream = dnaStream(sourceId);
  const asked = new Map<string, AskedNode>();
  const visits = new Set<Promise<void>>();
  const falls: EventDraft[] = [];
  let addressesAt: MonotonicMs | null = null;
  let publishedAt: MonotonicMs | null = null;
  let dirty = false;
  let recording: Promise<void> | null = null;

  const isDue = (last: MonotonicMs | null, everyMs: number) => last === null || clock.monotonic() - last >= everyMs;

  /** New nodes are asked at once, those of the start spread over one period. */
  function followAddresses(): void {
    if (!isDue(addressesAt, ADDRESSES_EVERY_MS)) return;
    const first = addressesAt === null;
    addressesAt = clock.monotonic();
    const addresses = addressesOf(view.dna(sourceId), clock.now());
    const names = new Set(addresses.map(({ node }) => node));
    for (const node of asked.keys()) if (!names.has(node)) asked.delete(node);
    witness.keep((node) => names.has(node));
    const stepMs = first ? countPeriodMs(addresses.length) / Math.max(1, addresses.length) : 0;
    for (const [index, address] of addresses.entries()) {
      const known = asked.get(address.node);
      if (known === undefined) asked.set(address.node, newcomer(address, clock.monotonic() + index * stepMs));
      else hasten(known, address);
    }
  }

  /** One that comes to be suspected is asked now, not when its turn comes. */
  function hasten(
    known: AskedNode,
    { cluster, suspectSince }: { cluster: string; suspectSince: typeof known.suspectSince },
  ) {
    if (suspectSince !== null && known.suspectSince === null) known.dueAt = clock.monotonic();
    known.cluster = cluster;
    known.suspectSince = suspectSince;
  }

  function startDue(signal: AbortSignal): void {
    const now = clock.monotonic();
    const room = VISITS_AT_ONCE_MAX - visits.size;
    if (room <= 0 || signal.aborted) return;
    const due = [...asked.values()].filter(({ busy, dueAt }) => !busy && dueAt <= now);
    due.sort((a, b) => a.dueAt - b.dueAt);
    for (const node of due.slice(0, room)) start(node, signal);
  }

  function start(node: AskedNode, signal: AbortSignal): void {
    node.busy = true;
    const visit = visitNode(node)
      .catch((cause: unknown) => log.error("dna.beam.unexpected", { source: sourceId, node: node.node, cause }))
      .finally(() => {
        node.busy = false;
        node.dueAt = (clock.monotonic() + nextVisitMs(node, asked.size, clock.now())) as MonotonicMs;
        visits.delete(visit);
        startDue(signal);
      });
    visits.add(visit);
  }

  async function visitNode(node: AskedNode): Promise<void> {
    node.sample = await askIdentity(deps, node.sample);
    if (!node.sample.answers) {
      node.failures += 1;
      return;
    }
    node.failures = 0;
    await count(node);
    if (clock.monotonic() >= node.vitalsDueAt) {
      node.vitalsDueAt = (clock.monotonic() + VITALS_PERIOD_MS) as MonotonicMs;
      node.sample = await askVitals(deps, node.sample);
    }
    dirty = true;
  }

  async function count(node: AskedNode): Promise<void> {
    const startedAt = clock.monotonic();
    const before = node.sample.partitionsAt;
    node.sample = await askPartitions(deps, node.sample);
    const { partitions, partitionsAt } = node.sample;
    const incarnation = witness.known(node.node)?.identity?.incarnation;
    const running = runningOf(partitions);
    if (partitionsAt === null || partitionsAt === before || running === null || incarnation === undefined) return;
    node.counts = withCount(node.counts, { at: startedAt, incarnation, running });
    const fall = countFall(node.counts);
    if (fall === null) return;
    node.counts = node.counts.slice(-1);
    const at = { subject: toIncarnationId(incarnation), occurredAt: partitionsAt, synthetic: true };
    falls.push({ kind: "dna.node.count_fell", ...at, body: { cluster: node.cluster, node: node.node, ...fall } });
  }

  function publish(): void {
    const current = view.samples()[stream];
    if (!dirty || current === undefined || !isDue(publishedAt, PUBLISH_EVERY_MS)) return;
    dirty = false;
    publishedAt = clock.monotonic();
    const told: Record<string, BeamSample> = {};
    for (const { sample } of asked.values()) {
      const { identity, partitions, partitionsAt, lastRefreshMs } = sample;
      if (identity === null || partitionsAt === null) continue;
      told[identity] = { asOf: partitionsAt, running: runningOf(partitions), refreshMs: lastRefreshMs };
    }
    recorder.sample(stream, { asOf: current.asOf, readMs: current.readMs, beam: told });
  }

  function recordSoon(): void {
    recording ??= record()
      .catch((cause: unknown) => log.warn("dna.beam.not-recorded", { source: sourceId, cause }))
      .finally(() => {
        recording = null;
      });
  }

  async function record(): Promise<void> {
    const told = falls.slice();
    const links = linkChanges(view.dna(sourceId).beam, [...asked.values()], (node) => beam.link(node), clock.now());
    if (told.length + links.length === 0) return;
    await recorder.record(stream, [...told, ...links]);
    falls.splice(0, told.length);
  }

  return {
    sample: (node) => asked.get(node)?.sample ?? null,
    samples: () => [...asked.values()].map(({ sample }) => sample),
    async run(signal) {
      while (!signal.aborted) {
        followAddresses();
        startDue(signal);
        publish();
        recordSoon();
        await clock.sleep(TICK_MS, signal).catch((cause: unknown) => {
          if (!signal.aborted) log.error("dna.beam.unexpected", { source: sourceId, cause });
        });
      }
      await Promise.allSettled([...visits, recording]);
    },
  };
}

const newcomer = (
  { node, cluster, suspectSince }: Pick<AskedNode, "node" | "cluster" | "suspectSince">,
  dueAt: number,
): AskedNode => ({
  node,
  cluster,
  suspectSince,
  dueAt: dueAt as MonotonicMs,
  vitalsDueAt: 0 as MonotonicMs,
  busy: false,
  failures: 0,
  counts: [],
  sample: emptySample(node),
});
