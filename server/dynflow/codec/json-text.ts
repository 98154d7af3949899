/**
 * JSON text of releases before msgpack (schemas 5 to 21), as the same values that msgpack is read into.
 *
 * Integers beyond 2^53 keep all their digits, as `bigint`; a number with a fraction or an exponent is a float.
 * Source: Dynflow/dynflow 1.5.0 lib/dynflow/persistence_adapters/sequel.rb `dump_data` (MultiJson).
 */
import { MSGPACK_MAX_BYTES, MSGPACK_MAX_DEPTH, MSGPACK_MAX_VALUES } from "./msgpack-decode.ts";
import { MsgpackFloat, type MsgpackMap, type MsgpackValue } from "./msgpack-value.ts";

/** Digits that a double may not hold exactly; only text that has such a run is read number by number. */
const LONG_INTEGER = /[0-9]{16}/;
/** Ruby's integers have no end; so many digits are kept whole, and turning more into a number takes too long. */
const INTEGER = /^-?[0-9]{1,1000}$/;

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
    if (bytes.length > SMALL_BYTES) refuseTooMuch(bytes);
    return { ok: true, value: toValue(parse(UTF8.decode(bytes)), 0) };
  } catch (cause) {
    if (cause instanceof TooDeep || cause instanceof RangeError) {
      return undecoded(`nested deeper than ${MSGPACK_MAX_DEPTH}`);
    }
    if (cause instanceof TooMuch) return undecoded(`more than ${MSGPACK_MAX_VALUES} values`);
    return undecoded(cause instanceof SyntaxError ? "no JSON text" : "no UTF-8 text");
  }
}

class TooDeep extends Error {}
class TooMuch extends Error {}

/** What is smaller cannot hold enough to matter. */
const SMALL_BYTES = 64 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Depth and number of values of a large text, before anything is made of it: the parser itself knows neither bound.
 *
 * @throws TooDeep, TooMuch
 */
function refuseTooMuch(bytes: Uint8Array): void {
  let depth = 0;
  let values = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
      continue;
    }
    if (byte === QUOTE) inText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      values += 1;
      if (depth > MSGPACK_MAX_DEPTH) throw new TooDeep();
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === 0x2c || byte === 0x3a) values += 1;
  }
  if (values > MSGPACK_MAX_VALUES) throw new TooMuch();
}

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
