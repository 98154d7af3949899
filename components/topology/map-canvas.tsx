"use client";
import { useEffect, useLayoutEffect, useRef } from "react";
import { sizeCanvas } from "#components/plan/canvas-size.ts";
import { createGlyphPress, type GlyphPress } from "#components/plan/flow-ink.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import type { Camera } from "./map-camera.ts";
import { type MapInk, mapInkOf } from "./map-ink.ts";
import { createCellLayer } from "./map-layer.ts";
import { paintMap } from "./map-paint.ts";
import type { MapScene } from "./map-scene.ts";

/** Where the view is; moved without React, so that panning costs a painting and nothing else. */
export interface CameraHandle {
  now(): Camera;
  move(camera: Camera): void;
  /** Calls with every new camera; returns the way to stop. */
  onMove(listener: (camera: Camera) => void): () => void;
}

interface MapCanvasProps {
  /** The box that it fills. */
  readonly box: React.RefObject<HTMLDivElement | null>;
  readonly scene: MapScene;
  readonly camera: CameraHandle;
}

/** How long a node whose state changed is underlined. */
const MOVED_MS = 1_600;
/** While one zooms, cells are what they were, scaled; so long after the last step they are painted sharp. */
const SETTLED_MS = 90;
/** Glyphs are pressed at this size and scaled down. */
const GLYPH_SHARPNESS = 1.2;

/** The map, painted anew with each frame in which it moves or is another. */
export function MapCanvas({ box, scene, camera }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useRef(scene);
  const again = useRef<(inks: boolean) => void>(() => undefined);
  const moved = useRef(new Map<string, number>());
  const words = useRef(new Map<string, string>());
  const { theme } = usePreferences();

  useEffect(() => {
    const element = canvas.current;
    const around = box.current;
    const pen = element?.getContext("2d") ?? null;
    if (element === null || around === null || pen === null) return;
    let ink: MapInk | null = null;
    let press: GlyphPress | null = null;
    const layer = createCellLayer();
    let ratio = 0;
    let frame = 0;
    let settling: ReturnType<typeof setTimeout> | undefined;
    let painted = 0;
    // Asking the box with each frame would lay the page out each time that something in it was another.
    let size: readonly [width: number, height: number] | null = null;
    const paint = (): void => {
      frame = 0;
      size ??= [around.clientWidth, around.clientHeight];
      const [width, height] = size;
      if (ratio !== (window.devicePixelRatio || 1)) {
        ratio = window.devicePixelRatio || 1;
        ink = null;
      }
      sizeCanvas(element, width, height, ratio);
      if (ink === null || press === null) {
        ink = mapInkOf(around, pen, ratio);
        press = createGlyphPress(ink, ratio * GLYPH_SHARPNESS);
      }
      const view = { camera: camera.now(), width, height, ratio, moved: new Set(moved.current.keys()) };
      const settled = layer.update(shown.current, view, ink, press);
      paintMap(pen, shown.current, view, ink, press, (to) => layer.put(to, view));
      clearTimeout(settling);
      if (!settled) settling = setTimeout(() => later(), SETTLED_MS);
      painted += 1;
      element.dataset.painted = String(painted);
    };
    const later = (): void => {
      if (frame === 0) frame = requestAnimationFrame(paint);
    };
    again.current = (inks) => {
      if (inks) ink = null;
      later();
    };
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const newInks = (): void => again.current(true);
    dark.addEventListener("change", newInks);
    const stopMoves = camera.onMove(later);
    const observer = new ResizeObserver(() => {
      size = null;
      later();
    });
    observer.observe(around);
    void document.fonts?.ready.then(newInks);
    later();
    return () => {
      dark.removeEventListener("change", newInks);
      stopMoves();
      observer.disconnect();
      cancelAnimationFrame(frame);
      clearTimeout(settling);
      again.current = () => undefined;
    };
  }, [box, camera]);

  useLayoutEffect(() => {
    shown.current = scene;
    noteMoves(scene, words.current, moved.current);
    again.current(false);
  }, [scene]);
  useEffect(() => {
    const timer = setInterval(() => {
      const before = performance.now() - MOVED_MS;
      const over = [...moved.current].filter(([, at]) => at < before);
      for (const [key] of over) moved.current.delete(key);
      if (over.length > 0) again.current(false);
    }, MOVED_MS / 4);
    return () => clearInterval(timer);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other inks
  useEffect(() => again.current(true), [theme]);

  return <canvas ref={canvas} className="map-canvas" />;
}

/** Remembers which nodes changed their state just now; with reduced motion none. */
function noteMoves(scene: MapScene, words: Map<string, string>, moved: Map<string, number>): void {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const now = performance.now();
  const first = words.size === 0;
  for (const { key, word } of scene.cells) {
    const before = words.get(key);
    if (before === word) continue;
    words.set(key, word);
    if (!first && before !== undefined && !still) moved.set(key, now);
  }
}
