/**
 * msgpack as values that lose nothing: integers stay apart from floats (Ruby refuses a step id of `2.0`), maps keep
 * their order and any key, ext types keep their bytes.
 *
 * Integers outside ±(2^53 - 1) are `bigint`, all others `number`. Ruby symbols arrive as strings.
 */
export type MsgpackValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | MsgpackFloat
  | MsgpackExt
  | Uint8Array
  | readonly MsgpackValue[]
  | MsgpackMap;

export type MsgpackMap = ReadonlyMap<MsgpackValue, MsgpackValue>;

/** A float32 or float64 of the wire, whole or not. Written as float64 always, as Ruby does. */
export class MsgpackFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** An ext value, undecoded. `type` is signed, -128 to 127. */
export class MsgpackExt {
  readonly type: number;
  readonly data: Uint8Array;
  constructor(type: number, data: Uint8Array) {
    this.type = type;
    this.data = data;
  }
}

export const isMsgpackMap = (value: MsgpackValue | undefined): value is MsgpackMap => value instanceof Map;

export const isMsgpackArray = (value: MsgpackValue | undefined): value is readonly MsgpackValue[] =>
  Array.isArray(value);

/** An integer in the safe range; `null` for floats, big integers and everything else. */
export const safeIntegerOf = (value: MsgpackValue | undefined): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : null;

/** Any finite number as a double; `null` when it is none: what is shown as a number must be one. */
export function doubleOf(value: MsgpackValue | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value instanceof MsgpackFloat && Number.isFinite(value.value) ? value.value : null;
}

export const textOf = (value: MsgpackValue | undefined): string | null => (typeof value === "string" ? value : null);
