/**
 * JSON text of releases before msgpack (schemas 5 to 21), as the same values that msgpack is read into.
 *
 * Integers beyond 2^53 keep all their digits, as `bigint`; a number with a fraction or an exponent is a float.
 * Source: Dynflow/dynflow 1.5.0 lib/dynflow/persistence_adapters/sequel.rb `dump_data` (MultiJson).
 */
import { MSGPACK_MAX_BYTES, MSGPACK_MAX_DEPTH } from "./msgpack-decode.ts";
import { MsgpackFloat, type MsgpackMap, type MsgpackValue } from "./msgpack-value.ts";

/** Digits that a double may not hold exactly; only text that has such a run is read number by number. */
const LONG_INTEGER = /[0-9]{16}/;
const INTEGER = /^-?[0-9]+$/;

/** Holds no state between calls: it is never asked to stream. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export type JsonDecoded =
  | { readonly ok: true; readonly value: MsgpackValue }
  | { readonly ok: false; readonly reason: string };

const undecoded = (reason: string): JsonDecoded => ({ ok: false, reason });

/** Total: whatever the bytes are, a value or the reason why there is none. */
export function decodeJsonText(bytes: Uint8Array, maxBytes = MSGPACK_MAX_BYTES): JsonDecoded {
  if (bytes.length > maxBytes) return undecoded(`longer than ${maxBytes} bytes`);
  try {
    return { ok: true, value: toValue(parse(UTF8.decode(bytes)), 0) };
  } catch (cause) {
    if (cause instanceof TooDeep || cause instanceof RangeError) {
      return undecoded(`nested deeper than ${MSGPACK_MAX_DEPTH}`);
    }
    return undecoded(cause instanceof SyntaxError ? "no JSON text" : "no UTF-8 text");
  }
}

class TooDeep extends Error {}

function parse(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value)) return value;
    return INTEGER.test(source) ? BigInt(source) : value;
  });
}

function toValue(value: unknown, depth: number): MsgpackValue {
  if (value === null || typeof value === "boolean" || typeof value === "string" || typeof value === "bigint") {
    return value;
  }
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new MsgpackFloat(value);
  if (depth >= MSGPACK_MAX_DEPTH) throw new TooDeep();
  if (Array.isArray(value)) return value.map((item) => toValue(item, depth + 1));
  return toMap(Object.entries(Object(value)), depth);
}

const toMap = (entries: readonly (readonly [string, unknown])[], depth: number): MsgpackMap =>
  new Map<MsgpackValue, MsgpackValue>(entries.map(([key, item]) => [key, toValue(item, depth + 1)]));
