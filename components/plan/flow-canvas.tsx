"use client";
import { useCallback } from "react";
import { paintFlow } from "./flow-paint.ts";
import type { FlowScene } from "./flow-scene.ts";
import { type Sheet, useBoxCanvas } from "./use-box-canvas.ts";

interface FlowCanvasProps {
  /** The box that scrolls. */
  readonly box: React.RefObject<HTMLDivElement | null>;
  readonly scene: FlowScene;
  readonly scale: number;
}

/** Glyphs are not printed smaller than this: below, they are dots anyway. */
const GLYPH_SCALE_MIN = 0.5;

/** What the box shows of a flow. */
export function FlowCanvas({ box, scene, scale }: FlowCanvasProps) {
  const paint = useCallback(
    ({ pen, ink, pressAt, left, top, width, height, ratio }: Sheet) => {
      const view = { x: left / scale, y: top / scale, scale, width, height, ratio };
      paintFlow(pen, scene, view, ink, pressAt(Math.max(GLYPH_SCALE_MIN, scale) * ratio));
    },
    [scene, scale],
  );
  return <canvas ref={useBoxCanvas(box, paint)} className="flow-canvas" />;
}
