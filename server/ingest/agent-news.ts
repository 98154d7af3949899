/** What is to be told of an agent that the journal does not know yet. Pure, but for what it remembers of its telling. */
import type { AgentFacts } from "#server/contract/agents.ts";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft } from "#server/contract/event.ts";
import type { AgentFold } from "#server/contract/fold/ingest.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { AgentBeat } from "./agent-beats.ts";
import { skewOf } from "./domain/agent-heard.ts";
import { isDriftOfNote } from "./domain/agent-skew.ts";

/** An agent that goes from gateway to gateway, or two of one name, are not told at every look. */
const FACTS_EVERY_MS = 60_000;
const RESTART_EVERY_MS = 5_000;
const GAPS_PER_LOOK = 5;

interface Memory {
  factsAtMs: number;
  restartAtMs: number;
  readonly gaps: Set<string>;
}

export interface NewsOf {
  readonly agentId: string;
  readonly gateway: string;
  readonly beat: AgentBeat;
  readonly known: AgentFold | undefined;
}

export function createAgentNews() {
  const memories = new Map<string, Memory>();

  function memoryOf(agentId: string): Memory {
    const found = memories.get(agentId) ?? { factsAtMs: Number.NEGATIVE_INFINITY, restartAtMs: 0, gaps: new Set() };
    memories.set(agentId, found);
    return found;
  }

  return {
    /** @param nowMs of a clock that only goes on; @param at for the events */
    of(news: NewsOf, nowMs: number, at: EpochMs): readonly EventDraft[] {
      const memory = memoryOf(news.agentId);
      return [
        ...seenDraft(news, memory, nowMs),
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

/** With an id of its own each: whoever takes over tells them again, and the journal knows them. */
function gapDrafts({ agentId, beat }: NewsOf, { gaps }: Memory, at: EpochMs): readonly EventDraft[] {
  const found = beat.lost.map((lost) => ({ lost, id: `gap:${agentId}:${lost.bootId}:${lost.from}-${lost.to}` }));
  const due = found.filter(({ id }) => !gaps.has(id)).slice(0, GAPS_PER_LOOK);
  const still = new Set(found.map(({ id }) => id));
  for (const id of gaps) if (!still.has(id)) gaps.delete(id);
  for (const { id } of due) gaps.add(id);
  return due.map(({ id, lost: { bootId, from, to } }) => ({
    kind: "agent.gap",
    id,
    subject: agentId,
    occurredAt: at,
    body: { bootId, fromSeq: from, toSeq: to },
  }));
}

function skewDraft({ known, agentId, beat }: NewsOf, at: EpochMs): readonly EventDraft[] {
  const skewMs = skewOf(beat);
  if (skewMs === null || !isDriftOfNote(known?.skewMs ?? null, skewMs)) return [];
  return [{ kind: "agent.skew_changed", subject: agentId, occurredAt: at, body: { skewMs } }];
}
