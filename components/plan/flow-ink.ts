/** Inks of the page for a canvas: the tokens' colours as they are now, and the glyphs of the state language. */
import { type Shape, TONES, type Tone } from "#server/kernel/states.ts";

export interface Ink {
  readonly canvas: string;
  readonly hover: string;
  readonly selected: string;
  readonly sunken: string;
  readonly text1: string;
  readonly text2: string;
  readonly text3: string;
  readonly line1: string;
  readonly line2: string;
  readonly line3: string;
  readonly course: string;
  readonly failedSoft: string;
  readonly failedText: string;
  readonly tones: Readonly<Record<Tone, string>>;
  readonly sans: string;
}

/** Read from the styles of an element, so that theme and the paper of the past are right. */
export function inkOf(element: Element): Ink {
  const styles = getComputedStyle(element);
  const of = (name: string): string => styles.getPropertyValue(name).trim() || "#808080";
  return {
    canvas: of("--canvas"),
    hover: of("--hover"),
    selected: of("--selected"),
    sunken: of("--sunken"),
    text1: of("--text-1"),
    text2: of("--text-2"),
    text3: of("--text-3"),
    line1: of("--line-1"),
    line2: of("--line-2"),
    line3: of("--line-3"),
    course: of("--course"),
    failedSoft: of("--tone-failed-soft"),
    failedText: of("--tone-failed-text"),
    tones: toneRecord((tone) => of(`--tone-${tone}`)),
    sans: styles.fontFamily === "" ? "sans-serif" : styles.fontFamily,
  };
}

function toneRecord(colorOf: (tone: Tone) => string): Readonly<Record<Tone, string>> {
  const record: Partial<Record<Tone, string>> = {};
  for (const tone of TONES) record[tone] = colorOf(tone);
  return record as Readonly<Record<Tone, string>>;
}

type Pen = CanvasRenderingContext2D;

/** Strokes and fills of each shape in a square of 12 by 12, as `glyph.tsx` draws them. */
const DRAW: Readonly<Record<Shape, (pen: Pen) => void>> = {
  dot: (pen) => disc(pen, 4.5),
  ring: (pen) => ring(pen, 4, 1.5),
  slash: (pen) => {
    ring(pen, 4, 1.4);
    strokePath(pen, 1.4, [3.2, 8.8, 8.8, 3.2]);
  },
  square: (pen) => box(pen, 1.5),
  clock: (pen) => {
    box(pen, 1.4);
    strokePath(pen, 1.2, [6, 3.8, 6, 6, 8, 6]);
  },
  half: (pen) => {
    ring(pen, 4, 1.5);
    pen.beginPath();
    pen.arc(6, 6, 4, Math.PI / 2, (3 * Math.PI) / 2);
    pen.fill();
  },
  diamond: (pen) => {
    strokePath(pen, 1.4, [6, 1.4, 10.6, 6, 6, 10.6, 1.4, 6, 6, 1.4]);
    disc(pen, 1.3);
  },
  triangle: (pen) => {
    pen.beginPath();
    pen.moveTo(6, 1.2);
    pen.lineTo(11.2, 10.4);
    pen.lineTo(0.8, 10.4);
    pen.fill();
  },
  pause: (pen) => {
    pen.fillRect(2.2, 1.8, 2.8, 8.4);
    pen.fillRect(7, 1.8, 2.8, 8.4);
  },
  cross: (pen) => {
    strokePath(pen, 2.2, [2.2, 2.2, 9.8, 9.8]);
    strokePath(pen, 2.2, [9.8, 2.2, 2.2, 9.8]);
  },
  "square-x": (pen) => {
    pen.lineWidth = 1.5;
    pen.strokeRect(1.7, 1.7, 8.6, 8.6);
    strokePath(pen, 1.5, [3.6, 3.6, 8.4, 8.4]);
    strokePath(pen, 1.5, [8.4, 3.6, 3.6, 8.4]);
  },
  stop: (pen) => pen.fillRect(2.6, 2.6, 6.8, 6.8),
  skip: (pen) => {
    strokePath(pen, 1.5, [2, 2.6, 5.6, 6, 2, 9.4]);
    strokePath(pen, 1.5, [6.2, 2.6, 9.8, 6, 6.2, 9.4]);
  },
  hatch: (pen) => {
    pen.setLineDash([1.6, 1.2]);
    ring(pen, 4.4, 1);
    pen.setLineDash([]);
    strokePath(pen, 1, [3, 6.6, 6.6, 3]);
    strokePath(pen, 1, [3.6, 9, 9, 3.6]);
    strokePath(pen, 1, [6, 9.2, 9.2, 6]);
  },
};

function disc(pen: Pen, radius: number): void {
  pen.beginPath();
  pen.arc(6, 6, radius, 0, 2 * Math.PI);
  pen.fill();
}

function ring(pen: Pen, radius: number, width: number): void {
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(6, 6, radius, 0, 2 * Math.PI);
  pen.stroke();
}

function box(pen: Pen, width: number): void {
  pen.lineWidth = width;
  pen.strokeRect(2, 2, 8, 8);
}

function strokePath(pen: Pen, width: number, points: readonly number[]): void {
  pen.lineWidth = width;
  pen.beginPath();
  for (let at = 0; at + 1 < points.length; at += 2) {
    const [x = 0, y = 0] = [points[at], points[at + 1]];
    if (at === 0) pen.moveTo(x, y);
    else pen.lineTo(x, y);
  }
  pen.stroke();
}

/** Draws glyphs, each kind once: the rest are copies. */
export interface GlyphPress {
  /** Around (x, y), `size` across, in units of the pen. */
  stamp(pen: Pen, glyph: { readonly tone: Tone; readonly shape: Shape }, x: number, y: number, size: number): void;
}

const GLYPH = 12;

/** @param pixels of the device for one unit of the pen */
export function createGlyphPress(ink: Ink, pixels: number): GlyphPress {
  const made = new Map<string, HTMLCanvasElement>();
  const make = (tone: Tone, shape: Shape): HTMLCanvasElement => {
    const stamp = document.createElement("canvas");
    const side = Math.max(1, Math.ceil(GLYPH * pixels));
    stamp.width = side;
    stamp.height = side;
    const pen = stamp.getContext("2d");
    if (pen === null) return stamp;
    pen.scale(side / GLYPH, side / GLYPH);
    pen.fillStyle = ink.tones[tone];
    pen.strokeStyle = ink.tones[tone];
    DRAW[shape](pen);
    return stamp;
  };
  return {
    stamp(pen, { tone, shape }, x, y, size) {
      const key = `${tone}/${shape}`;
      const known = made.get(key) ?? make(tone, shape);
      made.set(key, known);
      pen.drawImage(known, x - size / 2, y - size / 2, size, size);
    },
  };
}
