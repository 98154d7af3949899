import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCursor, parseCursor } from "./cursor.ts";

const positions = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.record({ epoch: fc.constantFrom("e1", "e2", "é🦊"), seq: fc.nat().map(String) }),
  { maxKeys: 20 },
);

describe("cursor of the live feed", () => {
  it("comes back as it was given, whatever the streams are called, in text that fits an address and a header", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), positions, (scope, vector) => {
        const cursor = { scope: scope.toWellFormed(), positions: wellFormed(vector) };
        const text = encodeCursor(cursor);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(parseCursor(text)).toEqual(cursor);
      }),
    );
  });

  it("is the same text for the same positions in any order", () => {
    const a = { epoch: "e", seq: "1" };
    expect(encodeCursor({ scope: "s", positions: { x: a, y: a } })).toBe(
      encodeCursor({ scope: "s", positions: { y: a, x: a } }),
    );
  });

  it.each([
    ["nothing", ""],
    ["noise", "!!!"],
    ["text that is no JSON", btoa("hello").replaceAll("=", "")],
    ["bytes that are no text", btoa("\xff\xfe").replaceAll("=", "")],
    ["another version", encoded([2, "s", [], []])],
    ["a number that is none", encoded([1, "s", ["e"], [["x", 0, "1e3"]]])],
    ["a negative number", encoded([1, "s", ["e"], [["x", 0, "-1"]]])],
    ["an epoch that is not there", encoded([1, "s", ["e"], [["x", 1, "1"]]])],
    ["an entry of another shape", encoded([1, "s", ["e"], [{}]])],
    ["too many streams", encoded([1, "s", ["e"], Array.from({ length: 501 }, () => ["x", 0, "1"])])],
    ["more than fits", "A".repeat(12_001)],
  ])("is not %s", (_, text) => {
    expect(parseCursor(text)).toBeNull();
  });

  it("never throws, whatever a client sends", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json().map(btoaUtf8)), (text) => {
        parseCursor(text);
      }),
    );
  });
});

function encoded(value: unknown): string {
  return btoaUtf8(JSON.stringify(value)).replaceAll("=", "");
}

function btoaUtf8(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function wellFormed<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key.toWellFormed(), value]));
}
