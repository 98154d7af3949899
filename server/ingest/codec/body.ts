import { decode, ExtData, encode } from "@msgpack/msgpack";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { type Decoded, decoding, Malformed } from "./malformed.ts";
import { checkMsgpackShape } from "./msgpack-shape.ts";

export type WireFormat = "json" | "msgpack";

/** Deeper than any measurement, and flat enough for whoever walks it. */
export const MAX_DEPTH = 24;

const MEDIA_TYPES: Readonly<Record<string, WireFormat>> = {
  "application/json": "json",
  "application/msgpack": "msgpack",
  "application/x-msgpack": "msgpack",
};

/** Format of a content type, whatever parameters it has; `null` = none of ours. */
export function formatOf(contentType: string | undefined): WireFormat | null {
  const [media = ""] = (contentType ?? "").split(";", 1);
  return MEDIA_TYPES[media.trim().toLowerCase()] ?? null;
}

/**
 * A whole body or frame as plain values. In MessagePack integers beyond 2^53 come out as decimal text, binaries as
 * base64, timestamps as ISO text; other extensions are refused.
 */
export function decodeBody(bytes: Uint8Array, format: WireFormat): Decoded<JsonObject> {
  return decoding(() => {
    const value = format === "json" ? parseJson(bytes) : parseMsgpack(bytes);
    const plain = toJson(value, "", MAX_DEPTH);
    if (!isObject(plain)) throw new Malformed("not-object", "");
    return plain;
  });
}

/** An answer in the format in which it was asked. */
export function encodeBody(value: JsonObject, format: WireFormat): Uint8Array {
  return format === "json" ? new TextEncoder().encode(JSON.stringify(value)) : encode(value);
}

export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) throw new Malformed("not-json", "");
    throw cause;
  }
}

function parseMsgpack(bytes: Uint8Array): unknown {
  checkMsgpackShape(bytes, MAX_DEPTH);
  try {
    return decode(bytes, { useBigInt64: true });
  } catch {
    // Its shape is sound: keys that are none, or texts that are no UTF-8, are left.
    throw new Malformed("not-msgpack", "");
  }
}

function toJson(value: unknown, path: string, depth: number): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new Malformed("not-finite", path);
      return value;
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    case "object":
      return value === null ? null : objectToJson(value, path, depth);
    default:
      throw new Malformed("not-msgpack", path);
  }
}

function objectToJson(value: object, path: string, depth: number): JsonValue {
  if (depth === 0) throw new Malformed("too-deep", path);
  if (Array.isArray(value)) return value.map((one, index) => toJson(one, `${path}[${index}]`, depth - 1));
  if (value instanceof Uint8Array) return toBase64(value);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new Malformed("not-time", path);
    return value.toISOString();
  }
  if (value instanceof ExtData) throw new Malformed("unsupported-ext", path);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const at = path === "" ? key : `${path}.${key}`;
      if (key === "__proto__") throw new Malformed("bad-key", at);
      return [key, toJson(inner, at, depth - 1)];
    }),
  );
}

const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
