import { readFileSync } from "node:fs";
import { encode as libraryEncode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as hand from "./by-hand.test-kit.ts";
import { bytesOf, hexOf } from "./by-hand.test-kit.ts";
import { decodeMsgpack, decodeMsgpackAt, MSGPACK_MAX_DEPTH } from "./msgpack-decode.ts";
import { encodeMsgpack } from "./msgpack-encode.ts";
import { MsgpackExt, MsgpackFloat, type MsgpackValue } from "./msgpack-value.ts";
import { fromPayload, toPayload } from "./payload.ts";

/**
 * Values and bytes made by Ruby: msgpack-ruby under Dynflow 2.0.0 with ActiveSupport's time types registered.
 * Numbers are read from their source text, because JSON.parse would lose 2^64 - 1 and the point of 3.0.
 */
const exactly = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
  if (typeof value !== "number" || context?.source === undefined) return value;
  if (context.source.includes(".")) return { $float: context.source };
  return Number.isSafeInteger(value) ? value : { $int: context.source };
};
type Vectors = Record<string, { readonly value: MsgpackValue & string; readonly msgpack_hex: string }>;
const vectors: Vectors = JSON.parse(readFileSync("fixtures/dynflow/msgpack-vectors.json", "utf8"), exactly as never);
const rows = Object.entries(vectors).map(([name, row]) => ({ name, value: row.value, hex: row.msgpack_hex }));

const decoded = (hex: string) => {
  const result = decodeMsgpack(bytesOf(hex));
  if (!result.ok) throw new Error(result.reason);
  return result.value;
};

describe("msgpack vectors made by Ruby", () => {
  it("are all there", () => {
    expect(rows.length).toBe(16);
  });

  it.each(rows)("$name: encoding the value gives Ruby's bytes", ({ value, hex }) => {
    expect(hexOf(encodeMsgpack(fromPayload(value)))).toBe(hex);
  });

  it.each(rows)("$name: decoding Ruby's bytes gives the value, and encoding it again the bytes", ({ value, hex }) => {
    const seen = toPayload(decoded(hex));
    const wanted = JSON.parse(JSON.stringify(value), (_key, item) =>
      typeof item === "object" && item !== null && "$float" in item ? Number(item.$float) : item,
    );
    expect(seen).toEqual(wanted);
    expect(hexOf(encodeMsgpack(decoded(hex)))).toBe(hex);
  });

  it.each(rows)("$name: cut at any byte it is incomplete, never something else", ({ hex }) => {
    const bytes = bytesOf(hex);
    for (let cut = 0; cut < bytes.length; cut += 1) {
      expect(decodeMsgpack(bytes.subarray(0, cut))).toMatchObject({ ok: false, kind: "incomplete" });
    }
  });

  it.each(rows)("$name: two in one buffer are read one after the other", ({ hex }) => {
    const bytes = bytesOf(hex + hex);
    const first = decodeMsgpackAt(bytes, 0);
    expect(first).toMatchObject({ ok: true, offset: hex.length / 2 });
    expect(decodeMsgpackAt(bytes, hex.length / 2)).toMatchObject({ ok: true, offset: hex.length });
    expect(decodeMsgpack(bytes)).toMatchObject({ ok: false, kind: "malformed", offset: hex.length / 2 });
  });
});

const INTEGER_EDGES = [7, 8, 15, 16, 31, 32, 53, 63].flatMap((bits) => {
  const edge = 2n ** BigInt(bits);
  return [edge - 1n, edge, -edge, -edge - 1n].filter((value) => value >= -(2n ** 63n));
});
const EDGES = [...INTEGER_EDGES, 2n ** 64n - 1n, 0n, -1n, -32n, -33n, 127n, 128n];

describe("integers and floats", () => {
  it.each(EDGES)("%s is written as short as Ruby does and read back exactly", (value) => {
    expect(hexOf(encodeMsgpack(value))).toBe(hand.int(value));
    expect(BigInt(decoded(hand.int(value)) as number | bigint)).toBe(value);
  });

  it("keeps integers in the safe range as numbers and others as bigint", () => {
    expect(decoded(hand.int(2n ** 53n - 1n))).toBe(Number.MAX_SAFE_INTEGER);
    expect(decoded(hand.int(2n ** 53n))).toBe(2n ** 53n);
    expect(decoded(hand.int(-(2n ** 53n)))).toBe(-(2n ** 53n));
  });

  it("refuses integers beyond 64 bits", () => {
    expect(() => encodeMsgpack(2n ** 64n)).toThrow(RangeError);
    expect(() => encodeMsgpack(-(2n ** 63n) - 1n)).toThrow(RangeError);
  });

  it.each([0.1, -0, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])("%d is a float64", (value) => {
    expect(hexOf(encodeMsgpack(value))).toBe(hand.float(value));
    expect(decoded(hand.float(value))).toEqual(new MsgpackFloat(value));
  });

  it("tells a whole float from an integer", () => {
    expect(decoded(hand.float(2))).toEqual(new MsgpackFloat(2));
    expect(decoded(hand.int(2))).toBe(2);
    expect(hexOf(encodeMsgpack(new MsgpackFloat(2)))).toBe(hand.float(2));
  });

  it("reads float32 too", () => {
    expect(decoded("ca3fc00000")).toEqual(new MsgpackFloat(1.5));
  });
});

describe("texts, binary, ext, lists and maps of every header size", () => {
  it.each([0, 31, 32, 255, 256, 65_535, 65_536])("a text of %i bytes", (length) => {
    const value = "a".repeat(length);
    expect(hexOf(encodeMsgpack(value))).toBe(hand.text(value));
    expect(decoded(hand.text(value))).toBe(value);
  });

  it.each([0, 255, 256, 65_535, 65_536])("binary of %i bytes", (length) => {
    const hex = "7f".repeat(length);
    expect(hexOf(encodeMsgpack(bytesOf(hex)))).toBe(hand.bin(hex));
    expect(decoded(hand.bin(hex))).toEqual(bytesOf(hex));
  });

  it.each([0, 15, 16, 65_535, 65_536])("a list of %i items", (length) => {
    const hex = hand.list(...Array.from({ length }, () => hand.nil));
    expect(hexOf(encodeMsgpack(Array.from({ length }, () => null)))).toBe(hex);
    expect(decoded(hex)).toHaveLength(length);
  });

  it.each([0, 15, 16, 65_536])("a map of %i pairs", (length) => {
    const pairs = Array.from({ length }, (_, index) => [`k${index}`, hand.int(index)] as const);
    const hex = hand.map(...pairs);
    const value = new Map(pairs.map(([key], index) => [key, index]));
    expect(hexOf(encodeMsgpack(value))).toBe(hex);
    expect(decoded(hex)).toEqual(value);
  });

  it.each([0, 1, 2, 3, 4, 8, 12, 16, 17])("an ext of %i bytes", (length) => {
    const hex = hand.ext(-7, "ab".repeat(length));
    expect(decoded(hex)).toEqual(new MsgpackExt(-7, bytesOf("ab".repeat(length))));
    expect(hexOf(encodeMsgpack(decoded(hex)))).toBe(hex);
  });

  it("keeps a string that is no UTF-8 as bytes", () => {
    expect(decoded("a2fffe")).toEqual(bytesOf("fffe"));
  });

  it("keeps a key named __proto__ as a key", () => {
    const value = decoded(hand.map(["__proto__", hand.int(1)]));
    expect(value).toEqual(new Map([["__proto__", 1]]));
  });
});

describe("bad input", () => {
  it("says malformed for the one tag that does not exist", () => {
    expect(decodeMsgpack(bytesOf("c1"))).toMatchObject({ ok: false, kind: "malformed", offset: 0 });
    expect(decodeMsgpack(bytesOf("92c0c1"))).toMatchObject({ ok: false, kind: "malformed", offset: 2 });
  });

  it("refuses what is deeper than Ruby can read, and reads what is just as deep", () => {
    const nested = (levels: number) => bytesOf(`${"91".repeat(levels - 1)}90`);
    expect(decodeMsgpack(nested(MSGPACK_MAX_DEPTH))).toMatchObject({ ok: true });
    expect(decodeMsgpack(nested(MSGPACK_MAX_DEPTH + 1))).toMatchObject({ ok: false, kind: "limit" });
    expect(decodeMsgpack(nested(1_000_000))).toMatchObject({ ok: false, kind: "limit" });
  });

  it("refuses to write what is too deep to be read", () => {
    const nested = (levels: number): MsgpackValue => (levels === 1 ? [] : [nested(levels - 1)]);
    expect(() => encodeMsgpack(nested(MSGPACK_MAX_DEPTH))).not.toThrow();
    expect(() => encodeMsgpack(nested(MSGPACK_MAX_DEPTH + 1))).toThrow(RangeError);
  });

  it("refuses what is longer than the limit without reading it", () => {
    expect(decodeMsgpack(new Uint8Array(11), { maxBytes: 10, maxDepth: 8 })).toMatchObject({
      ok: false,
      kind: "limit",
    });
  });

  it.each(["ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff00", "dfffffffff00"])(
    "does not believe a length that the bytes cannot hold: %s",
    (hex) => {
      expect(decodeMsgpack(bytesOf(hex))).toMatchObject({ ok: false, kind: "incomplete" });
    },
  );
});

const anyValue: fc.Arbitrary<MsgpackValue> = fc.letrec<{ value: MsgpackValue; leaf: MsgpackValue }>((tie) => ({
  leaf: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.string({ unit: "binary" }),
    fc.double().map((value) => new MsgpackFloat(value)),
    fc.uint8Array(),
  ),
  value: fc.oneof(
    { maxDepth: 4 },
    tie("leaf"),
    fc.array(tie("value")),
    fc.array(fc.tuple(fc.string(), tie("value"))).map((pairs) => new Map(pairs)),
  ),
})).value;

describe("properties", () => {
  it("every value survives encoding and decoding", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeMsgpack(encodeMsgpack(value))).toMatchObject({ ok: true, value });
      }),
      { numRuns: 500 },
    );
  });

  it("any cut of any value is incomplete", () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, at) => {
        const bytes = encodeMsgpack(value);
        const result = decodeMsgpack(bytes.subarray(0, at % bytes.length));
        expect(result).toMatchObject({ ok: false, kind: "incomplete" });
      }),
      { numRuns: 500 },
    );
  });

  it("any bytes at all give an outcome, and what they give can be shown as JSON", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const result = decodeMsgpack(bytes);
        if (result.ok) expect(typeof JSON.stringify(toPayload(result.value))).toBe("string");
        else expect(result.reason).not.toBe("");
      }),
      { numRuns: 2_000 },
    );
  });

  it("agrees with an independent encoder on plain values", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const plain = JSON.parse(JSON.stringify(json).replaceAll("__proto__", "proto"));
        expect(hexOf(encodeMsgpack(fromPlain(plain)))).toBe(hexOf(libraryEncode(plain)));
      }),
      { numRuns: 300 },
    );
  });
});

function fromPlain(value: unknown): MsgpackValue {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (value !== null && typeof value === "object") {
    return new Map(Object.entries(value).map(([key, item]) => [key, fromPlain(item)]));
  }
  return value as MsgpackValue;
}
