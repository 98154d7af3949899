/** Output chunks for the wire: what is secret in them is found in the text that they make together. */
import { maskPayload } from "#server/contract/mask-payload.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { maskedRanges, type TextRange, withDots } from "#server/contract/mask-text.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import type { OutputChunk } from "./domain/model.ts";

export interface ChunkView {
  /** Rises from chunk to chunk: more are asked for by naming the last one's. */
  id: number;
  kind: string | null;
  timestamp: string;
  chunk: { value: JsonValue } | { unreadable: string; bytes: number };
}

/**
 * A log is cut into chunks anywhere, also between a key and its value: text chunks of one kind are looked at as one text,
 * and what is hidden in it is hidden in each of them.
 */
export function toChunkViews(chunks: readonly OutputChunk[], masks: MaskRules): ChunkView[] {
  const texts = hiddenTexts(chunks, masks);
  return chunks.map(({ id, kind, timestamp, chunk }) => {
    if (!chunk.ok) return { id, kind, timestamp, chunk: { unreadable: chunk.reason, bytes: chunk.bytes } };
    const value = typeof chunk.value === "string" ? texts.get(id) : maskPayload(masks, chunk.value).value;
    return { id, kind, timestamp, chunk: { value: value ?? null } };
  });
}

function hiddenTexts(chunks: readonly OutputChunk[], masks: MaskRules): ReadonlyMap<number, string> {
  const byKind = Map.groupBy(chunks, ({ kind }) => kind);
  const shown = new Map<number, string>();
  for (const own of byKind.values()) {
    const texts = own.flatMap(({ id, chunk }) =>
      chunk.ok && typeof chunk.value === "string" ? [{ id, text: chunk.value }] : [],
    );
    const ranges = maskedRanges(masks, texts.map(({ text }) => text).join(""));
    let from = 0;
    let first = 0;
    for (const { id, text } of texts) {
      const to = from + text.length;
      while (ranges[first] !== undefined && (ranges[first]?.[1] ?? 0) <= from) first += 1;
      shown.set(id, withDots(text, within(ranges, first, from, to)));
      from = to;
    }
  }
  return shown;
}

/** The ranges from `first` on that touch `[from, to)`, counted from `from`. */
function within(ranges: readonly TextRange[], first: number, from: number, to: number): readonly TextRange[] {
  const own: TextRange[] = [];
  for (let index = first; index < ranges.length; index += 1) {
    const [start, end] = ranges[index] ?? [to, to];
    if (start >= to) break;
    own.push([Math.max(start, from) - from, Math.min(end, to) - from]);
  }
  return own;
}
