/** The agents of all sources as lines of a list: filtered, sorted, grouped. Pure. */
import { ingestFolds } from "#components/ui/folds.ts";
import type { AgentSample, AgentState } from "#server/contract/agents.ts";
import { AGENT_STATES } from "#server/contract/agents.ts";
import type { AgentFold } from "#server/contract/fold/ingest.ts";
import { own } from "#server/contract/fold/record.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface AgentLine {
  readonly id: string;
  readonly source: string;
  readonly agent: AgentFold;
  /** `null` = nothing is measured: of the past, or nobody has heard it since the gateways started. */
  readonly sample: AgentSample | null;
  readonly host: string | null;
}

export interface AgentsView {
  /** `null` = no gateway is configured. */
  readonly source: { readonly id: string; readonly down: boolean; readonly reason: string | null } | null;
  readonly asOf: EpochMs | null;
  readonly lines: readonly AgentLine[];
}

/** States that a listed agent can be in, worst first. */
export const LISTED_STATES: readonly AgentState[] = ["inactive", "late", "unknown", "active", "left"];
export const AGENT_SORTS = ["state", "agent", "host", "gateway", "seen", "rate", "skew", "gaps", "rtt"] as const;
export type AgentSort = (typeof AGENT_SORTS)[number];

export function agentsView({ folds, samples }: LiveState): AgentsView {
  const sources = ingestFolds(folds);
  const [first] = sources;
  return {
    source:
      first === undefined
        ? null
        : { id: first.id, down: first.fold.source.state === "down", reason: first.fold.source.reason },
    asOf: first === undefined ? null : (samples[first.stream]?.asOf ?? null),
    lines: sources.flatMap(({ id: source, stream, fold }) => {
      const measured = samples[stream]?.ingest?.agents ?? {};
      return Object.entries(fold.agents).map(([id, agent]) => ({
        ...{ id, source, agent, sample: own(measured, id) ?? null },
        host: agent.about?.hostname ?? null,
      }));
    }),
  };
}

export interface AgentFilter {
  /** Empty = all. */
  readonly states: readonly AgentState[];
  readonly text: string;
  readonly sort: AgentSort;
  readonly descending: boolean;
}

/** Whatever the address says; what it does not know it leaves out. */
export function filterOf(search: URLSearchParams): AgentFilter {
  const asked = (search.get("state") ?? "").split(",");
  const sortText = search.get("sort") ?? "state";
  const descending = sortText.startsWith("-");
  const sort = AGENT_SORTS.find((one) => one === sortText.replace("-", "")) ?? "state";
  return {
    states: AGENT_STATES.filter((state) => asked.includes(state)),
    text: search.get("q") ?? "",
    sort,
    descending,
  };
}

const matchesText = ({ id, host, agent }: AgentLine, text: string): boolean =>
  text === "" ||
  [id, host ?? "", agent.gateway, agent.about?.program ?? ""].some((part) => part.toLowerCase().includes(text));

/** Within the text, before the states are looked at: what the chips count. */
export const withinText = (lines: readonly AgentLine[], text: string): readonly AgentLine[] => {
  const wanted = text.trim().toLowerCase();
  return wanted === "" ? lines : lines.filter((line) => matchesText(line, wanted));
};

export function sorted(lines: readonly AgentLine[], { states, sort, descending }: AgentFilter): readonly AgentLine[] {
  const kept = states.length === 0 ? lines : lines.filter(({ agent }) => states.includes(agent.state));
  const sign = descending ? -1 : 1;
  return kept.toSorted((a, b) => {
    const order = compare(RANK[sort](a), RANK[sort](b));
    return order === 0 ? compare(a.id, b.id) : sign * order;
  });
}

type Key = string | number;
const compare = (a: Key, b: Key): number => (a < b ? -1 : a > b ? 1 : 0);
/** What is not known comes last, by itself. */
const LAST = Number.MAX_SAFE_INTEGER;

const RANK: Readonly<Record<AgentSort, (line: AgentLine) => Key>> = {
  state: ({ agent }) => LISTED_STATES.indexOf(agent.state),
  agent: ({ id }) => id,
  host: ({ host }) => host ?? "\uffff",
  gateway: ({ agent }) => agent.gateway,
  seen: ({ sample }) => (sample === null ? LAST : -sample.lastAt),
  rate: ({ sample }) => (sample === null ? LAST : -sample.perSecond),
  skew: ({ sample, agent }) => -Math.abs(sample?.skewMs ?? agent.skewMs ?? 0),
  gaps: ({ agent }) => -agent.missing,
  rtt: ({ sample }) => (sample?.roundTripMs == null ? LAST : -sample.roundTripMs),
};

export const countByState = (lines: readonly AgentLine[]): ReadonlyMap<AgentState, number> => {
  const counts = new Map<AgentState, number>();
  for (const { agent } of lines) counts.set(agent.state, (counts.get(agent.state) ?? 0) + 1);
  return counts;
};

export interface AgentGroup {
  readonly name: string;
  readonly lines: readonly AgentLine[];
}

/** By host or by gateway: the groups with the worst first, the agents of each likewise. */
export function grouped(lines: readonly AgentLine[], by: "host" | "gateway"): readonly AgentGroup[] {
  const worst = (line: AgentLine) => LISTED_STATES.indexOf(line.agent.state);
  const groups = Map.groupBy(lines, (line) => (by === "host" ? (line.host ?? "no host told") : line.agent.gateway));
  return [...groups]
    .map(([name, members]) => ({
      name,
      lines: members.toSorted((a, b) => worst(a) - worst(b) || compare(a.id, b.id)),
    }))
    .toSorted((a, b) => {
      const [first, second] = [a.lines[0], b.lines[0]];
      const order = first === undefined || second === undefined ? 0 : worst(first) - worst(second);
      return order === 0 ? compare(a.name, b.name) : order;
    });
}
