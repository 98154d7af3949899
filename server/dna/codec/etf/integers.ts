/** Integers of any size between bytes and the one form each has as a term. */

const SIX_BYTES = 6;

/** The rule of {@link Term}: `number` where it is safe. */
export const integerOf = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

/** An integer from its magnitude, least significant byte first, and its sign. */
export function bignumOf(bytes: Uint8Array, start: number, length: number, negative: boolean): number | bigint {
  if (length <= SIX_BYTES) {
    let small = 0;
    for (let index = length - 1; index >= 0; index -= 1) small = small * 256 + (bytes[start + index] ?? 0);
    return negative && small !== 0 ? -small : small;
  }
  let hex = "0x";
  for (let index = length - 1; index >= 0; index -= 1) hex += HEX[bytes[start + index] ?? 0];
  const magnitude = BigInt(hex);
  return integerOf(negative ? -magnitude : magnitude);
}

/** The magnitude, least significant byte first, without leading zeros. */
export function magnitudeOf(value: bigint): Uint8Array {
  const digits = (value < 0n ? -value : value).toString(16);
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const at = hex.length - 2 * (index + 1);
    bytes[index] = Number.parseInt(hex.slice(at, at + 2), 16);
  }
  return bytes;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
