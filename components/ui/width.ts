"use client";
import { useCallback, useRef, useState } from "react";

/** Width of an element in CSS pixels, as it is now; `null` before it is measured. Give the first as its `ref`. */
export function useWidth<T extends Element>(): readonly [React.RefCallback<T>, number | null] {
  const [width, setWidth] = useState<number | null>(null);
  const observer = useRef<ResizeObserver | null>(null);
  const measure = useCallback((element: T | null) => {
    observer.current?.disconnect();
    observer.current = null;
    if (element === null) return;
    setWidth(Math.floor(element.getBoundingClientRect().width));
    observer.current = new ResizeObserver((entries) => {
      const box = entries[0]?.contentRect;
      if (box !== undefined) setWidth(Math.floor(box.width));
    });
    observer.current.observe(element);
  }, []);
  return [measure, width];
}
