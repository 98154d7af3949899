import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { decodeTerm, decodeTermAt } from "./decode.ts";
import { encodeTerm } from "./encode.ts";
import { anyTerm, inflate } from "./term.test-kit.ts";
import {
  atom,
  bytes,
  charlist,
  charlistOf,
  externalFun,
  float,
  kindOf,
  list,
  map,
  pidText,
  type Term,
  tagged,
  text,
  textOf,
  tuple,
} from "./term.ts";
import { termText } from "./term-text.ts";

interface Vector {
  readonly expression: string;
  readonly hex: string;
}
/** Written by a real node: `scripts/dna/record-terms.ts`. */
const GOLDEN: {
  readonly node: string;
  readonly terms: readonly Vector[];
  readonly older: readonly Vector[];
  readonly compressed: readonly Vector[];
} = JSON.parse(readFileSync(new URL("./__golden__/otp-25.json", import.meta.url), "utf8"));
const unhex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const seq = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const many = (count: number, item: string): string => item.repeat(count);

/** What each expression is to us, said by hand. */
const MEANT: Readonly<Record<string, Term>> = {
  "0": 0,
  "1": 1,
  "255": 255,
  "256": 256,
  "-1": -1,
  "2147483647": 2147483647,
  "2147483648": 2147483648,
  "-2147483648": -2147483648,
  "-2147483649": -2147483649,
  "(1 bsl 53) - 1": Number.MAX_SAFE_INTEGER,
  "1 bsl 53": 9007199254740992n,
  "-((1 bsl 53) - 1)": Number.MIN_SAFE_INTEGER,
  "-(1 bsl 53)": -9007199254740992n,
  "(1 bsl 64) - 1": 18446744073709551615n,
  "-(1 bsl 63)": -9223372036854775808n,
  "1 bsl 2039": 1n << 2039n,
  "-(1 bsl 2040)": -(1n << 2040n),
  "(1 bsl 2048) - 1": (1n << 2048n) - 1n,
  "-576460752303423488": -576460752303423488n,
  "0.0": float(0),
  "1.0": float(1),
  "-2.5": float(-2.5),
  "1.0e308": float(1e308),
  "5.0e-324": float(5e-324),
  "3.141592653589793": float(Math.PI),
  ok: atom("ok"),
  "''": atom(""),
  "'Elixir.Dna.Server.Registry.0'": atom("Elixir.Dna.Server.Registry.0"),
  "'h\\x{e9}'": atom("hé"),
  "'\\x{1f600}'": atom("😀"),
  "list_to_atom(lists:duplicate(255, 16#1f600))": atom(many(255, "😀")),
  "{}": tuple(),
  "{a}": tuple(atom("a")),
  "{1, {2, {3}}}": tuple(1, tuple(2, tuple(3))),
  "list_to_tuple(lists:seq(1, 256))": tuple(...seq(1, 256)),
  "[]": list([]),
  "[1, 2, 3]": list([1, 2, 3]),
  '"abc"': charlist("abc"),
  "[256]": list([256]),
  "[a, b | c]": list([atom("a"), atom("b")], atom("c")),
  "[1 | 2]": list([1], 2),
  "[[], [[]]]": list([list([]), list([list([])])]),
  "lists:duplicate(300, 7)": list(new Array<number>(300).fill(7)),
  "<<>>": bytes(new Uint8Array()),
  "<<1, 2, 3>>": bytes(Uint8Array.of(1, 2, 3)),
  '<<"h\\x{e9}"/utf8>>': text("hé"),
  "<<5:3>>": { type: "bitstring", bytes: Uint8Array.of(0b1010_0000), lastBits: 3 },
  "<<255, 1:1>>": { type: "bitstring", bytes: Uint8Array.of(255, 128), lastBits: 1 },
  "<<0:24>>": bytes(new Uint8Array(3)),
  "#{}": map([]),
  "#{a => 1}": map([[atom("a"), 1]]),
  "#{<<1>> => [{b, 2.0}]}": map([[bytes(Uint8Array.of(1)), list([tuple(atom("b"), float(2))])]]),
  "fun lists:map/2": externalFun("lists", "map", 2),
  "fun 'Elixir.Registry':count/1": externalFun("Elixir.Registry", "count", 1),
  "{1795325909191, -614071350123456789}": tuple(1795325909191, -614071350123456789n),
};

describe("what a real node wrote", () => {
  test.each(GOLDEN.terms)("$expression is read, and written again byte for byte", ({ expression, hex }) => {
    const term = decodeTerm(unhex(hex));
    if (MEANT[expression] !== undefined) expect(term).toEqual(MEANT[expression]);
    expect(Buffer.from(encodeTerm(term)).toString("hex")).toBe(hex);
  });

  test("every expression whose value can be said is said here", () => {
    const unsaid = GOLDEN.terms.map(({ expression }) => expression).filter((name) => MEANT[name] === undefined);
    expect(unsaid).toEqual([
      "maps:from_list([{I, I * I} || I <- lists:seq(1, 40)])",
      "self()",
      "make_ref()",
      "alias()",
      "hd(erlang:ports())",
      "fun (X) -> X end",
      "{error, {badmatch, {ok, self(), make_ref()}}}",
    ]);
  });

  const golden = (expression: string): Term =>
    decodeTerm(unhex(GOLDEN.terms.find((vector) => vector.expression === expression)?.hex ?? ""));
  test("identifiers carry the node that made them", () => {
    for (const expression of ["self()", "make_ref()", "alias()", "hd(erlang:ports())"]) {
      expect(golden(expression)).toMatchObject({ node: GOLDEN.node });
    }
    expect(golden("make_ref()")).toMatchObject({
      type: "reference",
      words: [expect.any(Number), expect.any(Number), expect.any(Number)],
    });
    expect(golden("fun (X) -> X end")).toMatchObject({ type: "fun", module: "erl_eval", arity: 1 });
    const squares = golden("maps:from_list([{I, I * I} || I <- lists:seq(1, 40)])");
    const entries = typeof squares === "object" && squares.type === "map" ? squares.entries : [];
    expect(entries.map(([key, value]) => [Number(key) ** 2, value]).filter(([a, b]) => a !== b)).toEqual([]);
    expect(entries).toHaveLength(40);
  });

  test("atoms of older writers are read", () => {
    expect(GOLDEN.older.map(({ hex }) => decodeTerm(unhex(hex)))).toEqual([
      atom("ok"),
      atom("hé"),
      atom(many(255, "x")),
    ]);
  });

  test("compressed terms are read where they are asked for, never beyond the size they may have", () => {
    const [tuples, copies] = GOLDEN.compressed.map(({ hex }) => unhex(hex));
    if (tuples === undefined || copies === undefined) throw new Error("no vectors");
    const item = tuple(atom("key"), text("value"), 12345);
    expect(decodeTerm(tuples, { inflate })).toEqual(list(new Array<Term>(1000).fill(item)));
    expect(decodeTerm(copies, { inflate })).toEqual(bytes(new Uint8Array(5000).fill(7)));
    expect(() => decodeTerm(copies)).toThrow("compressed");
    expect(() => decodeTerm(copies, { inflate, limits: { inflatedBytesMax: 4999 } })).toThrow(
      expect.objectContaining({ code: "limit-exceeded" }),
    );
    const lying = Uint8Array.from(copies);
    lying[4] = 0;
    lying[5] = 9;
    expect(() => decodeTerm(lying, { inflate })).toThrow(expect.objectContaining({ code: "upstream-malformed" }));
  });
});

describe("any term", () => {
  test("comes back as it was", () => {
    fc.assert(
      fc.property(anyTerm, (term) => {
        const written = encodeTerm(term);
        expect(decodeTerm(written)).toEqual(term);
        expect(encodeTerm(decodeTerm(written))).toEqual(written);
      }),
      { numRuns: 600 },
    );
  });

  test("cut anywhere is malformed, with the byte where it ends", () => {
    fc.assert(
      fc.property(anyTerm, (term) => {
        const written = encodeTerm(term);
        for (let length = 0; length < written.length; length += 1 + (length >> 5)) {
          expect(() => decodeTerm(written.subarray(0, length))).toThrow(
            expect.objectContaining({ code: "upstream-malformed", details: { offset: expect.any(Number) } }),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  test("stands anywhere in a buffer, one after the other", () => {
    const [first, second] = [encodeTerm(tuple(atom("a"), 1)), encodeTerm(text("rest"))];
    const both = Uint8Array.of(0, 0, 0, ...first, ...second).subarray(1);
    const { term, end } = decodeTermAt(both, 2);
    expect(term).toEqual(tuple(atom("a"), 1));
    expect(decodeTermAt(both, end)).toEqual({ term: text("rest"), end: both.length });
  });
});

describe("limits", () => {
  const refused = (data: Uint8Array, limits: NonNullable<Parameters<typeof decodeTerm>[1]>["limits"]): unknown => {
    try {
      return decodeTerm(data, limits === undefined ? {} : { limits });
    } catch (cause) {
      return cause instanceof OpsError ? [cause.code, cause.details.offset] : cause;
    }
  };
  const nested = (depth: number): Uint8Array =>
    Uint8Array.of(131, ...Array.from({ length: depth }, () => [104, 1]).flat(), 106);

  test("depth, terms and integers are bounded, each with its byte", () => {
    expect(refused(nested(512), undefined)).toMatchObject({ type: "tuple" });
    expect(refused(nested(513), undefined)).toEqual(["limit-exceeded", 1 + 2 * 513]);
    expect(refused(encodeTerm(list([1, 2, 3])), { termsMax: 3 })).toEqual(["limit-exceeded", 2]);
    expect(refused(encodeTerm(tuple(tuple(), tuple(), tuple())), { termsMax: 2 })).toEqual(["limit-exceeded", 3]);
    expect(refused(encodeTerm(1n << 128n), { bignumBytesMax: 16 })).toEqual(["limit-exceeded", 3]);
  });

  test.each([
    ["a list", [131, 108, 0xff, 0xff, 0xff, 0xff, 106]],
    ["a tuple", [131, 105, 0xff, 0xff, 0xff, 0xff]],
    ["a map", [131, 116, 0x7f, 0xff, 0xff, 0xff]],
    ["a binary", [131, 109, 0xff, 0xff, 0xff, 0xff]],
    ["an integer", [131, 111, 0, 0, 0x1f, 0xff, 0]],
  ])("%s that says it is larger than what is there costs nothing", (_name, data) => {
    expect(refused(Uint8Array.from(data), undefined)).toEqual(["upstream-malformed", expect.any(Number)]);
  });

  test.each([
    ["tuples", [105, 0, 0, 3, 0xe8]],
    ["lists", [108, 0, 0, 3, 0xe8]],
    ["maps", [116, 0, 0, 1, 0xf4]],
  ])(
    "%s in each other do not speak for the same bytes: the second is refused before anything is made for it",
    (_name, count) => {
      const nestedCounts = Uint8Array.of(
        131,
        ...Array.from({ length: 100 }, () => count).flat(),
        ...new Array<number>(1_000).fill(106),
      );
      expect(refused(nestedCounts, undefined)).toEqual(["upstream-malformed", 11]);
      expect(refused(nestedCounts, { termsMax: 1_500 })).toEqual(["upstream-malformed", 11]);
      const enough = Uint8Array.from([...nestedCounts, ...new Array<number>(1_000).fill(106)]);
      expect(refused(enough, { termsMax: 1_500 })).toEqual(["limit-exceeded", 11]);
    },
  );

  test.each([
    ["another version", [130, 97, 1]],
    ["an unknown tag", [131, 200]],
    ["bytes after it", [131, 97, 1, 0]],
    ["a float that is no number", [131, 70, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]],
    ["an atom that is no text", [131, 119, 1, 0xff]],
    ["nine bits in a byte", [131, 77, 0, 0, 0, 1, 9, 0]],
    ["a reference of six words", [131, 90, 0, 6, 119, 0, ...new Array<number>(28).fill(0)]],
    ["a sign of two", [131, 110, 1, 2, 1]],
    ["a node that is no atom", [131, 88, 97, 1, ...new Array<number>(12).fill(0)]],
    ["a list of its tail", [131, 108, 0, 0, 0, 0, 97, 1]],
    ["a fun that ends in its module", [131, 112, 0, 0, 0, 30, ...new Array<number>(25).fill(0), 119]],
  ])("%s is malformed", (_name, data) => {
    expect(refused(Uint8Array.from(data), undefined)).toEqual(["upstream-malformed", expect.any(Number)]);
  });

  test("lists that are each other's tail are one list, however many", () => {
    const cells = 100_000;
    const data = Buffer.concat([
      Buffer.of(131),
      ...Array.from({ length: cells }, () => Buffer.of(108, 0, 0, 0, 1, 97, 7)),
      Buffer.of(106),
    ]);
    const decoded = decodeTerm(data);
    expect(typeof decoded === "object" && decoded.type === "list" && decoded.items.length).toBe(cells);
  });

  test.each<[string, Term]>([
    ["an unsafe number", 2 ** 60],
    ["a fraction", 0.5],
    ["an endless float", float(Number.POSITIVE_INFINITY)],
    ["an atom of 256 characters", atom(many(256, "a"))],
    ["a list as a tail", list([1], list([2]))],
    ["a reference without words", { type: "reference", node: "a@b", creation: 1, words: [] }],
  ])("%s is not written", (_name, term) => {
    expect(() => encodeTerm(term)).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });
});

test("terms are taken apart and shown", () => {
  expect(tagged(tuple(atom("ok"), 1), "ok", 2)).toEqual([atom("ok"), 1]);
  expect(tagged(tuple(atom("ok"), 1), "ok", 3)).toBeNull();
  expect(textOf(text("ü"))).toBe("ü");
  expect(textOf(bytes(Uint8Array.of(0xff)))).toBeNull();
  expect(charlistOf(charlist("😀"))).toBe("😀");
  expect(kindOf(1n)).toBe("integer");
  expect(pidText({ type: "pid", node: "a@b", id: 312, serial: 1, creation: 9 })).toBe("<0.312.1>");
  expect(
    termText(tuple(atom("Error"), list([1, atom("x")], float(2)), text("a"), charlist("no"), map([[1, 2n]]))),
  ).toBe(`{'Error',[1,x|2.0],<<"a">>,"no",#{1=>2}}`);
  expect(termText(list(seq(1000, 9000)), 20)).toHaveLength(20);
});
