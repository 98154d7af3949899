import { describe, expect, it } from "vitest";
import { lookOf, SHAPES, STATES, type StateSystem, TONES } from "./states.ts";

describe("the state language", () => {
  const rows = Object.entries(STATES).flatMap(([system, states]) =>
    Object.keys(states).map((word) => [system as StateSystem, word] as const),
  );

  it.each(rows)("%s %s has a tone and a shape", (system, word) => {
    const look = lookOf(system, word);
    expect(TONES).toContain(look.tone);
    expect(SHAPES).toContain(look.shape);
    const written = (STATES[system] as Record<string, string>)[word];
    expect(written?.startsWith(look.tone)).toBe(true);
    if (written?.includes("/")) expect(written).toBe(`${look.tone}/${look.shape}`);
  });

  it("shows a word nobody knows as unknown instead of guessing", () => {
    expect(lookOf("plan", "hibernating")).toEqual({ tone: "unknown", shape: "hatch" });
    expect(lookOf("plan", "constructor")).toEqual({ tone: "unknown", shape: "hatch" });
  });

  it("keeps red for what needs a person: a node that is gone is grey", () => {
    expect(lookOf("node", "gone")).toEqual({ tone: "idle", shape: "slash" });
    expect(lookOf("node", "silent").tone).toBe("failed");
  });
});
