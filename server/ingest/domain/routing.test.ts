import { describe, expect, it } from "vitest";
import { BODY_SCHEMAS, bodyFault } from "./body-schemas.ts";
import { backOffMs, judgeReceiver } from "./receiver-state.ts";
import { routingOf, ruleFaults } from "./routing.ts";

const types = [
  { type: "system_metrics", kinds: ["statistics"], schema: "system_metrics.v1" },
  { type: "free", kinds: [], schema: null },
];
const routes = [
  { types: ["system_metrics"], kinds: [], to: ["live", "store"] },
  { types: ["*"], kinds: ["statistics"], to: ["hook", "live"] },
  { types: ["*"], kinds: ["inactive", "active"], to: ["live", "log"] },
];
const receivers = [{ id: "live" }, { id: "store" }, { id: "hook" }, { id: "log" }];

describe("a route", () => {
  const routing = routingOf(types, routes);

  it("leads to each of its receivers once, however many routes name it", () => {
    expect(routing.destinationOf("system_metrics", "statistics")).toEqual({
      kind: "to",
      receivers: ["live", "store", "hook"],
      schema: "system_metrics.v1",
    });
  });

  it.each([
    ["nothing", "statistics", "unknown-type"],
    ["system_metrics", "other", "unknown-kind"],
    ["free", "anything", "no-route"],
    ["__proto__", "constructor", "unknown-type"],
  ])("flaw 2: %s/%s is an answer (%s), never an exception", (type, kind, answer) => {
    expect(routing.destinationOf(type, kind)).toEqual({ kind: answer });
  });

  it("flaw 4: a change of an agent goes to each receiver once, not once a type", () => {
    expect(routing.changeReceivers("inactive")).toEqual(["live", "log"]);
  });
});

describe("the rules of a configuration", () => {
  it("have no fault where everything named is there and led to", () => {
    expect(ruleFaults({ types, receivers, routes }, BODY_SCHEMAS)).toEqual([]);
  });

  it("tell every fault with its place", () => {
    const faults = ruleFaults(
      {
        types: [{ type: "a", kinds: ["active", "k"], schema: "no.v1" }],
        receivers: [{ id: "idle" }, { id: "x" }],
        routes: [{ types: ["b", "a"], kinds: ["z"], to: ["y", "x"] }],
      },
      BODY_SCHEMAS,
    );
    expect(faults.map(({ path }) => path)).toEqual([
      "types.a.schema",
      "types.a.kinds",
      "routes.0.types",
      "routes.0.to",
      "routes.0.kinds",
      "receivers.idle",
    ]);
  });
});

describe("a body of a known type", () => {
  it.each([
    ["system_metrics.v1", "statistics", { cpu_load: 9.1234, memory_usage: 75, disk_usage: 10.1234 }, null],
    ["system_metrics.v1", "statistics", { cpu_load: 1, memory_usage: 101, disk_usage: 1 }, "body.memory_usage"],
    ["system_metrics.v1", "statistics", { cpu_load: "1", memory_usage: 1, disk_usage: 1 }, "body.cpu_load"],
    ["system_metrics.v1", "statistics", { cpu_load: 1, memory_usage: 1 }, "body.disk_usage"],
    ["networking_metrics.v1", "latency", { latency: -1 }, "body.latency"],
    ["ethereum_metrics.v1", "pending", { pending: 1.5 }, "body.pending"],
    ["ethereum_metrics.v1", "history", { history: [1] }, "body.history"],
    [
      "ethereum_metrics.v1",
      "statistics",
      { active: true, mining: false, hashrate: 0, peers: 3, gasPrice: 0, syncing: { currentBlock: "0x44ee0" } },
      null,
    ],
    ["ethereum_metrics.v1", "statistics", { active: false, gasPrice: null, syncing: null, uptime: null }, null],
    ["ethereum_metrics.v1", "constructor", {}, null],
  ])("%s %s %j: %s", (schema, kind, body, path) => {
    expect(bodyFault(schema, kind, body)).toBe(path);
  });
});

describe("a receiver's state", () => {
  const well = { stopped: false, full: false, failure: null, lagMs: 0 };

  it("says what holds longest for an agent", () => {
    expect(judgeReceiver("ok", { ...well, full: true, failure: "refused" })).toBe("full");
    expect(judgeReceiver("ok", { ...well, failure: "refused", lagMs: 60_000 })).toBe("failing");
    expect(judgeReceiver("ok", { ...well, lagMs: 60_000 })).toBe("lagging");
    expect(judgeReceiver(null, well)).toBe("ok");
    expect(judgeReceiver("full", { ...well, stopped: true, full: true })).toBe("stopped");
  });

  it("does not flap between lagging and ok", () => {
    expect(judgeReceiver("lagging", { ...well, lagMs: 3_000 })).toBe("lagging");
    expect(judgeReceiver("ok", { ...well, lagMs: 3_000 })).toBe("ok");
  });

  it("is tried again after times that double up to 30 s, never two at the same instant", () => {
    expect([1, 2, 3, 99].map((failures) => backOffMs(failures, 1))).toEqual([250, 500, 1_000, 30_000]);
    expect(backOffMs(99, 0)).toBe(15_000);
  });
});
