/** The page's inks that the map needs besides those of every painting. */
import { type Ink, inkOf } from "#components/plan/flow-ink.ts";
import { TONES, type Tone } from "#server/kernel/states.ts";

export interface MapInk extends Ink {
  readonly surface: string;
  readonly mono: string;
  readonly soft: Readonly<Record<Tone, string>>;
  readonly text: Readonly<Record<Tone, string>>;
  /** Lines that say “not known”; `null` where a canvas makes no patterns. */
  readonly hatch: CanvasPattern | null;
}

const HATCH_PX = 4;

/** @param ratio pixels of the device for one of the page */
export function mapInkOf(element: Element, pen: CanvasRenderingContext2D, ratio: number): MapInk {
  const styles = getComputedStyle(element);
  const of = (name: string): string => styles.getPropertyValue(name).trim() || "#808080";
  const tones = (suffix: string): Readonly<Record<Tone, string>> =>
    Object.fromEntries(TONES.map((tone) => [tone, of(`--tone-${tone}-${suffix}`)])) as Readonly<Record<Tone, string>>;
  const ink = inkOf(element);
  const mono = styles.getPropertyValue("--font-mono").trim();
  return {
    ...ink,
    surface: of("--surface"),
    mono: mono === "" ? "monospace" : mono,
    soft: tones("soft"),
    text: tones("text"),
    hatch: hatchOf(pen, ink.line2, ratio),
  };
}

function hatchOf(pen: CanvasRenderingContext2D, color: string, ratio: number): CanvasPattern | null {
  const tile = document.createElement("canvas");
  const side = Math.max(2, Math.round(HATCH_PX * ratio));
  tile.width = side;
  tile.height = side;
  const lines = tile.getContext("2d");
  if (lines === null) return null;
  lines.strokeStyle = color;
  lines.lineWidth = Math.max(1, ratio);
  lines.beginPath();
  for (const shift of [-side, 0, side]) {
    lines.moveTo(shift, side);
    lines.lineTo(shift + side, 0);
  }
  lines.stroke();
  const pattern = pen.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}
