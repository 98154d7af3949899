import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MASKED } from "#server/contract/event.ts";
import { isEmptyPayload, payloadLines, payloadSize } from "./payload.ts";

const shown = (value: unknown) =>
  payloadLines(value, 1_000).lines.map(({ depth, key, value: token }) => {
    const text = token === null ? "" : token.kind === "masked" ? "<masked>" : token.text;
    return `${"  ".repeat(depth)}${key === null ? "-" : `${key}:`}${text === "" ? "" : ` ${text}`}`;
  });

describe("payloadLines", () => {
  it("writes a map line by line, nested ones indented, lists with dashes", () => {
    expect(shown({ id: 118, tags: ["a", { deep: true }], none: null, empty: {}, text: "two words" })).toEqual([
      "id: 118",
      "tags:",
      "  - a",
      "  -",
      "    deep: true",
      "none: nil",
      "empty: {}",
      "text: two words",
    ]);
  });

  it("shows a reference as Ruby says it and knows its step", () => {
    const reference = {
      $ref: { execution_plan_id: "p", step_id: 4, action_id: 2, subkeys: ["token"] },
      $text: "Step(4).output[:token]",
    };
    expect(payloadLines({ token: reference }, 10).lines[0]?.value).toEqual({
      kind: "reference",
      text: "Step(4).output[:token]",
      planId: "p",
      stepId: 4,
    });
  });

  it("says what viewers do not read, at any depth", () => {
    expect(shown({ password: MASKED, rest: 1 })).toEqual(["password: <masked>", "rest: 1"]);
    expect(shown(MASKED)).toEqual(["- <masked>"]);
  });

  it("names times, binaries and large integers instead of showing their tags", () => {
    const values = {
      at: { $time: "2026-11-22T05:45:46Z" },
      blob: { $bytes: "AAECAw==" },
      big: { $int: "18446744073709551615" },
    };
    expect(payloadLines(values, 10).lines.map((line) => line.value)).toEqual([
      { kind: "special", type: "Time", text: "2026-11-22T05:45:46Z" },
      { kind: "special", type: "binary", text: "4 bytes" },
      { kind: "special", type: "Integer", text: "18446744073709551615" },
    ]);
  });

  it("quotes text that could be taken for another type", () => {
    expect(shown({ a: "118", b: "true", c: "", d: "nil" })).toEqual(['a: "118"', 'b: "true"', 'c: ""', 'd: "nil"']);
  });

  it("never makes more lines than asked for, and says when it cut", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 20 }), (value, max) => {
        const { lines, cut } = payloadLines(value, max);
        expect(lines.length).toBeLessThanOrEqual(max);
        expect(cut).toBe(payloadLines(value, 1_000_000).lines.length > max);
      }),
    );
  });

  it("survives a depth that no payload has", () => {
    let deep: unknown = "end";
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    expect(payloadLines(deep, 100).lines.length).toBeLessThan(100);
  });
});

describe("the head of a payload", () => {
  it("counts keys, and nothing of what is masked", () => {
    expect(payloadSize({ a: 1, b: 2 })).toBe("2 keys");
    expect(payloadSize([1])).toBe("1 item");
    expect(payloadSize(MASKED)).toBe("");
    expect(isEmptyPayload({})).toBe(true);
    expect(isEmptyPayload(MASKED)).toBe(false);
  });
});
