/** Whether keys of a dead node may be given to a live one now. Pure. */
import { seconds } from "./domain/liveness.ts";
import { TARGET_ALIVE_MS, type TargetCheck } from "./failover-watch.ts";
import type { IncarnationLiveness } from "./incarnation-liveness.ts";

type Judged = Pick<IncarnationLiveness, "incarnationId" | "cluster" | "state" | "fresh" | "flags" | "aliveMs">;

/**
 * A target is alive without a break for 30 s by reads that are fresh, in the cluster of the dead one, and bears no flag:
 * a name that beats twice, or a later life under its name, is no place to send messages to.
 */
export function judgeTarget(target: Judged, dead: Pick<Judged, "incarnationId" | "cluster">): TargetCheck {
  const reason = reasonAgainst(target, dead);
  return { eligible: reason === null, reason, aliveMs: target.aliveMs };
}

function reasonAgainst(target: Judged, dead: Pick<Judged, "incarnationId" | "cluster">): string | null {
  if (target.incarnationId === dead.incarnationId) return "it is the one whose keys they are";
  if (!target.fresh) return "the nodes table was not read within the last 5 s";
  if (target.cluster === null) return "it was never seen in the nodes table";
  if (dead.cluster !== null && target.cluster !== dead.cluster) return `it is of the cluster ${target.cluster}`;
  if (target.state !== "alive" || target.aliveMs === null) return `it is ${target.state}`;
  const [flag] = Object.keys(target.flags);
  if (flag !== undefined) return `it is flagged ${flag}`;
  if (target.aliveMs < TARGET_ALIVE_MS)
    return `it has been alive for ${seconds(target.aliveMs)}, less than ${TARGET_ALIVE_MS / 1_000} s`;
  return null;
}
