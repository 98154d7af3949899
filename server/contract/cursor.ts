import type { StreamName } from "#server/contract/event.ts";
import { type DecimalText, parseInt64 } from "#server/kernel/json.ts";

/** How far one stream has been taken in. */
export interface StreamPosition {
  readonly epoch: string;
  readonly seq: DecimalText;
}
export type Positions = Readonly<Record<StreamName, StreamPosition>>;

/** Where a client of the live feed stands. Its text form is opaque to everyone but this file. */
export interface LiveCursor {
  /** What the client was allowed to see and how it was folded; a cursor of another scope means nothing. */
  readonly scope: string;
  readonly positions: Positions;
}

const CURSOR_VERSION = 1;
/** Fits a request header beside everything else (Node's limit for all headers is 16 KiB). */
const CURSOR_CHARS_MAX = 12_000;
const CURSOR_STREAMS_MAX = 500;

/** Base64url text of a vector {stream: epoch.seq}; equal vectors give equal text. */
export function encodeCursor(cursor: LiveCursor): string {
  const streams = Object.keys(cursor.positions).sort();
  const epochs: string[] = [];
  const entries = streams.flatMap((stream) => {
    const position = cursor.positions[stream];
    if (position === undefined) return [];
    if (!epochs.includes(position.epoch)) epochs.push(position.epoch);
    return [[stream, epochs.indexOf(position.epoch), position.seq]];
  });
  const bytes = new TextEncoder().encode(JSON.stringify([CURSOR_VERSION, cursor.scope, epochs, entries]));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Reads text that a client sent; `null` when it is not one of ours. Never throws. */
export function parseCursor(text: string): LiveCursor | null {
  if (text.length === 0 || text.length > CURSOR_CHARS_MAX || !/^[A-Za-z0-9_-]+$/.test(text)) return null;
  const value = parseJson(text);
  if (!Array.isArray(value) || value.length !== 4) return null;
  const [version, scope, epochs, entries] = value as readonly unknown[];
  if (version !== CURSOR_VERSION || typeof scope !== "string") return null;
  if (!Array.isArray(epochs) || !Array.isArray(entries) || entries.length > CURSOR_STREAMS_MAX) return null;
  const positions: [StreamName, StreamPosition][] = [];
  for (const entry of entries as readonly unknown[]) {
    const parsed = parseEntry(entry, epochs);
    if (parsed === null) return null;
    positions.push(parsed);
  }
  return { scope, positions: Object.fromEntries(positions) };
}

function parseEntry(entry: unknown, epochs: readonly unknown[]): [StreamName, StreamPosition] | null {
  if (!Array.isArray(entry) || entry.length !== 3) return null;
  const [stream, epochIndex, seq] = entry as readonly unknown[];
  if (typeof stream !== "string" || typeof epochIndex !== "number" || typeof seq !== "string") return null;
  const epoch = epochs[epochIndex];
  const number = parseInt64(seq);
  if (typeof epoch !== "string" || number === null || number < 0n) return null;
  return [stream, { epoch, seq }];
}

function parseJson(text: string): unknown {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))),
    );
  } catch {
    // Whatever a client made up: not a cursor, which is this function's answer and not a failure.
    return null;
  }
}
