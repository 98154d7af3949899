/** Values that survive JSON unchanged: what events, fold states and the wire are made of. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A signed 64-bit integer as decimal text, the only form in which one leaves an adapter towards JSON. */
export type DecimalText = string;

const DECIMAL = /^-?(0|[1-9][0-9]{0,18})$/;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Parses decimal text of a signed 64-bit integer; `null` when it is not one. */
export function parseInt64(text: string): bigint | null {
  if (!DECIMAL.test(text)) return null;
  const value = BigInt(text);
  return value < INT64_MIN || value > INT64_MAX ? null : value;
}
