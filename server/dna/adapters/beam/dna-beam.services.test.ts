import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestBeam } from "#scripts/testing/beam.ts";
import { describeDnaBeam } from "#server/dna/dna-beam.contract.ts";
import { CITY, cityKey } from "#server/dna/dna-beam.harness.ts";
import { keyTerm } from "./node-questions.ts";
import { fixture, startFixtureNode } from "./testing/fixture-node.test-kit.ts";
import { openFixtureHarness } from "./testing/harness.test-kit.ts";

let node: TestBeam;

beforeAll(async () => {
  node = await startFixtureNode();
});
afterAll(() => node.remove());

describeDnaBeam("Erlang distribution to a real node", (options) => openFixtureHarness(node, options));

describe("a mishap on a real node", () => {
  it("a poison actor empties it: every count is 0, every process another, and the incarnation the same", async () => {
    const { beam, node: name, seed, close } = await openFixtureHarness(node, { evaluate: true });
    try {
      await seed.start(CITY, "c-", 30);
      const [before, seen] = [await beam.identity(name), await beam.instance(name, cityKey("c-00000007"))];
      fixture(node, "poison", keyTerm(cityKey("c-00000003")));
      const counts = async () => (await beam.partitions(name).catch(() => [])).map(({ running }) => running);
      await expect.poll(counts, { timeout: 30_000 }).toEqual([0, 0]);
      expect(seen === null ? null : await beam.backlog(name, seen)).toEqual({ kind: "ended" });
      expect(await beam.identity(name)).toEqual(before);
    } finally {
      await close();
    }
  });

  it("a cluster worker that ends is another incarnation in the same VM", async () => {
    const { beam, node: name, seed, close } = await openFixtureHarness(node, { evaluate: true });
    try {
      const before = await beam.identity(name);
      node.erlCall("exit('Elixir.Dna.Server.Cluster':worker(), kill)");
      await expect.poll(() => beam.identity(name), { timeout: 30_000 }).not.toEqual(before);
      expect(await beam.identity(name)).toEqual(await seed.identity());
      expect(beam.link(name)).toMatchObject({ kind: "connected" });
    } finally {
      await close();
    }
  });
});
