import type { DnaBeam } from "#server/dna/beam-ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { askAbilities, EVALUATE_OFF } from "./abilities.ts";
import { createAsk } from "./asking.ts";
import type { RemoteNodes } from "./dist/remote-nodes.ts";
import { askBacklog, askInspect, askInstance, askInstances, askTop } from "./instance-questions.ts";
import {
  askCachedOwner,
  askIdentity,
  askLastRefresh,
  askPartitions,
  askPeers,
  askVitals,
  clearCache,
} from "./node-questions.ts";
import { stopForced, stopSafe, stopVm } from "./stops.ts";

export interface DnaBeamOptions {
  /** Whether the constant texts of this adapter may be evaluated on nodes. */
  readonly evaluate: boolean;
  readonly clock: Clock;
}

/** The closed list over Erlang distribution. It owns `remote`: nobody else may call nodes by it. */
export function createDnaBeam(remote: RemoteNodes, { evaluate, clock }: DnaBeamOptions): DnaBeam {
  const ask = createAsk(remote);
  const requireEvaluate = (): void => {
    if (!evaluate) throw new OpsError("refused", EVALUATE_OFF);
  };
  const registration = (node: string) => remote.registration(node);
  const link = (node: string) => remote.link(node);
  return {
    evaluate,
    link,
    registration,
    abilities: (node) => askAbilities(ask, node, evaluate),
    identity: (node) => askIdentity(ask, node),
    partitions: (node) => askPartitions(ask, node),
    vitals: (node) => askVitals(ask, node),
    peers: (node) => askPeers(ask, node),
    lastRefresh: (node) => askLastRefresh(ask, node),
    cachedOwner: (node, key) => askCachedOwner(ask, node, key),
    instance: (node, key) => askInstance(ask, node, key),
    instances: (node, query) => askInstances(ask, node, query),
    inspect: (node, instances) => askInspect(ask, node, instances),
    backlog: (node, instance) => askBacklog(ask, node, instance, evaluate),
    async top(node, partition, limit) {
      requireEvaluate();
      return askTop(ask, node, partition, limit);
    },
    stopForced: (node, instance) => stopForced(ask, node, instance),
    async stopSafe(node, instance, deadlineMs) {
      requireEvaluate();
      return stopSafe(ask, node, instance, deadlineMs);
    },
    stopVm: (node, how) => stopVm({ ask, clock, registration, link }, node, how),
    async clearOwnerCache(node) {
      await clearCache(ask, node);
    },
    close: () => remote.close(),
  };
}
