import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { eventWords } from "./event-words.ts";
import { laneOf } from "./lanes.ts";

function event(
  kind: string,
  body: unknown,
  subject = "1795311820417:-6140123412340123",
  stream = "dna:eu-1",
): JournalEvent {
  return { kind, body, subject, stream, actor: null } as unknown as JournalEvent;
}
const told = (given: JournalEvent) => {
  const words = eventWords(given);
  return { ...words, what: words.what.replaceAll("\u00a0", " ") };
};

describe("eventWords", () => {
  it("tells a judgement with its silence and evidence", () => {
    const body = { cluster: "prod", from: "alive", to: "late", evidence: "no change", silentMs: 10_000 };
    expect(told(event("dna.incarnation.state_changed", body))).toEqual({
      tone: "attention",
      shape: "triangle",
      subject: "1795311820417:−6140…0123",
      what: "alive → late, 10 s without a change, no change",
    });
  });

  it("tells what nodes themselves showed: links, falls, doubles", () => {
    const link = { cluster: "prod", node: "dna@a", state: "refused", reason: "wrong cookie", identity: null };
    expect(told(event("dna.beam.changed", link, "dna@a"))).toMatchObject({
      tone: "failed",
      subject: "dna@a",
      what: "BEAM refused, wrong cookie",
    });
    const fall = { cluster: "prod", node: "dna@a", before: 3_000, after: 0, withinMs: 5_000 };
    expect(told(event("dna.node.count_fell", fall)).what).toBe("running instances fell from 3 000 to 0 within 5.0 s");
    const key = { namespace: "game", moduleId: 0, name: "city/7" };
    const instances = [
      { node: "dna@a", incarnation: "1000:1" },
      { node: "dna@b", incarnation: null },
    ];
    expect(told(event("dna.actor.doubled", { ...key, instances, evidence: "seen on both" }))).toMatchObject({
      tone: "failed",
      shape: "square-x",
      subject: "city/7",
      what: "runs on dna@a and dna@b at the same time, seen on both",
    });
  });

  it("tells a change of an actor's owner by its name, and a claim anew for what it is", () => {
    const key = { namespace: "game", moduleId: 0, name: "city/7" };
    const owner = (incarnation: string | null) => ({ incarnation, claimedAt: null, unreadable: null });
    const changed = (from: string | null, to: string | null) =>
      told(
        event(
          "dna.actor.owner_changed",
          { ...key, from: owner(from), to: owner(to), notKnownFrom: 0 },
          "game:0:city/7",
        ),
      );
    expect(changed("1000:1", null)).toMatchObject({ subject: "city/7", what: "owned by 1000:1 → nobody owns it" });
    expect(changed("1000:1", "1000:1").what).toBe("owned by 1000:1 → claimed anew by 1000:1");
    expect(told(event("dna.actor.released", { ...key, owner: "1000:1", jobId: "job-1" })).what).toBe(
      "released from 1000:1 by job job-1",
    );
    const claim = { ...key, owner: "1000:1", to: "2000:2", claimedAt: 5, jobId: "job-1" };
    expect(told(event("dna.actor.claimed", claim)).what).toBe("given from 1000:1 to 2000:2 by job job-1");
    const changes = [
      { to: null, namespace: "eu", moduleId: 0, keys: 1 },
      { to: "2000:2", namespace: "eu", moduleId: 0, keys: 50 },
    ];
    expect(told(event("dna.census.adjusted", { jobId: "job-1", changes })).what).toBe(
      "1 key released, 50 keys given to other nodes by job job-1",
    );
  });

  it("is red for a plan that pauses on an error, with the step and the exception", () => {
    const failure = { stepId: 17, actionClass: "A::B::Upload", exceptionClass: "Errno::ENOSPC", message: "secret" };
    const plan = { state: "paused", result: "error", failure, rootActionClass: null, label: null };
    const words = told(event("dynflow.plan.state_changed", { from: "running", plan }, "p1", "dynflow:f"));
    expect(words.tone).toBe("failed");
    expect(words.what).toBe("running → paused, plan, step 17 B::Upload: Errno::ENOSPC");
    expect(words.what).not.toContain("secret");
  });

  it("shows how a stopped plan ended", () => {
    const plan = { state: "stopped", result: "success", failure: null, rootActionClass: null, label: null };
    expect(told(event("dynflow.plan.state_changed", { from: "running", plan }, "p", "dynflow:f")).tone).toBe("good");
  });

  it("tells what was dropped from the journal, and why", () => {
    const body = {
      chain: "observed",
      streams: ["dna:eu-1"],
      droppedBefore: Date.UTC(2026, 9, 22),
      events: 12_345,
      bytes: 2_000_000,
      why: "age",
    };
    const words = told(event("console.retention_applied", body, "journal", "console"));
    expect(words.subject).toBe("journal");
    expect(words.what).toMatch(
      /^dropped 12.345 events \(observed\) from before 2026-10-22 00:00:00\.000 UTC, .*: kept long enough$/,
    );
    const large = told(event("console.retention_applied", { ...body, chain: "operator", why: "size" }));
    expect(large.what).toContain("operators' and the console's own");
    expect(large.what).toContain("too large");
    expect(told(event("console.retention_applied", { ...body, why: "count" })).what).toContain("too many events");
  });

  it("tells how far the clock went back, and what that means for the stamps", () => {
    const from = Date.UTC(2026, 10, 22, 7);
    const words = told(event("console.clock_stepped", { from, to: from - 3_600_000 }, "clock", "console"));
    expect(words.tone).toBe("attention");
    expect(words.what).toBe(
      "the clock went back 1 h; what is seen is stamped 2026-11-22 07:00:00.000 UTC at the earliest",
    );
  });

  it("tells a kind it does not know by its name, as unknown", () => {
    expect(told(event("haf.replay.started", {}, "x"))).toEqual({
      tone: "unknown",
      shape: "hatch",
      subject: "x",
      what: "haf.replay.started",
    });
  });
});

describe("laneOf", () => {
  it.each([
    ["dna:eu-1", "dna.node.seen", "dna"],
    ["dynflow:f", "dynflow.plan.gone", "dynflow"],
    ["operator", "op.requested", "operators"],
    ["operator", "job.created", "operators"],
    ["console", "console.started", null],
    ["haf:x", "haf.y", "others"],
    ["ingest:x", "agent.seen", "others"],
    ["other:x", "other.y", null],
  ])("%s %s is in %s", (stream, kind, lane) => {
    expect(laneOf({ stream, kind } as Pick<JournalEvent, "stream" | "kind">)).toBe(lane);
  });
});
