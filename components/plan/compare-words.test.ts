import { describe, expect, it } from "vitest";
import { type Compared, figuresOf, finding, inOrder, moreText, ratioText } from "./compare-words.ts";

const step = (realTimeSec: number | null, more: object = {}) => ({
  id: 1,
  state: "success",
  queue: null,
  startedAt: realTimeSec === null ? null : "2026-11-22T05:45:46.000000Z",
  endedAt: null,
  realTimeSec,
  executionTimeSec: 0,
  waitedSec: 0,
  ...more,
});
const pair = (left: object | null, right: object | null) =>
  ({ phase: "run", actionClass: "A", left, right, by: left && right ? "place" : null }) as Compared["pairs"][number];
const run = (realTimeSec: number) => ({ state: "stopped", realTimeSec }) as Compared["left"];

describe("two runs in figures", () => {
  const pairs = [pair(step(1), step(4)), pair(step(9), step(3)), pair(step(2), null), pair(step(null), step(1))];
  const figures = pairs.map((one) => figuresOf(one, "real"));

  it("say how much longer, and how many times as long, where both are known", () => {
    expect(figures.map(({ more, ratio }) => [more, ratio])).toEqual([
      [-3, 0.25],
      [6, 3],
      [null, null],
      [null, null],
    ]);
    expect([moreText(6), moreText(-0.25), moreText(0), moreText(null)]).toEqual(
      ["+6.0 s", "−250 ms", "·", "–"].map((text) => text.replace(/ /g, "\u00A0")),
    );
    expect([ratioText(3), ratioText(12.4), ratioText(null)]).toEqual(["3.0\u00A0×", "12\u00A0×", "–"]);
  });

  it("put what took longer first, and what cannot be compared last", () => {
    expect(inOrder(figures, "more").map(({ more }) => more)).toEqual([6, -3, null, null]);
    expect(inOrder(figures, "flow")).toBe(figures);
  });

  it("are a finding in words", () => {
    const other = pair(step(1, { state: "error", waitedSec: 12 }), step(1));
    const said = finding({ left: run(12), right: run(4), pairs: [...pairs, other] } as unknown as Compared);
    expect(said.join(", ").replaceAll("\u00A0", " ")).toBe(
      "This run took 8.0 s longer (3.0 ×), 1 step is in another state, 1 step is in only one of them, its steps had waited 12 s longer",
    );
    expect(finding({ left: run(4), right: run(4), pairs: [] } as unknown as Compared)).toEqual(["Both took as long"]);
  });
});
