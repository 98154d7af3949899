"use client";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Camera, type Extent, fitCamera } from "./map-camera.ts";
import type { CameraHandle } from "./map-canvas.tsx";
import type { EstateLayout } from "./map-layout.ts";

interface MapCamera {
  readonly handle: CameraHandle;
  /** Whether all of it is in view: then it stays so when the window changes. */
  readonly fitted: boolean;
  /** Scale at which all of it is in view. */
  readonly fitScale: number;
  showAll(): void;
}

/** The view onto a map; at first all of it. */
export function useCamera(box: React.RefObject<HTMLDivElement | null>, layout: EstateLayout): MapCamera {
  const camera = useRef<Camera>({ x: 0, y: 0, scale: 1 / layout.unit });
  const listeners = useRef(new Set<(camera: Camera) => void>());
  const [fitted, setFitted] = useState(true);
  const follows = useRef(true);
  const put = useCallback((next: Camera) => {
    camera.current = next;
    for (const listener of listeners.current) listener(next);
  }, []);
  const { first, unit } = layout;
  const latest = useRef(layout);
  useEffect(() => {
    latest.current = layout;
  });
  const show = useCallback(
    (extent: Extent) => {
      const element = box.current;
      if (element !== null) put(fitCamera(extent, { width: element.clientWidth, height: element.clientHeight }));
    },
    [box, put],
  );
  const showAll = useCallback(() => {
    follows.current = true;
    setFitted(true);
    show(latest.current);
  }, [show]);
  const handle = useMemo<CameraHandle>(
    () => ({
      now: () => camera.current,
      move(next) {
        if (follows.current) {
          follows.current = false;
          setFitted(false);
        }
        put(next);
      },
      onMove(listener) {
        listeners.current.add(listener);
        return () => void listeners.current.delete(listener);
      },
    }),
    [put],
  );
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const refit = () => {
      if (follows.current) show(first);
    };
    refit();
    const observer = new ResizeObserver(refit);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, show, first]);
  return { handle, fitted, fitScale: 1 / unit, showAll };
}
