import type { DnaSourceConfiguration, LimitsConfiguration } from "#server/config/model.ts";
import { dnaStream } from "#server/contract/event.ts";
import { type ActorWatch, createActorWatch } from "#server/dna/actor-watch.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import { createBeamWitness } from "#server/dna/beam-evidence.ts";
import { createNodeInsides, forgetInsides } from "#server/dna/beam-inside.ts";
import type { DnaBeam } from "#server/dna/beam-ports.ts";
import { createBeatMemory } from "#server/dna/beat-memory.ts";
import type { IncarnationWatch } from "#server/dna/failover-watch.ts";
import { createHealthWatch } from "#server/dna/health-watch.ts";
import type { DnaStore } from "#server/dna/ports.ts";
import { createDnaReader } from "#server/dna/reader.ts";
import { toIncarnationWatch, toLivenessView } from "#server/dna/reader-views.ts";
import type { DnaKeyspaceSource } from "#server/dna/source-view.ts";
import type { ConsolePart } from "#server/estate/readers.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { LoopDelay } from "#server/runtime/loop-delay.ts";
import { withCqlTls } from "./compose-tls.ts";

/** What every source is built from. */
export interface SourceDeps {
  readonly recorder: Recorder;
  readonly view: FoldView;
  readonly clock: Clock;
  readonly log: Logger;
  readonly loopDelay: LoopDelay;
  readonly limits: LimitsConfiguration;
}

/** A configured DNA keyspace, read and acted on. */
export interface DnaAssembly {
  readonly source: DnaKeyspaceSource;
  readonly watch: IncarnationWatch;
  readonly actors: Pick<ActorWatch, "released" | "claimed">;
  readonly title: string;
  readonly region: string;
  readonly cluster: string | null;
  readonly keyspace: string;
  /** What acts on its own, each for itself. */
  readonly parts: readonly ConsolePart[];
  /** All of them together, supervised by nobody. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface DnaSeat {
  readonly id: string;
  readonly title: string;
  readonly region: string;
  readonly cluster: string | null;
  readonly keyspace: string;
  readonly modules: Readonly<Record<string, string>>;
  readonly act: boolean;
}

/** The store of a configured keyspace. Connects with its first read. */
export function openScylla(configuration: DnaSourceConfiguration, clock: Clock): DnaStore {
  const { contactPoints, localDataCenter, keyspace, username, password } = configuration.scylla;
  const credentials = username === null ? {} : { username, password: password?.reveal() ?? "" };
  const tls = withCqlTls(configuration.scylla);
  return createScyllaDnaStore({ contactPoints, localDataCenter, keyspace, ...credentials, ...tls }, clock);
}

/** The ways to one cluster: its database, and its nodes where that is configured. */
export interface DnaWays {
  readonly store: DnaStore;
  readonly beam: DnaBeam | null;
  /** The console's own node name; left out = it has none. */
  readonly ownName?: string;
}

export function assembleDna(seat: DnaSeat, { store, beam, ownName }: DnaWays, deps: SourceDeps): DnaAssembly {
  const { recorder, view, clock, log, loopDelay } = deps;
  const own = log.child({ source: seat.id });
  const witness =
    beam === null ? null : createBeamWitness({ beam, clock, ...(ownName === undefined ? {} : { ownName }) });
  const beats = createBeatMemory();
  const reader = createDnaReader({
    sourceId: seat.id,
    store,
    recorder,
    view,
    clock,
    log: own,
    loopDelay,
    clusterFilter: seat.cluster,
    witness,
    beats,
  });
  const inside =
    beam === null || witness === null
      ? null
      : createNodeInsides({ sourceId: seat.id, beam, witness, recorder, view, clock, log: own });
  const asksNodes = (signal: AbortSignal): Promise<void> =>
    inside === null
      ? forgetInsides({ sourceId: seat.id, recorder, view, clock, log: own }, signal)
      : inside.run(signal);
  const actors = createActorWatch({ sourceId: seat.id, store, recorder, view, clock, log: own });
  const health = createHealthWatch({
    ...{ sourceId: seat.id, store, beam: beam !== null, clusterFilter: seat.cluster },
    ...{ recorder, view, clock, log: own },
  });
  const source: DnaKeyspaceSource = {
    id: seat.id,
    keyspace: seat.keyspace,
    act: seat.act,
    modules: seat.modules,
    store,
    beam,
    inside,
    beats,
    actors,
    liveness: toLivenessView(reader),
    pace: deps.limits.failover,
    fold: () => view.dna(seat.id),
    sample: () => view.samples()[dnaStream(seat.id)] ?? null,
  };
  const stream = dnaStream(seat.id);
  const part = (what: string, title: string, run: ConsolePart["run"]): ConsolePart => ({
    name: `${stream}/${what}`,
    title: `${title} of ${seat.title}`,
    stream,
    run,
  });
  const parts = [
    part("nodes", "Reader of the nodes", (signal) => reader.run(signal)),
    part("actors", "Watch of the actors", (signal) => actors.run(signal)),
    part("insides", "Insides of the nodes", asksNodes),
    part("health", "Checks", (signal) => health.run(signal)),
  ];
  return {
    source,
    watch: toIncarnationWatch(reader, witness),
    actors,
    title: seat.title,
    region: seat.region,
    cluster: seat.cluster,
    keyspace: seat.keyspace,
    parts,
    async run(signal) {
      await Promise.all(parts.map((each) => each.run(signal)));
    },
    async close() {
      await Promise.all([store.close(), beam?.close()]);
    },
  };
}
