import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "#server/kernel/json.ts";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import { MASK_TAG, maskError, maskPayload, valueAtPlace } from "./mask-payload.ts";
import { DEFAULT_MASK_RULES, maskRulesOf } from "./mask-rules.ts";

const CANARY = "canary-7f3a";
const rules = DEFAULT_MASK_RULES;
const WHOLE = { [MASK_TAG]: "" };

/** Payloads in which the canary stands only where it has to be hidden. */
const secretive = fc.letrec<{ node: JsonValue; secret: JsonValue }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<JsonValue>("plain", 1, null, true, { $time: "2026-11-22T06:52:14Z" }),
    fc.constantFrom<JsonValue>(
      `password=${CANARY}`,
      JSON.stringify({ deep: { api_token: CANARY } }),
      JSON.stringify(JSON.stringify({ deep: { api_token: CANARY } })),
      `https://u:${CANARY}@host`,
      `Bearer ${CANARY}`,
      { $bytes: btoa(`secret: ${CANARY}`) },
      { name: "root_password", value: CANARY },
      ["--token", CANARY],
      { [`password=${CANARY}`]: 1 },
      {
        $map: [
          ["Token", CANARY],
          [{ $bytes: btoa("x") }, "y"],
        ],
      },
    ),
    fc.array(tie("node"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "host", "__proto__", "0"), tie("node"), { maxKeys: 3 }),
    fc.dictionary(fc.constantFrom("password", "X-Secret-Key", "API_TOKEN"), tie("secret"), { maxKeys: 2 }),
  ),
  secret: fc.oneof(
    { maxDepth: 3 },
    fc.constant<JsonValue>(CANARY),
    fc.array(tie("secret"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "b"), tie("secret"), { maxKeys: 2 }),
  ),
}));

describe("payloads", () => {
  it("keep no value of a masked key, at any depth and in any form", () => {
    let poisoned = 0;
    fc.assert(
      fc.property(secretive.node, (value) => {
        const before = JSON.stringify(value);
        if (before.includes(CANARY)) poisoned += 1;
        const masked = maskPayload(rules, value);
        const text = JSON.stringify(masked.value);
        expect(text).not.toContain(CANARY);
        expect(text).not.toContain(btoa(`secret: ${CANARY}`));
        expect(masked.hidden).toBe(before !== text);
        if (!masked.hidden) expect(masked.value).toBe(value);
      }),
      { numRuns: 3_000 },
    );
    expect(poisoned).toBeGreaterThan(500);
  });

  it("show that there is nothing, and which step it will come from", () => {
    const reference = { $ref: { step_id: 4, subkeys: ["token"] }, $text: "Step(4).output[:token]" };
    const value = { token: null, secret: reference, password: "", api_token: 7, Host: "a" };
    expect(maskPayload(rules, value).value).toEqual({
      token: null,
      secret: reference,
      password: WHOLE,
      api_token: WHOLE,
      Host: "a",
    });
  });

  it("are masked by the configured words alone", () => {
    expect(maskPayload(maskRulesOf(["pin"]), { PIN: 1, password: 2 }).value).toEqual({ PIN: WHOLE, password: 2 });
  });

  it("give one value by its place, named without what its keys hide", () => {
    const value = { list: [{ password: "a" }, { "token=b": { deep: 1 } }], $x: 1 };
    expect(valueAtPlace(rules, value, [0, 0, 0])).toEqual({ value: "a", name: "list[0].password" });
    expect(valueAtPlace(rules, value, [0, 1, 0, 0])).toEqual({ value: 1, name: "list[1].token=••••.deep" });
    expect(valueAtPlace(rules, value, [])).toEqual({ value, name: "" });
    expect(valueAtPlace(rules, value, [7])).toBeNull();
    expect(valueAtPlace(rules, value, [0, 0, 0, 0])).toBeNull();
    expect(valueAtPlace(rules, { $map: [[1, "x"]] }, [0])).toEqual({ value: "x", name: "entry 0" });
  });

  it("mask message and frames of an error", () => {
    const error = { exceptionClass: "E", message: "password=a", backtrace: ["x.rb:1", "y token: z"] };
    expect(maskError(rules, error)).toEqual({
      exceptionClass: "E",
      message: "password=••••",
      backtrace: ["x.rb:1", "y token: ••••"],
    });
  });

  it("of 200 kB with a hundred thousand values are masked in a moment", () => {
    const value = Array.from({ length: 100_000 }, (_, index) => ({ id: index, name: "repository" }));
    expect(workMs(() => void maskPayload(rules, value))).toBeLessThan(2_000);
  });
});
