import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameLines } from "./map-names.ts";

/** Ten pixels a letter. */
const measure = (text: string): number => 10 * [...text].length;
const ROOMS = { first: 70, second: 90 };
const lines = (name: string) => nameLines(name, ROOMS, measure);

describe("names of things on the map", () => {
  it("stand in one line where they fit", () => {
    expect(lines("app1")).toEqual(["app1"]);
    expect(lines("foreman")).toEqual(["foreman"]);
  });

  it("are broken behind a sign, so that both parts can be read", () => {
    expect(lines("detector/app2/1")).toEqual(["detecto", "r/app2/1"]);
    expect(lines("api/app12/1")).toEqual(["api/", "app12/1"]);
    expect(lines("sensor-00-017")).toEqual(["sensor-", "00-017"]);
    expect(lines("7be1…1b80")).toEqual(["7be1…", "1b80"]);
  });

  it("keep the end that tells one from the next where both lines are too short", () => {
    expect(lines("measuring-station-0041")).toEqual(["measuri", "…ion-0041"]);
    expect(lines("measuring-station-0042")).toEqual(["measuri", "…ion-0042"]);
    expect(lines("a-measuring-station-0042")).toEqual(["a-measu", "…ion-0042"]);
  });

  it("of a host are its own name first, then of its domain what there is room for", () => {
    expect(lines("node-3.demo.example.test")).toEqual(["node-3", ".demo.ex…"]);
    expect(lines("dynflow-1.demo.example.test")).toEqual(["dynflow", "-1"]);
    expect(lines("dynflow-2.demo.example.test")).toEqual(["dynflow", "-2"]);
  });

  it("of an address are no host's: all of it is told", () => {
    expect(lines("10.20.30.41:3477")).toEqual(["10.20.3", "0.41:3477"]);
  });

  it("never need more room than there is, nor show a letter that is not theirs", () => {
    const rooms = fc.record({ first: fc.integer({ min: 10, max: 90 }), second: fc.integer({ min: 20, max: 120 }) });
    const name = fc.stringMatching(/^[a-z0-9./:-]{1,40}$/);
    fc.assert(
      fc.property(name, rooms, (text, room) => {
        const [first = "", second = "", ...more] = nameLines(text, room, measure);
        expect(more).toEqual([]);
        expect(measure(first)).toBeLessThanOrEqual(room.first);
        expect(measure(second)).toBeLessThanOrEqual(room.second);
        expect(text.startsWith(first)).toBe(true);
        expect(text).toContain(second.replace(/^…|…$/g, ""));
      }),
    );
  });
});
