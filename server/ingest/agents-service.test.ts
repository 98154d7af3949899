import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { DEFAULT_MASK_RULES } from "#server/contract/mask-rules.ts";
import { createAgentWorld, INGEST } from "./agents.test-kit.ts";
import { createAgentsService } from "./agents-service.ts";

const caller = (role: "viewer" | "operator", sources: readonly string[] | null = null): Caller => ({
  principal: { id: "mira", role, kind: "token", tokenId: "t", sources },
  address: "10.0.0.9",
});

async function threeAgents() {
  const world = createAgentWorld();
  const { watch } = world.gateway("ops-1:1");
  world.monitor();
  await world.pass(4, () => {
    for (const id of ["a", "b", "c"]) watch.sign(world.sign(id));
  });
  await world.pass(15, () => {
    watch.sign(world.sign("a"));
    watch.sign(world.sign("c"));
  });
  world.stopAll();
  return createAgentsService({ view: world.memory.recorder, source: { id: INGEST }, masks: DEFAULT_MASK_RULES });
}

describe("agents by API", () => {
  it("are listed by id in pages, with the counts of every state", async () => {
    const service = await threeAgents();
    const first = await service.list(caller("operator"), { limit: 2 });
    expect(first.agents.map(({ agentId, state }) => [agentId, state])).toEqual([
      ["a", "active"],
      ["b", "inactive"],
    ]);
    expect(first).toMatchObject({ counts: { active: 2, inactive: 1 }, next: "b", faults: [] });
    const second = await service.list(caller("operator"), { limit: 2, after: "b" });
    expect(second).toMatchObject({ agents: [{ agentId: "c" }], next: null });
    const inactive = await service.list(caller("operator"), { limit: 9, states: ["inactive"], text: "BUILD-7" });
    expect(inactive.agents.map(({ agentId }) => agentId)).toEqual(["b"]);
  });

  it("show viewers no addresses, and nothing at all to whom may not see the source", async () => {
    const service = await threeAgents();
    const { agent } = await service.get(caller("viewer"), { source: INGEST, agentId: "a" });
    expect(agent).toMatchObject({ peer: { masked: true }, addresses: { masked: true }, hostname: "build-7" });
    const known = await service.get(caller("operator"), { source: INGEST, agentId: "a" });
    expect(known.agent).toMatchObject({ peer: "10.0.0.7", addresses: ["10.0.0.7"], measured: { roundTripMs: 3 } });
    const stranger = caller("operator", ["eu-1"]);
    expect((await service.list(stranger, { limit: 9 })).agents).toEqual([]);
    await expect(service.get(stranger, { source: INGEST, agentId: "a" })).rejects.toMatchObject({ code: "not-found" });
  });

  it("of one that is not listed say so", async () => {
    const service = await threeAgents();
    await expect(service.get(caller("operator"), { source: INGEST, agentId: "constructor" })).rejects.toMatchObject({
      code: "not-found",
    });
  });
});
