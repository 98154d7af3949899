import { afterAll, beforeAll } from "vitest";
import type { TestBeam } from "#scripts/testing/beam.ts";
import { describeDnaBeam } from "#server/dna/dna-beam.contract.ts";
import { startFixtureNode } from "./testing/fixture-node.test-kit.ts";
import { openFixtureHarness } from "./testing/harness.test-kit.ts";

let node: TestBeam;

beforeAll(async () => {
  node = await startFixtureNode();
});
afterAll(() => node.remove());

describeDnaBeam("Erlang distribution to a real node", (options) => openFixtureHarness(node, options));
