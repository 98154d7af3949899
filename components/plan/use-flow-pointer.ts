"use client";
import { useEffect, useRef } from "react";
import type { FlowIndex, PlacedCell } from "#server/contract/view/plan-flow-index.ts";
import { clampScale, foldCell } from "./flow-moves.ts";
import { cellWords, type FlowScene } from "./flow-scene.ts";

interface FlowPointerInput {
  readonly box: React.RefObject<HTMLDivElement | null>;
  readonly index: FlowIndex;
  readonly scale: number;
  /** On a canvas there are no elements that could have titles. */
  readonly painted: boolean;
  readonly scene: FlowScene;
  readonly onPress: (cell: PlacedCell) => void;
  readonly onScale: (scale: number) => void;
}

/** A press that moved farther than this was a drag. */
const DRAG_MIN_PX = 4;
const WHEEL_ZOOM = 0.0022;

/** Press chooses, drag moves, wheel with Ctrl zooms; what is under the pointer says what it is. */
export function useFlowPointer(input: FlowPointerInput): void {
  const { box } = input;
  const now = useRef(input);
  useEffect(() => {
    now.current = input;
  });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let drag: { readonly x: number; readonly y: number; readonly left: number; readonly top: number } | null = null;
    let moved = false;
    const cellUnder = (event: MouseEvent): PlacedCell | null => {
      const rect = element.getBoundingClientRect();
      const { index, scale } = now.current;
      return index.cellAt(
        (event.clientX - rect.left + element.scrollLeft) / scale,
        (event.clientY - rect.top + element.scrollTop) / scale,
      );
    };
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      now.current.onScale(clampScale(now.current.scale * Math.exp(-event.deltaY * WHEEL_ZOOM)));
    };
    const onDown = (event: PointerEvent): void => {
      moved = false;
      if (event.button !== 0 || event.pointerType === "touch") return;
      drag = { x: event.clientX, y: event.clientY, left: element.scrollLeft, top: element.scrollTop };
    };
    const onMove = (event: PointerEvent): void => {
      if (drag !== null) {
        const [byX, byY] = [event.clientX - drag.x, event.clientY - drag.y];
        moved ||= Math.hypot(byX, byY) > DRAG_MIN_PX;
        if (moved) {
          element.scrollLeft = drag.left - byX;
          element.scrollTop = drag.top - byY;
        }
        return;
      }
      if (!now.current.painted) return;
      const cell = cellUnder(event);
      element.style.cursor = cell === null ? "" : "pointer";
      element.title = cell === null ? "" : cellWords(cell, now.current.scene);
    };
    const onUp = (): void => {
      drag = null;
    };
    const onClick = (event: MouseEvent): void => {
      if (moved) return;
      const cell = elementCell(event.target, now.current.index) ?? cellUnder(event);
      if (cell !== null) now.current.onPress(cell);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    element.addEventListener("pointerdown", onDown);
    element.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp);
    element.addEventListener("click", onClick);
    return () => {
      element.removeEventListener("wheel", onWheel);
      element.removeEventListener("pointerdown", onDown);
      element.removeEventListener("pointermove", onMove);
      window.removeEventListener("pointerup", onUp);
      element.removeEventListener("click", onClick);
    };
  }, [box]);
}

/** The cell whose drawing was pressed; `null` on a canvas. */
function elementCell(target: EventTarget | null, index: FlowIndex): PlacedCell | null {
  if (!(target instanceof Element)) return null;
  const step = target.closest("[data-step]")?.getAttribute("data-step") ?? null;
  if (step !== null) return index.cellOf(Number(step));
  const fold = target.closest("[data-fold]")?.getAttribute("data-fold") ?? null;
  return fold === null ? null : foldCell(index.order, Number(fold));
}
