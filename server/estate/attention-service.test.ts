import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import type { PlanFacts } from "#server/contract/event.ts";
import { maskRulesOf } from "#server/contract/mask-rules.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createAttentionService } from "./attention-service.ts";

const caller = (sources: readonly string[] | null = null): Caller => ({
  principal: { id: "mira", role: "operator", kind: "token", sources, tokenId: "t" },
  address: "10.0.0.9",
});
const id = (last: string) => `01JD00000000000000000000A${last}`;
const paused = (failed: boolean): PlanFacts => ({
  label: "A::Publish",
  state: "paused",
  result: failed ? "error" : "success",
  rootActionClass: "A::Publish",
  startedAt: null,
  endedAt: null,
  steps: null,
  stepCount: 3,
  failure: failed ? { stepId: 3, actionClass: "A::Upload", exceptionClass: "E", message: "m", gist: "g" } : null,
});

async function setUp(plans: Readonly<Record<string, PlanFacts>> = { p1: paused(true) }) {
  const clock = createManualClock(epochMs(1_795_300_000_000));
  const memory = createMemoryRecorder(clock);
  const { recorder } = memory;
  const deps = { recorder, view: recorder, clock };
  for (const source of ["a", "b"]) {
    const stream = `dynflow:${source}`;
    await recorder.record(stream, [
      {
        kind: "source.state_changed",
        subject: source,
        occurredAt: clock.now(),
        body: { from: null, to: "up", reason: null },
      },
      ...Object.entries(plans).map(([subject, body]) => ({
        kind: "dynflow.plan.created" as const,
        subject,
        occurredAt: clock.now(),
        body,
      })),
    ]);
  }
  const seat = (source: string) => ({ id: source, region: null, title: source, act: true });
  const service = createAttentionService({
    ...deps,
    estate: { dna: [], dynflow: [seat("a"), seat("b")], haf: [], ingest: null },
    operations: createOperations(deps),
    masks: maskRulesOf([]),
  });
  const { needs } = await service.list(caller(), { source: "a" });
  const finding = needs[0]?.id ?? "";
  const seen = { finding, expectedSeverity: "failed", expectedCount: 1, minutes: 60, reason: "I look" } as const;
  return { service, clock, memory, needs, finding, seen };
}

describe("what needs a person", () => {
  it("is told with its remedy and what can be done to all of it, of the source asked for", async () => {
    const { needs } = await setUp();
    expect(needs).toMatchObject([
      {
        kind: "paused_plans",
        stream: "dynflow:a",
        count: 1,
        remedy: "Mend the cause, then resume; or skip the failed step",
        offer: { verb: "resume", planIds: ["p1"] },
        acknowledged: null,
      },
    ]);
  });

  it("is of the caller's sources alone", async () => {
    const { service } = await setUp();
    const { needs } = await service.list(caller(["b"]), {});
    expect(needs.map(({ stream }) => stream)).toEqual(["dynflow:b"]);
    await expect(service.list(caller(["b"]), { source: "a" })).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("taking a finding on", () => {
  it("is journalled with who, why and until when, and silent for so long", async () => {
    const { service, clock, memory, seen } = await setUp();
    const { until } = await service.acknowledge(caller(), { ...seen, requestId: id("B") });
    expect(Date.parse(until) - clock.now()).toBe(3_600_000);
    expect(memory.kinds().slice(-3)).toEqual(["op.requested", "attention.acknowledged", "op.verified"]);
    expect(memory.events.at(-2)).toMatchObject({ causedBy: id("B"), actor: { user: "mira", reason: "I look" } });
    const held = async () => (await service.list(caller(), { source: "a" })).needs[0]?.acknowledged ?? null;
    expect(await held()).toMatchObject({ by: "mira", until });
    await clock.advance(3_600_000);
    expect(await held()).toBeNull();
  });

  it("asked for twice is one", async () => {
    const { service, memory, seen } = await setUp();
    const first = await service.acknowledge(caller(), { ...seen, requestId: id("B") });
    const count = memory.events.length;
    expect((await service.acknowledge(caller(), { ...seen, requestId: id("B") })).until).toBe(first.until);
    expect(memory.events).toHaveLength(count);
  });

  it("is refused when it needs nobody any more, or has become worse since", async () => {
    const { service, memory, seen } = await setUp();
    const worse = service.acknowledge(caller(), { ...seen, expectedSeverity: "attention", requestId: id("B") });
    await expect(worse).rejects.toMatchObject({ code: "conflict" });
    const gone = service.acknowledge(caller(), { ...seen, finding: "paused_plans|dynflow:a x", requestId: id("C") });
    await expect(gone).rejects.toMatchObject({ code: "conflict" });
    expect(memory.kinds()).not.toContain("op.requested");
  });

  it("is nothing for whoever may not see the source", async () => {
    const { service, seen } = await setUp();
    const denied = service.acknowledge(caller(["b"]), { ...seen, requestId: id("B") });
    await expect(denied).rejects.toMatchObject({ code: "conflict" });
  });

  it("cannot be had when the journal is away", async () => {
    const { service, memory, seen } = await setUp();
    memory.fail();
    const lost = service.acknowledge(caller(), { ...seen, requestId: id("B") });
    await expect(lost).rejects.toMatchObject({ code: "journal-unavailable" });
  });

  it("is let go by name of whoever has it", async () => {
    const { service, memory, seen, finding } = await setUp();
    await service.acknowledge(caller(), { ...seen, requestId: id("B") });
    const other = service.release(caller(), { finding, expectedBy: "jo", reason: "mine", requestId: id("C") });
    await expect(other).rejects.toMatchObject({ code: "conflict" });
    await service.release(caller(), { finding, expectedBy: "mira", reason: "done", requestId: id("D") });
    expect(memory.kinds().slice(-3)).toEqual(["op.requested", "attention.released", "op.verified"]);
    expect((await service.list(caller(), { source: "a" })).needs[0]?.acknowledged).toBeNull();
    const again = service.release(caller(), { finding, expectedBy: "mira", reason: "done", requestId: id("E") });
    await expect(again).rejects.toMatchObject({ code: "conflict" });
  });
});
