"use client";
import { useMemo } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { type AgentsPlace, routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import { AgentFilterBar } from "./agent-filter-bar.tsx";
import {
  type AgentFilter,
  type AgentLine,
  type AgentsView,
  agentsView,
  filterOf,
  sorted,
  withinText,
} from "./agent-lines.ts";
import { AgentTable } from "./agent-table.tsx";
import "#components/plan/plan.css";
import "#components/plans/plans.css";
import "./agents.css";

const AgentMap = onDemand(() => import("./agent-map.tsx").then((module) => module.AgentMap));

/** Gateways tell each second. */
const EVERY_MS = 1_000;

/** Everything that sends measurements: who lives, where, and how it fares. */
export function AgentsPage() {
  const view = useFold(agentsView);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Agents" }]} />
      {view === undefined ? (
        <>
          <PageHead title="Agents" sub="reading…" />
          <Skeleton rows={8} columns={7} what="agents" />
        </>
      ) : (
        <Agents view={view} />
      )}
    </div>
  );
}

function Agents({ view }: { readonly view: AgentsView }) {
  const { search, go } = useAddress();
  const filter = useMemo(() => filterOf(search), [search]);
  const unknown = useNotKnown("ingest").length;
  const asMap = search.get("view") === "map";
  const within = useMemo(() => withinText(view.lines, filter.text), [view.lines, filter.text]);
  const lines = useMemo(() => sorted(within, filter), [within, filter]);
  const place = (part: Partial<AgentsPlace>): AgentsPlace => ({
    state: filter.states.join(",") || null,
    text: filter.text,
    sort: sortText(filter),
    view: asMap ? "map" : null,
    ...part,
  });
  const turn = (part: Partial<AgentsPlace>) => go(routes.agents(place(part)), { replace: true });
  const cursor = useRowCursor({
    rows: lines,
    idOf: ({ id }: AgentLine) => id,
    onOpen: ({ id }) => go(routes.agent(id)),
    enabled: !asMap,
  });
  useKeys([{ keys: "T", does: "map or table", run: () => turn({ view: asMap ? null : "map" }) }], { group: "Agents" });
  if (view.source === null && unknown === 0) return <NoGateway />;
  return (
    <>
      <PageHead title={titleOf(view.lines)} sub={<Source view={view} />} actions={<Actions />} />
      <NotKnownStreams families={["ingest"]} />
      {view.lines.length === 0 ? (
        unknown === 0 && (
          <Empty title="No agent has been heard yet.">
            Point one here: <code>npm run agent -- --url http://this-host:3001 --user NAME</code>
          </Empty>
        )
      ) : (
        <>
          <AgentFilterBar filter={filter} within={within} asMap={asMap} onChange={turn} />
          {lines.length === 0 ? (
            <Empty title={`None of ${plural(view.lines.length, "agent")} match.`}>
              Drop a state or a word to see more.
            </Empty>
          ) : asMap ? (
            <AgentMap lines={lines} />
          ) : (
            <Section
              title="Heard"
              note="worst first unless sorted otherwise"
              aside={`${formatCount(lines.length)} shown`}
            >
              <div className="tscroll">
                <AgentTable
                  lines={lines}
                  filter={filter}
                  current={cursor.current}
                  onOpen={({ id }) => go(routes.agent(id))}
                  onSort={(sort) => turn({ sort })}
                />
              </div>
            </Section>
          )}
        </>
      )}
    </>
  );
}

const sortText = ({ sort, descending }: AgentFilter): string | null =>
  sort === "state" && !descending ? null : `${descending ? "-" : ""}${sort}`;

function titleOf(lines: readonly AgentLine[]): string {
  const count = (state: string) => lines.filter(({ agent }) => agent.state === state).length;
  const [inactive, late] = [count("inactive"), count("late")];
  if (inactive > 0) return `${plural(inactive, "agent")} of ${formatCount(lines.length)} inactive`;
  return late > 0 ? `${plural(late, "agent")} of ${formatCount(lines.length)} late` : "Agents";
}

function Source({ view: { source, asOf } }: { readonly view: AgentsView }) {
  const past = useIsPast();
  if (source === null) return null;
  if (source.down)
    return (
      <span className="t-failed tone">
        <Glyph tone="failed" /> what the gateways tell cannot be read
        {source.reason === null ? "" : `: ${source.reason}`}
      </span>
    );
  return past ? (
    "as it was known then; rates and ages are not kept"
  ) : (
    <>
      heard by the gateways, as of <Age at={asOf} everyMs={EVERY_MS} />
    </>
  );
}

const Actions = () => (
  <Link className="btn sm" href={routes.pipeline()}>
    Pipeline
  </Link>
);

function NoGateway() {
  return (
    <>
      <PageHead title="Agents" sub="no gateway is configured" />
      <Empty title="Nothing listens for agents here.">
        <p>Name a port in the configuration and start Worldline again:</p>
        <pre className="mono small">{EXAMPLE}</pre>
      </Empty>
    </>
  );
}

const EXAMPLE = `ingest:
  listen: { host: 0.0.0.0, port: 3001 }
  users:
    - { name: ops, passwordEnv: INGEST_PASSWORD, agents: ["*"] }`;
