/** What page and sandboxed frame say to each other. The frame's origin is opaque: both check who speaks by `source`. */
import { TONES } from "#server/kernel/states.ts";
import type { DiagramMarks } from "./diagram.ts";

export type FrameTheme = "system" | "light" | "dark";

/** Words for the drawn picture, by the ids of its source. */
export interface FrameWords {
  readonly nodes: Readonly<Record<string, string>>;
  readonly edges: Readonly<Record<string, string>>;
}

/** Marks by the ids of the source, no longer by key. */
export type FrameMarks = DiagramMarks;

export type ToFrame =
  | {
      readonly type: "draw";
      readonly drawing: number;
      readonly source: string;
      readonly words: FrameWords;
      readonly marks: FrameMarks;
    }
  | { readonly type: "mark"; readonly marks: FrameMarks }
  /** Other words for what is drawn already. */
  | { readonly type: "words"; readonly words: FrameWords }
  /** Asks for the picture as it is shown, as a file. */
  | { readonly type: "save" }
  | { readonly type: "theme"; readonly theme: FrameTheme };

export type FromFrame =
  | { readonly type: "ready" }
  | { readonly type: "drawn"; readonly drawing: number; readonly width: number; readonly height: number }
  /** Where the marked present stands in the picture. */
  | { readonly type: "here"; readonly x: number; readonly y: number }
  /** The picture as a file; `null` when there is none. */
  | { readonly type: "saved"; readonly svg: string | null }
  | { readonly type: "failed"; readonly drawing: number; readonly message: string };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** A message of the frame; `null` for anything else. */
export function parseFromFrame(data: unknown): FromFrame | null {
  if (!isRecord(data)) return null;
  const { type, drawing, width, height, message, x, y, svg } = data;
  if (type === "ready") return { type };
  if (type === "here")
    return typeof x === "number" && typeof y === "number" ? { type, x: bounded(x), y: bounded(y) } : null;
  if (type === "saved") return svg === null || typeof svg === "string" ? { type, svg } : null;
  if (typeof drawing !== "number") return null;
  if (type === "failed") return { type, drawing, message: String(message).slice(0, MESSAGE_MAX) };
  if (type !== "drawn" || typeof width !== "number" || typeof height !== "number") return null;
  return { type, drawing, width: bounded(width), height: bounded(height) };
}
const MESSAGE_MAX = 300;
const SIZE_MAX = 20_000;
const bounded = (size: number): number =>
  Number.isFinite(size) ? Math.min(SIZE_MAX, Math.max(1, Math.ceil(size))) : 1;

const isWords = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((word) => typeof word === "string");
const isIds = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((id) => typeof id === "string");
const isMarks = (value: unknown): value is FrameMarks =>
  isRecord(value) &&
  isIds(value.now) &&
  isIds(value.passed) &&
  isIds(value.live) &&
  isWords(value.notes) &&
  [value.dashed, value.failed, value.odd].every((ids) => ids === undefined || isIds(ids)) &&
  (value.tones === undefined || isTones(value.tones));
const isTones = (value: unknown): boolean =>
  isWords(value) && Object.values(value).every((word) => TONES.some((tone) => tone === word));
const isFrameWords = (value: unknown): value is FrameWords =>
  isRecord(value) && isWords(value.nodes) && isWords(value.edges);

/** A message of the page; `null` for anything else. */
export function parseToFrame(data: unknown): ToFrame | null {
  if (!isRecord(data)) return null;
  const { type, drawing, source, words, marks, theme } = data;
  if (type === "theme" && (theme === "system" || theme === "light" || theme === "dark")) return { type, theme };
  if (type === "save") return { type };
  if (type === "mark" && isMarks(marks)) return { type, marks };
  if (type === "words" && isFrameWords(words)) return { type, words: { nodes: words.nodes, edges: words.edges } };
  if (type !== "draw" || typeof drawing !== "number" || typeof source !== "string" || !isMarks(marks)) return null;
  if (!isFrameWords(words)) return null;
  return { type, drawing, source, words: { nodes: words.nodes, edges: words.edges }, marks };
}
