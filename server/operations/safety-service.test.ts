import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import type { Role } from "#server/auth/permissions.ts";
import type { ApprovalTerms } from "#server/contract/approval-terms.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import type { JobKind } from "#server/jobs/ports.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createRequestGate, type GateRules, heldBy } from "./gate.ts";
import { createOperations } from "./operations.ts";
import type { OperationRequest } from "./ports.ts";
import { createSafetyService } from "./safety-service.ts";

const STREAM = "dna:eu-1";
const NODE = "1795325909191:-614";
let lastId = 0;
const newId = (): string => {
  lastId += 1;
  return `01JD${String(lastId).padStart(22, "0")}`;
};

const callerOf = (id: string, role: Role = "admin", sources: readonly string[] | null = null): Caller => ({
  principal: { id, role, kind: "token", sources, tokenId: "t" },
  address: "::1",
});
const act = () => ({ reason: "because of the test", requestId: newId() });

function setUp(rules: Partial<GateRules> = {}) {
  const clock = createManualClock(epochMs(1_795_300_000_000));
  const { recorder, events, kinds } = createMemoryRecorder(clock);
  const all: GateRules = { readOnly: false, wholeNode: false, ...rules };
  const gate = createRequestGate({ rules: all, safety: () => recorder.operator(), clock });
  const operations = createOperations({ recorder, view: recorder, clock, gate });
  const store = createJobStore(createMemoryState());
  const forever: JobKind["run"] = async ({ signal }) => {
    await clock.sleep(1_000_000, signal);
    return { state: "done", note: null };
  };
  const jobKinds: readonly JobKind[] = [
    { kind: "dna.failover", run: forever },
    { kind: "dynflow.plans.resume", readsOnly: true, run: forever },
  ];
  const openRunner = () =>
    createJobRunner({
      ...{ store, kinds: jobKinds, recorder, view: recorder, clock, log: silentLogger },
      held: () => heldBy(all, recorder.operator()),
    });
  const runner = openRunner();
  const safety = createSafetyService({
    ...{ view: recorder, recorder, operations, clock, newId },
    holdJobs: (note, requestId) => runner.hold(note, requestId),
    rules: { ...all, minutes: 15 },
  });
  const request = (user: string, action: string, target = NODE, terms: ApprovalTerms = TERMS): OperationRequest => ({
    requestId: newId(),
    facts: { action, stream: STREAM, target, expected: null },
    actor: { user, role: "admin", address: "::1", reason: "because" },
    terms,
  });
  const startJob = (id: string, kind: JobKind["kind"]) =>
    runner.start({
      id,
      facts: { kind, title: id, stream: STREAM, target: NODE, requestedBy: "ann", requestId: newId() },
      total: 1,
      params: {},
      bookmark: null,
    });
  return { clock, recorder, events, kinds, operations, runner, openRunner, safety, request, startJob };
}

const TERMS = { targets: null, expectedState: "gone", expectedNode: "dna@b", expectedKeys: 7 } as const;
const ASK = { action: "dna.failover.start", stream: STREAM, target: NODE, terms: TERMS } as const;

describe("the brake over everything", () => {
  it("refuses whatever sends, by name of who set it, and lets go on what sends nothing", async () => {
    const { safety, operations, request, kinds } = setUp();
    await safety.setReadOnly(callerOf("ann", "operator"), act());
    const before = kinds().length;
    for (const action of ["dna.failover.start", "dynflow.plans.resume", "jobs.resume", "an.action.of.tomorrow"]) {
      await expect(operations.request(request("bob", action))).rejects.toMatchObject({
        code: "refused",
        message: expect.stringContaining("set by ann"),
      });
    }
    expect(kinds().length).toBe(before);
    for (const action of ["attention.acknowledge", "jobs.pause", "jobs.cancel", "dynflow.plans.reveal"]) {
      await operations.request(request("bob", action));
    }
    await safety.liftReadOnly(callerOf("eve"), act());
    await operations.request(request("bob", "dna.failover.start"));
  });

  it("pauses the jobs that send, leaves those that read, and what it paused is not taken up by itself", async () => {
    const { safety, runner, startJob } = setUp();
    await startJob("sends", "dna.failover");
    await startJob("reads", "dynflow.plans.resume");
    await safety.setReadOnly(callerOf("ann"), act());
    expect(runner.get("sends")?.facts).toMatchObject({ state: "paused", note: expect.stringContaining("read-only") });
    expect(runner.get("reads")?.facts.state).toBe("running");
    await expect(runner.resume("sends")).rejects.toMatchObject({ code: "refused" });
    await safety.liftReadOnly(callerOf("ann"), act());
    expect(runner.get("sends")?.facts.state).toBe("paused");
    await runner.resume("sends");
    expect(runner.get("sends")?.facts.state).toBe("running");
    await runner.stop();
  });

  it("holds over a kill between the brake and the pause: after a restart the job is not taken up", async () => {
    const { recorder, clock, runner, openRunner, startJob } = setUp();
    await startJob("sends", "dna.failover");
    await recorder.record("operator", [
      { kind: "safety.read_only", subject: "console", occurredAt: clock.now(), body: { on: true } },
    ]);
    await runner.stop();
    const again = openRunner();
    await again.recover();
    expect(again.get("sends")?.facts.state).toBe("paused");
    await again.stop();
  });

  it("set or lifted twice is one, and what is so already is a conflict", async () => {
    const { safety, kinds } = setUp();
    const input = act();
    await safety.setReadOnly(callerOf("ann"), input);
    await safety.setReadOnly(callerOf("ann"), input);
    expect(kinds().filter((kind) => kind === "safety.read_only")).toHaveLength(1);
    await expect(safety.setReadOnly(callerOf("bob"), act())).rejects.toMatchObject({ code: "conflict" });
    expect(await safety.status()).toMatchObject({ readOnly: true, configured: false, by: "ann" });
    await safety.liftReadOnly(callerOf("ann"), act());
    await expect(safety.liftReadOnly(callerOf("ann"), act())).rejects.toMatchObject({ code: "conflict" });
  });

  it("fixed by the configuration it is lifted by nobody", async () => {
    const { safety, operations, request } = setUp({ readOnly: true });
    await expect(safety.liftReadOnly(callerOf("ann"), act())).rejects.toMatchObject({ code: "refused" });
    await expect(operations.request(request("ann", "dna.failover.start"))).rejects.toMatchObject({ code: "refused" });
  });
});

describe("the second person", () => {
  it("is not asked for where it is not set", async () => {
    const { safety, operations, request } = setUp();
    await operations.request(request("ann", "dna.failover.start"));
    await expect(safety.ask(callerOf("ann"), { ...ASK, ...act() })).rejects.toMatchObject({ code: "refused" });
  });

  it("agrees to one action on one target, once: asked, agreed, done, used up", async () => {
    const { safety, operations, request, kinds } = setUp({ wholeNode: true });
    await expect(operations.request(request("ann", "dna.failover.start"))).rejects.toMatchObject({
      reasons: ["Nobody has been asked yet."],
    });
    const { approvalId } = await safety.ask(callerOf("ann"), { ...ASK, ...act() });
    await expect(operations.request(request("ann", "dna.failover.start"))).rejects.toMatchObject({
      reasons: ["It is asked for, and nobody has answered yet."],
    });
    await safety.decide(callerOf("bob"), { approvalId, granted: true, ...act() });
    await expect(operations.request(request("ann", "dna.failover.start", "9:9"))).rejects.toThrow();
    await expect(operations.request(request("ann", "dna.drain.stopVm"))).rejects.toThrow();
    await operations.request(request("ann", "dna.failover.start"));
    expect(kinds().slice(-2)).toEqual(["op.requested", "approval.used"]);
    await expect(operations.request(request("ann", "dna.failover.start"))).rejects.toMatchObject({ code: "refused" });
  });

  it("two requests at once cannot both use it", async () => {
    const { safety, operations, request } = setUp({ wholeNode: true });
    const { approvalId } = await safety.ask(callerOf("ann"), { ...ASK, ...act() });
    await safety.decide(callerOf("bob"), { approvalId, granted: true, ...act() });
    const both = await Promise.allSettled([
      operations.request(request("ann", "dna.failover.start")),
      operations.request(request("ann", "dna.failover.start")),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  it("is another: neither does whoever asks agree, nor whoever agreed do it", async () => {
    const { safety, operations, request } = setUp({ wholeNode: true });
    const { approvalId } = await safety.ask(callerOf("ann"), { ...ASK, ...act() });
    await expect(safety.decide(callerOf("ann"), { approvalId, granted: true, ...act() })).rejects.toMatchObject({
      code: "refused",
    });
    await safety.decide(callerOf("bob"), { approvalId, granted: true, ...act() });
    await expect(operations.request(request("bob", "dna.failover.start"))).rejects.toMatchObject({ code: "refused" });
    await operations.request(request("ann", "dna.failover.start"));
  });

  it("a question and an agreement run out, and a refusal ends it", async () => {
    const { safety, operations, request, clock } = setUp({ wholeNode: true });
    const asked = await safety.ask(callerOf("ann"), { ...ASK, ...act() });
    await expect(safety.ask(callerOf("eve"), { ...ASK, ...act() })).rejects.toMatchObject({ code: "conflict" });
    await clock.advance(15 * 60_000);
    await expect(
      safety.decide(callerOf("bob"), { approvalId: asked.approvalId, granted: true, ...act() }),
    ).rejects.toMatchObject({ code: "conflict" });
    const again = await safety.ask(callerOf("ann"), { ...ASK, ...act() });
    await safety.decide(callerOf("bob"), { approvalId: again.approvalId, granted: true, ...act() });
    await clock.advance(15 * 60_000);
    await expect(operations.request(request("ann", "dna.failover.start"))).rejects.toMatchObject({ code: "refused" });
    const third = await safety.ask(callerOf("ann"), { ...ASK, ...act() });
    await safety.decide(callerOf("ann"), { approvalId: third.approvalId, granted: false, ...act() });
    await expect(
      safety.decide(callerOf("bob"), { approvalId: third.approvalId, granted: true, ...act() }),
    ).rejects.toMatchObject({ code: "conflict" });
  });

  it("is of the caller's sources alone", async () => {
    const { safety } = setUp({ wholeNode: true });
    const { approvalId } = await safety.ask(callerOf("ann"), { ...ASK, ...act() });
    const other = callerOf("bob", "admin", ["us-1"]);
    await expect(safety.ask(other, { ...ASK, ...act() })).rejects.toMatchObject({ code: "not-found" });
    await expect(safety.decide(other, { approvalId, granted: true, ...act() })).rejects.toMatchObject({
      code: "not-found",
    });
  });
});
