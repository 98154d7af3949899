/**
 * What a gateway has heard of its agents, told to whoever writes the journal: in notes that every process on the journal
 * may write, a second apart. Nothing here waits for a store, and nothing here judges.
 */
import type { SharedNotes } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { AGENTS_PER_NOTE, type AgentBeat, agentsNote, gatewayNote, spaceOf } from "./agent-beats.ts";
import type { GatewayFigures } from "./agent-figures.ts";
import { type AgentHeard, hear, withCounts } from "./domain/agent-heard.ts";
import type { AgentRules } from "./domain/agent-judgement.ts";
import { createListening } from "./listening.ts";
import type { AgentCounts, AgentWatch, Sign } from "./ports.ts";

export const BEAT_EVERY_MS = 1_000;
/** Of one gateway. A further one is not minded, and said so in the log. */
const AGENTS_MAX = 20_000;
/** After so much silence a gateway says no more of an agent: it has been judged long before. */
const TOLD_FOR_PINGS = 200;

export interface AgentWatchOptions {
  readonly ingestId: string;
  /** This process, as `host:pid`. */
  readonly gateway: string;
  readonly host: string;
  readonly notes: SharedNotes;
  readonly rules: AgentRules;
  readonly figures: () => GatewayFigures;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface GatewayWatch extends AgentWatch {
  /** Tells what was heard until it is aborted, and then that it stops. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface Entry {
  heard: AgentHeard;
  readonly note: number;
  acceptedBefore: number;
  perSecond: number;
}

export function createAgentWatch(options: AgentWatchOptions): GatewayWatch {
  const { gateway, host, notes, rules, clock, log } = options;
  const space = spaceOf(options.ingestId);
  const startedAt = clock.now();
  const listening = createListening(clock);
  const entries = new Map<string, Entry>();
  /** Agents by the note in which they are told; a place is given again when one goes. */
  const places: Set<string>[] = [];
  const changed = new Set<number>();
  let failures = 0;

  function placeFor(agentId: string): number {
    const free = places.findIndex((agents) => agents.size < AGENTS_PER_NOTE);
    const note = free >= 0 ? free : places.push(new Set()) - 1;
    places[note]?.add(agentId);
    return note;
  }

  function take(sign: Sign, bye: AgentHeard["bye"]): void {
    const entry = entries.get(sign.agentId);
    if (entry === undefined && entries.size >= AGENTS_MAX) {
      log.warn("ingest.agents.too-many", { agent: sign.agentId, most: AGENTS_MAX });
      return;
    }
    const heard = hear(entry?.heard, sign, listening.nowMs(), bye);
    const note = entry?.note ?? placeFor(sign.agentId);
    changed.add(note);
    if (entry === undefined) entries.set(sign.agentId, { heard, note, acceptedBefore: 0, perSecond: 0 });
    else {
      if (entry.heard.bootId !== heard.bootId) entry.acceptedBefore = 0;
      entry.heard = heard;
    }
  }

  function counted(counts: AgentCounts): void {
    const entry = entries.get(counts.agentId);
    if (entry === undefined || entry.heard.bootId !== counts.bootId) return;
    entry.heard = withCounts(entry.heard, counts);
    changed.add(entry.note);
  }

  /** Who is silent for long is not told of any more. */
  function letGo(nowMs: number): void {
    const limitMs = TOLD_FOR_PINGS * rules.pingEveryMs + rules.graceMs;
    for (const [agentId, { heard, note }] of entries) {
      if (nowMs - heard.heardAtMs < limitMs) continue;
      entries.delete(agentId);
      places[note]?.delete(agentId);
      changed.add(note);
    }
  }

  function measure(elapsedMs: number): void {
    for (const entry of entries.values()) {
      const perSecond = Math.max(0, ((entry.heard.accepted - entry.acceptedBefore) * 1_000) / Math.max(1, elapsedMs));
      // Halves what was: a rate that has ended is told as ended within seconds.
      const smooth = Math.round((entry.perSecond + perSecond) * 5) / 10;
      if (smooth !== entry.perSecond) changed.add(entry.note);
      entry.perSecond = smooth < 0.1 ? 0 : smooth;
      entry.acceptedBefore = entry.heard.accepted;
    }
  }

  const told = (note: number): readonly AgentBeat[] =>
    [...(places[note] ?? [])].flatMap((agentId) => {
      const entry = entries.get(agentId);
      return entry === undefined ? [] : [{ ...entry.heard, perSecond: entry.perSecond }];
    });

  async function beat(stopped: boolean): Promise<void> {
    const { elapsedMs, slept } = listening.step();
    // Whoever slept may have been held for gone, and what it told been taken away.
    if (slept || failures > 0) for (const note of places.keys()) changed.add(note);
    letGo(listening.nowMs());
    measure(elapsedMs);
    const due = [...changed];
    changed.clear();
    const upMs = listening.nowMs();
    const head = gatewayNote({ host, startedAt, upMs, stopped, figures: options.figures() });
    await notes.put(space, gateway, [...due.map((note) => agentsNote(note, told(note))), head]);
  }

  async function tryToBeat(stopped: boolean): Promise<void> {
    try {
      await beat(stopped);
      failures = 0;
    } catch (cause) {
      failures += 1;
      if (failures === 1) log.warn("ingest.agents.not-told", { cause: messageOf(cause) });
    }
  }

  return {
    inactiveAfterMs: rules.inactiveAfterMs,
    pingEveryMs: rules.pingEveryMs,
    sign: (sign) => take(sign, null),
    bye: (sign, reason) => take(sign, { reason }),
    counted,
    async run(signal) {
      while (!signal.aborted) {
        await tryToBeat(false);
        await clock.sleep(BEAT_EVERY_MS, signal).catch(() => undefined);
      }
      await tryToBeat(true);
    },
  };
}
