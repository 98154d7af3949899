import { describe, expect, it } from "vitest";
import { blobCell, flagCell, numberCell, textCell } from "./cells.ts";

const row = (cell: unknown) => ({ cell });
const bytes = (...values: readonly number[]) => Uint8Array.from(values);

describe("cells as drivers deliver them", () => {
  it.each<readonly [unknown, number | null]>([
    [1.5, 1.5],
    [7n, 7],
    ["1.25", 1.25],
    ["-3", -3],
    [2n ** 63n, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    ["1e5", null],
    ["", null],
    ["0x10", null],
    [null, null],
    [undefined, null],
  ])("the number of %o is %o", (cell, number) => {
    expect(numberCell(row(cell), "cell")).toBe(number);
  });

  it.each([true, 1, 1n, "t", "true", "1", bytes(1)])("%o is set", (cell) => {
    expect(flagCell(row(cell), "cell")).toBe(true);
  });

  it.each([false, 0, 0n, null, undefined, "f", "false", "", bytes(0), bytes(), bytes(1, 1)])(
    "%o is not set",
    (cell) => {
      expect(flagCell(row(cell), "cell")).toBe(false);
    },
  );

  it("text that is kept as bytes is text", () => {
    expect(textCell(row(bytes(0x63, 0xc3, 0xa9)), "cell")).toBe("cé");
    expect(textCell(row(bytes(0x63, 0xff)), "cell")).toBe("c\\xff");
    expect(textCell(row(null), "cell")).toBeNull();
  });

  it("a number in a serialized column is JSON, bytes are msgpack, and a length without bytes is one that was not sent", () => {
    const cell = (value: unknown, length: number | null) => blobCell({ cell: value, cell_length: length }, "cell");
    expect(cell(2, 1)).toEqual({ bytes: bytes(0x32), length: 1, form: "json" });
    expect(cell(bytes(2), 1)).toEqual({ bytes: bytes(2), length: 1 });
    expect(cell(null, 9)).toEqual({ bytes: null, length: 9 });
  });
});
