/** Random terms for property tests, and an inflater. */
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { integerOf } from "./integers.ts";
import { atom, list, type Term } from "./term.ts";

export const inflate = (bytes: Uint8Array, size: number): Uint8Array => inflateSync(bytes, { maxOutputLength: size });

const name = fc.string({ unit: "grapheme", maxLength: 30 }).filter((text) => text.isWellFormed());
const word = fc.nat({ max: 0xffffffff });
const byteArray = fc.uint8Array({ maxLength: 40 });
const creation = word;
const node = fc.constantFrom("dna@10.0.0.5", "worldline@ops", "x@ü");

/** Any term we can hold, small enough to be printed. */
export const anyTerm: fc.Arbitrary<Term> = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(1n << 2100n), max: 1n << 2100n }).map(integerOf),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ type: "float" as const, value })),
    name.map(atom),
    byteArray.map((bytes) => ({ type: "binary" as const, bytes })),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 7 }))
      .map(([bytes, lastBits]) => ({ type: "bitstring" as const, bytes, lastBits })),
    fc.array(tie("term"), { maxLength: 6 }).map((items) => ({ type: "tuple" as const, items })),
    fc.array(tie("term"), { maxLength: 6 }).map((items) => list(items)),
    fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 300 }).map((items) => list(items)),
    fc
      .tuple(fc.array(tie("term"), { minLength: 1, maxLength: 4 }), tie("term"))
      .map(([items, tail]) => (typeof tail === "object" && tail.type === "list" ? list(items) : list(items, tail))),
    fc
      .array(fc.tuple(tie("term"), tie("term")), { maxLength: 5 })
      .map((entries) => ({ type: "map" as const, entries })),
    fc.record({ type: fc.constant("pid" as const), node, id: word, serial: word, creation }),
    fc.record({
      type: fc.constant("port" as const),
      node,
      id: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      creation,
    }),
    fc.record({
      type: fc.constant("reference" as const),
      node,
      creation,
      words: fc.array(word, { minLength: 1, maxLength: 5 }),
    }),
    fc.record({ type: fc.constant("export" as const), module: name, function: name, arity: fc.nat({ max: 255 }) }),
  ),
})).term;
