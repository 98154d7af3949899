"use client";
import { useCallback, useState } from "react";
import { useKeys } from "./keys.tsx";

interface RowCursorOptions<T> {
  readonly rows: readonly T[];
  readonly idOf: (row: T) => string;
  /** The row that the keys set out from while the cursor is nowhere. */
  readonly from?: string | null;
  readonly onOpen?: (row: T) => void;
  readonly onToggle?: (row: T) => void;
  /** Brings a row into sight that may not be in the page. */
  readonly scrollTo?: (index: number) => void;
  readonly enabled?: boolean;
  /** Title of the group in the list of all keys. */
  readonly group?: string;
  /** What a row is called there. */
  readonly what?: string;
}

interface RowCursor {
  /** Id of the row the cursor is on; it stays with its row when the order changes. */
  readonly current: string | null;
  setCurrent(id: string | null): void;
}

/**
 * `J` and `K` move through the rows of a table, `Enter` opens, `X` selects. Rows carry `data-row={id}` to be scrolled to,
 * or `scrollTo` does it.
 */
export function useRowCursor<T>(options: RowCursorOptions<T>): RowCursor {
  const { rows, idOf, from = null, onOpen, onToggle, scrollTo, enabled = true, group = "List", what = "row" } = options;
  const [current, setCurrent] = useState<string | null>(null);
  const placeOf = (id: string | null) => rows.findIndex((row) => idOf(row) === id);
  const move = (step: number) => {
    const place = Math.min(rows.length - 1, Math.max(0, placeOf(current ?? from) + step));
    const next = rows[place];
    if (next === undefined) return false;
    setCurrent(idOf(next));
    if (scrollTo !== undefined) scrollTo(place);
    else document.querySelector(`[data-row="${CSS.escape(idOf(next))}"]`)?.scrollIntoView({ block: "nearest" });
    return true;
  };
  const onCurrent = (act: ((row: T) => void) | undefined) => () => {
    const row = rows[placeOf(current)];
    if (row === undefined || act === undefined) return false;
    act(row);
    return true;
  };
  useKeys(
    [
      { keys: "J", does: `next ${what}`, run: () => move(1) },
      { keys: "K", does: `previous ${what}`, run: () => move(-1) },
      ...(onOpen === undefined ? [] : [{ keys: "Enter", does: `open the ${what}`, run: onCurrent(onOpen) }]),
      ...(onToggle === undefined ? [] : [{ keys: "X", does: `select the ${what}`, run: onCurrent(onToggle) }]),
    ],
    { group, enabled },
  );
  return { current, setCurrent: useCallback((id: string | null) => setCurrent(id), []) };
}
