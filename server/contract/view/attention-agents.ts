/** What of the agents and of the gateways needs a person. Pure. */
import { GATEWAY_STOPPED } from "#server/contract/agents.ts";
import { type Maskable, type StreamName, shownText } from "#server/contract/event.ts";
import type { AgentFold, GatewayFold, IngestFold } from "#server/contract/fold/ingest.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type Finding, type NeedKind, type Severity, sourceOf } from "./need.ts";
import { plural } from "./words.ts";

/** More agents of one kind of trouble than this are told as one finding. */
const TOLD_SINGLY_MAX = 3;
const NAMED_MAX = 3;
/** Losses, and gateways that went, are told for so long after the last. */
export const GAP_TOLD_MS = 60 * 60 * 1_000;

type Entry = readonly [id: string, agent: AgentFold];

/** @param now of the server's clock */
export function agentFindings(stream: StreamName, fold: IngestFold, now: EpochMs): readonly Finding[] {
  const entries = Object.entries(fold.agents);
  const inactive = entries.filter(([, { state }]) => state === "inactive");
  const late = entries.filter(([, { state }]) => state === "late");
  const gaps = entries.filter(([, { missingAt }]) => missingAt !== null && now - missingAt < GAP_TOLD_MS);
  return [
    ...told(stream, inactive, INACTIVE),
    ...told(stream, late, LATE),
    ...told(stream, gaps, GAP),
    ...gatewayFindings(stream, fold.gateways, now),
    ...receiverFindings(stream, fold.gateways),
  ];
}

interface Words {
  readonly kind: NeedKind;
  readonly severity: Severity;
  readonly one: (agent: AgentFold) => string;
  readonly many: string;
  readonly evidence: (agent: AgentFold) => string;
  readonly since: (agent: AgentFold) => EpochMs;
  readonly remedy: string;
}

const INACTIVE: Words = {
  kind: "agent_inactive",
  severity: "failed",
  one: () => " is inactive",
  many: " are inactive",
  evidence: ({ evidence }) => evidence,
  since: ({ stateSince }) => stateSince,
  remedy:
    "Look at its host: the agent, or the way from it to the gateway, is down. An agent that says bye raises nothing.",
};

const LATE: Words = {
  kind: "agent_late",
  severity: "attention",
  one: () => " is late",
  many: " are late",
  evidence: ({ evidence }) => evidence,
  since: ({ stateSince }) => stateSince,
  remedy: "Nothing yet: the next sign of life makes it active again.",
};

const GAP: Words = {
  kind: "agent_gap",
  severity: "attention",
  one: ({ missing }) => ` lost ${plural(missing, "item")} on the way`,
  many: " lost items on the way",
  evidence: ({ missing }) => `${plural(missing, "item")} that it numbered never came`,
  since: ({ missingAt, stateSince }) => missingAt ?? stateSince,
  remedy: "Its ring overflowed while it could not send: a longer one, or a rarer interval, keeps more.",
};

function told(stream: StreamName, entries: readonly Entry[], words: Words): readonly Finding[] {
  if (entries.length > TOLD_SINGLY_MAX) return [many(stream, entries, words)];
  return entries.map(([id, agent]) => ({
    id: idOf(stream, words, id),
    kind: words.kind,
    severity: words.severity,
    stream,
    target: id,
    headline: ["Agent ", id, words.one(agent)] as const,
    evidence: [
      ...(agent.about?.hostname == null ? [] : [{ text: `on ${agent.about.hostname}` }]),
      { text: words.evidence(agent) },
    ],
    since: words.since(agent),
    count: 1,
    place: { page: "agent", agent: id } as const,
    remedy: words.remedy,
  }));
}

const idOf = (stream: StreamName, { kind }: Words, agentId: string): string => `${kind}|${stream} ${agentId}`;

function many(stream: StreamName, entries: readonly Entry[], words: Words): Finding {
  const sorted = entries.toSorted(([, a], [, b]) => words.since(b) - words.since(a));
  const names = sorted.slice(0, NAMED_MAX).map(([id]) => id);
  const hosts = new Set(entries.map(([id, { about }]) => about?.hostname ?? id));
  const oldest = sorted.at(-1);
  return {
    id: `${words.kind}|${stream}`,
    kind: words.kind,
    severity: words.severity,
    stream,
    target: sourceOf(stream),
    headline: ["", plural(entries.length, "agent"), words.many],
    evidence: [{ text: `on ${plural(hosts.size, "host")}` }, { text: `latest ${names.join(", ")}` }],
    since: oldest === undefined ? null : words.since(oldest[1]),
    count: entries.length,
    standsFor: entries.map(([id]) => idOf(stream, words, id)),
    place: { page: "agents", state: STATE_OF[words.kind] ?? null },
    remedy: words.remedy,
  };
}

const STATE_OF: Readonly<Partial<Record<NeedKind, string>>> = { agent_inactive: "inactive", agent_late: "late" };

/** Of those that were told to stop nobody has to hear. */
function gatewayFindings(stream: StreamName, gateways: IngestFold["gateways"], now: EpochMs): readonly Finding[] {
  return Object.entries(gateways)
    .filter(([, { state, evidence }]) => state === "gone" && evidence !== GATEWAY_STOPPED)
    .filter(([, { since }]) => now - since < GAP_TOLD_MS)
    .map(([id, { since, host, evidence }]) => ({
      id: `gateway_gone|${stream} ${id}`,
      kind: "receiver_failing" as const,
      severity: "failed" as const,
      stream,
      target: id,
      headline: ["Gateway ", id, " is gone"] as const,
      evidence: [{ text: `on ${host}` }, { text: evidence }, { text: "its agents may turn up at another" }],
      since,
      count: 1,
      place: { page: "pipeline" as const, receiver: null },
      remedy: "Start it again. Its agents send what they kept once they reach a gateway.",
    }));
}

type Receiver = GatewayFold["receivers"][string];

/** A receiver of a gateway that runs: one finding, however many gateways it fails at. */
function receiverFindings(stream: StreamName, gateways: IngestFold["gateways"]): readonly Finding[] {
  const troubled = Object.entries(gateways)
    .filter(([, { state }]) => state === "up")
    .flatMap(([gateway, { receivers }]) =>
      Object.entries(receivers).map(([name, receiver]) => ({ gateway, name, receiver })),
    )
    .filter(({ receiver: { state } }) => state !== "ok" && state !== "stopped");
  return [...Map.groupBy(troubled, ({ name }) => name)].map(([name, group]) => {
    const oldest = group.reduce((first, each) => (each.receiver.since < first.receiver.since ? each : first));
    const bad = group.find(({ receiver: { state } }) => state !== "lagging") ?? oldest;
    return {
      id: `receiver_failing|${stream} ${name}`,
      kind: "receiver_failing",
      severity: bad.receiver.state === "lagging" ? "attention" : "failed",
      stream,
      target: name,
      headline: ["Receiver ", name, RECEIVER_WORDS[bad.receiver.state]],
      evidence: [{ text: group.map(({ gateway }) => gateway).join(", ") }, ...reasonOf(bad.receiver.reason)],
      since: oldest.receiver.since,
      count: 1,
      place: { page: "pipeline", receiver: name },
      remedy: "Agents are told to wait only where it may not lose anything; the other receivers go on.",
    };
  });
}

const RECEIVER_WORDS: Readonly<Record<Receiver["state"], string>> = {
  ok: " works",
  lagging: " does not keep up",
  failing: " fails",
  full: " takes nothing more",
  stopped: " is stopped",
};

const reasonOf = (reason: Maskable<string> | null) => (reason === null ? [] : [{ text: shownText(reason) }]);
