import type { JsonValue } from "#server/kernel/json.ts";

const OVERHEAD_BYTES = 16;

/** About how much memory a value takes, in bytes: for bounds, not for bills. */
export function roughSize(value: JsonValue): number {
  if (typeof value === "string") return OVERHEAD_BYTES + 2 * value.length;
  if (typeof value !== "object" || value === null) return OVERHEAD_BYTES;
  if (isList(value)) return value.reduce<number>((sum, entry) => sum + roughSize(entry), OVERHEAD_BYTES);
  return Object.entries(value).reduce((sum, [key, entry]) => sum + 2 * key.length + roughSize(entry), OVERHEAD_BYTES);
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
