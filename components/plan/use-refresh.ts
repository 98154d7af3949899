"use client";
import { useEffect, useRef } from "react";

/**
 * Calls `refresh` after the marker has changed, at most once in `everyMs`, and never misses the last change. The first
 * known marker is no change.
 */
export function useRefresh(marker: unknown, refresh: () => void, everyMs: number): void {
  const known = useRef(marker);
  const calledAt = useRef(Number.NEGATIVE_INFINITY);
  const latest = useRef(refresh);
  const due = useRef(false);
  useEffect(() => {
    latest.current = refresh;
  });
  useEffect(() => {
    if (marker !== undefined && known.current !== marker) {
      if (known.current !== undefined) due.current = true;
      known.current = marker;
    }
    if (!due.current) return;
    const waitMs = Math.max(0, calledAt.current + everyMs - performance.now());
    const timer = setTimeout(() => {
      due.current = false;
      calledAt.current = performance.now();
      latest.current();
    }, waitMs);
    return () => clearTimeout(timer);
  }, [marker, everyMs]);
}
