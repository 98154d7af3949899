"use client";
import type { LiveState } from "#server/contract/live.ts";
import type { ReadOnlyFold } from "#server/contract/safety.ts";
import { useLiveFold } from "./live.ts";

const readOnlyOf = ({ folds }: LiveState): ReadOnlyFold | null => {
  for (const fold of Object.values(folds)) if (fold.family === "operator") return fold.readOnly;
  return null;
};

/** Since when the console has been made read-only, and by whom; `null` = it is not, or nothing is known yet. Of now, also in the past. */
export const useReadOnly = (): ReadOnlyFold | null => useLiveFold(readOnlyOf) ?? null;

/** In words, for whatever is off because of it. */
export const readOnlyText = (readOnly: ReadOnlyFold | null, configured: boolean): string | null => {
  if (configured) return "The console is read-only by its configuration.";
  if (readOnly === null) return null;
  const who = readOnly.by === null ? "" : `, set by ${readOnly.by.user}`;
  return `The console is read-only${who}: nothing is sent anywhere until that is lifted.`;
};
