import { describe, expect, it } from "vitest";
import { GATEWAY_STOPPED } from "#server/contract/agents.ts";
import { MASKED } from "#server/contract/event.ts";
import { type AgentFold, EMPTY_INGEST, type GatewayFold, type IngestFold } from "#server/contract/fold/ingest.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { agentFindings, GAP_TOLD_MS } from "./attention-agents.ts";

const STREAM = "ingest:agents";
const NOW = epochMs(10_000_000);

const agent = (part: Partial<AgentFold> = {}): AgentFold => ({
  about: { hostname: "build-7", addresses: [], program: null },
  door: "http",
  peer: "10.0.0.7",
  bootId: "b",
  gateway: "ops:1",
  state: "active",
  stateSince: epochMs(5_000),
  seenSince: epochMs(1),
  evidence: "silent for 7 s",
  restarts: 0,
  missing: 0,
  missingAt: null,
  skewMs: null,
  ...part,
});
const fold = (part: Partial<IngestFold>): IngestFold => ({ ...EMPTY_INGEST, ...part });
const plain = (text: string) => text.replaceAll("\u00a0", " ");
const findings = (part: Partial<IngestFold>) =>
  agentFindings(STREAM, fold(part), NOW).map(({ id, kind, severity, headline, count, place, since }) => ({
    ...{ id, kind, severity, count, place, since },
    title: plain(headline.join("")),
  }));

describe("agents that need a person", () => {
  it("are none while they are active, unknown or left", () => {
    const agents = { a: agent(), b: agent({ state: "left" }), c: agent({ state: "unknown" }) };
    expect(findings({ agents })).toEqual([]);
  });

  it("are told one by one while they are few, as one thing when they are many", () => {
    expect(findings({ agents: { a: agent({ state: "inactive" }), b: agent({ state: "late" }) } })).toEqual([
      {
        id: "agent_inactive|ingest:agents a",
        kind: "agent_inactive",
        severity: "failed",
        count: 1,
        place: { page: "agent", agent: "a" },
        since: 5_000,
        title: "Agent a is inactive",
      },
      expect.objectContaining({ kind: "agent_late", severity: "attention", title: "Agent b is late" }),
    ]);
    const many = Object.fromEntries(
      ["a", "b", "c", "d"].map((id, n) => [id, agent({ state: "inactive", stateSince: epochMs(9_000 - n) })]),
    );
    expect(findings({ agents: many })).toEqual([
      expect.objectContaining({
        title: "4 agents are inactive",
        count: 4,
        since: 8_997,
        place: { page: "agents", state: "inactive" },
      }),
    ]);
  });

  it("lost items are told for an hour after the last", () => {
    const lost = (missingAt: number) =>
      findings({ agents: { a: agent({ missing: 12, missingAt: epochMs(missingAt) }) } });
    expect(lost(NOW - GAP_TOLD_MS + 1)).toEqual([
      expect.objectContaining({ kind: "agent_gap", title: "Agent a lost 12 items on the way" }),
    ]);
    expect(lost(NOW - GAP_TOLD_MS)).toEqual([]);
  });
});

const gateway = (part: Partial<GatewayFold> = {}): GatewayFold => ({
  state: "up",
  since: epochMs(NOW - 7),
  host: "ops",
  evidence: "no heartbeat for 5 s",
  receivers: {},
  ...part,
});

describe("gateways and receivers that need a person", () => {
  it("a receiver is one finding however many gateways it fails at, and one of a gone gateway is none", () => {
    const store = { state: "failing", since: epochMs(100), reason: "connect ECONNREFUSED" } as const;
    const gateways = {
      "ops:1": gateway({ receivers: { store, live: { state: "ok", since: epochMs(1), reason: null } } }),
      "ops:2": gateway({ receivers: { store: { ...store, state: "lagging", since: epochMs(50), reason: MASKED } } }),
      "ops:3": gateway({ state: "gone", receivers: { live: { ...store } } }),
    };
    expect(findings({ gateways })).toEqual([
      expect.objectContaining({ kind: "receiver_failing", title: "Gateway ops:3 is gone" }),
      expect.objectContaining({
        id: "receiver_failing|ingest:agents store",
        severity: "failed",
        title: "Receiver store fails",
        since: 50,
        place: { page: "pipeline", receiver: "store" },
      }),
    ]);
  });

  it("a gateway that was told to stop is none, nor one that went an hour ago", () => {
    const stopped = gateway({ state: "gone", evidence: GATEWAY_STOPPED });
    const old = gateway({ state: "gone", since: epochMs(NOW - GAP_TOLD_MS) });
    expect(findings({ gateways: { "ops:1": stopped, "ops:2": old } })).toEqual([]);
  });

  it("a receiver that only lags is no failure", () => {
    const receivers = { store: { state: "lagging", since: epochMs(1), reason: null } } as const;
    expect(findings({ gateways: { "ops:1": gateway({ receivers }) } })).toEqual([
      expect.objectContaining({ severity: "attention", title: "Receiver store does not keep up" }),
    ]);
  });
});
