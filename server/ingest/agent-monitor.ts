/**
 * Who lives: judged in one place, by the process that writes the journal, from what every gateway tells. The fold is the
 * state that is judged on, so each change is told exactly once, whoever judges.
 */
import type { AgentSample } from "#server/contract/agents.ts";
import { type EventDraft, ingestStream } from "#server/contract/event.ts";
import type { IngestFold } from "#server/contract/fold/ingest.ts";
import { own } from "#server/contract/fold/record.ts";
import type { SharedNotes } from "#server/journal/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { type AgentBeat, createBeatReader, spaceOf } from "./agent-beats.ts";
import { createAgentNews } from "./agent-news.ts";
import { skewOf } from "./domain/agent-heard.ts";
import { type AgentEvidence, type AgentRules, judgeAgent } from "./domain/agent-judgement.ts";
import type { SeenRange } from "./domain/sequence-window.ts";
import { createGatewayStandings, figuresSample, type GatewayStanding, gatewayDrafts } from "./gateway-news.ts";
import { createListening } from "./listening.ts";

const LOOK_EVERY_MS = 1_000;
/** Notes that cannot be read for so many looks: the source is down. */
const DOWN_AFTER_FAILURES = 3;
const DRAFTS_AT_ONCE = 500;
/** What a gateway told before it went is kept to judge its agents by, and a while more to look at. */
const DROP_AFTER_GRACES = 4;
/** Agents that are remembered. Of more, those that are gone for longest are forgotten before their time. */
const AGENTS_KEPT_MAX = 20_000;

export interface AgentMonitorOptions {
  readonly ingestId: string;
  readonly notes: SharedNotes;
  readonly rules: AgentRules;
  readonly recorder: Recorder;
  readonly view: FoldView;
  readonly clock: Clock;
  readonly log: Logger;
  /** Agents that are remembered; 20,000 unless told. */
  readonly agentsMax?: number;
}

export interface AgentMonitor {
  /** One look: what is due is recorded. Rejects when the notes cannot be read, or the journal not be written. */
  look(): Promise<void>;
  /** Looks each second until it is aborted; what fails is tried again. */
  run(signal: AbortSignal): Promise<void>;
}

/** What is known of one agent: by the gateway that heard it last. */
interface Sighting {
  readonly standing: GatewayStanding;
  readonly beat: AgentBeat;
  readonly silentMs: number;
}

export function createAgentMonitor(options: AgentMonitorOptions): AgentMonitor {
  const { ingestId, notes, rules, recorder, view, clock, log } = options;
  const stream = ingestStream(ingestId);
  const watched = createListening(clock);
  const reader = createBeatReader();
  const standings = createGatewayStandings();
  const news = createAgentNews();
  let failures = 0;

  async function look(): Promise<void> {
    const begun = clock.monotonic();
    watched.step();
    const told = await toldNow();
    const nowMs = watched.nowMs();
    const now = clock.now();
    const standing = standings.of(told, nowMs);
    const sightings = sightingsOf(standing);
    const drafts = [...gatewayDrafts(fold(), standing, now), ...newsOf(sightings, seenBy(standing), nowMs, now)];
    await record([...sourceDraft(), ...drafts]);
    await record(verdicts(sightings, nowMs, now));
    const readMs = Math.round(clock.monotonic() - begun);
    recorder.sample(stream, {
      asOf: now,
      readMs,
      ingest: { agents: samplesOf(sightings), ...figuresSample(standing) },
    });
    await dropOld(standing);
  }

  const fold = (): IngestFold => view.ingest(ingestId);

  async function toldNow() {
    try {
      const found = reader.read(await notes.list(spaceOf(ingestId)));
      failures = 0;
      return found;
    } catch (cause) {
      failures += 1;
      if (failures === DOWN_AFTER_FAILURES) await record([sourceChange("down", messageOf(cause))]);
      throw cause;
    }
  }

  const sourceDraft = (): readonly EventDraft[] => (fold().source.state === "up" ? [] : [sourceChange("up", null)]);

  function sourceChange(to: "up" | "down", reason: string | null): EventDraft {
    const { state, since } = fold().source;
    const from = since === 0 ? null : state;
    return { kind: "source.state_changed", subject: ingestId, occurredAt: clock.now(), body: { from, to, reason } };
  }

  const newsOf = (
    sightings: ReadonlyMap<string, Sighting>,
    seen: ReadonlyMap<string, readonly SeenRange[]>,
    nowMs: number,
    at: EpochMs,
  ): readonly EventDraft[] =>
    [...sightings].flatMap(([agentId, { standing, beat, silentMs }]) => {
      const known = own(fold().agents, agentId);
      // Who is not known and silent was forgotten, or heard by a gateway that is gone.
      if (known === undefined && (!standing.alive || silentMs >= rules.inactiveAfterMs)) return [];
      const seenOf = (bootId: string) => seen.get(bootKey(agentId, bootId)) ?? [];
      return news.of({ agentId, gateway: standing.told.gateway, beat, known, seenOf }, nowMs, at);
    });

  /** Of what the fold knows, after the news are in it. */
  function verdicts(sightings: ReadonlyMap<string, Sighting>, nowMs: number, at: EpochMs): readonly EventDraft[] {
    const { agents } = fold();
    const tooMany = surplusOf(agents, at);
    return Object.entries(agents).flatMap(([agentId, agent]): EventDraft[] => {
      const sighting = sightings.get(agentId);
      const sinceMs = at - agent.stateSince;
      const verdict = tooMany.has(agentId)
        ? ({ to: "forgotten", evidence: `${agent.state}, and its place is needed`, silentMs: sinceMs } as const)
        : judgeAgent(agent.state, evidenceOf(sighting, nowMs), sinceMs, rules);
      if (verdict === null) return [];
      const { to, evidence, silentMs } = verdict;
      if (to === "forgotten") news.forget(agentId);
      const body = { from: agent.state, to, evidence, silentMs, bootId: agent.bootId };
      return [{ kind: "agent.state_changed", subject: agentId, occurredAt: at, body }];
    });
  }

  /** Who comes and goes under ever new names is not to fill everybody's memory. */
  function surplusOf(agents: IngestFold["agents"], at: EpochMs): ReadonlySet<string> {
    const known = Object.entries(agents);
    const over = known.length - (options.agentsMax ?? AGENTS_KEPT_MAX);
    if (over <= 0) return new Set();
    const gone = known.filter(
      ([, { state, stateSince }]) => (state === "left" || state === "inactive") && at - stateSince >= rules.graceMs,
    );
    const oldest = gone.toSorted(([, a], [, b]) => a.stateSince - b.stateSince).slice(0, over);
    return new Set(oldest.map(([agentId]) => agentId));
  }

  async function record(drafts: readonly EventDraft[]): Promise<void> {
    for (let start = 0; start < drafts.length; start += DRAFTS_AT_ONCE) {
      await recorder.record(stream, drafts.slice(start, start + DRAFTS_AT_ONCE));
    }
  }

  async function dropOld(all: readonly GatewayStanding[]): Promise<void> {
    for (const { told, silentMs } of all) {
      if (silentMs > DROP_AFTER_GRACES * rules.graceMs) await notes.drop(spaceOf(ingestId), told.gateway);
    }
  }

  return {
    look,
    async run(signal) {
      let quiet = true;
      while (!signal.aborted) {
        try {
          await look();
          quiet = true;
        } catch (cause) {
          if (quiet && !signal.aborted) log.warn("ingest.monitor.failed", { cause: messageOf(cause) });
          quiet = false;
        }
        await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
      }
    },
  };
}

/** Each agent by who heard it last; a gateway that lives is believed before one that does not, a call before a bye. */
function sightingsOf(standings: readonly GatewayStanding[]): ReadonlyMap<string, Sighting> {
  const best = new Map<string, Sighting>();
  for (const standing of standings) {
    for (const beat of standing.told.agents) {
      const silentMs = Math.max(0, standing.told.beat.upMs - beat.heardAtMs) + (standing.alive ? 0 : standing.silentMs);
      const sighting = { standing, beat, silentMs };
      const other = best.get(beat.agentId);
      if (other === undefined || isLater(sighting, other)) best.set(beat.agentId, sighting);
    }
  }
  return best;
}

const bootKey = (agentId: string, bootId: string): string => `${agentId}\n${bootId}`;

/** Which numbers of each boot have come to any gateway, of those that still tell of it. */
function seenBy(standings: readonly GatewayStanding[]): ReadonlyMap<string, readonly SeenRange[]> {
  const found = new Map<string, SeenRange[]>();
  for (const { told } of standings) {
    for (const { agentId, bootId, seen } of told.agents) {
      if (seen === undefined) continue;
      const key = bootKey(agentId, bootId);
      const others = found.get(key);
      if (others === undefined) found.set(key, [seen]);
      else others.push(seen);
    }
  }
  return found;
}

const isLater = (one: Sighting, other: Sighting): boolean =>
  one.silentMs === other.silentMs ? other.beat.bye !== null : one.silentMs < other.silentMs;

function evidenceOf(sighting: Sighting | undefined, watchedMs: number): AgentEvidence {
  if (sighting === undefined) return { kind: "nothing", watchedMs };
  const { standing, beat, silentMs } = sighting;
  if (beat.bye !== null) return { kind: "bye", silentMs, reason: beat.bye.reason };
  if (standing.alive) return { kind: "heard", silentMs };
  const { told } = standing;
  return {
    kind: "gateway-gone",
    gateway: told.gateway,
    goneMs: standing.silentMs,
    silentMs: Math.max(0, silentMs - standing.silentMs),
  };
}

const samplesOf = (sightings: ReadonlyMap<string, Sighting>): Readonly<Record<string, AgentSample>> =>
  Object.fromEntries(
    [...sightings].map(([agentId, { beat, standing }]) => [
      agentId,
      {
        lastAt: beat.lastAt,
        perSecond: standing.alive ? beat.perSecond : 0,
        skewMs: skewOf(beat),
        roundTripMs: beat.roundTripMs,
        gaps: beat.missing,
        duplicates: beat.duplicates,
        rejected: beat.rejected,
      },
    ]),
  );
