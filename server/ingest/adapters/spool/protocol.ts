/** What the main thread asks of the spool's thread. Envelopes travel as JSON text. */
import type { SeenNumbers } from "#server/ingest/ports.ts";

export interface BacklogRow {
  readonly receiver: string;
  readonly items: number;
  readonly oldestAt: number | null;
}

export interface ChunkRow {
  readonly id: number;
  readonly payload: string;
}

export interface LetterRow {
  readonly id: number;
  readonly receiver: string;
  readonly at: number;
  readonly reason: string;
  readonly payload: string;
}

export interface SpoolCalls {
  append: {
    readonly args: {
      readonly entries: readonly {
        readonly receivers: readonly string[];
        readonly items: number;
        readonly payload: string;
      }[];
      readonly seen: SeenNumbers;
      readonly at: number;
    };
    /** Of the receivers that got something. */
    readonly answer: readonly BacklogRow[];
  };
  settle: {
    readonly args: { readonly receiver: string; readonly upTo: number };
    readonly answer: readonly BacklogRow[];
  };
  bury: {
    readonly args: {
      readonly receiver: string;
      readonly reason: string;
      readonly at: number;
      readonly payloads: readonly string[];
    };
    readonly answer: null;
  };
  forget: { readonly args: { readonly agentId: string }; readonly answer: null };
  next: {
    readonly args: { readonly receiver: string; readonly after: number; readonly items: number };
    readonly answer: readonly ChunkRow[];
  };
  letters: {
    readonly args: { readonly receiver: string | null; readonly before: number | null; readonly limit: number };
    readonly answer: readonly LetterRow[];
  };
  seen: { readonly args: null; readonly answer: readonly SeenNumbers[] };
  backlogs: { readonly args: null; readonly answer: readonly BacklogRow[] };
}
export type SpoolCall = keyof SpoolCalls;

export interface SpoolThreadData {
  readonly file: string;
  /** Of everything that waits. */
  readonly maxBytes: number;
  readonly fileBytesMax: number | null;
  /** Of all dead letters; left out = 64 Mi. */
  readonly lettersCharsMax?: number;
}
