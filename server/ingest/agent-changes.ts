/** Changes of agents as they are journalled, for the receivers of one gateway. */
import { ingestStream } from "#server/contract/event.ts";
import type { IngestFold } from "#server/contract/fold/ingest.ts";
import { own } from "#server/contract/fold/record.ts";
import type { FoldView } from "#server/live/ports.ts";
import type { AgentChange } from "./ports.ts";

/**
 * Calls back once for each change of an agent that this gateway heard last, so that of several gateways one tells its
 * receivers; of an agent whose gateway is gone, the first of those that are there. Of one that is forgotten all of them
 * are called back. Returns the way to stop.
 */
export function onAgentChange(
  { view, ingestId, gateway }: { readonly view: FoldView; readonly ingestId: string; readonly gateway: string },
  listener: (change: AgentChange) => void,
): () => void {
  const stream = ingestStream(ingestId);
  return view.onEvents((events) => {
    for (const event of events) {
      if (event.stream !== stream || event.kind !== "agent.state_changed") continue;
      const fold = view.ingest(ingestId);
      const agent = own(fold.agents, event.subject);
      if (agent !== undefined && tellerOf(agent.gateway, fold.gateways, gateway) !== gateway) continue;
      const { from, to } = event.body;
      listener({ agentId: event.subject, from, to, at: event.observedAt });
    }
  });
}

/** Which gateway tells of an agent that `heardBy` heard last. */
function tellerOf(heardBy: string, gateways: IngestFold["gateways"], self: string): string {
  if (heardBy === self || own(gateways, heardBy)?.state === "up") return heardBy;
  const there = Object.entries(gateways).flatMap(([id, { state }]) => (state === "up" ? id : []));
  return there.toSorted()[0] ?? self;
}
