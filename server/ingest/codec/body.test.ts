import { Encoder, ExtData, ExtensionCodec, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBody, formatOf, MAX_DEPTH, type WireFormat } from "./body.ts";

const CALL = {
  agent_id: "host-1",
  boot_id: "b1",
  items: [
    { seq: 1, at: 1_795_000_000_000, type: "system_metrics", kind: "statistics", body: { cpu_load: 9.1234, ok: true } },
  ],
};

const bytesOf = (value: unknown, format: WireFormat): Uint8Array =>
  format === "json" ? new TextEncoder().encode(JSON.stringify(value)) : encode(value);

const faultOf = (bytes: Uint8Array, format: WireFormat) => {
  const decoded = decodeBody(bytes, format);
  return decoded.ok ? null : decoded.fault;
};

describe("a content type", () => {
  it.each([
    ["application/json", "json"],
    ["application/json; charset=utf-8", "json"],
    ["Application/MsgPack;x=y", "msgpack"],
    ["text/plain", null],
    ["application/jsonp", null],
    [undefined, null],
  ])("%s means %s", (type, format) => {
    expect(formatOf(type)).toBe(format);
  });
});

describe.each(["json", "msgpack"] as const)("a body in %s", (format) => {
  it("comes out as it went in", () => {
    expect(decodeBody(bytesOf(CALL, format), format)).toEqual({ ok: true, value: CALL });
  });

  it("is refused when it is cut, at whichever byte", () => {
    const whole = bytesOf(CALL, format);
    for (let length = 0; length < whole.length; length += 1) {
      expect(faultOf(whole.subarray(0, length), format)?.code, `${length} bytes`).toMatch(/^(not-json|truncated)$/);
    }
  });

  it("is refused when more follows", () => {
    const more = Buffer.concat([bytesOf(CALL, format), bytesOf({}, format)]);
    expect(faultOf(more, format)?.code).toMatch(/^(not-json|trailing-bytes)$/);
  });

  it("is refused when it is no object", () => {
    for (const value of [[], 1, "text", null]) {
      expect(faultOf(bytesOf(value, format), format)).toEqual({ code: "not-object", path: "" });
    }
  });

  it("is refused when it is too deep, and taken just before", () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
    expect(faultOf(bytesOf(nested(MAX_DEPTH), format), format)).toBe(null);
    expect(faultOf(bytesOf(nested(MAX_DEPTH + 1), format), format)?.code).toBe("too-deep");
  });

  it("never throws, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof decodeBody(bytes, format).ok).toBe("boolean");
      }),
      { seed: 20_261_122, numRuns: 500 },
    );
  });
});

describe("MessagePack", () => {
  it("keeps 64-bit integers: as numbers where they fit, else as decimal text", () => {
    const value = { small: 5n, largest: 2n ** 64n - 1n, least: -(2n ** 63n) };
    const bytes = new Encoder({ useBigInt64: true }).encode(value);
    expect(decodeBody(bytes, "msgpack")).toEqual({
      ok: true,
      value: { small: 5, largest: "18446744073709551615", least: "-9223372036854775808" },
    });
  });

  it("gives binaries as base64 and timestamps as ISO text", () => {
    const bytes = encode({ hash: new Uint8Array([0, 255, 16]), at: new Date(1_795_000_000_123) });
    expect(decodeBody(bytes, "msgpack")).toEqual({
      ok: true,
      value: { hash: "AP8Q", at: "2026-11-18T11:06:40.123Z" },
    });
  });

  it("refuses other extensions at their place", () => {
    const extensionCodec = new ExtensionCodec();
    const bytes = encode({ body: { x: new ExtData(7, new Uint8Array([1])) } }, { extensionCodec });
    expect(faultOf(bytes, "msgpack")).toEqual({ code: "unsupported-ext", path: "body.x" });
  });

  it("reserves nothing for lengths that are only claimed", () => {
    const claim = [0xdd, 0x00, 0xff, 0xff, 0xff];
    const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => claim[index % claim.length] ?? 0);
    const before = process.memoryUsage().rss;
    expect(faultOf(bytes, "msgpack")).toEqual({ code: "truncated", path: "" });
    for (const head of [0xdf, 0xc6, 0xdb, 0xc9]) {
      expect(faultOf(Uint8Array.from([head, 255, 255, 255, 255]), "msgpack")?.code).toBe("truncated");
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it("refuses numbers that are none and keys that steer", () => {
    expect(faultOf(encode({ a: Number.NaN }), "msgpack")).toEqual({ code: "not-finite", path: "a" });
    expect(faultOf(new TextEncoder().encode('{"a":{"__proto__":{"b":1}}}'), "json")).toEqual({
      code: "bad-key",
      path: "a.__proto__",
    });
    expect(faultOf(Uint8Array.from([0xc1]), "msgpack")).toEqual({ code: "not-msgpack", path: "" });
  });
});
