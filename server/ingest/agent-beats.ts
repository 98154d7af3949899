/** Heartbeats of a gateway as notes: one of itself, and one for each fifty agents. Read again tolerantly: a note of another version is none. */
import type { SharedNote } from "#server/journal/ports.ts";
import { type GatewayFigures, NO_FIGURES } from "./agent-figures.ts";
import type { AgentHeard } from "./domain/agent-heard.ts";

const FORMAT = 1;
export const AGENTS_PER_NOTE = 50;
const HEAD = "gateway";

export interface GatewayBeat {
  readonly host: string;
  /** Tells one run of a gateway from another of the same name. */
  readonly startedAt: number;
  /** For how long it has been listening, in ms; what it slept through does not count. */
  readonly upMs: number;
  /** It was told to stop. */
  readonly stopped: boolean;
  readonly figures: GatewayFigures;
}

/** What a gateway tells of an agent, with what it has taken of it lately. */
export interface AgentBeat extends AgentHeard {
  readonly perSecond: number;
}

export const spaceOf = (ingestId: string): string => `ingest:${ingestId}`;

export const gatewayNote = (beat: GatewayBeat) => ({ key: HEAD, value: JSON.stringify({ format: FORMAT, ...beat }) });

export const agentsNote = (slot: number, agents: readonly AgentBeat[]) => ({
  key: `agents-${slot}`,
  value: agents.length === 0 ? null : JSON.stringify({ format: FORMAT, agents }),
});

/** Everything one gateway has told. */
export interface GatewayTold {
  readonly gateway: string;
  readonly beat: GatewayBeat;
  readonly agents: readonly AgentBeat[];
}

/** Reads notes again and again: what has not changed since the last time is not parsed anew. */
export function createBeatReader() {
  let before = new Map<string, { readonly value: string; readonly parsed: unknown }>();

  return {
    read(notes: readonly SharedNote[]): readonly GatewayTold[] {
      const now = new Map<string, { readonly value: string; readonly parsed: unknown }>();
      for (const { owner, key, value } of notes) {
        const id = JSON.stringify([owner, key]);
        const known = before.get(id);
        now.set(id, known?.value === value ? known : { value, parsed: parse(value) });
      }
      before = now;
      const parsedOf = (owner: string, key: string) => now.get(JSON.stringify([owner, key]))?.parsed;
      return [...Map.groupBy(notes, ({ owner }) => owner)].flatMap(([gateway, mine]) => {
        const beat = beatOf(parsedOf(gateway, HEAD));
        if (beat === null) return [];
        const agents = mine.flatMap(({ key }) => (key === HEAD ? [] : agentsOf(parsedOf(gateway, key))));
        return [{ gateway, beat, agents }];
      });
    },
  };
}

/** `null` = none of ours. */
function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // A note that is cut or foreign is as good as none: the next one is a second away.
    return null;
  }
}

const isOurs = (parsed: unknown): parsed is { readonly format: number } & Record<string, unknown> =>
  typeof parsed === "object" && parsed !== null && "format" in parsed && parsed.format === FORMAT;

function beatOf(parsed: unknown): GatewayBeat | null {
  if (!isOurs(parsed) || typeof parsed.upMs !== "number" || typeof parsed.startedAt !== "number") return null;
  const { host, startedAt, upMs, stopped, figures } = parsed;
  return {
    host: typeof host === "string" ? host : "",
    startedAt,
    upMs,
    stopped: stopped === true,
    figures: typeof figures === "object" && figures !== null ? (figures as GatewayFigures) : NO_FIGURES,
  };
}

function agentsOf(parsed: unknown): readonly AgentBeat[] {
  if (!isOurs(parsed) || !Array.isArray(parsed.agents)) return [];
  return parsed.agents.filter(
    (agent): agent is AgentBeat =>
      typeof agent === "object" &&
      agent !== null &&
      typeof agent.agentId === "string" &&
      typeof agent.bootId === "string" &&
      typeof agent.heardAtMs === "number",
  );
}
