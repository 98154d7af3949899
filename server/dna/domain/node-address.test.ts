import { describe, expect, it } from "vitest";
import { meansAnotherMachine } from "./node-address.ts";

describe("the host in a node's name", () => {
  it.each([
    "dna@127.0.0.1",
    "dna@127.0.1.1",
    "dna@localhost",
    "dna@LOCALHOST",
    "dna@localhost.localdomain",
    "nonode@nohost",
  ])("of %s means the console's own machine, unless the console is said to be on it", (node) => {
    expect(meansAnotherMachine(node, "worldline@10.0.0.9")).toBe(true);
    expect(meansAnotherMachine(node, "worldline@ops.example")).toBe(true);
    expect(meansAnotherMachine(node, "worldline@127.0.0.1")).toBe(false);
    expect(meansAnotherMachine(node, "worldline@localhost")).toBe(false);
    expect(meansAnotherMachine(node, null)).toBe(false);
  });

  it.each(["dna@10.0.0.5", "dna@127.example", "dna@host-127.0.0.1", "dna@local", "dna@nohost.example"])(
    "of %s means one machine for everybody",
    (node) => {
      expect(meansAnotherMachine(node, "worldline@10.0.0.9")).toBe(false);
      expect(meansAnotherMachine(node, "worldline@127.0.0.1")).toBe(false);
    },
  );
});
