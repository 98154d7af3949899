import { expect, it } from "vitest";
import { hexLines } from "./hex-lines.ts";

it("shows sixteen bytes a line, from any offset, unprintable ones as dots", () => {
  const bytes = new TextEncoder().encode("0123456789abcdef<é");
  expect(hexLines(bytes, 0x1000)).toEqual([
    { offset: "00001000", hex: "30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66", text: "0123456789abcdef" },
    { offset: "00001010", hex: "3c c3 a9", text: "<.." },
  ]);
  expect(hexLines(new Uint8Array())).toEqual([]);
});
