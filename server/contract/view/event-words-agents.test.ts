import { describe, expect, it } from "vitest";
import { type JournalEvent, MASKED } from "#server/contract/event.ts";
import { eventWords } from "./event-words.ts";

const told = (kind: string, body: unknown, subject = "host-7") => {
  const event = { kind, body, subject, stream: "ingest:agents", actor: null } as unknown as JournalEvent;
  const words = eventWords(event);
  return { ...words, what: words.what.replaceAll("\u00a0", " ") };
};

describe("events of agents in words", () => {
  it("say who came from where, what it turned into and why", () => {
    const about = { hostname: "build-7", addresses: MASKED, program: "worldline-agent 1.0" };
    expect(told("agent.seen", { about, door: "http", peer: MASKED, bootId: "b", gateway: "ops:1" }).what).toBe(
      "seen from build-7 at ops:1 by HTTP, worldline-agent 1.0",
    );
    const body = { from: "late", to: "inactive", evidence: "silent for 7.0 s", silentMs: 7_000, bootId: "b" };
    expect(told("agent.state_changed", body)).toEqual({
      tone: "failed",
      shape: "cross",
      subject: "host-7",
      what: "late → inactive, silent for 7.0 s",
    });
  });

  it("say how many items were lost, and which", () => {
    expect(told("agent.gap", { bootId: "b", fromSeq: 4, toSeq: 4 }).what).toBe("1 item never came, number 4");
    expect(told("agent.gap", { bootId: "b", fromSeq: 4, toSeq: 9 }).what).toBe("6 items never came, numbers 4 to 9");
  });

  it("say which way a clock is off", () => {
    expect(told("agent.skew_changed", { skewMs: 3_600_000 }).what).toBe("its clock is 1 h behind ours");
    expect(told("agent.skew_changed", { skewMs: -3_600_000 }).what).toBe("its clock is 1 h ahead of ours");
    expect(told("agent.skew_changed", { skewMs: 300 }).what).toBe("its clock is within 1.0 s of ours");
  });

  it("never quote what viewers may not read", () => {
    const message = { bootId: "b", seq: 5, type: "system_metrics", kind: "statistics", at: 1 };
    expect(told("agent.message", { ...message, body: MASKED }).what).toBe(
      "system_metrics statistics, number 5, hidden from viewers",
    );
    const receiver = { gateway: "ops:1", receiver: "store", from: "ok", to: "failing" };
    expect(told("ingest.receiver.changed", { ...receiver, reason: MASKED }, "ops:1/store").what).toBe(
      "receiver store ok → failing, hidden from viewers",
    );
    expect(told("ingest.receiver.changed", { ...receiver, reason: "ECONNREFUSED" }).tone).toBe("failed");
  });

  it("say when a gateway comes and goes, and what is routed", () => {
    const gone = { state: "gone", host: "ops", evidence: "no heartbeat for 14 s" };
    expect(told("ingest.gateway.changed", gone, "ops:1").what).toBe("gateway is gone, no heartbeat for 14 s");
    const pipeline = { types: [{}, {}], receivers: [{}], routes: [{}], inactiveAfterMs: 7_000, poa: false };
    expect(told("ingest.pipeline.changed", pipeline).what).toBe("routes 2 types to 1 receiver by 1 rule");
  });
});
