"use client";
import { useEffect, useState } from "react";
import type { CameraHandle } from "./map-canvas.tsx";
import { CELL } from "./map-layout.ts";
import { NEAR_FROM_PX } from "./map-paint-cells.ts";
import type { MapNode } from "./map-scene.ts";

const SETTLED_MS = 200;

export interface NearNode {
  readonly source: string;
  readonly id: string;
}

const NONE: readonly NearNode[] = [];

/** Nodes in view once they are large enough for their partitions; none from afar. Follows the view when that rests. */
export function useNear(
  box: React.RefObject<HTMLDivElement | null>,
  camera: CameraHandle,
  nodes: readonly MapNode[],
): readonly NearNode[] {
  const [near, setNear] = useState<readonly NearNode[]>(NONE);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      const element = box.current;
      const { x, y, scale } = camera.now();
      if (element === null || CELL.width * scale < NEAR_FROM_PX) return setNear(NONE);
      const [right, bottom] = [x + element.clientWidth / scale, y + element.clientHeight / scale];
      const seen = nodes
        .filter((node) => node.x < right && node.y < bottom && node.x + CELL.width > x && node.y + CELL.height > y)
        .map(({ source, lead }) => ({ source, id: lead.id }));
      setNear((known) => (isSame(known, seen) ? known : seen));
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(look, SETTLED_MS);
    };
    later();
    const stop = camera.onMove(later);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [box, camera, nodes]);
  return near;
}

const isSame = (a: readonly NearNode[], b: readonly NearNode[]): boolean =>
  a.length === b.length && a.every(({ id, source }, at) => b[at]?.id === id && b[at]?.source === source);
