"use client";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";

/** Height of a row, in pixels. */
const ROW_PX = 28;
const OVERSCAN = 16;

/** Of a long table in a box that scrolls, the rows that can be seen; `before` and `after` are pixels of those that cannot. */
export function useRowsInBox(count: number) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  });
  const seen = rows.getVirtualItems();
  return {
    box,
    seen,
    before: seen[0]?.start ?? 0,
    after: rows.getTotalSize() - (seen.at(-1)?.end ?? 0),
    scrollToIndex: rows.scrollToIndex,
  };
}
