import { afterEach, expect, it } from "vitest";
import { onAgentChange } from "./agent-changes.ts";
import { createAgentWorld, INGEST } from "./agents.test-kit.ts";

let world = createAgentWorld();
afterEach(() => {
  world.stopAll();
  world = createAgentWorld();
});

/** What each gateway tells its receivers, as `gateway agent state`. */
function listen(...gateways: readonly string[]): readonly string[] {
  const told: string[] = [];
  for (const gateway of gateways) {
    onAgentChange({ view: world.memory.recorder, ingestId: INGEST, gateway }, ({ agentId, to }) =>
      told.push(`${gateway} ${agentId} ${to}`),
    );
  }
  return told;
}

it("of several gateways the one that heard an agent tells, also of one that is called like an inherited property", async () => {
  const told = listen("one:1", "two:1");
  const { watch } = world.gateway("one:1");
  world.gateway("two:1");
  world.monitor();
  await world.pass(4, () => {
    watch.sign(world.sign("a"));
    watch.sign(world.sign("constructor"));
  });
  expect(told.toSorted()).toEqual(["one:1 a active", "one:1 constructor active"]);
});

it("of an agent whose gateway is gone exactly one of the others tells that it is inactive", async () => {
  const told = listen("two:1", "three:1");
  const { watch, kill } = world.gateway("one:1");
  world.gateway("two:1");
  world.gateway("three:1");
  world.monitor();
  await world.pass(4, () => watch.sign(world.sign("a")));
  kill();
  await world.pass(60);
  expect(world.path("a")).toEqual(["active", "late", "inactive"]);
  expect(told).toEqual(["three:1 a late", "three:1 a inactive"]);
});

it("a gateway that was started again tells of agents that it heard under another number and hears no more", async () => {
  const { watch, stop } = world.gateway("one:1");
  world.monitor();
  await world.pass(4, () => watch.sign(world.sign("a")));
  await stop();
  const told = listen("one:2");
  world.gateway("one:2");
  await world.pass(60);
  expect(told).toEqual(["one:2 a late", "one:2 a inactive"]);
});
