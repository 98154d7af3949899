"use client";
import { useCallback, useState } from "react";

/** A row where somebody may be pointing at it. */
export interface Steady<T> {
  readonly row: T;
  /** It is not in the list any more. */
  readonly gone: boolean;
}

interface SteadyRows<T> {
  readonly rows: readonly Steady<T>[];
  /** How many rows are new, and are not shown yet. */
  readonly added: number;
  readonly gone: number;
  /** Brings the list up to date at once. */
  refresh(): void;
}

/**
 * Rows that keep their places while they are held: cells change in place, rows that left stay, new ones wait. What is
 * not held is as it is now.
 *
 * @param list names the list that the rows are of: another list is shown at once
 * @param nowOf what is known of a row that left; `null` = nothing, then it stays as it was
 */
export function useSteadyRows<T>(
  rows: readonly T[],
  held: boolean,
  { list, keyOf, nowOf }: { readonly list: string; keyOf(row: T): string; nowOf(row: T): T | null },
): SteadyRows<T> {
  const [kept, setKept] = useState<{ readonly list: string; readonly rows: readonly T[] } | null>(null);
  const refresh = useCallback(() => setKept(null), []);
  const holds = kept !== null && kept.list === list;
  if (held && !holds) setKept({ list, rows });
  if (!held && kept !== null) setKept(null);
  if (!held || !holds) return { rows: rows.map((row) => ({ row, gone: false })), added: 0, gone: 0, refresh };
  return { ...inPlace(kept.rows, rows, keyOf, nowOf), refresh };
}

/** The kept places with what stands in them now. Pure. */
export function inPlace<T>(
  kept: readonly T[],
  rows: readonly T[],
  keyOf: (row: T) => string,
  nowOf: (row: T) => T | null,
): Omit<SteadyRows<T>, "refresh"> {
  const now = new Map(rows.map((row) => [keyOf(row), row]));
  const places = kept.map((before): Steady<T> => {
    const row = now.get(keyOf(before));
    return row === undefined ? { row: nowOf(before) ?? before, gone: true } : { row, gone: false };
  });
  const known = new Set(kept.map(keyOf));
  return {
    rows: places,
    added: rows.filter((row) => !known.has(keyOf(row))).length,
    gone: places.filter((place) => place.gone).length,
  };
}
