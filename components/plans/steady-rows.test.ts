import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inPlace } from "./steady-rows.ts";

interface Line {
  readonly id: string;
  readonly state: string;
}
const lines = (...ids: string[]): Line[] => ids.map((id) => ({ id, state: "running" }));
const place = (kept: readonly Line[], now: readonly Line[]) =>
  inPlace(
    kept,
    now,
    ({ id }) => id,
    () => null,
  );

describe("rows that are held", () => {
  it("keep their places whatever the order has become, with what stands in them now", () => {
    const now = [{ id: "c", state: "paused" }, ...lines("a", "b")];
    const { rows, added, gone } = place(lines("a", "b", "c"), now);
    expect(rows.map(({ row }) => `${row.id} ${row.state}`)).toEqual(["a running", "b running", "c paused"]);
    expect([added, gone]).toEqual([0, 0]);
  });

  it("stay when they have left the list, with what is known of them, and are counted", () => {
    const { rows, added, gone } = inPlace(
      lines("a", "b"),
      lines("b", "x", "y"),
      ({ id }) => id,
      (row): Line => ({ ...row, state: "stopped" }),
    );
    expect(rows).toEqual([
      { row: { id: "a", state: "stopped" }, gone: true },
      { row: { id: "b", state: "running" }, gone: false },
    ]);
    expect([added, gone]).toEqual([2, 1]);
  });

  it("never move and never vanish, and every row is either shown or counted as new", () => {
    const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 20 });
    fc.assert(
      fc.property(ids, ids, (before, after) => {
        const { rows, added } = place(lines(...before), lines(...after));
        expect(rows.map(({ row }) => row.id)).toEqual(before);
        expect(rows.filter((each) => !each.gone).length + added).toBe(after.length);
      }),
    );
  });
});
