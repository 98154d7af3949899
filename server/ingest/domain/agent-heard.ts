/** What one gateway has heard of one agent. Pure; bounded. */
import type { AgentAbout, IngestDoor } from "#server/contract/agents.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { addSkew, medianSkew, type SkewWindow } from "./agent-skew.ts";
import type { SeenRange } from "./sequence-window.ts";

const LOST_MAX = 20;

/** Items of one boot that never came, first and last number. */
export interface LostRange {
  readonly bootId: string;
  readonly from: number;
  readonly to: number;
}

export interface AgentHeard {
  readonly agentId: string;
  readonly bootId: string;
  /** When it was last heard, in ms for which this gateway has been listening: what it slept through does not count. */
  readonly heardAtMs: number;
  /** The same by the gateway's clock, to show. */
  readonly lastAt: EpochMs;
  /** `null` = its last call was no bye. */
  readonly bye: { readonly reason: string | null } | null;
  /** Its last bye, also when it is back; left out = it said none. */
  readonly left?: { readonly bootId: string; readonly at: EpochMs; readonly reason: string | null };
  readonly door: IngestDoor;
  readonly peer: string;
  readonly about: AgentAbout | null;
  readonly skew: SkewWindow;
  readonly roundTripMs: number | null;
  /** Totals of this boot since it was first heard here. */
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly missing: number;
  /** Which numbers of this boot have come here; left out = not counted yet. */
  readonly seen?: SeenRange;
  /** The last of them, oldest first. */
  readonly lost: readonly LostRange[];
}

export interface Heard {
  readonly agentId: string;
  readonly bootId: string;
  readonly door: IngestDoor;
  readonly peer: string;
  readonly receivedAt: EpochMs;
  readonly sentAt: EpochMs | null;
  readonly roundTripMs: number | null;
  readonly about?: AgentAbout | null;
}

const NOTHING_COUNTED = { accepted: 0, duplicates: 0, rejected: 0, missing: 0 } as const;

/** After an accepted call. A new boot counts anew. */
export function hear(
  before: AgentHeard | undefined,
  sign: Heard,
  heardAtMs: number,
  bye: AgentHeard["bye"] = null,
): AgentHeard {
  const sameBoot = before !== undefined && before.bootId === sign.bootId ? before : null;
  const skew = before?.skew ?? [];
  const left = bye === null ? before?.left : { bootId: sign.bootId, at: sign.receivedAt, reason: bye.reason };
  return {
    ...(sameBoot ?? NOTHING_COUNTED),
    agentId: sign.agentId,
    bootId: sign.bootId,
    heardAtMs,
    lastAt: sign.receivedAt,
    bye,
    door: sign.door,
    peer: sign.peer,
    about: sign.about ?? before?.about ?? null,
    skew: sign.sentAt === null ? skew : addSkew(skew, sign.receivedAt - sign.sentAt),
    roundTripMs: sign.roundTripMs ?? before?.roundTripMs ?? null,
    lost: before?.lost ?? [],
    ...(left === undefined ? {} : { left }),
  };
}

export interface Counted {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly missing: number;
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  readonly seen?: SeenRange;
}

/** With the totals of its boot, and what was found lost since. */
export function withCounts(before: AgentHeard, counted: Counted): AgentHeard {
  const { accepted, duplicates, rejected, missing, gaps, seen } = counted;
  const found = gaps.map(({ from, to }) => ({ bootId: before.bootId, from, to }));
  return {
    ...before,
    ...{ accepted, duplicates, rejected, missing },
    ...(seen === undefined ? {} : { seen }),
    lost: found.length === 0 ? before.lost : [...before.lost, ...found].slice(-LOST_MAX),
  };
}

export const skewOf = ({ skew }: AgentHeard): number | null => medianSkew(skew);
