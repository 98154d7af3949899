import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "./base64.ts";
import * as hand from "./by-hand.test-kit.ts";
import { bytesOf, hexOf } from "./by-hand.test-kit.ts";
import { decodePayload, encodePayload, referencedStepIds } from "./payload.ts";
import { decodePayloadCell } from "./rows.ts";
import { decodeStored, parsed } from "./stored.ts";

const shown = (hex: string) => {
  const result = decodePayload(bytesOf(hex));
  if (!result.ok) throw new Error(result.reason);
  return result.value;
};

const REFERENCE = hand.map(
  ["class", hand.text("Dynflow::ExecutionPlan::OutputReference")],
  ["execution_plan_id", hand.text("0a866104-8dee-481d-9f5d-65062a10a082")],
  ["step_id", hand.int(4)],
  ["action_id", hand.int(2)],
  ["subkeys", hand.list(hand.text("token"), hand.text("deep"))],
);

/** One table, read both ways: bytes by hand, and the form in which they are shown. */
const TABLE: readonly (readonly [string, string, unknown])[] = [
  ["big integers as decimal text", hand.int(2n ** 64n - 1n), { $int: "18446744073709551615" }],
  ["floats JSON has no word for", hand.float(Number.NaN), { $float: "NaN" }],
  ["binary as base64", hand.bin("00ff10"), { $bytes: "AP8Q" }],
  ["a Time with nanoseconds", hand.ext(0, "1d6f34546553f100"), { $time: "2023-11-14T22:13:20.123456789Z" }],
  ["a TimeWithZone", hand.ext(1, "01312d006553f100"), { $time_with_zone: "2023-11-14T22:13:20.005000000Z" }],
  ["a DateTime", hand.ext(2, "3b9aca0065e078d7"), { $datetime: "2024-02-29T12:30:15.250000000Z" }],
  ["a Date written in UTC", hand.ext(3, "65dfc900"), { $date: "2024-02-29" }],
  [
    "a Date written two hours east: midnight there is 22:00 UTC the day before",
    hand.ext(3, "65dface0"),
    { $date: "2024-02-29", $instant: "2024-02-28T22:00:00.000000000Z" },
  ],
  [
    "a Date written five hours west",
    hand.ext(3, "65e00f50"),
    { $date: "2024-02-29", $instant: "2024-02-29T05:00:00.000000000Z" },
  ],
  ["an ext type nobody told us of", hand.ext(7, "abcd"), { $ext: 7, $bytes: "q80=", $reason: expect.any(String) }],
  [
    "a time with too many nanoseconds",
    hand.ext(0, "ffffffff00000000"),
    { $ext: 0, $bytes: "/////wAAAAA=", $reason: expect.any(String) },
  ],
  ["a time of a wrong length", hand.ext(0, "0102"), { $ext: 0, $bytes: "AQI=", $reason: expect.any(String) }],
  [
    "a time beyond what can be shown",
    hand.ext(0, "000000007fffffffffffffff"),
    { $ext: 0, $bytes: "AAAAAH//////////", $reason: expect.any(String) },
  ],
  [
    "a reference, with the text Ruby shows",
    REFERENCE,
    { $ref: expect.objectContaining({ step_id: 4 }), $text: "Step(4).output[:token][:deep]" },
  ],
  ["a map with a key that is no text", `8101${hand.text("x")}`, { $map: [[1, "x"]] }],
  ["a map that could be taken for a tag", hand.map(["$time", hand.text("x")]), { $map: [["$time", "x"]] }],
  ["a map with __proto__", hand.map(["__proto__", hand.int(1)]), { $map: [["__proto__", 1]] }],
  ["maps in lists in maps", hand.map(["a", hand.list(hand.map(["b", hand.nil]))]), { a: [{ b: null }] }],
];

describe("payloads", () => {
  it.each(TABLE)("show %s", (_name, hex, value) => {
    expect(shown(hex)).toEqual(value);
    expect(JSON.parse(JSON.stringify(shown(hex)))).toEqual(value);
  });

  it.each(TABLE)("write %s back byte for byte", (_name, hex) => {
    expect(hexOf(encodePayload(shown(hex)))).toBe(hex);
  });

  it("show NULL as null", () => {
    expect(decodePayload(null)).toEqual({ ok: true, value: null });
  });

  it("say why bytes will not decode, and how many there are", () => {
    expect(decodePayload(bytesOf("92c0"))).toEqual({ ok: false, reason: "ends too early", bytes: 2 });
  });

  it("leave a map alone that only looks like a reference", () => {
    const fake = hand.map(["class", hand.text("Dynflow::ExecutionPlan::OutputReference")], ["step_id", hand.float(4)]);
    expect(shown(fake)).toEqual({ class: "Dynflow::ExecutionPlan::OutputReference", step_id: 4 });
  });

  it("never decode Ruby's Marshal: an object is shown by its class, length and digest", () => {
    const bytes = Buffer.from("BAhvOghTZXQ=", "base64");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const marshalled = hand.map(["class", hand.text("Set")], ["marshaled", hand.text("BAhvOghTZXQ=")]);
    expect(shown(marshalled)).toEqual({ $marshal: { class: "Set", bytes: 8, sha256 } });
    const inLines = hand.map(["class", hand.text("Set")], ["marshaled", hand.text("BAhvOghT\nZXQ=\n")]);
    expect(shown(inLines)).toEqual({ $marshal: { class: "Set", bytes: 8, sha256 } });
    const noBase64 = hand.map(["class", hand.text("Set")], ["marshaled", hand.text("***")]);
    expect(shown(noBase64)).toMatchObject({ $marshal: { class: "Set", bytes: 3 } });
    expect(() => encodePayload({ $marshal: { class: "Set", bytes: 8, sha256 } })).toThrow(RangeError);
  });

  it("never decode a blob of Ruby's Marshal either, whatever follows its first two bytes", () => {
    const bytes = bytesOf("04087b06");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(shown("04087b06")).toEqual({ $marshal: { class: null, bytes: 4, sha256 } });
    expect(decodePayloadCell({ bytes, length: 4 })).toEqual({
      ok: true,
      value: { $marshal: { class: null, bytes: 4, sha256 } },
    });
    expect(decodeStored({ bytes, length: 4 }, () => parsed(1))).toEqual({
      ok: false,
      reason: `Ruby Marshal data, which is never decoded: SHA-256 ${sha256}`,
      bytes: 4,
    });
  });

  it("take a map of odd keys at every level once, not twice a level", () => {
    const deep = Array.from({ length: 100 }).reduce<string>(
      (inner) => `${hand.map(["a", inner]).replace(/^81/, "82")}0102`,
      hand.int(1),
    );
    expect(JSON.stringify(shown(deep))).toContain("$map");
  });

  it("refuse tags that hold nonsense when written", () => {
    expect(() => encodePayload({ $time: "yesterday" })).toThrow(RangeError);
    expect(() => encodePayload({ $bytes: "***" })).toThrow(RangeError);
    expect(() => encodePayload({ $map: [["only a key"]] })).toThrow(RangeError);
  });

  it("any JSON survives being written and shown", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto"));
        const result = decodePayload(encodePayload(plain));
        expect(result).toEqual({ ok: true, value: plain });
      }),
      { numRuns: 300 },
    );
  });
});

describe("references", () => {
  it("are found at any depth, each step once, in order", () => {
    const other = REFERENCE.replace(`${hand.text("step_id")}04`, `${hand.text("step_id")}09`);
    const hex = hand.map(
      ["a", hand.list(other, hand.map(["b", REFERENCE]))],
      ["c", REFERENCE],
      ["step_id", hand.int(77)],
    );
    expect(referencedStepIds(shown(hex))).toEqual([9, 4]);
  });
});

describe("base64", () => {
  it("agrees with Node's for any bytes, both ways", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
  });
});
