/** Everything a drain's next step rests on, looked at now. */
import { drainKey } from "#server/contract/drain.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import { own } from "#server/contract/fold/record.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { FoldView } from "#server/live/ports.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { withinDeadline } from "./deadline.ts";
import { type Incarnation, parseIncarnationId, sameIncarnation } from "./domain/identity.ts";
import type { DrainFacts, NodeLook, RunningCount } from "./drain-steps.ts";
import { QUIET_MS } from "./drain-steps.ts";
import type { IncarnationWatch } from "./failover-watch.ts";
import { sumKeys } from "./node-view.ts";
import type { DnaSource } from "./source-view.ts";

/** Longest wait for one question to a node. */
const LOOK_TIMEOUT_MS = 3_000;
const COUNTS_KEPT_MS = 4 * QUIET_MS;
const DRAINS_MAX = 50;

export interface Looked {
  readonly node: NodeFold;
  readonly incarnation: Incarnation;
  readonly facts: DrainFacts;
}

/** @param busy whether a job on the source's stream has not ended */
export function createDrainLook(deps: {
  readonly view: Pick<FoldView, "operator">;
  readonly clock: Clock;
  readonly busy: (stream: string) => boolean;
  readonly watchOf: (sourceId: string) => Pick<IncarnationWatch, "check"> | null;
}) {
  const { view, clock } = deps;
  /** By `drainKey`: how many ran each time somebody looked. */
  const counted = new Map<string, readonly RunningCount[]>();

  function count(key: string, running: number | null): readonly RunningCount[] {
    const now = clock.monotonic();
    const kept = (counted.get(key) ?? []).filter(({ at }) => now - at <= COUNTS_KEPT_MS);
    const counts = running === null ? kept : [...kept, { at: now, running }];
    counted.delete(key);
    counted.set(key, counts);
    const [oldest] = counted.keys();
    if (counted.size > DRAINS_MAX && oldest !== undefined) counted.delete(oldest);
    return counts;
  }

  /** Where it cannot be read, what was read last is judged, and says of itself that it is old. */
  async function readNow(sourceId: string, incarnationId: string): Promise<void> {
    try {
      await deps.watchOf(sourceId)?.check(incarnationId);
    } catch (cause) {
      if (!(cause instanceof OpsError)) throw cause;
    }
  }

  return async function look(source: DnaSource, incarnationId: string): Promise<Looked> {
    const { nodes, owned } = source.fold();
    const node = own(nodes, incarnationId);
    const incarnation = parseIncarnationId(incarnationId);
    if (node === undefined || incarnation === null)
      throw new OpsError("not-found", `No incarnation ${incarnationId} in ${source.id}`);
    await readNow(source.id, incarnationId);
    const releasable = source.liveness.releasable(incarnationId);
    if (releasable === null)
      throw new OpsError("refused", "This console has not read the nodes table since it started");
    const stream = dnaStream(source.id);
    const key = drainKey(stream, incarnationId);
    const found = source.beam === null ? null : await lookAt(source.beam, clock, node.node, incarnation);
    const counts = count(key, found?.kind === "answers" && found.sameIdentity ? found.running : null);
    const census = own(owned, incarnationId);
    const others = Object.entries(nodes)
      .filter(([id, other]) => id !== incarnationId && other.cluster === node.cluster && other.state === "alive")
      .map(([, other]) => other.node)
      .toSorted();
    return {
      node,
      incarnation,
      facts: {
        act: source.act,
        look: found,
        counts,
        state: node.state,
        releasable,
        others,
        ownedKeys: census === undefined ? null : sumKeys(census.counts),
        busy: deps.busy(stream),
        recorded: own(view.operator().drains, key)?.steps ?? {},
      },
    };
  };
}

/** Who it is and how much runs there; where it does not answer, whether its name is still registered. Never rejects. */
async function lookAt(beam: DnaBeam, clock: Clock, node: string, incarnation: Incarnation): Promise<NodeLook> {
  const ask = <T>(what: () => Promise<T>) => withinDeadline(clock, LOOK_TIMEOUT_MS, "The node", what);
  try {
    const sameIdentity = sameIncarnation(await ask(() => beam.identity(node)), incarnation);
    const partitions = await ask(() => beam.partitions(node));
    const known = partitions.flatMap(({ running }) => (running === null ? [] : [running]));
    const running = known.length === partitions.length ? known.reduce((sum, each) => sum + each, 0) : null;
    return { kind: "answers", sameIdentity, running };
  } catch (cause) {
    return unanswered(ask, beam, node, messageOf(cause));
  }
}

async function unanswered(
  ask: <T>(what: () => Promise<T>) => Promise<T>,
  beam: DnaBeam,
  node: string,
  reason: string,
): Promise<NodeLook> {
  try {
    const registration = await ask(() => beam.registration(node));
    return registration.kind === "not-registered" ? { kind: "unregistered" } : { kind: "no-answer", reason };
  } catch (cause) {
    return { kind: "no-answer", reason: `${reason}; ${messageOf(cause)}` };
  }
}
