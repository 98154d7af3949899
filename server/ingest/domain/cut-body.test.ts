import fc from "fast-check";
import { expect, it } from "vitest";
import type { JsonObject } from "#server/kernel/json.ts";
import { cutBody } from "./cut-body.ts";

const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true });

it("a body that fits is the same, one that does not is about as long as allowed, and never has a key of its own", () => {
  const keys = (value: unknown): readonly string[] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => [...(Array.isArray(value) ? [] : [key]), ...keys(inner)])
      : [];
  fc.assert(
    fc.property(objects, fc.integer({ min: 0, max: 400 }), (given, most) => {
      const body = given as JsonObject;
      const kept = cutBody(body, most);
      expect(JSON.stringify(kept).length).toBeLessThan(most * 2 + 64);
      const all = new Set(keys(body));
      expect(keys(kept).filter((key) => !all.has(key))).toEqual([]);
      expect(cutBody(body, 1_000_000)).toEqual(body);
    }),
    { seed: 20_261_123, numRuns: 300 },
  );
});

it("text of signs that JSON escapes is bounded as well", () => {
  expect(JSON.stringify(cutBody({ text: "\u0000".repeat(100_000) }, 1_000)).length).toBeLessThan(1_200);
});
