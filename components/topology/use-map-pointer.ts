"use client";
import { useEffect, useRef } from "react";
import { type Extent, panned, zoomAt } from "./map-camera.ts";
import type { CameraHandle } from "./map-canvas.tsx";
import { cellUnder, cellWords, type MapCell, type MapScene } from "./map-scene.ts";

interface MapPointerInput {
  readonly box: React.RefObject<HTMLDivElement | null>;
  readonly scene: MapScene;
  readonly camera: CameraHandle;
  readonly fit: number;
  readonly onPress: (node: MapCell) => void;
}

/** A press that moved farther than this was a drag. */
const DRAG_MIN_PX = 4;
const WHEEL_ZOOM = 0.0022;
/** A notch of a wheel that counts in lines. */
const LINE_PX = 16;

/**
 * Press chooses, drag moves, two fingers scale; so does the wheel once the map has the focus, or with Ctrl: else it
 * scrolls the page. What is under the pointer says what it is.
 */
export function useMapPointer(input: MapPointerInput): void {
  const { box } = input;
  const now = useRef(input);
  useEffect(() => {
    now.current = input;
  });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const fingers = new Map<number, { readonly x: number; readonly y: number }>();
    let moved = false;
    const view = (): Extent => ({ width: element.clientWidth, height: element.clientHeight });
    // While one drags nothing else moves the box: asking for its place with each move would lay the page out each time.
    let held: DOMRect | null = null;
    const pointOf = (event: MouseEvent) => {
      const rect = held ?? element.getBoundingClientRect();
      return { x: event.clientX - rect.left, y: event.clientY - rect.top };
    };
    const under = (event: MouseEvent): MapCell | null => {
      const { scene, camera } = now.current;
      const { x, y, scale } = camera.now();
      const at = pointOf(event);
      return cellUnder(scene, x + at.x / scale, y + at.y / scale);
    };
    const pan = (byX: number, byY: number): void => {
      const { camera, scene } = now.current;
      camera.move(panned(camera.now(), byX, byY, scene.layout, view()));
    };
    const zoom = (by: number, at: { readonly x: number; readonly y: number }): void => {
      const { camera, scene, fit } = now.current;
      camera.move(panned(zoomAt(camera.now(), by, at, fit), 0, 0, scene.layout, view()));
    };
    const onWheel = (event: WheelEvent): void => {
      const focused = element.contains(document.activeElement);
      if (!event.ctrlKey && !event.metaKey && !focused) return;
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        pan((event.deltaX || event.deltaY) * unit, 0);
        return;
      }
      zoom(Math.exp(-event.deltaY * unit * WHEEL_ZOOM), pointOf(event));
    };
    const onDown = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      if (fingers.size === 0) {
        moved = false;
        held = element.getBoundingClientRect();
      }
      fingers.set(event.pointerId, pointOf(event));
    };
    const onMove = (event: PointerEvent): void => {
      const before = fingers.get(event.pointerId);
      const at = pointOf(event);
      if (before === undefined) {
        if (fingers.size > 0 || event.pointerType === "touch") return;
        const node = under(event);
        element.style.cursor = node === null ? "" : "pointer";
        element.title = node === null ? "" : cellWords(now.current.scene, node);
        return;
      }
      const [byX, byY] = [at.x - before.x, at.y - before.y];
      if (!moved && Math.hypot(byX, byY) <= DRAG_MIN_PX) return;
      if (!moved && fingers.size === 1) element.setPointerCapture?.(event.pointerId);
      moved = true;
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other !== undefined) {
        const apart = Math.hypot(before.x - other.x, before.y - other.y);
        const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
        if (apart > 1) zoom(Math.hypot(at.x - other.x, at.y - other.y) / apart, middle);
        pan(-byX / 2, -byY / 2);
      } else pan(-byX, -byY);
      fingers.set(event.pointerId, at);
    };
    const onUp = (event: PointerEvent): void => {
      fingers.delete(event.pointerId);
      if (fingers.size === 0) held = null;
    };
    const onClick = (event: MouseEvent): void => {
      if (moved) {
        event.preventDefault();
        event.stopPropagation();
        moved = false;
        return;
      }
      if (event.target instanceof Element && event.target.closest("a") !== null) return;
      const node = under(event);
      if (node !== null) now.current.onPress(node);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    element.addEventListener("pointerdown", onDown);
    element.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp);
    window.addEventListener("pointercancel", onUp);
    element.addEventListener("click", onClick, { capture: true });
    return () => {
      element.removeEventListener("wheel", onWheel);
      element.removeEventListener("pointerdown", onDown);
      element.removeEventListener("pointermove", onMove);
      window.removeEventListener("pointerup", onUp);
      window.removeEventListener("pointercancel", onUp);
      element.removeEventListener("click", onClick, { capture: true });
    };
  }, [box]);
}
