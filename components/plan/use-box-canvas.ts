"use client";
import { useEffect, useRef } from "react";
import { usePreferences } from "#components/ui/preferences.tsx";
import { sizeCanvas } from "./canvas-size.ts";
import { createGlyphPress, type GlyphPress, type Ink, inkOf } from "./flow-ink.ts";

/** What there is to paint on: the part of a box that is seen, in CSS pixels. */
export interface Sheet {
  readonly pen: CanvasRenderingContext2D;
  readonly ink: Ink;
  /** Glyphs of the inks, so many device pixels to one of theirs. */
  pressAt(pixels: number): GlyphPress;
  /** How far the box is scrolled. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Device pixels to a CSS pixel. */
  readonly ratio: number;
}

/**
 * A canvas over what a box shows, painted anew with each frame in which the box scrolls or changes size, or `paint`
 * changes, and with other inks when the theme does. React takes no part in scrolling: one listener, one canvas.
 *
 * @param paint another function when there is something else to paint, and only then
 */
export function useBoxCanvas(box: React.RefObject<HTMLDivElement | null>, paint: (sheet: Sheet) => void) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(paint);
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
    const paintNow = (): void => {
      frame = 0;
      const ratio = window.devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height, scrollLeft: left, scrollTop: top } = around;
      sizeCanvas(element, width, height, ratio);
      ink ??= inkOf(around);
      const now = ink;
      const pressAt = (pixels: number): GlyphPress => {
        if (press === null || press.pixels !== pixels) press = { press: createGlyphPress(now, pixels), pixels };
        return press.press;
      };
      latest.current({ pen, ink, pressAt, left, top, width, height, ratio });
      painted += 1;
      element.dataset.painted = String(painted);
    };
    const later = (): void => {
      if (frame === 0) frame = requestAnimationFrame(paintNow);
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
    latest.current = paint;
    again.current(false);
  }, [paint]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other inks
  useEffect(() => again.current(true), [theme]);
  return canvas;
}
