"use client";
import { useEffect, useRef } from "react";
import { usePreferences } from "#components/ui/preferences.tsx";
import { useWidth } from "#components/ui/width.ts";
import { TONES_WORST_FIRST, type Tone } from "#server/kernel/states.ts";
import { sizeCanvas } from "./canvas-size.ts";
import { inkOf } from "./flow-ink.ts";
import { markOf } from "./flow-scene.ts";
import type { StepView } from "./types.ts";

const HEIGHT = 20;
/** Height of a column by tone: what is worse stands taller. */
const TALL: Readonly<Partial<Record<Tone, number>>> = { failed: 14, attention: 12, working: 11, waiting: 11 };
const LOW = 6;

interface FlowStripProps {
  /** Every step of the flow, in its order. */
  readonly order: readonly number[];
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly hits: ReadonlySet<number>;
  readonly onSelect: (stepId: number) => void;
}

/** The whole flow as one line in its order: each column the worst of its steps; a press goes there. */
export function FlowStrip({ order, steps, selected, hits, onSelect }: FlowStripProps) {
  const [measured, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { theme } = usePreferences();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other inks
  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext("2d") ?? null;
    if (element === null || pen === null || width === null || width <= 0) return;
    const ratio = window.devicePixelRatio || 1;
    sizeCanvas(element, width, HEIGHT, ratio);
    const ink = inkOf(element);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, HEIGHT);
    const columns = Math.min(width, order.length);
    const wide = width / columns;
    const worst = new Array<Tone>(columns).fill("good");
    const found = new Uint8Array(columns);
    order.forEach((id, at) => {
      const column = Math.floor((at / order.length) * columns);
      const { tone } = markOf(steps.get(id));
      if (rank(tone) < rank(worst[column] ?? "good")) worst[column] = tone;
      if (hits.has(id)) found[column] = 1;
    });
    worst.forEach((tone, column) => {
      const tall = TALL[tone] ?? LOW;
      pen.fillStyle = ink.tones[tone];
      pen.fillRect(column * wide, HEIGHT - 3 - tall, Math.max(1, wide - (wide > 3 ? 1 : 0)), tall);
      if (found[column] === 1) {
        pen.fillStyle = ink.text1;
        pen.fillRect(column * wide, HEIGHT - 2, Math.max(1, wide), 2);
      }
    });
    const at = selected === null ? -1 : order.indexOf(selected);
    if (at < 0) return;
    pen.fillStyle = ink.course;
    pen.fillRect(((at + 0.5) / order.length) * width - 1, 0, 2, HEIGHT);
  }, [order, steps, selected, hits, width, theme]);
  return (
    <div ref={measured} className="flow-strip">
      <canvas
        ref={canvas}
        title="The whole flow in its order; press to go there"
        onClick={(event) => {
          const rect = event.currentTarget.getBoundingClientRect();
          const share = (event.clientX - rect.left) / Math.max(1, rect.width);
          const id = order[Math.min(order.length - 1, Math.max(0, Math.floor(share * order.length)))];
          if (id !== undefined) onSelect(id);
        }}
      />
    </div>
  );
}

const rank = (tone: Tone): number => TONES_WORST_FIRST.indexOf(tone);
