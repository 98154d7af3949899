import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { findByToken, formatToken, hashToken, isInForce, isTokenText, TOKEN_BYTES, type TokenRecord } from "./token.ts";

const record = (token: string, over: Partial<TokenRecord> = {}): TokenRecord => ({
  id: "1",
  name: "ann",
  role: "viewer",
  sources: null,
  createdAt: epochMs(0),
  expiresAt: null,
  revokedAt: null,
  hash: hashToken(token),
  ...over,
});

describe("a token", () => {
  it("is wl_ and 43 letters and digits, different for different bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: TOKEN_BYTES, maxLength: TOKEN_BYTES }), (bytes) => {
        const token = formatToken(bytes);
        const other = Uint8Array.from(bytes, (byte, index) => (index === 31 ? byte ^ 1 : byte));
        return isTokenText(token) && token.length === 46 && formatToken(other) !== token;
      }),
    );
    expect(formatToken(new Uint8Array(32))).toBe(`wl_${"0".repeat(43)}`);
    // 2^256 - 1 in base 62, as Python's integers give it.
    expect(formatToken(new Uint8Array(32).fill(255))).toBe("wl_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
    expect(() => formatToken(new Uint8Array(31))).toThrow(RangeError);
  });

  it("is found by its text alone, among many, and not by its hash or a part of it", () => {
    const tokens = Array.from({ length: 50 }, () => formatToken(randomBytes(TOKEN_BYTES)));
    const records = tokens.map((token, index) => record(token, { id: String(index) }));
    tokens.forEach((token, index) => {
      expect(findByToken(records, token)?.id).toBe(String(index));
    });
    const [first = ""] = tokens;
    for (const text of [
      hashToken(first),
      first.slice(0, -1),
      `${first} `,
      ` ${first}`,
      "",
      "wl_",
      first.toLowerCase(),
    ]) {
      expect(findByToken(records, text)).toBeNull();
    }
  });

  it("survives a damaged record beside it", () => {
    const token = formatToken(randomBytes(TOKEN_BYTES));
    expect(findByToken([record(token, { id: "bad", hash: "zz" }), record(token)], token)?.id).toBe("1");
  });

  it.each([
    [{}, true],
    [{ expiresAt: epochMs(101) }, true],
    [{ expiresAt: epochMs(100) }, false],
    [{ revokedAt: epochMs(50) }, false],
    [{ revokedAt: epochMs(50), expiresAt: epochMs(200) }, false],
  ])("with %j is in force at 100: %s", (over, expected) => {
    expect(isInForce(record("x", over), epochMs(100))).toBe(expected);
  });
});
