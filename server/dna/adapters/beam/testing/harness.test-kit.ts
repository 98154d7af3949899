import type { TestBeam } from "#scripts/testing/beam.ts";
import { createRemoteNodes } from "#server/dna/adapters/beam/dist/node-pool.ts";
import type { RemoteNodes } from "#server/dna/adapters/beam/dist/remote-nodes.ts";
import { createDnaBeam } from "#server/dna/adapters/beam/dna-beam.ts";
import type { DnaBeamHarness, DnaBeamHarnessOptions } from "#server/dna/dna-beam.harness.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createFixtureSeeding, fixture, startFixtureNode } from "./fixture-node.test-kit.ts";

/** Our own client of a test node, under the one name that all tests share unless another is given. */
export function connectTo(node: TestBeam, name = "worldline-test@127.0.0.1"): RemoteNodes {
  if (node.epmd === null) throw new Error("the node has no mapper");
  return createRemoteNodes({
    name,
    cookie: { reveal: () => node.cookie },
    reach: { kind: "epmd", port: node.epmd.port },
    tls: null,
    clock: createSystemClock(),
    log: silentLogger,
  });
}

/** The real adapter on the fixture, which is put back to its beginning; on one of its own where the test may end it. */
export async function openFixtureHarness(
  shared: TestBeam,
  { evaluate, mayEnd }: DnaBeamHarnessOptions,
): Promise<DnaBeamHarness> {
  const node = mayEnd ? await startFixtureNode() : shared;
  fixture(node, "reset");
  const beam = createDnaBeam(connectTo(node), { evaluate, clock: createSystemClock() });
  return {
    beam,
    node: node.name,
    absentNode: "absent@127.0.0.1",
    seed: createFixtureSeeding(node),
    async close() {
      await beam.close();
      if (mayEnd) await node.remove();
    },
  };
}
