import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { AGENT_WAYS, type AgentState } from "#server/contract/agents.ts";
import { isMasked } from "#server/contract/event.ts";
import type { GatewayFigures } from "./agent-figures.ts";
import { createAgentWorld, INGEST } from "./agents.test-kit.ts";
import { agentRules } from "./domain/agent-judgement.ts";

let world = createAgentWorld();
afterEach(() => {
  world.stopAll();
  world = createAgentWorld();
});

describe("agents of one gateway", () => {
  it("an agent that is killed is late once, inactive once, and active once when it is back (flaw 4)", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(10, () => watch.sign(world.sign("a")));
    expect(world.path("a")).toEqual(["active"]);
    await world.pass(60);
    expect(world.path("a")).toEqual(["active", "late", "inactive"]);
    expect(world.fold().agents.a).toMatchObject({ state: "inactive", bootId: "boot-1" });
    await world.pass(10, () => watch.sign(world.sign("a")));
    expect(world.path("a")).toEqual(["active", "late", "inactive", "active"]);
    expect(world.events("agent.seen")).toHaveLength(1);
  });

  it("a bye leaves no alarm behind, however long the silence (flaw 5)", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(5, () => watch.sign(world.sign("a")));
    watch.bye(world.sign("a"), "told to stop");
    await world.pass(60);
    expect(world.path("a")).toEqual(["active", "left"]);
    expect(world.fold().agents.a?.evidence).toBe("it said bye: told to stop");
    await world.pass(5, () => watch.sign(world.sign("a", { bootId: "boot-2" })));
    expect(world.path("a")).toEqual(["active", "left", "active"]);
  });

  it("any accepted call is a sign of life: data alone keeps an agent active", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    const { sentAt: _, roundTripMs: __, about: ___, ...data } = world.sign("a");
    await world.pass(40, () => watch.sign({ ...data, receivedAt: world.clock.now(), sentAt: null, roundTripMs: null }));
    expect(world.path("a")).toEqual(["active"]);
  });

  it("another boot is told as a restart, once, and counts anew", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(5, () => watch.sign(world.sign("a")));
    await world.pass(10, () => watch.sign(world.sign("a", { bootId: "boot-2" })));
    expect(world.events("agent.restarted").map(({ body }) => body)).toEqual([{ from: "boot-1", to: "boot-2" }]);
    expect(world.fold().agents.a).toMatchObject({ restarts: 1, bootId: "boot-2", state: "active" });
  });

  it("two agents of one name are not told as a restart at every look", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    let turn = 0;
    await world.pass(30, () => watch.sign(world.sign("a", { bootId: `boot-${++turn % 2}` })));
    expect(world.events("agent.restarted").length).toBeLessThanOrEqual(7);
  });

  it("each loss is told once with its numbers, and no more than five at a look", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(3, () => watch.sign(world.sign("a")));
    const gaps = Array.from({ length: 12 }, (_, n) => ({ from: 10 * n + 1, to: 10 * n + 2 }));
    watch.counted({ agentId: "a", bootId: "boot-1", accepted: 90, duplicates: 3, rejected: 1, missing: 24, gaps });
    await world.pass(2, () => watch.sign(world.sign("a")));
    expect(world.events("agent.gap").length).toBeLessThanOrEqual(10);
    await world.pass(5, () => watch.sign(world.sign("a")));
    expect(world.events("agent.gap")).toHaveLength(12);
    expect(world.fold().agents.a).toMatchObject({ missing: 24 });
    const sample = world.memory.recorder.samples()[`ingest:${INGEST}`]?.ingest?.agents.a;
    expect(sample).toMatchObject({ gaps: 24, duplicates: 3, rejected: 1, roundTripMs: 3 });
  });

  it("a bye and a return within a second are told as both, once, whoever watches", async () => {
    const { watch } = world.gateway("ops-1:1");
    const first = world.monitor();
    await world.pass(5, () => watch.sign(world.sign("a")));
    watch.bye(world.sign("a"), "an update");
    watch.sign(world.sign("a", { bootId: "boot-2" }));
    await world.pass(5, () => watch.sign(world.sign("a", { bootId: "boot-2" })));
    expect(world.path("a")).toEqual(["active", "left", "active"]);
    const told = world.events("agent.state_changed", "a").map(({ body }) => body);
    expect(told).toMatchObject([{}, { evidence: "it said bye: an update", bootId: "boot-1" }, { bootId: "boot-2" }]);
    expect(world.events("agent.restarted")).toHaveLength(1);
    await first.stop();
    world.monitor("another writer");
    await world.pass(20, () => watch.sign(world.sign("a", { bootId: "boot-2" })));
    expect(world.path("a")).toEqual(["active", "left", "active"]);
    watch.bye(world.sign("a", { bootId: "boot-2" }), null);
    await world.pass(3);
    await world.pass(20, () => watch.sign(world.sign("a", { bootId: "boot-3" })));
    expect(world.path("a")).toEqual(["active", "left", "active", "left", "active"]);
  });

  it("a clock an hour off is told once and changes neither states nor order", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(40, () => {
      watch.sign(world.sign("a", { sentAt: world.at(3_600_000) }));
      watch.sign(world.sign("b"));
    });
    expect(world.events("agent.skew_changed").map(({ subject, body }) => [subject, body])).toEqual([
      ["a", { skewMs: -3_600_000 }],
    ]);
    expect(world.path("a")).toEqual(["active"]);
    const now = world.clock.now();
    for (const { occurredAt } of world.memory.events) expect(now - occurredAt).toBeLessThanOrEqual(40_000);
    for (const { occurredAt } of world.memory.events) expect(occurredAt).toBeLessThanOrEqual(now);
  });

  it("forgets an agent after its time, and knows it again as a new one", async () => {
    world = createAgentWorld(agentRules(7_000, 0.02));
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(3, () => watch.sign(world.sign("a")));
    await world.pass(90);
    expect(world.path("a").at(-1)).toBe("forgotten");
    expect(world.fold().agents).toEqual({});
    await world.pass(3, () => watch.sign(world.sign("a")));
    expect(world.fold().agents.a).toMatchObject({ state: "active", restarts: 0 });
    expect(world.events("agent.seen")).toHaveLength(2);
  });

  it("agents that come and go under ever new names are forgotten before their time, those gone longest first", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor("writer", 5);
    let turn = 0;
    await world.pass(120, () => {
      watch.sign(world.sign("stays"));
      if (turn % 10 === 0) watch.sign(world.sign(`job-${turn}`));
      if (turn % 10 === 2) watch.bye(world.sign(`job-${turn - 2}`), null);
      turn += 1;
    });
    const known = Object.keys(world.fold().agents);
    expect(known.length).toBeLessThanOrEqual(6);
    expect(known).toEqual(expect.arrayContaining(["stays", "job-110", "job-100"]));
    expect(world.path("stays")).toEqual(["active"]);
    expect(world.path("job-0")).toEqual(["active", "left", "forgotten"]);
  });

  it("a gateway that slept has not heard: its agents are not silent for that", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(5, () => watch.sign(world.sign("a")));
    const { clock } = world;
    const [now, monotonic] = [clock.now, clock.monotonic];
    // The whole process stands still for a minute: no timer fires, then all of them at once.
    clock.now = () => (now() + 60_000) as ReturnType<typeof now>;
    clock.monotonic = () => (monotonic() + 60_000) as ReturnType<typeof monotonic>;
    await world.pass(2);
    expect(world.path("a")).toEqual(["active"]);
    await world.pass(5, () => watch.sign(world.sign("a")));
    expect(world.path("a")).not.toContain("inactive");
  });

  it("what the journal did not take is told once when it is back", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(5, () => watch.sign(world.sign("a")));
    world.memory.fail();
    await world.pass(30);
    world.memory.mend();
    await world.pass(5);
    expect(world.path("a")).toEqual(["active", "late", "inactive"]);
  });

  it("more than a thousand agents cost few notes and are all judged", async () => {
    const { watch } = world.gateway("ops-1:1");
    world.monitor();
    const ids = Array.from({ length: 1_200 }, (_, n) => `agent-${n}`);
    await world.pass(4, () => {
      for (const id of ids) watch.sign(world.sign(id));
    });
    expect(Object.values(world.fold().agents).filter(({ state }) => state === "active")).toHaveLength(1_200);
    expect(world.events("agent.state_changed")).toHaveLength(1_200);
  });
});

describe("several gateways on one store", () => {
  it("an agent that goes from one to the other stays active and is told to have moved", async () => {
    const one = world.gateway("ops-1:1");
    const two = world.gateway("ops-2:1");
    world.monitor();
    await world.pass(5, () => one.watch.sign(world.sign("a")));
    await world.pass(3, () => two.watch.sign(world.sign("a")));
    expect(world.path("a")).toEqual(["active"]);
    expect(world.fold().agents.a?.gateway).toBe("ops-2:1");
    expect(world.fold().gateways).toMatchObject({ "ops-1:1": { state: "up" }, "ops-2:1": { state: "up" } });
  });

  it("what came to another gateway is no loss: only what came to none is told", async () => {
    const [one, two] = [world.gateway("ops-1:1"), world.gateway("ops-2:1")];
    world.monitor();
    const counts = { agentId: "a", bootId: "boot-1", accepted: 200, duplicates: 0, rejected: 0, missing: 100 };
    const signs = () => {
      two.watch.sign(world.sign("a"));
      one.watch.sign(world.sign("a"));
    };
    await world.pass(3, signs);
    two.watch.counted({
      ...counts,
      gaps: [],
      seen: {
        high: 200,
        but: [
          [1, 100],
          [150, 151],
        ],
      },
    });
    const seen = { high: 300, but: [[101, 200]] } as const;
    one.watch.counted({ ...counts, gaps: [{ from: 101, to: 200 }], seen });
    await world.pass(5, signs);
    expect(world.events("agent.gap").map(({ body }) => body)).toEqual([{ bootId: "boot-1", fromSeq: 150, toSeq: 151 }]);
    expect(world.fold().agents.a?.missing).toBe(2);
  });

  it("an agent that goes to and fro between gateways is not told at every step", async () => {
    const gateways = [world.gateway("ops-1:1"), world.gateway("ops-2:1")];
    world.monitor();
    let turn = 0;
    await world.pass(60, () => gateways[++turn % 2]?.watch.sign(world.sign("a")));
    expect(world.events("agent.seen").length).toBeLessThanOrEqual(3);
    expect(world.path("a")).toEqual(["active"]);
  });

  it("a gateway that dies makes nobody inactive who turns up at another within twice the time", async () => {
    const one = world.gateway("ops-1:1");
    const two = world.gateway("ops-2:1");
    world.monitor();
    await world.pass(10, () => {
      one.watch.sign(world.sign("a"));
      one.watch.sign(world.sign("b"));
      two.watch.sign(world.sign("c"));
    });
    one.kill();
    await world.pass(12, () => two.watch.sign(world.sign("c")));
    expect(world.events("ingest.gateway.changed").map(({ subject, body }) => [subject, body])).toContainEqual([
      "ops-1:1",
      { state: "gone", host: "ops-1", evidence: "no heartbeat for 5 s" },
    ]);
    await world.pass(60, () => {
      two.watch.sign(world.sign("a"));
      two.watch.sign(world.sign("c"));
    });
    expect(world.path("a")).toEqual(["active"]);
    expect(world.path("c")).toEqual(["active"]);
    expect(world.path("b")).toEqual(["active", "late", "inactive"]);
    expect(world.fold().agents.b?.evidence).toContain("gateway ops-1:1 is gone");
  });

  it("a gateway that cannot reach the store makes nobody inactive who is heard by it when it is back in time", async () => {
    const one = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(10, () => one.watch.sign(world.sign("a")));
    world.cutOff.add("ops-1:1");
    await world.pass(12, () => one.watch.sign(world.sign("a")));
    world.cutOff.delete("ops-1:1");
    await world.pass(30, () => one.watch.sign(world.sign("a")));
    expect(world.path("a")).toEqual(["active"]);
    expect(world.events("ingest.gateway.changed").map(({ body }) => (isMasked(body) ? null : body))).toMatchObject([
      { state: "up" },
      { state: "gone" },
      { state: "up", evidence: "it beats again" },
    ]);
  });

  it("another console that takes the journal over makes nobody inactive, and tells nothing twice", async () => {
    const one = world.gateway("ops-1:1");
    const two = world.gateway("ops-2:1");
    const first = world.monitor("writer-1");
    const ping = () => {
      one.watch.sign(world.sign("a"));
      two.watch.sign(world.sign("b"));
    };
    await world.pass(10, ping);
    const gaps = [{ from: 3, to: 4 }];
    one.watch.counted({ agentId: "a", bootId: "boot-1", accepted: 9, duplicates: 0, rejected: 0, missing: 2, gaps });
    await world.pass(3, ping);
    first.kill();
    one.kill();
    await world.pass(20, () => two.watch.sign(world.sign("b")));
    world.monitor("writer-2");
    // The agents of the gateway that went with the writer turn up at the other one.
    await world.pass(9, () => two.watch.sign(world.sign("b")));
    await world.pass(40, () => {
      two.watch.sign(world.sign("a"));
      two.watch.sign(world.sign("b"));
    });
    expect(world.path("a")).toEqual(["active"]);
    expect(world.path("b")).toEqual(["active"]);
    expect(new Set(world.events("agent.gap").map(({ id }) => id)).size).toBe(1);
  });

  it("a gateway that is told to stop is gone at once and raises nothing; its agents have their time", async () => {
    const one = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(10, () => one.watch.sign(world.sign("a")));
    await one.stop();
    await world.pass(3);
    expect(world.fold().gateways["ops-1:1"]).toMatchObject({ state: "gone", evidence: "it was told to stop" });
    const next = world.gateway("ops-1:2");
    await world.pass(30, () => next.watch.sign(world.sign("a")));
    expect(world.path("a")).toEqual(["active"]);
    expect(Object.keys(world.fold().gateways)).toEqual(["ops-1:2"]);
  });

  it("notes that cannot be read are told as the source's fault, and nobody falls inactive for it", async () => {
    const one = world.gateway("ops-1:1");
    world.monitor();
    await world.pass(5, () => one.watch.sign(world.sign("a")));
    world.cutOff.add("writer");
    await world.pass(60, () => one.watch.sign(world.sign("a")));
    expect(world.fold().source).toMatchObject({ state: "down", reason: "No host answers" });
    world.cutOff.delete("writer");
    await world.pass(5, () => one.watch.sign(world.sign("a")));
    expect(world.fold().source.state).toBe("up");
    expect(world.path("a")).toEqual(["active"]);
  });
});

describe("what gateways tell of themselves", () => {
  it("receivers and routes are told at each change, and their figures are summed up", async () => {
    const receiver = { state: "ok", reason: null, queued: 1, capacity: 10, perSecond: 2, lagMs: 3 } as const;
    let figures: GatewayFigures = {
      pipeline: { types: [], receivers: [], routes: [], inactiveAfterMs: 7_000, poa: false },
      receivers: { store: { ...receiver, dropped: 0, deadLettered: 0 } },
      doors: { http: { perSecond: 5, refusedPerSecond: 1 } },
      types: { system_metrics: { perSecond: 4 } },
    };
    world.gateway("ops-1:1", () => figures);
    world.gateway("ops-2:1", () => ({ ...figures, receivers: {} }));
    world.monitor();
    await world.pass(5);
    figures = {
      ...figures,
      receivers: { store: { ...receiver, state: "failing", reason: "refused", dropped: 0, deadLettered: 2 } },
    };
    await world.pass(5);
    expect(world.events("ingest.receiver.changed").map(({ body }) => body)).toMatchObject([
      { gateway: "ops-1:1", receiver: "store", from: null, to: "ok" },
      { from: "ok", to: "failing", reason: "refused" },
    ]);
    expect(world.events("ingest.pipeline.changed")).toHaveLength(1);
    expect(world.memory.recorder.samples()[`ingest:${INGEST}`]?.ingest).toMatchObject({
      receivers: { "ops-1:1/store": { queued: 1, deadLettered: 2 } },
      doors: { "ops-1:1/http": { perSecond: 5 }, "ops-2:1/http": { refusedPerSecond: 1 } },
      types: { system_metrics: { perSecond: 8 } },
    });
  });
});

type Step = { readonly agent: 0 | 1 | 2; readonly gateway: 0 | 1; readonly call: "ping" | "bye" | "boot" } | "wait";

describe("random histories with two gateways", () => {
  it("every change goes along a way of the table, from what was told before, and ends as its last call says", async () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 3, arbitrary: fc.constant("wait" as const) },
      {
        weight: 2,
        arbitrary: fc.record({
          agent: fc.constantFrom(0 as const, 1 as const, 2 as const),
          gateway: fc.constantFrom(0 as const, 1 as const),
          call: fc.constantFrom("ping" as const, "ping" as const, "ping" as const, "bye" as const, "boot" as const),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const here = createAgentWorld();
        const gateways = [here.gateway("ops-1:1"), here.gateway("ops-2:1")];
        here.monitor();
        await here.pass(2);
        const last = new Map<string, { second: number; bye: boolean }>();
        let [second, boot] = [0, 1];
        for (const one of steps) {
          if (one === "wait") {
            await here.pass(1);
            second += 1;
            continue;
          }
          const id = `agent-${one.agent}`;
          if (one.call === "boot") boot += 1;
          const sign = here.sign(id, { bootId: `boot-${boot}` });
          const { watch } = gateways[one.gateway] ?? gateways[0] ?? { watch: null };
          if (one.call === "bye") watch?.bye(sign, null);
          else watch?.sign(sign);
          last.set(id, { second, bye: one.call === "bye" });
          // A second apart, so that which came last is no matter of chance.
          await here.pass(1);
          second += 1;
        }
        await here.pass(3);
        second += 3;
        for (const [id, { second: then, bye }] of last) {
          const told = here.events("agent.state_changed", id);
          let state: AgentState = "unknown";
          for (const event of told) {
            if (event.kind !== "agent.state_changed") continue;
            expect(event.body.from).toBe(state);
            expect(AGENT_WAYS.some(([from, to]) => from === event.body.from && to === event.body.to)).toBe(true);
            state = event.body.to;
          }
          const silent = second - then;
          if (bye) expect(state).toBe("left");
          else if (silent >= 12) expect(state).toBe("inactive");
          else if (silent <= 4) expect(state).toBe("active");
          expect(here.fold().agents[id]?.state).toBe(state);
        }
        here.stopAll();
      }),
      { numRuns: 60, seed: 20_261_122 },
    );
  });
});
