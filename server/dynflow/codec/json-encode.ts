/**
 * Envelopes and coordinator records as text, the way worlds wrote them before schema 22. Only what those releases can
 * read back is written: no ext types, no bytes, no integers that a double would change.
 */
import { isMsgpackArray, isMsgpackMap, MsgpackExt, MsgpackFloat, type MsgpackValue } from "./msgpack-value.ts";

/** The bytes of the JSON text. @throws RangeError for a value that JSON has no form for */
export const encodeJson = (value: MsgpackValue): Uint8Array => new TextEncoder().encode(JSON.stringify(toJson(value)));

function toJson(value: MsgpackValue): unknown {
  if (value === null || typeof value === "boolean" || typeof value === "string" || typeof value === "number") {
    return value;
  }
  if (value instanceof MsgpackFloat) return value.value;
  if (typeof value === "bigint" || value instanceof MsgpackExt || value instanceof Uint8Array) {
    throw new RangeError("a value that JSON has no form for");
  }
  if (isMsgpackMap(value)) return Object.fromEntries([...value].map(([key, item]) => [keyOf(key), toJson(item)]));
  return isMsgpackArray(value) ? value.map(toJson) : null;
}

function keyOf(key: MsgpackValue): string {
  if (typeof key === "string") return key;
  throw new RangeError("a key that is no text");
}
