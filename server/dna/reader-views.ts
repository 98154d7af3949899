/** The reader as its services see it. */
import { OpsError } from "#server/kernel/errors.ts";
import type { BeamWitness } from "./beam-evidence.ts";
import { judgeTarget } from "./claim-targets.ts";
import { type Incarnation, type IncarnationId, parseIncarnationId, toIncarnationId } from "./domain/identity.ts";
import type { PeerSight } from "./domain/peer-verdict.ts";
import type { IncarnationCheck, IncarnationWatch } from "./failover-watch.ts";
import type { DnaReader } from "./reader.ts";
import type { LivenessView } from "./source-view.ts";

/** What queries ask: nothing is read for it. */
export function toLivenessView(reader: Pick<DnaReader, "liveness">): LivenessView {
  return {
    releasable(incarnationId) {
      const judged = reader.liveness(incarnationId);
      return judged.readAgeMs === null && judged.cluster === null ? null : judged.releasable;
    },
    sight: (incarnation) => sightOf(reader, incarnation),
    target: (incarnationId, dead) => judgeTarget(reader.liveness(incarnationId), reader.liveness(dead)),
  };
}

/** An incarnation as our own peer table has it; one that was never seen has no state. */
function sightOf(reader: Pick<DnaReader, "liveness">, incarnation: Incarnation): PeerSight {
  const judged = reader.liveness(toIncarnationId(incarnation));
  const stranger = judged.cluster === null && judged.fresh;
  return { incarnation, node: judged.node, state: stranger ? null : judged.state, silentMs: judged.silentMs };
}

/**
 * What the failover asks before every round: a look at the node itself and a read of its own, then the judgement.
 *
 * @param witness who asks the nodes; `null` = nobody, and every death is presumed
 */
export function toIncarnationWatch(
  reader: Pick<DnaReader, "liveness" | "readNow">,
  witness: Pick<BeamWitness, "look"> | null = null,
): IncarnationWatch {
  function judge(incarnationId: IncarnationId): IncarnationCheck {
    const { state, releasable } = reader.liveness(incarnationId);
    const open = releasable.reasons.find((reason) => !reason.holds);
    return {
      releasable: releasable.releasable,
      certainty: releasable.certainty,
      beats: state === "alive" || state === "returned",
      waitingFor: open === undefined ? null : `Not yet true: ${open.text}`,
    };
  }

  return {
    async check(incarnationId): Promise<IncarnationCheck> {
      if (parseIncarnationId(incarnationId) === null)
        throw new OpsError("invalid-input", `${incarnationId} is no incarnation`);
      const { node, cluster } = reader.liveness(incarnationId);
      await Promise.all([reader.readNow(cluster), node === null ? null : witness?.look(node)]);
      return judge(incarnationId);
    },
    judge,
    target: (incarnationId, dead) => judgeTarget(reader.liveness(incarnationId), reader.liveness(dead)),
  };
}
