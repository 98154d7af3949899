/** Agents as the fold knows them, for those who ask by API; the screens draw from the fold itself. */
import { type Caller, sourceFor, visible } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { ingestStream } from "#server/contract/event.ts";
import { EMPTY_INGEST, type IngestFold } from "#server/contract/fold/ingest.ts";
import { own } from "#server/contract/fold/record.ts";
import { maskFolds } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import type * as wire from "#server/contract/wire/agents.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import { toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { FoldView } from "#server/live/ports.ts";

type View = WireShape<typeof wire.agentGetOutput>["agent"];

export interface AgentsDeps {
  readonly view: FoldView;
  /** The gateway that is configured; `null` = none. */
  readonly source: { readonly id: string } | null;
  readonly masks: MaskRules;
}

export function createAgentsService({ view, source, masks }: AgentsDeps) {
  const sources = source === null ? [] : [source];

  function foldFor(caller: Caller, id: string): IngestFold {
    const stream = ingestStream(id);
    const shown = maskFolds({ [stream]: view.ingest(id) }, audienceOf(caller.principal), masks)[stream];
    return shown?.family === "ingest" ? shown : EMPTY_INGEST;
  }

  const asOfOf = (id: string): string | null => {
    const asOf = view.samples()[ingestStream(id)]?.asOf;
    return asOf === undefined ? null : toIso(asOf);
  };

  function viewsOf(caller: Caller, id: string): readonly View[] {
    const { agents } = foldFor(caller, id);
    return Object.keys(agents)
      .sort()
      .flatMap((agentId) => viewOf(agents, id, agentId) ?? []);
  }

  function viewOf(agents: IngestFold["agents"], id: string, agentId: string): View | null {
    const agent = own(agents, agentId);
    if (agent === undefined) return null;
    const sample = own(view.samples()[ingestStream(id)]?.ingest?.agents ?? {}, agentId);
    const { about, state, evidence, door, peer, gateway, bootId, restarts, missing } = agent;
    return {
      ...{ source: id, agentId, state, evidence, door, peer, gateway, bootId, restarts, missing },
      since: toIso(agent.stateSince),
      knownSince: toIso(agent.seenSince),
      hostname: about?.hostname ?? null,
      addresses: addressesOf(about?.addresses),
      program: about?.program ?? null,
      skewMs: sample?.skewMs ?? agent.skewMs,
      measured: sample === undefined ? null : { ...sample, lastAt: toIso(sample.lastAt) },
    };
  }

  return {
    async list(
      caller: Caller,
      { source: asked, states, text = "", limit, after = "" }: WireIn<typeof wire.agentsListInput>,
    ): WireOut<typeof wire.agentsListOutput> {
      const seen = asked === undefined ? visible(caller, sources) : [sourceFor(caller, sources, asked)];
      const wanted = text.toLowerCase();
      const within = seen.flatMap(({ id }) => viewsOf(caller, id)).filter((one) => mentions(one, wanted));
      const counts: Record<string, number> = {};
      for (const { state } of within) counts[state] = (counts[state] ?? 0) + 1;
      const kept = within.filter(({ state, agentId }) => agentId > after && (states ?? [state]).includes(state));
      const page = kept.slice(0, limit);
      return {
        asOf: seen[0] === undefined ? null : asOfOf(seen[0].id),
        faults: seen.flatMap(({ id }) => faultOf(id)),
        agents: page,
        counts,
        next: kept.length > page.length ? (page.at(-1)?.agentId ?? null) : null,
      };
    },

    async get(caller: Caller, input: WireIn<typeof wire.agentGetInput>): WireOut<typeof wire.agentGetOutput> {
      const { id } = sourceFor(caller, sources, input.source);
      const agent = viewOf(foldFor(caller, id).agents, id, input.agentId);
      if (agent === null) throw new OpsError("not-found", `No agent ${input.agentId} is listed`);
      return { asOf: asOfOf(id), faults: faultOf(id), agent };
    },
  };

  function faultOf(id: string) {
    const { state, since, reason } = view.ingest(id).source;
    if (state !== "down") return [];
    return [{ source: id, message: reason ?? "what the gateways tell cannot be read", since: toIso(since) }];
  }
}

type Addresses = View["addresses"];
const addressesOf = (addresses: Readonly<NonNullable<Addresses>> | readonly string[] | undefined): Addresses =>
  addresses === undefined ? null : "masked" in addresses ? { masked: true } : [...addresses];

const mentions = ({ agentId, hostname, gateway, program }: View, wanted: string): boolean =>
  wanted === "" ||
  [agentId, hostname ?? "", gateway, program ?? ""].some((part) => part.toLowerCase().includes(wanted));
