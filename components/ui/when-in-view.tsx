"use client";
import { useEffect, useRef, useState } from "react";

interface WhenInViewProps {
  /** Stands there until then; about as large as what comes. */
  readonly wait: React.ReactNode;
  readonly children: React.ReactNode;
}

/** Draws a part of a page, and fetches its code, once it is scrolled into view; it stays from then on. */
export function WhenInView({ wait, children }: WhenInViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (element === null || seen) return;
    if (typeof IntersectionObserver === "undefined") {
      setSeen(true);
      return;
    }
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [seen]);
  return seen ? children : <div ref={box}>{wait}</div>;
}
