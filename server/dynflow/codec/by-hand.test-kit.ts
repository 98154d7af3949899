/**
 * A second, naive msgpack writer, for tests only: it puts hex text together by hand and shares nothing with the
 * encoder under test, so that a wrong encoder cannot agree with itself.
 */

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

const digits = (value: bigint, bytes: number): string =>
  BigInt.asUintN(bytes * 8, value)
    .toString(16)
    .padStart(bytes * 2, "0");

const header = (
  count: number,
  fix: number,
  fixLimit: number,
  sizes: readonly (readonly [number, string])[],
): string => {
  if (count < fixLimit) return (fix + count).toString(16);
  for (const [bytes, tag] of sizes) if (count < 2 ** (bytes * 8)) return tag + digits(BigInt(count), bytes);
  throw new Error("too many");
};

export const nil = "c0";
export const yes = "c3";
export const no = "c2";

export function int(value: number | bigint): string {
  const big = BigInt(value);
  const rows: readonly (readonly [bigint, bigint, string, number])[] = [
    [0n, 127n, "", 1],
    [-32n, -1n, "", 1],
    [0n, 255n, "cc", 1],
    [0n, 65_535n, "cd", 2],
    [0n, 4_294_967_295n, "ce", 4],
    [0n, 18_446_744_073_709_551_615n, "cf", 8],
    [-128n, -1n, "d0", 1],
    [-32_768n, -1n, "d1", 2],
    [-2_147_483_648n, -1n, "d2", 4],
    [-9_223_372_036_854_775_808n, -1n, "d3", 8],
  ];
  for (const [low, high, tag, bytes] of rows) if (big >= low && big <= high) return tag + digits(big, bytes);
  throw new Error("no integer of 64 bits");
}

export function float(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return `cb${bytes.toString("hex")}`;
}

export function text(value: string): string {
  const bytes = Buffer.from(value, "utf8");
  const tags = [
    [1, "d9"],
    [2, "da"],
    [4, "db"],
  ] as const;
  return header(bytes.length, 0xa0, 32, tags) + bytes.toString("hex");
}

export function bin(hex: string): string {
  const tags = [
    [1, "c4"],
    [2, "c5"],
    [4, "c6"],
  ] as const;
  return header(hex.length / 2, 0, 0, tags) + hex;
}

export function list(...items: readonly string[]): string {
  const tags = [
    [2, "dc"],
    [4, "dd"],
  ] as const;
  return header(items.length, 0x90, 16, tags) + items.join("");
}

/** Pairs in order; keys are text. */
export function map(...pairs: readonly (readonly [string, string])[]): string {
  const tags = [
    [2, "de"],
    [4, "df"],
  ] as const;
  return header(pairs.length, 0x80, 16, tags) + pairs.map(([key, value]) => text(key) + value).join("");
}

export const ext = (type: number, hex: string): string => {
  const size = hex.length / 2;
  const fixed = new Map([
    [1, "d4"],
    [2, "d5"],
    [4, "d6"],
    [8, "d7"],
    [16, "d8"],
  ]).get(size);
  return (fixed ?? `c7${digits(BigInt(size), 1)}`) + digits(BigInt(type), 1) + hex;
};
