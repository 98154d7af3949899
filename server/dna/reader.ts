import { dnaStream, type EventDraft } from "#server/contract/event.ts";
import type { NodeSample } from "#server/contract/live.ts";
import type { Clock, EpochMs, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { BeamWitness } from "./beam-evidence.ts";
import type { BeatMemory } from "./beat-memory.ts";
import { withinDeadline } from "./deadline.ts";
import { clockHealthOf } from "./domain/clock-health.ts";
import { skewMsOf, skewOf } from "./domain/coordinator-skew.ts";
import type { IncarnationId } from "./domain/identity.ts";
import { parseIncarnationId } from "./domain/identity.ts";
import { newSighting, type Sighting, silenceOf } from "./domain/liveness.ts";
import { type IncarnationLiveness, judgeIncarnation, type LoopDelay } from "./incarnation-liveness.ts";
import type { DnaStore } from "./ports.ts";
import { forgettable, type SourceVerdict, sourceChange, watchChanges } from "./reader-changes.ts";
import { nextReadDelayMs, RETRY_MS } from "./reader-pace.ts";
import { createSurroundings } from "./reader-surroundings.ts";
import { breakStale, type ClusterWatch, emptyClusterWatch, observeNodes, type SourceWatch } from "./source-watch.ts";

/** Longest wait for one read of `nodes`; a server that is stopped without closing its port counts as down by it. */
export const READ_TIMEOUT_MS = 2_000;
/** Consecutive failures after which the source is down. */
const FAILURES_TO_DOWN = 2;
/** Time without a good read after which the source is down at the next failure. */
const DOWN_AFTER_MS = 4_000;

export interface DnaReaderOptions {
  readonly sourceId: string;
  readonly store: Pick<DnaStore, "clusters" | "nodes" | "databaseCluster">;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "dna">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly loopDelay: LoopDelay;
  /** Follow this cluster only; omitted = every one that the table holds. */
  readonly clusterFilter?: string | null;
  /** Who asks the nodes themselves; `null` or left out = nobody. */
  readonly witness?: BeamWitness | null;
  /** Remembers the beats of each read; left out = nobody does. */
  readonly beats?: Pick<BeatMemory, "observe">;
}

/** The one reader of a DNA source: reads `nodes`, judges, and records what changed. */
export interface DnaReader {
  /** Runs until aborted; survives every failure of source and journal. Resolves when aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** One incarnation as judged now, whether or not it was ever seen. */
  liveness(incarnationId: IncarnationId): IncarnationLiveness;
  /**
   * Reads anew and judges, beside the regular reads: for decisions. `null` = every followed cluster.
   *
   * @throws OpsError `upstream-unavailable` | `upstream-malformed`
   */
  readNow(cluster: string | null): Promise<void>;
  /** Clusters that are followed, sorted. */
  clusters(): readonly string[];
}

export function createDnaReader(options: DnaReaderOptions): DnaReader {
  const { sourceId, store, recorder, view, clock, log, loopDelay } = options;
  const { witness = null } = options;
  const stream = dnaStream(sourceId);
  const evidence = witness === null ? {} : { evidenceOf: (node: string) => witness.known(node) };
  const surroundings = createSurroundings(options);
  const reads = new Map<string, Promise<void>>();
  const goneSince = new Map<IncarnationId, EpochMs>();
  let watch: SourceWatch = new Map();
  let verdict: SourceVerdict = { state: "starting", reason: "the console started" };
  let failures = 0;
  let lastGoodAt = clock.monotonic();
  let publishing: Promise<void> | null = null;

  /** Takes the incarnations of the fold over as not judged: nothing was counted by this process yet. */
  function adopt(): void {
    const known = new Map<string, Map<IncarnationId, Sighting>>();
    for (const [id, node] of Object.entries(view.dna(sourceId).nodes)) {
      const incarnation = parseIncarnationId(id);
      if (incarnation === null || !surroundings.follows(node.cluster)) continue;
      if (node.state === "gone") goneSince.set(id, node.since);
      const sightings = known.get(node.cluster) ?? new Map<IncarnationId, Sighting>();
      sightings.set(id, newSighting(incarnation, node.node, "not judged: the console started"));
      known.set(node.cluster, sightings);
    }
    const adopted = new Map<string, ClusterWatch>();
    for (const [name, sightings] of known) {
      const cluster = emptyClusterWatch(name);
      adopted.set(name, { ...cluster, sightings: { ...cluster.sightings, sightings } });
    }
    watch = adopted;
  }

  /** Reads of one cluster follow one another, so that they are observed in the order of their starts. */
  function read(cluster: string): Promise<void> {
    const earlier = reads.get(cluster) ?? Promise.resolve();
    const next = earlier.then(
      () => readOnce(cluster),
      () => readOnce(cluster),
    );
    reads.set(cluster, next);
    return next;
  }

  async function readOnce(cluster: string): Promise<void> {
    const startedAt = clock.monotonic();
    const readAt = clock.now();
    const rows = await withinDeadline(clock, READ_TIMEOUT_MS, "The nodes table", () => store.nodes(cluster));
    const before = watch.get(cluster) ?? emptyClusterWatch(cluster);
    const loopLateMs = loopDelay.maxLateSince(before.sightings.lastReadAt ?? startedAt);
    const after = observeNodes(before, { startedAt, endedAt: clock.monotonic(), rows, loopLateMs, ...evidence });
    watch = new Map(watch).set(cluster, after);
    options.beats?.observe(rows, readAt);
    for (const [id, sighting] of after.sightings.sightings) {
      if (sighting.state === "gone") goneSince.set(id, goneSince.get(id) ?? readAt);
      else if (sighting.state !== "observing") goneSince.delete(id);
    }
    sample(readAt, startedAt);
  }

  function sample(asOf: EpochMs, startedAt: MonotonicMs): void {
    const nodes: Record<IncarnationId, NodeSample> = {};
    for (const { sightings, clocks } of watch.values()) {
      for (const [id, sighting] of sightings.sightings) {
        const { load, writeAgeMs } = sighting;
        const clockHealth = clockHealthOf(clocks, id);
        nodes[id] = { silentMs: silenceOf(sighting, sightings), load, writeAgeMs, clockHealth };
      }
    }
    const skews = [...watch.values()].map((cluster) => cluster.skew);
    const skew = skewOf(skews, clock.monotonic());
    const [skewMs, skewIsLeast] = [skewMsOf(skew), skew.kind === "beyond"];
    recorder.sample(stream, { asOf, readMs: clock.monotonic() - startedAt, nodes, skewMs, skewIsLeast });
  }

  async function readAll(): Promise<void> {
    const known = surroundings.clusters([...watch.keys()]);
    const results = await Promise.allSettled([surroundings.discover(), ...known.map(read)]);
    const fresh = surroundings.clusters([...watch.keys()]).filter((cluster) => !known.includes(cluster));
    results.push(...(await Promise.allSettled(fresh.map(read))));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** One round: read, judge, record. Never rejects. */
  async function round(startedAt: MonotonicMs): Promise<boolean> {
    watch = breakStale(watch, startedAt);
    try {
      await readAll();
      failures = 0;
      lastGoodAt = startedAt;
      verdict = { state: "up", reason: null };
    } catch (cause) {
      failures += 1;
      judgeFailure(cause);
    }
    watch = breakStale(watch, clock.monotonic());
    publishSoon();
    return failures === 0;
  }

  function judgeFailure(cause: unknown): void {
    const expected = cause instanceof OpsError;
    if (!expected) log.error("dna.reader.unexpected", { source: sourceId, cause });
    const overdue = clock.monotonic() - lastGoodAt >= DOWN_AFTER_MS;
    if (expected && failures < FAILURES_TO_DOWN && !overdue) return;
    if (verdict.state !== "down") log.warn("dna.reader.down", { source: sourceId, cause });
    verdict = { state: "down", reason: messageOf(cause) };
  }

  /** Starts to record what changed unless the last recording still goes on: the next round compares again. */
  function publishSoon(): void {
    if (publishing !== null) return;
    publishing = publish()
      .catch((cause: unknown) => log.warn("dna.reader.not-recorded", { source: sourceId, cause }))
      .finally(() => {
        publishing = null;
      });
  }

  async function publish(): Promise<void> {
    const now = clock.now();
    const drafts: EventDraft[] = [
      ...sourceChange(view.dna(sourceId), sourceId, verdict, now),
      ...watchChanges(view.dna(sourceId), watch, now),
      ...surroundings.changes(view.dna(sourceId), now),
    ];
    if (drafts.length > 0) await recorder.record(stream, drafts);
    const forgotten = forgettable(view.dna(sourceId), surroundings.follows, goneSince, now);
    if (forgotten.length === 0) return;
    await recorder.record(stream, forgotten);
    forget(new Set(forgotten.map((draft) => draft.subject)));
  }

  function forget(ids: ReadonlySet<IncarnationId>): void {
    const kept = (cluster: ClusterWatch): ClusterWatch => {
      const sightings = new Map([...cluster.sightings.sightings].filter(([id]) => !ids.has(id)));
      return { ...cluster, sightings: { ...cluster.sightings, sightings } };
    };
    watch = new Map([...watch].map(([name, cluster]) => [name, kept(cluster)]));
    for (const id of ids) goneSince.delete(id);
  }

  async function run(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<boolean>((resolve) => {
      signal.addEventListener("abort", () => resolve(false), { once: true });
    });
    adopt();
    lastGoodAt = clock.monotonic();
    publishSoon();
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      const good = await Promise.race([round(startedAt), aborted]);
      const delayMs = good ? nextReadDelayMs(watch, startedAt, clock.monotonic()) : RETRY_MS;
      await clock.sleep(delayMs, signal).catch((cause: unknown) => {
        if (!signal.aborted) log.error("dna.reader.unexpected", { source: sourceId, cause });
      });
    }
    await publishing;
  }

  return {
    run,
    liveness: (incarnationId) =>
      judgeIncarnation(incarnationId, {
        watch,
        discovery: surroundings.discovery(),
        now: clock.monotonic(),
        loop: loopDelay,
        witness,
      }),
    async readNow(cluster) {
      await Promise.all(
        surroundings
          .clusters([...watch.keys()])
          .filter((name) => cluster === null || name === cluster)
          .map(read),
      );
      publishSoon();
    },
    clusters: () => surroundings.clusters([...watch.keys()]),
  };
}
