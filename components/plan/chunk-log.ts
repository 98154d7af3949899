/** Output chunks as the log that they make. Pure. */
import { MASK_DOTS } from "#server/contract/mask-text.ts";
import { linesOf } from "#server/contract/view/payload-token.ts";

export interface LogChunk {
  readonly id: number;
  readonly kind: string | null;
  readonly timestamp: string;
  readonly chunk: { readonly value?: unknown; readonly unreadable?: string; readonly bytes?: number };
}

export interface LogLine {
  readonly key: string;
  /** When the chunk came in which it begins. */
  readonly timestamp: string;
  readonly kind: string | null;
  readonly text: string;
  /** A chunk that is no text, or cannot be read. */
  readonly note: boolean;
  /** A chunk in which something is masked; `null` = nothing is. */
  readonly maskedId: number | null;
}

/** A line that the next chunk may go on with. */
type OpenLine = { -readonly [K in keyof LogLine]: LogLine[K] };

/** Lines in order of the chunks; text chunks of one kind that follow each other are one text, wherever it was cut. */
export function logLines(chunks: readonly LogChunk[]): readonly LogLine[] {
  const lines: LogLine[] = [];
  let open: { readonly line: OpenLine; readonly kind: string | null } | null = null;
  for (const { id, kind, timestamp, chunk } of chunks) {
    const text = chunk.unreadable === undefined && typeof chunk.value === "string" ? chunk.value : null;
    if (text === null) {
      open = null;
      lines.push({
        key: `${id}`,
        timestamp,
        kind,
        text: noteOf(chunk),
        note: true,
        maskedId: maskedIn(id, chunk.value),
      });
      continue;
    }
    const maskedId = text.includes(MASK_DOTS) ? id : null;
    for (const [index, part] of text.split("\n").entries()) {
      if (index === 0 && open !== null && open.kind === kind) {
        open.line.text += part;
        open.line.maskedId ??= part.includes(MASK_DOTS) ? maskedId : null;
        continue;
      }
      const line: OpenLine = {
        key: `${id}.${index}`,
        timestamp,
        kind,
        text: part,
        note: false,
        maskedId: part.includes(MASK_DOTS) ? maskedId : null,
      };
      open = { line, kind };
      lines.push(line);
    }
  }
  return lines.filter((line) => line.text !== "" || line.note).flatMap(broken);
}

/** Lines of a log may be long: each takes as many as it needs. */
function broken(line: LogLine): readonly LogLine[] {
  const parts = linesOf(line.text);
  return parts.length === 1 ? [line] : parts.map((text, index) => ({ ...line, key: `${line.key}.${index}`, text }));
}

const noteOf = (chunk: LogChunk["chunk"]): string =>
  chunk.unreadable === undefined
    ? JSON.stringify(chunk.value)
    : `could not be decoded: ${chunk.unreadable} (${chunk.bytes ?? 0} bytes)`;

const maskedIn = (id: number, value: unknown): number | null =>
  value !== undefined && JSON.stringify(value).includes('"$masked"') ? id : null;

/** Kinds in order of appearance, with how many chunks each has. */
export function kindsOf(
  chunks: readonly LogChunk[],
): readonly { readonly kind: string | null; readonly count: number }[] {
  const counts = new Map<string | null, number>();
  for (const { kind } of chunks) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => ({ kind, count }));
}

/** The text of a log as a file. */
export const logText = (chunks: readonly LogChunk[]): string =>
  chunks.map(({ chunk }) => (typeof chunk.value === "string" ? chunk.value : `${noteOf(chunk)}\n`)).join("");
