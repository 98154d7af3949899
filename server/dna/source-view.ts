import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { StreamSample } from "#server/contract/live.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import type { ActorWatch } from "./actor-watch.ts";
import type { NodeInsides } from "./beam-inside.ts";
import type { DnaBeam } from "./beam-ports.ts";
import type { BeatMemory } from "./beat-memory.ts";
import type { CensusTaker } from "./census.ts";
import type { Incarnation } from "./domain/identity.ts";
import type { PeerSight } from "./domain/peer-verdict.ts";
import type { Releasable } from "./domain/releasable.ts";
import type { FailoverPace } from "./failover-readiness.ts";
import type { TargetCheck } from "./failover-watch.ts";
import type { DnaStore } from "./ports.ts";

/** What the reader of a source knows beyond the fold: its own count of silence. */
export interface LivenessView {
  /** `null` when the incarnation was never seen. */
  releasable(incarnationId: string): Releasable | null;
  sight(incarnation: Incarnation): PeerSight;
  /** Whether keys of `dead` may be given to this node now. */
  target(incarnationId: string, dead: string): TargetCheck;
}

/** One configured DNA keyspace as it is read. */
export interface DnaKeyspaceSource {
  readonly id: string;
  /** As configured: two sources may be the same one. */
  readonly keyspace?: string;
  readonly act: boolean;
  /** module_id to module name, as the operator maintains it. */
  readonly modules: Readonly<Record<string, string>>;
  readonly store: DnaStore;
  /** `null` when no access to the nodes is configured: everything is told from the database alone. */
  readonly beam: DnaBeam | null;
  /** What the nodes told by themselves; `null` or left out = nobody asks them. */
  readonly inside?: NodeInsides | null;
  readonly actors: Pick<ActorWatch, "look">;
  readonly liveness: LivenessView;
  /** The last beats of every incarnation; left out = they are not kept. */
  readonly beats?: BeatMemory;
  readonly pace: FailoverPace;
  fold(): DnaFold;
  sample(): StreamSample | null;
}

/** The same with everything the queries need. */
export interface DnaSource extends DnaKeyspaceSource {
  readonly census: CensusTaker;
}

/** `asOf` and the faults of an answer drawn from the folds: as of the last good read. */
export function asOfFold(sources: readonly DnaSource[]) {
  const instants = sources.flatMap((source) => source.sample()?.asOf ?? []);
  const oldest =
    instants.length === sources.length && instants.length > 0
      ? toIso(Math.min(...instants) as (typeof instants)[number])
      : null;
  return { asOf: oldest, faults: sources.flatMap(faultsOf) };
}

/** `asOf` and the faults of an answer that was just read from one source. */
export const asOfNow = (clock: Clock, source: DnaSource) => ({ asOf: toIso(clock.now()), faults: faultsOf(source) });

function faultsOf(source: DnaSource) {
  const { state, since, reason } = source.fold().source;
  if (state === "up") return [];
  const message = reason ?? (state === "starting" ? "not read yet" : "down");
  return [{ source: source.id, message, since: since === 0 ? null : toIso(since) }];
}
