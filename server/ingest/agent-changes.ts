/** Changes of agents as they are journalled, for the receivers of one gateway. */
import { ingestStream } from "#server/contract/event.ts";
import type { FoldView } from "#server/live/ports.ts";
import type { AgentChange } from "./ports.ts";

/**
 * Calls back once for each change of an agent that this gateway heard last, so that of several gateways one tells its
 * receivers; of an agent that nobody hears any more, the one that heard it. Returns the way to stop.
 */
export function onAgentChange(
  { view, ingestId, gateway }: { readonly view: FoldView; readonly ingestId: string; readonly gateway: string },
  listener: (change: AgentChange) => void,
): () => void {
  const stream = ingestStream(ingestId);
  return view.onEvents((events) => {
    for (const event of events) {
      if (event.stream !== stream || event.kind !== "agent.state_changed") continue;
      const agent = view.ingest(ingestId).agents[event.subject];
      if (agent !== undefined && agent.gateway !== gateway) continue;
      const { from, to } = event.body;
      listener({ agentId: event.subject, from, to, at: event.observedAt });
    }
  });
}
