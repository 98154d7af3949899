/** Which numbers have come, of every boot of every agent that is remembered; and what was counted of each. */
import {
  EMPTY_WINDOW,
  gapsDue,
  missingOf,
  parseWindow,
  type SequenceWindow,
  seenOf,
  windowFrom,
  windowText,
} from "./domain/sequence-window.ts";
import type { AgentCounts, SeenNumbers } from "./ports.ts";

/** As many as the spool remembers. */
const BOOTS_MAX = 50_000;
const GAPS_A_CALL_MAX = 20;

interface Entry {
  readonly agentId: string;
  readonly bootId: string;
  window: SequenceWindow;
  accepted: number;
  duplicates: number;
  rejected: number;
  /** Since it was last told. */
  isNews: boolean;
  /** It is not on disk as it is. */
  isUnsaved: boolean;
  /** It was given to be written since it changed last: whatever was written meanwhile may be overtaken by that. */
  isGiven: boolean;
}

export interface Tally {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}

export interface SequenceBook {
  /** @param firstSeq of the batch, for a boot that was never heard here */
  windowOf(agentId: string, bootId: string, firstSeq: number): SequenceWindow;
  /** @param saved the window is on disk as it is */
  note(agentId: string, bootId: string, window: SequenceWindow, tally: Tally, saved: boolean): void;
  /** What changed since the last call, with the gaps that have opened before this instant. */
  news(openedBefore: number): readonly AgentCounts[];
  /** Windows to be written. Each is answered once. */
  unsaved(limit: number): readonly SeenNumbers[];
  forget(agentId: string): void;
}

/** @param alone no other gateway takes in what these agents send: a boot begins with number 1 */
export function createSequenceBook(seen: readonly SeenNumbers[], alone: boolean): SequenceBook {
  const entries = new Map<string, Entry>();
  const keyOf = (agentId: string, bootId: string) => `${agentId}\n${bootId}`;
  const entryOf = (agentId: string, bootId: string, window: SequenceWindow): Entry => ({
    ...{
      agentId,
      bootId,
      window,
      accepted: 0,
      duplicates: 0,
      rejected: 0,
      isNews: false,
      isUnsaved: false,
      isGiven: false,
    },
  });
  for (const { agentId, bootId, window } of seen) {
    entries.set(keyOf(agentId, bootId), entryOf(agentId, bootId, parseWindow(window)));
  }

  return {
    windowOf(agentId, bootId, firstSeq) {
      const known = entries.get(keyOf(agentId, bootId))?.window;
      return known ?? (alone ? EMPTY_WINDOW : windowFrom(firstSeq));
    },
    note(agentId, bootId, window, tally, saved) {
      const key = keyOf(agentId, bootId);
      const entry = entries.get(key) ?? entryOf(agentId, bootId, window);
      entries.delete(key);
      entries.set(key, entry);
      entry.window = window;
      entry.accepted += tally.accepted;
      entry.duplicates += tally.duplicates;
      entry.rejected += tally.rejected;
      entry.isNews = true;
      entry.isUnsaved = !saved || entry.isGiven;
      entry.isGiven = false;
      const [oldest] = entries.keys();
      if (entries.size > BOOTS_MAX && oldest !== undefined) entries.delete(oldest);
    },
    news(openedBefore) {
      const told: AgentCounts[] = [];
      for (const entry of entries.values()) {
        const due = entry.window.holes.length === 0 ? null : gapsDue(entry.window, openedBefore, GAPS_A_CALL_MAX);
        const gaps = due?.gaps ?? [];
        if (due !== null && gaps.length > 0) {
          entry.window = due.window;
          entry.isUnsaved = true;
        }
        if (!entry.isNews && gaps.length === 0) continue;
        entry.isNews = false;
        told.push(countsOf(entry, gaps));
      }
      return told;
    },
    unsaved(limit) {
      const found: SeenNumbers[] = [];
      for (const entry of entries.values()) {
        if (found.length >= limit) break;
        if (!entry.isUnsaved) continue;
        entry.isUnsaved = false;
        entry.isGiven = true;
        found.push({ agentId: entry.agentId, bootId: entry.bootId, window: windowText(entry.window) });
      }
      return found;
    },
    forget(agentId) {
      for (const [key, entry] of entries) if (entry.agentId === agentId) entries.delete(key);
    },
  };
}

const countsOf = (entry: Entry, gaps: AgentCounts["gaps"]): AgentCounts => ({
  agentId: entry.agentId,
  bootId: entry.bootId,
  accepted: entry.accepted,
  duplicates: entry.duplicates,
  rejected: entry.rejected,
  missing: missingOf(entry.window),
  gaps: gaps.map(({ from, to }) => ({ from, to })),
  seen: seenOf(entry.window),
});
