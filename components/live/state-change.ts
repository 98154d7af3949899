/** What differs between two states of plain JSON: as the worker says it and as a tab takes it in, without the folds. */
import { createBatchEditor, own } from "#server/contract/fold/record.ts";

type Fields = Readonly<Record<string, unknown>>;

export type Change =
  /** Something else altogether. */
  | { readonly is: unknown }
  /** A record, of which some entries are gone, and some are other ones or new. */
  | { readonly drop: readonly string[]; readonly put: readonly (readonly [key: string, change: Change])[] };

/** The state after a change of the one before. What has not changed stays the same thing. */
export function withChange(before: unknown, change: Change, edit = createBatchEditor()): unknown {
  if ("is" in change) return change.is;
  let after: Fields = isRecord(before) ? before : {};
  for (const key of change.drop) after = edit.drop(after, key);
  for (const [key, inside] of change.put) after = edit.put(after, key, withChange(own(after, key), inside, edit));
  return after;
}

export const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
