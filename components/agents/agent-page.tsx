"use client";
import { useCallback } from "react";
import { DemoAgent } from "#components/demo/demo-agent.tsx";
import { HistorySection } from "#components/history/history-section.tsx";
import { RelatedSection } from "#components/related/related-section.tsx";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { formatCount, formatDurationMs, formatNumber } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { copyText } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow, useNotKnown } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts, PageHead, Section } from "#components/ui/section.tsx";
import { Age, Instant, Since } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import { isMasked } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import { AgentHour } from "./agent-hour.tsx";
import { type AgentLine, agentsView } from "./agent-lines.ts";
import { AgentTail } from "./agent-tail.tsx";
import { AgentValues } from "./agent-values.tsx";
import { skewText } from "./agent-words.ts";
import "./agents.css";

/** One agent: how it stands and why, what it says of itself, what it sent last, and what is tied to it. */
export function AgentPage({ agentId }: { readonly agentId: string }) {
  const past = useIsPast();
  const unknown = useNotKnown("ingest").length;
  const select = useCallback((state: LiveState) => lineOf(state, agentId), [agentId]);
  const line = useFold(select);
  useKeys([{ keys: "Y", does: "copy the agent's id", run: () => void copyText(agentId) }], { group: "Agent" });
  return (
    <div className="page">
      <Crumbs
        path={[
          { text: "Agents", href: routes.agents() },
          { text: agentId, mono: true },
        ]}
      />
      {line === undefined ? (
        <>
          <NotKnownStreams families={["ingest"]} />
          {!past && <Skeleton rows={10} columns={3} what="the agent" />}
        </>
      ) : line === null ? (
        <>
          <PageHead title={<bdi>{agentId}</bdi>} sub={past ? "was not known then" : "is not known"} />
          <NotKnownStreams families={["ingest"]} />
          {unknown === 0 && (
            <Empty title={`No agent ${agentId} is listed.`}>
              It was never heard, or it was silent for so long that it is forgotten. The journal keeps what was seen of
              it: <Link href={routes.journal({ subject: agentId })}>look there</Link>.
            </Empty>
          )}
        </>
      ) : (
        <Agent line={line} />
      )}
    </div>
  );
}

function lineOf(state: LiveState, agentId: string): AgentLine | null {
  return agentsView(state).lines.find(({ id }) => id === agentId) ?? null;
}

function Agent({ line }: { readonly line: AgentLine }) {
  const { id, source, agent } = line;
  const past = useIsPast();
  return (
    <>
      <PageHead
        title={<bdi>{id}</bdi>}
        sub={
          <>
            <State system="agent" word={agent.state} /> for <Since at={agent.stateSince} />: <bdi>{agent.evidence}</bdi>
          </>
        }
      />
      <div className="agent-top">
        <Section title="Standing" note="as the gateways hear it">
          <Facts facts={standing(line, past)} />
        </Section>
        <Section title="About" note="as it says itself; nobody has checked it">
          <Facts facts={about(line)} />
        </Section>
      </div>
      <DemoAgent agentId={id} active={agent.state === "active"} />
      {past ? (
        <Section title="Sent" className="agent-part">
          <OnlyNow>what it sent is in memory and in its tables, not in the journal.</OnlyNow>
        </Section>
      ) : (
        <>
          <AgentValues source={source} agentId={id} />
          <AgentHour source={source} agentId={id} />
          <AgentTail source={source} agentId={id} />
        </>
      )}
      <div className="agent-part">
        <RelatedSection thing={{ kind: "agent", source, id }} />
      </div>
      <div className="agent-part">
        <HistorySection thing={{ type: "agent", source, id }} what={id} />
      </div>
    </>
  );
}

const NOT_MEASURED = <span className="t3">not measured</span>;

function standing({ agent, sample }: AgentLine, past: boolean): readonly Fact[] {
  const measured = (value: React.ReactNode): React.ReactNode =>
    sample === null ? past ? <span className="unk">not kept</span> : NOT_MEASURED : value;
  return [
    { name: "last sign", value: measured(<Age at={sample?.lastAt ?? null} suffix="ago" />), source: "gateway" },
    { name: "items", value: measured(`${formatNumber(sample?.perSecond ?? 0, 1)}/s`) },
    {
      name: "round trip",
      value: measured(sample?.roundTripMs == null ? "–" : formatDurationMs(sample.roundTripMs)),
      source: "by itself",
    },
    { name: "clock", value: skewText(sample?.skewMs ?? agent.skewMs), source: "median of 20" },
    { name: "lost", value: formatCount(agent.missing), source: "numbered and never came" },
    { name: "sent twice", value: measured(formatCount(sample?.duplicates ?? 0)), source: "of this boot, dropped" },
    { name: "refused", value: measured(formatCount(sample?.rejected ?? 0)), source: "of this boot" },
    { name: "restarts", value: formatCount(agent.restarts), source: "seen" },
    { name: "known since", value: <Instant at={agent.seenSince} /> },
  ];
}

function about({ agent, host }: AgentLine): readonly Fact[] {
  const addresses = agent.about?.addresses ?? [];
  return [
    { name: "host", value: <bdi>{host ?? "not told"}</bdi> },
    {
      name: "addresses",
      value: isMasked(addresses) ? (
        <span className="unk">hidden from viewers</span>
      ) : (
        <bdi>{addresses.length === 0 ? "not told" : addresses.join(", ")}</bdi>
      ),
      wrap: true,
    },
    { name: "program", value: <bdi>{agent.about?.program ?? "not told"}</bdi> },
    {
      name: "peer",
      value: isMasked(agent.peer) ? <span className="unk">hidden from viewers</span> : <bdi>{agent.peer}</bdi>,
      source: "at the gateway",
    },
    { name: "door", value: DOORS[agent.door] },
    {
      name: "gateway",
      value: (
        <Link href={routes.pipeline()}>
          <bdi>{agent.gateway}</bdi>
        </Link>
      ),
    },
    { name: "boot", value: <code className="small">{agent.bootId}</code>, wrap: true },
  ];
}

const DOORS: Readonly<Record<AgentLine["agent"]["door"], string>> = {
  http: "HTTP",
  websocket: "WebSocket",
  poa: "the older protocol",
};
