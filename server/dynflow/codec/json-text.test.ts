import { expect, it } from "vitest";
import { decodeJsonText } from "./json-text.ts";
import { MsgpackFloat } from "./msgpack-value.ts";

const decode = (text: string) => decodeJsonText(Buffer.from(text));
const read = (text: string) => {
  const decoded = decode(text);
  return decoded.ok ? decoded.value : expect.fail(decoded.reason);
};

it("keeps integers apart from floats, and every digit of a long one", () => {
  expect(read("[1, -7, 9007199254740993, 18446744073709551615]")).toEqual([
    1,
    -7,
    9_007_199_254_740_993n,
    18_446_744_073_709_551_615n,
  ]);
  expect(read("0.25")).toEqual(new MsgpackFloat(0.25));
  expect(read("[0.1234567890123456789]")).toEqual([new MsgpackFloat(0.123_456_789_012_345_68)]);
});

it("reads maps with any key, the last of two alike, and none that reaches a prototype", () => {
  expect(read('{"a":null,"__proto__":{"x":1},"a":true}')).toEqual(
    new Map<string, unknown>([
      ["a", true],
      ["__proto__", new Map([["x", 1]])],
    ]),
  );
});

it.each([
  ["", "no JSON text"],
  ['{"a":', "no JSON text"],
  ["{'a':1}", "no JSON text"],
  [`${"[".repeat(200)}${"]".repeat(200)}`, "nested deeper than 128"],
  [`${"[".repeat(200_000)}1234567890123456${"]".repeat(200_000)}`, "nested deeper than 128"],
])("tells why %.20j is not read", (text, reason) => {
  expect(decode(text)).toEqual({ ok: false, reason });
});

it("tells text that is no UTF-8, and text that is too long", () => {
  expect(decodeJsonText(new Uint8Array([0x22, 0xff, 0x22]))).toEqual({ ok: false, reason: "no UTF-8 text" });
  expect(decodeJsonText(Buffer.from('"abc"'), 4)).toEqual({ ok: false, reason: "longer than 4 bytes" });
});
