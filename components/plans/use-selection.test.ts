import { describe, expect, it } from "vitest";
import { between } from "./use-selection.ts";

describe("a range of rows", () => {
  const order = ["a", "b", "c", "d"];

  it("runs from the row that was last toggled to this one, whichever comes first", () => {
    expect(between(order, "a", "c")).toEqual(["a", "b", "c"]);
    expect(between(order, "d", "b")).toEqual(["b", "c", "d"]);
    expect(between(order, "b", "b")).toEqual(["b"]);
  });

  it("is the row alone when the other is not shown any more, or there is none", () => {
    expect(between(order, "gone", "c")).toEqual(["c"]);
    expect(between(order, null, "c")).toEqual(["c"]);
  });
});
