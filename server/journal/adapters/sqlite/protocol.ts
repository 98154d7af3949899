/** What the main thread asks of the journal's thread, and the answers. Events and states travel as JSON text. */

import type { ChainHash } from "#server/journal/adapters/chain.ts";
import type { ChainName } from "#server/journal/domain/chains.ts";
import type { RangeQuery, RetentionOutcome } from "#server/journal/ports.ts";
import type { OpsErrorCode } from "#server/kernel/errors.ts";
import type { RangeResult } from "./range.ts";
import type { RetainArgs } from "./retention.ts";
import type { StoredSnapshot } from "./snapshot-file.ts";
import type { StateEntry } from "./state-file.ts";

/** The newest event of a chain: what to note down outside to prove later that nothing was dropped. */
export interface ChainHead {
  readonly chain: ChainName;
  readonly position: number;
  readonly hash: ChainHash;
}

export interface HeadAnswer {
  readonly stream: string;
  readonly epoch: string;
  readonly seq: number;
  readonly keptAfter: number;
}

/** Arguments and answer of each call. */
export interface JournalCalls {
  append: { readonly args: AppendArgs; readonly answer: readonly string[] };
  heads: { readonly args: null; readonly answer: readonly HeadAnswer[] };
  /** Runs of events: the JSON of each, joined by commas. */
  after: {
    readonly args: { readonly stream: string; readonly seq: number; readonly limit: number };
    readonly answer: readonly string[];
  };
  range: { readonly args: RangeQuery; readonly answer: RangeResult };
  byId: { readonly args: { readonly stream: string; readonly id: string }; readonly answer: string | null };
  positionAt: { readonly args: { readonly stream: string; readonly at: number }; readonly answer: number };
  /** The newest at or before event `seq`; `null` = the newest of all. */
  snapshot: {
    readonly args: { readonly stream: string; readonly seq: number | null; readonly foldVersion: number };
    readonly answer: StoredSnapshot | null;
  };
  writeSnapshot: { readonly args: StoredSnapshot; readonly answer: null };
  chainHeads: { readonly args: null; readonly answer: readonly ChainHead[] };
  stateGet: { readonly args: { readonly namespace: string; readonly key: string }; readonly answer: string | null };
  statePage: {
    readonly args: { readonly namespace: string; readonly after: string | null; readonly limit: number };
    readonly answer: readonly StateEntry[];
  };
  statePutAll: {
    readonly args: {
      readonly namespace: string;
      readonly entries: readonly { readonly key: string; readonly value: string | null }[];
    };
    readonly answer: null;
  };
  stateIncrement: { readonly args: { readonly namespace: string; readonly key: string }; readonly answer: number };
  retain: { readonly args: RetainArgs; readonly answer: RetentionOutcome };
  acknowledge: { readonly args: readonly string[]; readonly answer: null };
  close: { readonly args: null; readonly answer: null };
}
export type JournalCall = keyof JournalCalls;

export interface AppendArgs {
  readonly stream: string;
  /** When the main thread took the events in, epoch ms. */
  readonly at: number;
  /** JSON array of event drafts. */
  readonly drafts: string;
}

export type JournalRequest =
  | {
      readonly [C in JournalCall]: { readonly id: number; readonly call: C; readonly args: JournalCalls[C]["args"] };
    }[JournalCall]
  /** Nobody waits for this call any more: an append that has not begun is dropped. */
  | { readonly id: number; readonly call: "abandon"; readonly args: null };

export type JournalReply =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly code: OpsErrorCode; readonly message: string }
  | {
      readonly notice: "log";
      readonly level: "info" | "warn" | "error";
      readonly event: string;
      readonly fields: LogFields;
    };

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** How the thread is started. */
export interface JournalThreadData {
  readonly directory: string;
  readonly key: Uint8Array;
  readonly segmentEvents: number;
  readonly fileBytesMax: number | null;
  /** For the first segments; later ones are dated by their events. */
  readonly openedAt: number;
}
