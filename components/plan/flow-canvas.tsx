"use client";
import { useEffect, useRef } from "react";
import { usePreferences } from "#components/ui/preferences.tsx";
import { createGlyphPress, type GlyphPress, type Ink, inkOf } from "./flow-ink.ts";
import { paintFlow } from "./flow-paint.ts";
import type { FlowScene } from "./flow-scene.ts";

interface FlowCanvasProps {
  /** The box that scrolls. */
  readonly box: React.RefObject<HTMLDivElement | null>;
  readonly scene: FlowScene;
  readonly scale: number;
}

/**
 * What the box shows of a flow, painted anew with each frame in which it scrolls or changes. React takes no part in
 * scrolling: one listener, one canvas.
 */
export function FlowCanvas({ box, scene, scale }: FlowCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useRef({ scene, scale });
  const again = useRef<(inks: boolean) => void>(() => undefined);
  const { theme } = usePreferences();

  useEffect(() => {
    const element = canvas.current;
    const around = box.current;
    const pen = element?.getContext("2d") ?? null;
    if (element === null || around === null || pen === null) return;
    let ink: Ink | null = null;
    let press: { readonly press: GlyphPress; readonly pixels: number } | null = null;
    let frame = 0;
    let painted = 0;
    const paint = (): void => {
      frame = 0;
      const { scene: now, scale: zoom } = shown.current;
      const ratio = window.devicePixelRatio || 1;
      const [width, height] = [around.clientWidth, around.clientHeight];
      sizeCanvas(element, width, height, ratio);
      ink ??= inkOf(around);
      const pixels = Math.max(0.5, zoom) * ratio;
      if (press === null || press.pixels !== pixels) press = { press: createGlyphPress(ink, pixels), pixels };
      const view = { x: around.scrollLeft / zoom, y: around.scrollTop / zoom, scale: zoom, width, height, ratio };
      paintFlow(pen, now, view, ink, press.press);
      painted += 1;
      element.dataset.painted = String(painted);
    };
    const later = (): void => {
      if (frame === 0) frame = requestAnimationFrame(paint);
    };
    again.current = (inks) => {
      if (inks) {
        ink = null;
        press = null;
      }
      later();
    };
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const newInks = (): void => again.current(true);
    around.addEventListener("scroll", later, { passive: true });
    dark.addEventListener("change", newInks);
    const observer = new ResizeObserver(later);
    observer.observe(around);
    void document.fonts?.ready.then(newInks);
    later();
    return () => {
      around.removeEventListener("scroll", later);
      dark.removeEventListener("change", newInks);
      observer.disconnect();
      cancelAnimationFrame(frame);
      again.current = () => undefined;
    };
  }, [box]);

  useEffect(() => {
    shown.current = { scene, scale };
    again.current(false);
  }, [scene, scale]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other inks
  useEffect(() => again.current(true), [theme]);

  return <canvas ref={canvas} className="flow-canvas" />;
}

/** Sets the size of a canvas; only when it is another, as that empties it. */
export function sizeCanvas(element: HTMLCanvasElement, width: number, height: number, ratio: number): void {
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (element.width === across && element.height === down) return;
  element.width = across;
  element.height = down;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
}
