"use client";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";

/** Shorter lists are drawn whole: the browser's own search finds everything in them. */
const WHOLE_MAX = 200;
const OVERSCAN = 30;
/** The scrolling part of the shell. */
const SCROLLER_ID = "main";

const scroller = (): HTMLElement | null => document.getElementById(SCROLLER_ID);

interface WindowRows {
  readonly ref: React.RefObject<HTMLTableSectionElement | null>;
  readonly from: number;
  readonly to: number;
  /** Pixels above and below what is drawn. */
  readonly before: number;
  readonly after: number;
  /** Scrolls so that a row can be seen. */
  scrollTo(index: number): void;
}

/** Draws of a long table only the rows that can be seen, within the page's own scrolling. */
export function useWindowRows(count: number, rowPx: number): WindowRows {
  const ref = useRef<HTMLTableSectionElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const box = scroller();
    if (ref.current === null || box === null) return;
    setMargin(Math.round(ref.current.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop));
  }, []);
  const rows = useVirtualizer({
    count,
    enabled: count > WHOLE_MAX,
    getScrollElement: scroller,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
    scrollMargin: margin,
  });
  if (count <= WHOLE_MAX) return { ref, from: 0, to: count, before: 0, after: 0, scrollTo() {} };
  const seen = rows.getVirtualItems();
  const first = seen[0];
  const last = seen.at(-1);
  return {
    ref,
    from: first?.index ?? 0,
    to: last === undefined ? 0 : last.index + 1,
    before: first === undefined ? 0 : first.start - margin,
    after: last === undefined ? rows.getTotalSize() : rows.getTotalSize() - (last.end - margin),
    scrollTo: (index) => rows.scrollToIndex(index, { align: "auto" }),
  };
}
