import { describe, expect, it } from "vitest";
import type { AgentFacts } from "#server/contract/agents.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { EMPTY_INGEST, type IngestFold, reduceIngest } from "./ingest.ts";

const FACTS: AgentFacts = {
  about: { hostname: "build-7", addresses: ["10.0.0.7"], program: "worldline-agent 1" },
  door: "http",
  peer: "10.0.0.7",
  bootId: "b1",
  gateway: "ops-1:10",
};

let at = 0;
const event = (kind: string, subject: string, body: unknown): JournalEvent => {
  at += 1;
  return { kind, subject, body, stream: "ingest:agents", observedAt: epochMs(at) } as unknown as JournalEvent;
};
const folded = (...events: readonly JournalEvent[]): IngestFold =>
  events.reduce((state, each) => reduceIngest(state, each), EMPTY_INGEST);

const changed = (id: string, from: string, to: string) =>
  event("agent.state_changed", id, { from, to, evidence: `is ${to}`, silentMs: 1, bootId: "b1" });

describe("the fold of agents", () => {
  it("keeps state, restarts and losses when an agent says something else of itself", () => {
    const fold = folded(
      event("agent.seen", "a", FACTS),
      changed("a", "unknown", "active"),
      event("agent.restarted", "a", { from: "b1", to: "b2" }),
      event("agent.gap", "a", { bootId: "b2", fromSeq: 3, toSeq: 5 }),
      event("agent.skew_changed", "a", { skewMs: -3_600_000 }),
      event("agent.seen", "a", { ...FACTS, bootId: "b2", gateway: "ops-2:9" }),
    );
    expect(fold.agents.a).toMatchObject({
      state: "active",
      evidence: "is active",
      restarts: 1,
      missing: 3,
      skewMs: -3_600_000,
      bootId: "b2",
      gateway: "ops-2:9",
    });
    expect(fold.agents.a?.missingAt).not.toBeNull();
  });

  it("drops an agent that is forgotten, and keeps nothing of one that was never seen", () => {
    const fold = folded(
      event("agent.seen", "a", FACTS),
      changed("a", "inactive", "forgotten"),
      changed("b", "active", "late"),
      event("agent.gap", "b", { bootId: "b1", fromSeq: 1, toSeq: 1 }),
    );
    expect(fold.agents).toEqual({});
  });

  it("bears an id that every object has", () => {
    const fold = folded(changed("constructor", "active", "late"), event("agent.seen", "constructor", FACTS));
    expect(Object.keys(fold.agents)).toEqual(["constructor"]);
    expect(fold.agents.constructor).toMatchObject({ state: "unknown" });
  });
});

const gateway = (id: string, state: "up" | "gone", host = id.split(":", 1)[0]) =>
  event("ingest.gateway.changed", id, { state, host, evidence: "heartbeat" });
const receiver = (id: string, name: string, to: string) =>
  event("ingest.receiver.changed", `${id}/${name}`, { gateway: id, receiver: name, from: null, to, reason: null });

describe("the fold of gateways", () => {
  it("keeps a gone gateway until one comes up on its host", () => {
    const gone = folded(gateway("ops-1:1", "up"), gateway("ops-2:1", "up"), gateway("ops-1:1", "gone"));
    expect(gone.gateways["ops-1:1"]).toMatchObject({ state: "gone" });
    expect(Object.keys(reduceIngest(gone, gateway("ops-1:2", "up")).gateways)).toEqual(["ops-2:1", "ops-1:2"]);
  });

  it("keeps the sixteen that went last, however many go", () => {
    const ids = Array.from({ length: 40 }, (_, n) => `h${n}:1`);
    const fold = folded(...ids.flatMap((id) => [gateway(id, "up"), gateway(id, "gone")]));
    expect(Object.keys(fold.gateways)).toEqual(ids.slice(-16));
  });

  it("knows how each receiver of each gateway stands, and no more than sixty-four of one", () => {
    const names = Array.from({ length: 100 }, (_, n) => `r${n}`);
    const fold = folded(
      gateway("ops-1:1", "up"),
      receiver("ops-1:1", "r0", "ok"),
      ...names.map((name) => receiver("ops-1:1", name, "failing")),
      receiver("ops-9:1", "live", "ok"),
    );
    expect(fold.gateways["ops-1:1"]?.receivers.r0).toMatchObject({ state: "failing" });
    expect(Object.keys(fold.gateways["ops-1:1"]?.receivers ?? {})).toHaveLength(64);
    expect(Object.keys(fold.gateways)).toEqual(["ops-1:1"]);
  });
});
