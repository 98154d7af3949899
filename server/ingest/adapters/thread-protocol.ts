/** What the main thread and a thread with a file of its own say to each other. */
import type { OpsErrorCode } from "#server/kernel/errors.ts";

export interface ThreadRequest {
  readonly id: number;
  readonly call: string;
  readonly args: unknown;
}

export type ThreadReply =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly code: OpsErrorCode; readonly message: string };

/** Calls by name with what they take and answer. */
export type CallTable = Readonly<Record<string, { readonly args: unknown; readonly answer: unknown }>>;
