/** What is to be told of an agent that the journal does not know yet. Pure, but for what it remembers of its telling. */
import type { AgentFacts } from "#server/contract/agents.ts";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft } from "#server/contract/event.ts";
import type { AgentFold } from "#server/contract/fold/ingest.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { AgentBeat } from "./agent-beats.ts";
import { skewOf } from "./domain/agent-heard.ts";
import { isDriftOfNote } from "./domain/agent-skew.ts";
import { notSeen, type SeenRange } from "./domain/sequence-window.ts";

/** An agent that goes from gateway to gateway, or two of one name, are not told at every look. */
const FACTS_EVERY_MS = 60_000;
const RESTART_EVERY_MS = 5_000;
const GAPS_PER_LOOK = 5;

interface Memory {
  factsAtMs: number;
  restartAtMs: number;
  /** When it said the last bye that was minded. */
  leftAt: EpochMs | null;
  readonly gaps: Set<string>;
}

export interface NewsOf {
  readonly agentId: string;
  readonly gateway: string;
  readonly beat: AgentBeat;
  readonly known: AgentFold | undefined;
  /** Which numbers of a boot have come to any gateway. */
  readonly seenOf: (bootId: string) => readonly SeenRange[];
}

export function createAgentNews() {
  const memories = new Map<string, Memory>();

  function memoryOf(agentId: string): Memory {
    const none: Memory = { factsAtMs: Number.NEGATIVE_INFINITY, restartAtMs: 0, leftAt: null, gaps: new Set() };
    const found = memories.get(agentId) ?? none;
    memories.set(agentId, found);
    return found;
  }

  return {
    /** @param nowMs of a clock that only goes on; @param at for the events */
    of(news: NewsOf, nowMs: number, at: EpochMs): readonly EventDraft[] {
      const memory = memoryOf(news.agentId);
      return [
        ...seenDraft(news, memory, nowMs),
        ...leftDrafts(news, memory, at),
        ...restartDraft(news, memory, nowMs),
        ...gapDrafts(news, memory, at),
        ...skewDraft(news, at),
      ];
    },
    forget: (agentId: string) => memories.delete(agentId),
  };
}

const factsOf = ({ beat, gateway }: NewsOf): AgentFacts => ({
  about: beat.about,
  door: beat.door,
  peer: beat.peer,
  bootId: beat.bootId,
  gateway,
});

const saidOf = ({ about, door, peer, gateway }: AgentFacts): string => canonicalJson([about, door, peer, gateway]);

function seenDraft(news: NewsOf, memory: Memory, nowMs: number): readonly EventDraft[] {
  const { known, agentId, beat } = news;
  const facts = factsOf(news);
  if (known !== undefined) {
    if (saidOf(known) === saidOf(facts) || nowMs - memory.factsAtMs < FACTS_EVERY_MS) return [];
    // Another boot is told as such.
    memory.factsAtMs = nowMs;
    return [
      { kind: "agent.seen", subject: agentId, occurredAt: beat.lastAt, body: { ...facts, bootId: known.bootId } },
    ];
  }
  return [{ kind: "agent.seen", subject: agentId, occurredAt: beat.lastAt, body: facts }];
}

function restartDraft({ known, agentId, beat }: NewsOf, memory: Memory, nowMs: number): readonly EventDraft[] {
  if (known === undefined || known.bootId === beat.bootId) return [];
  if (memory.restartAtMs !== 0 && nowMs - memory.restartAtMs < RESTART_EVERY_MS) return [];
  memory.restartAtMs = nowMs;
  const body = { from: known.bootId, to: beat.bootId };
  return [{ kind: "agent.restarted", subject: agentId, occurredAt: beat.lastAt, body }];
}

/** A bye behind which it was back before anybody looked: told as such, and that it is back. */
function leftDrafts({ known, agentId, beat }: NewsOf, memory: Memory, at: EpochMs): readonly EventDraft[] {
  const { left, bye, bootId } = beat;
  if (left === undefined || bye !== null || memory.leftAt === left.at) return [];
  memory.leftAt = left.at;
  if (known === undefined || (known.state !== "active" && known.state !== "late")) return [];
  // It has changed since: that bye was told, or its end.
  if (known.stateSince >= left.at) return [];
  const why = left.reason === null ? "" : `: ${left.reason}`;
  const id = (what: string) => `${what}:${agentId}:${left.bootId}:${left.at}`;
  const change = (from: AgentFold["state"], to: "left" | "active", evidence: string, boot: string): EventDraft => ({
    kind: "agent.state_changed",
    id: id(to),
    subject: agentId,
    occurredAt: to === "left" ? left.at : at,
    body: { from, to, evidence, silentMs: 0, bootId: boot },
  });
  return [
    change(known.state, "left", `it said bye${why}`, left.bootId),
    change("left", "active", "it was heard again at once", bootId),
  ];
}

/** With an id of its own each: whoever takes over tells them again, and the journal knows them. */
function gapDrafts({ agentId, beat, seenOf }: NewsOf, { gaps }: Memory, at: EpochMs): readonly EventDraft[] {
  const found = beat.lost.map((lost) => ({ lost, id: `gap:${agentId}:${lost.bootId}:${lost.from}-${lost.to}` }));
  const due = found.filter(({ id }) => !gaps.has(id)).slice(0, GAPS_PER_LOOK);
  const still = new Set(found.map(({ id }) => id));
  for (const id of gaps) if (!still.has(id)) gaps.delete(id);
  for (const { id } of due) gaps.add(id);
  return due.flatMap(({ lost: { bootId, from, to } }) =>
    // What is missing here may have come to another gateway.
    notSeen([from, to], seenOf(bootId))
      .slice(0, GAPS_PER_LOOK)
      .map(([fromSeq, toSeq]) => ({
        kind: "agent.gap",
        id: `gap:${agentId}:${bootId}:${fromSeq}-${toSeq}`,
        subject: agentId,
        occurredAt: at,
        body: { bootId, fromSeq, toSeq },
      })),
  );
}

function skewDraft({ known, agentId, beat }: NewsOf, at: EpochMs): readonly EventDraft[] {
  const skewMs = skewOf(beat);
  if (skewMs === null || !isDriftOfNote(known?.skewMs ?? null, skewMs)) return [];
  return [{ kind: "agent.skew_changed", subject: agentId, occurredAt: at, body: { skewMs } }];
}
