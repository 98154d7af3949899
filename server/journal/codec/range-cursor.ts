import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import { parseInt64 } from "#server/kernel/json.ts";

/** The last event of a page: the next page begins behind it. Total order: observation time, stream, number. */
export interface RangePosition {
  readonly observedAt: EpochMs;
  readonly stream: string;
  readonly seq: DecimalText;
}

const CURSOR_CHARS_MAX = 1_000;

/** Opaque base64url text of a position. */
export function encodeRangeCursor({ observedAt, stream, seq }: RangePosition): string {
  return Buffer.from(JSON.stringify([observedAt, stream, seq])).toString("base64url");
}

/** Reads text that came from outside; `null` when it is not a cursor. Never throws. */
export function parseRangeCursor(text: string): RangePosition | null {
  if (text.length > CURSOR_CHARS_MAX || !/^[A-Za-z0-9_-]+$/.test(text)) return null;
  const value = parseJson(Buffer.from(text, "base64url").toString("utf8"));
  if (!Array.isArray(value) || value.length !== 3) return null;
  const [observedAt, stream, seq] = value as readonly unknown[];
  if (typeof observedAt !== "number" || !Number.isSafeInteger(observedAt)) return null;
  if (typeof stream !== "string" || typeof seq !== "string" || parseInt64(seq) === null) return null;
  return { observedAt: epochMs(observedAt), stream, seq };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever a client made up: not a cursor, which is this function's answer and not a failure.
    return null;
  }
}
