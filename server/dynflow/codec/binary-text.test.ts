import { describe, expect, it } from "vitest";
import { withTextOfBytes } from "./binary-text.ts";
import { decodeMsgpack } from "./msgpack-decode.ts";
import { MsgpackExt, MsgpackFloat } from "./msgpack-value.ts";
import { readableText } from "./utf8.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("text that Ruby holds without an encoding", () => {
  it("is text again: `MessagePack.pack({'hostname' => Socket.gethostname})` as Ruby writes it on a host named vm", () => {
    const decoded = decodeMsgpack(hex("81a8686f73746e616d65c402766d"));
    expect(decoded.ok ? withTextOfBytes(decoded.value) : null).toEqual(new Map([["hostname", "vm"]]));
  });

  it("is found at any depth, in keys too", () => {
    const value = [new Map([[bytes("key"), [bytes("café\t\u001b[1mok\r\n"), 1]]])];
    expect(withTextOfBytes(value)).toEqual([new Map([["key", ["café\t\u001b[1mok\r\n", 1]]])]);
  });

  it.each([
    ["what is no UTF-8", hex("61ff62")],
    ["control characters", hex("000102")],
    ["a delete character", hex("617f")],
  ])("leaves bytes as bytes: %s", (_what, value) => {
    expect(withTextOfBytes(value)).toBe(value);
  });

  it("makes nothing anew that holds none", () => {
    const value = new Map<string, unknown>([["a", [1, null, new MsgpackFloat(1), new MsgpackExt(0, hex("00")), "b"]]]);
    expect(withTextOfBytes(value as never)).toBe(value);
  });

  it("keeps both of two keys that read alike", () => {
    const own = bytes("a");
    const map = new Map<string | Uint8Array, number>([
      ["a", 1],
      [own, 2],
    ]);
    expect(withTextOfBytes(map)).toEqual(map);
  });
});

describe("readable text", () => {
  it.each([
    ["636166c3a9", "café"],
    ["61ff62", "a\\xffb"],
    ["c3", "\\xc3"],
    ["e282", "\\xe2\\x82"],
    ["80c3a980", "\\x80é\\x80"],
    ["", ""],
  ])("of %s is %j", (given, text) => {
    expect(readableText(hex(given))).toBe(text);
  });
});
