"use client";
import { useCallback, useState } from "react";
import { useKeys } from "./keys.tsx";

interface RowCursorOptions<T> {
  readonly rows: readonly T[];
  readonly idOf: (row: T) => string;
  readonly onOpen?: (row: T) => void;
  readonly onToggle?: (row: T) => void;
  readonly enabled?: boolean;
}

interface RowCursor {
  /** Id of the row the cursor is on; it stays with its row when the order changes. */
  readonly current: string | null;
  setCurrent(id: string | null): void;
}

/** `J` and `K` move through the rows of a table, `Enter` opens, `X` selects. Rows carry `data-row={id}` to be scrolled to. */
export function useRowCursor<T>({ rows, idOf, onOpen, onToggle, enabled = true }: RowCursorOptions<T>): RowCursor {
  const [current, setCurrent] = useState<string | null>(null);
  const at = () => rows.findIndex((row) => idOf(row) === current);
  const move = (step: number) => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, at() + step))];
    if (next === undefined) return false;
    setCurrent(idOf(next));
    document.querySelector(`[data-row="${CSS.escape(idOf(next))}"]`)?.scrollIntoView({ block: "nearest" });
    return true;
  };
  const onCurrent = (act: ((row: T) => void) | undefined) => () => {
    const row = rows[at()];
    if (row === undefined || act === undefined) return false;
    act(row);
    return true;
  };
  useKeys(
    [
      { keys: "J", does: "next row", run: () => move(1) },
      { keys: "K", does: "previous row", run: () => move(-1) },
      ...(onOpen === undefined ? [] : [{ keys: "Enter", does: "open the row", run: onCurrent(onOpen) }]),
      ...(onToggle === undefined ? [] : [{ keys: "X", does: "select the row", run: onCurrent(onToggle) }]),
    ],
    { group: "List", enabled },
  );
  return { current, setCurrent: useCallback((id: string | null) => setCurrent(id), []) };
}
