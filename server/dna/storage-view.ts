/** What an actor has stored, for the wire: keys as text where they are some, a value in the form that it has. */
import { holdsMasked, maskPayload } from "#server/contract/mask-payload.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { maskFreeText } from "#server/contract/mask-text.ts";
import type { WireShape } from "#server/contract/wire/common.ts";
import type { storageRow, storageValueOutput } from "#server/contract/wire/dna-actors.ts";
import { toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import { isMalformed, type MalformedRow, type StorageRow, type StorageValue } from "./ports.ts";

type ValueView = WireShape<typeof storageValueOutput>["value"];

/** Deepest document that is read as JSON: deeper ones are text. */
const JSON_DEPTH_MAX = 200;
const WITHHELD = "The bytes hold what is masked";

export function toStorageRow(row: StorageRow | MalformedRow): WireShape<typeof storageRow> {
  if (isMalformed(row)) return { unreadable: true, key: row.key, reason: row.reason };
  const { key, size, writtenAt } = row;
  return {
    key: toBase64(key),
    text: textOf(key),
    size,
    writtenAt: writtenAt === null ? null : toIso(writtenAt),
  };
}

/** What the rules hide is replaced; bytes in which something is hidden are withheld whole. */
export function toValueView(value: StorageValue | null, masks: MaskRules, maxBytes: number): ValueView {
  if (value === null || value.kind === "empty") return null;
  if (value.kind === "too-large") return { tooLarge: true, bytes: value.size, maxBytes };
  const { bytes } = value;
  const common = { bytes: bytes.length, writtenAt: value.writtenAt === null ? null : toIso(value.writtenAt) };
  const text = textOf(bytes);
  const json = text === null ? null : jsonOf(text);
  if (json !== null) {
    const shown = maskPayload(masks, json.value);
    return { ...common, form: "json", json: shown.value, text: null, ...bytesShown(bytes, shown.hidden) };
  }
  if (text !== null) {
    const shown = maskFreeText(masks, text);
    return { ...common, form: "text", json: null, text: shown, ...bytesShown(bytes, shown !== text) };
  }
  const hidden = holdsMasked(masks, LATIN1.decode(bytes));
  return { ...common, form: "bytes", json: null, text: null, ...bytesShown(bytes, hidden) };
}

const bytesShown = (bytes: Uint8Array, hidden: boolean) =>
  hidden ? { base64: null, withheld: WITHHELD } : { base64: toBase64(bytes), withheld: null };

const LATIN1 = new TextDecoder("latin1");
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Control characters that texts do not have. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]/u;

/** The bytes as text; `null` = they are none. */
function textOf(bytes: Uint8Array): string | null {
  try {
    const text = UTF8.decode(bytes);
    return UNPRINTABLE.test(text) ? null : text;
  } catch (cause) {
    if (cause instanceof TypeError) return null;
    throw cause;
  }
}

/** A map or a list; a bare number or word reads better as text. */
function jsonOf(text: string): { readonly value: JsonValue } | null {
  if (!/^\s*[[{]/.test(text) || deepest(text) > JSON_DEPTH_MAX) return null;
  try {
    return { value: untagged(JSON.parse(text) as JsonValue) };
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

/** Brackets that are open at once, at most; those inside of texts are counted too. */
function deepest(text: string): number {
  let [open, most] = [0, 0];
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open += bracket === "[" || bracket === "{" ? 1 : -1;
    most = Math.max(most, open);
  }
  return most;
}

/** Maps with keys that begin with `$` as pairs: such keys are tags of our own in a payload, and stand outside of its masks. */
function untagged(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(untagged);
  const entries = Object.entries(value).map(([key, inner]): [string, JsonValue] => [key, untagged(inner)]);
  return entries.some(([key]) => key.startsWith("$")) ? { $map: entries } : Object.fromEntries(entries);
}

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** @throws OpsError `invalid-input` for text that is no base64 */
export function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  if (toBase64(bytes) !== text) throw new OpsError("invalid-input", "A key of storage is given in base64");
  return bytes;
}
