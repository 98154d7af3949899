"use client";
import { useEffect, useRef, useState } from "react";
import type { Viewport } from "#server/contract/view/plan-flow.ts";

/** What is drawn beyond the edge, so that scrolling shows no gap; and the step in which the view moves. */
const MARGIN = 200;
const STEP = 120;

/** The part of a scrolling box that can be seen, with a margin; moves in steps, so that few scrolls draw anew. */
export function useViewport<T extends HTMLElement>(): readonly [React.RefObject<T | null>, Viewport] {
  const ref = useRef<T>(null);
  const [view, setView] = useState<Viewport>({ x: -MARGIN, y: -MARGIN, width: 2_400, height: 1_600 });
  useEffect(() => {
    const box = ref.current;
    if (box === null) return;
    let frame = 0;
    const look = () => {
      frame = 0;
      const snap = (at: number) => Math.floor(at / STEP) * STEP - MARGIN;
      const next = {
        x: snap(box.scrollLeft),
        y: snap(box.scrollTop),
        width: box.clientWidth + 2 * MARGIN + STEP,
        height: box.clientHeight + 2 * MARGIN + STEP,
      };
      setView((now) =>
        now.x === next.x && now.y === next.y && now.width === next.width && now.height === next.height ? now : next,
      );
    };
    const later = () => {
      if (frame === 0) frame = requestAnimationFrame(look);
    };
    look();
    box.addEventListener("scroll", later, { passive: true });
    const observer = new ResizeObserver(later);
    observer.observe(box);
    return () => {
      box.removeEventListener("scroll", later);
      observer.disconnect();
      cancelAnimationFrame(frame);
    };
  }, []);
  return [ref, view];
}
