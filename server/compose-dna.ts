import { ulid } from "ulid";
import type { DnaSourceConfiguration, LimitsConfiguration } from "#server/config/model.ts";
import { dnaStream } from "#server/contract/event.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import { createCensusTaker } from "#server/dna/census.ts";
import { parseIncarnationId } from "#server/dna/domain/identity.ts";
import type { IncarnationCheck, IncarnationWatch } from "#server/dna/failover-job.ts";
import type { DnaStore } from "#server/dna/ports.ts";
import { createDnaReader, type DnaReader } from "#server/dna/reader.ts";
import type { DnaSource, LivenessView } from "#server/dna/source-view.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { LoopDelay } from "#server/runtime/loop-delay.ts";

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
  readonly source: DnaSource;
  readonly watch: IncarnationWatch;
  readonly title: string;
  readonly region: string;
  readonly cluster: string | null;
  readonly keyspace: string;
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
  return createScyllaDnaStore({ contactPoints, localDataCenter, keyspace, ...credentials }, clock);
}

export function assembleDna(seat: DnaSeat, store: DnaStore, deps: SourceDeps): DnaAssembly {
  const { recorder, view, clock, log, loopDelay } = deps;
  const own = log.child({ source: seat.id });
  const reader = createDnaReader({
    sourceId: seat.id,
    store,
    recorder,
    view,
    clock,
    log: own,
    loopDelay,
    clusterFilter: seat.cluster,
  });
  const census = createCensusTaker({ sourceId: seat.id, store, recorder, clock, log: own, newId: ulid });
  const source: DnaSource = {
    id: seat.id,
    act: seat.act,
    modules: seat.modules,
    store,
    census,
    liveness: livenessOf(reader),
    pace: deps.limits.failover,
    fold: () => view.dna(seat.id),
    sample: () => view.samples()[dnaStream(seat.id)] ?? null,
  };
  return {
    source,
    watch: watchOf(reader),
    title: seat.title,
    region: seat.region,
    cluster: seat.cluster,
    keyspace: seat.keyspace,
    run: (signal) => reader.run(signal),
    async close() {
      await census.stop();
      await store.close();
    },
  };
}

function livenessOf(reader: DnaReader): LivenessView {
  return {
    releasable: (id) => reader.liveness(id).releasable,
    sight(incarnation) {
      const { node, cluster, state, silentMs } = reader.liveness(`${incarnation.createdAt}:${incarnation.id}`);
      return { incarnation, node, state: cluster === null ? null : state, silentMs };
    },
  };
}

/** Before each round of a failover: a fresh read, then the judgement over it. */
function watchOf(reader: DnaReader): IncarnationWatch {
  return {
    async check(incarnationId): Promise<IncarnationCheck> {
      if (parseIncarnationId(incarnationId) === null)
        throw new OpsError("invalid-input", `${incarnationId} is no incarnation`);
      await reader.readNow(reader.liveness(incarnationId).cluster);
      const { state, releasable } = reader.liveness(incarnationId);
      const missing = releasable.reasons.find((reason) => !reason.holds);
      return {
        releasable: releasable.releasable,
        beats: state === "alive" || state === "returned",
        waitingFor: missing === undefined ? null : `Not yet true: ${missing.text}`,
      };
    },
  };
}
