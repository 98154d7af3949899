import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import {
  EVERYTHING_DEPTH,
  entriesOf,
  type Folding,
  hitId,
  isEmptyPayload,
  openingFolding,
  pathText,
  payloadRows,
  payloadSize,
  resolved,
  revealing,
  searchPayload,
  valueAt,
} from "./payload-tree.ts";

const ALL = { depth: EVERYTHING_DEPTH, turned: new Set<string>() };
const CLOSED = { depth: 0, turned: new Set<string>() };

const shown = (value: unknown, folding: Folding = ALL) =>
  payloadRows(value, folding).map(({ depth, key, index, token, size, isList, open }) => {
    const name = key !== null ? `${key}:` : index === null ? "" : "-";
    const text =
      token === null ? (isList ? `[${size}]` : `{${size}}`) : token.kind === "masked" ? `<${token.text}>` : token.text;
    return `${"  ".repeat(depth)}${[name, text].filter((part) => part !== "").join(" ")}${open === false ? " +" : ""}`;
  });
const token = (value: unknown) => payloadRows(value, ALL)[0]?.token;

describe("the lines of a payload", () => {
  it("are a map by keys, nested ones indented, lists with dashes", () => {
    const value = { id: 118, tags: ["a", { deep: true }], none: null, empty: {}, text: "two words" };
    expect(shown(value)).toEqual([
      "id: 118",
      "tags: [2]",
      "  - a",
      "  - {1}",
      "    deep: true",
      "none: nil",
      "empty: {}",
      "text: two words",
    ]);
    expect(shown(value, CLOSED)).toEqual(["id: 118", "tags: [2] +", "none: nil", "empty: {}", "text: two words"]);
    expect(shown(value, { depth: 0, turned: new Set(["1"]) })[3]).toBe("  - {1} +");
  });

  it("show a reference as Ruby says it, with its step", () => {
    const $ref = { execution_plan_id: "p", step_id: 4, action_id: 2, subkeys: ["token"] };
    expect(token({ $ref, $text: "Step(4).output[:token]" })).toEqual({
      kind: "reference",
      text: "Step(4).output[:token]",
      planId: "p",
      stepId: 4,
      subkeys: ["token"],
    });
  });

  it.each([
    [{ $time: "2023-11-14T22:13:20Z" }, { kind: "special", type: "Time", text: "2023-11-14T22:13:20Z" }],
    [
      { $date: "2024-02-29", $instant: "x" },
      { kind: "special", type: "Date", text: "2024-02-29" },
    ],
    [{ $int: "18446744073709551615" }, { kind: "special", type: "Integer", text: "18446744073709551615" }],
    [{ $float: "NaN" }, { kind: "special", type: "Float", text: "NaN" }],
    [{ $bytes: "AAEC" }, { kind: "special", type: "binary", text: "3 bytes" }],
    [
      { $ext: 9, $bytes: "AA==", $reason: "unknown" },
      { kind: "special", type: "extension 9", text: "1 byte, unknown" },
    ],
    [
      { $marshal: { class: "Proc", bytes: 12, sha256: "0123456789abcdef0123" } },
      { kind: "special", type: "Ruby Marshal, never decoded", text: "Proc, 12 bytes, sha256 0123456789abcdef…" },
    ],
    [{ $masked: "" }, { kind: "masked", text: "" }],
    [{ $masked: "password=••••" }, { kind: "masked", text: "password=••••" }],
  ])("draw what JSON cannot hold: %j", (value, expected) => {
    expect(token(value)).toEqual(expected);
  });

  it("draw a map of any keys by its pairs", () => {
    expect(
      shown({
        $map: [
          [1, "one"],
          [{ $bytes: "AA==" }, [2]],
          ["$ref", 3],
        ],
      }),
    ).toEqual(["1: one", "1 byte: [1]", "  - 2", "$ref: 3"]);
  });

  it("break a long text, which is folded at first", () => {
    const value = { log: `one\ntwo\n${"x".repeat(130)}` };
    expect(payloadRows(value, ALL)).toMatchObject([{ size: 4, open: false, token: { kind: "long" } }]);
    const open = payloadRows(value, { depth: 0, turned: new Set(["0"]) });
    expect(open.map((row) => row.line)).toEqual([null, 0, 1, 2, 3]);
    expect(open.slice(1).map((row) => (row.token === null ? "" : row.token.text))).toEqual([
      "one",
      "two",
      "x".repeat(120),
      "x".repeat(10),
    ]);
  });

  it("take nothing that upstream wrote for one of ours", () => {
    expect(shown({ masked: true })).toEqual(["masked: true"]);
    expect(shown({ a: { masked: true } })).toEqual(["a: {1}", "  masked: true"]);
    expect(shown('<script>"')).toEqual(['"<script>\\""']);
    expect(shown({ yes: "true", nothing: "nil" })).toEqual(['yes: "true"', 'nothing: "nil"']);
  });

  it("open at first as far as one screen takes: what is small, whatever stands beside it", () => {
    const value = { many: Array.from({ length: 500 }, () => ({ a: 1 })), small: { deep: { deeper: [1, 2] } } };
    expect(shown(value, openingFolding(value))).toEqual([
      "many: [500] +",
      "small: {1}",
      "  deep: {1}",
      "    deeper: [2]",
      "      - 1",
      "      - 2",
    ]);
    const wide = Array.from({ length: 100 }, () => ({ a: 1 }));
    expect(payloadRows(wide, openingFolding(wide)).length).toBe(120);
    expect(openingFolding("text").turned.size).toBe(0);
  });
});

describe("looking for text in a payload", () => {
  const value = { host: "pulp.example", list: [{ Deep: "PULP" }, "x\ny pulp\nz"], $x: 1 };

  it("finds keys and values, whatever the case, in order", () => {
    const { hits } = searchPayload(value, "pulp");
    expect(hits).toEqual([
      { place: [0], line: null },
      { place: [1, 0, 0], line: null },
      { place: [1, 1], line: 1 },
    ]);
    expect(searchPayload(value, "deep").hits).toEqual([{ place: [1, 0, 0], line: null }]);
    expect(searchPayload(value, "").hits).toEqual([]);
  });

  it("unfolds exactly what is over a hit", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.nat(3),
        fc.array(fc.constantFrom("0", "1", "0/0", "1/0")),
        (any, depth, turned) => {
          const folding = { depth, turned: new Set(turned) };
          for (const hit of searchPayload(any, "a").hits) {
            const ids = payloadRows(any, revealing(any, folding, hit)).map((row) => row.id);
            expect(ids).toContain(hitId(hit));
          }
        },
      ),
    );
  });

  it("names the way to a place as one would write it", () => {
    expect(pathText(value, [1, 0, 0])).toBe("list[0].Deep");
    expect(pathText(value, [2])).toBe('["$x"]');
    expect(valueAt(value, [1, 0, 0])).toBe("PULP");
    expect(valueAt(value, [9, 9])).toBeUndefined();
  });

  it("of 200 kB in 10,000 lines takes a moment, as do its lines", () => {
    const large = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key_${index}`, `value ${index}`]));
    const took = workMs(() => {
      expect(payloadRows(large, ALL).length).toBe(10_000);
      expect(searchPayload(large, "value 999").hits.length).toBe(11);
    });
    expect(took).toBeLessThan(500);
  });
});

describe("parts of a payload", () => {
  it("are what a reference points into", () => {
    expect(resolved({ a: { b: 1 } }, ["a", "b"])).toBe(1);
    expect(resolved({ a: 1 }, ["a", "b"])).toBeUndefined();
    expect(resolved({}, ["constructor"])).toBeUndefined();
  });

  it("are counted by keys or items", () => {
    expect([{ a: 1 }, [1, 2], "x", {}].map(payloadSize)).toEqual(["1 key", "2 items", "", ""]);
    expect([null, {}, [], { a: 1 }, "x"].map(isEmptyPayload)).toEqual([true, true, true, false, false]);
    expect(entriesOf("x")).toEqual([]);
  });
});
