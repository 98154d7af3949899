"use client";
import { useMemo, useRef, useState } from "react";

/** Rows that are chosen for an action, by their keys; they stay chosen while pages and orders change. */
export interface Selection {
  readonly size: number;
  has(key: string): boolean;
  keys(): readonly string[];
  /** One row; given the order in which rows are shown, every row from the one that was last toggled to this one. */
  toggle(key: string, range: readonly string[] | null): void;
  setAll(keys: readonly string[], chosen: boolean): void;
  clear(): void;
}

export function useSelection(): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string | null>(null);
  return useMemo(() => {
    const put = (keys: readonly string[], wanted: boolean) =>
      setChosen((before) => {
        const next = new Set(before);
        for (const key of keys) {
          if (wanted) next.add(key);
          else next.delete(key);
        }
        return next;
      });
    return {
      size: chosen.size,
      has: (key) => chosen.has(key),
      keys: () => [...chosen],
      toggle(key, range) {
        const wanted = !chosen.has(key);
        if (range === null) put([key], wanted);
        else put(between(range, last.current, key), true);
        last.current = key;
      },
      setAll: put,
      clear() {
        last.current = null;
        setChosen(new Set());
      },
    };
  }, [chosen]);
}

/** The keys from one to the other, both included, whichever comes first; only the other when the one is not shown. */
export function between(order: readonly string[], from: string | null, to: string): readonly string[] {
  const start = from === null ? -1 : order.indexOf(from);
  const end = order.indexOf(to);
  if (start < 0 || end < 0) return [to];
  return order.slice(Math.min(start, end), Math.max(start, end) + 1);
}
