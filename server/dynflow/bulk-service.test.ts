import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import type { NewJob } from "#server/jobs/ports.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { BULK_PLANS_MAX } from "./bulk-preview.ts";
import { createBulkService, PREVIEW_KEPT_MS } from "./bulk-service.ts";
import { createMemoryDynflow, createMemoryJournal, planOf } from "./follower.test-kit.ts";
import type { PlanFilter } from "./ports.ts";
import type { DynflowSource } from "./source-view.ts";

const planId = (number: number): string => `33333333-3333-4333-8333-${String(number).padStart(12, "0")}`;
const EVERYTHING: PlanFilter = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null };

const caller = (role: "operator" | "admin", id: string = role): Caller => ({
  principal: { id, role, kind: "token", sources: null, tokenId: id },
  address: "127.0.0.1",
});

function setUp(count: number, operatorLimit = 3) {
  const clock = createManualClock();
  const journal = createMemoryJournal(clock);
  const dynflow = createMemoryDynflow(clock);
  const started: NewJob[] = [];
  let ids = 0;
  for (let number = 0; number < count; number += 1) {
    dynflow.setPlan(planOf(planId(number), { state: "paused", result: "error" }, [{ id: 4, state: "error" }]));
  }
  const source: DynflowSource = {
    id: "foreman",
    title: "Foreman",
    act: true,
    store: {
      ...dynflow.store,
      counts: async () => [{ state: "paused", result: "error", count: dynflow.plans.size }],
      plans: async ({ limit, from }) => {
        const start = Number(from !== null && "cursor" in from ? from.cursor : "0");
        const rows = [...dynflow.plans.values()].slice(start, start + limit).map((plan) => ({
          ...plan.head,
          rootActionClass: plan.rootActionClass,
        }));
        const next = start + limit < dynflow.plans.size ? String(start + limit) : null;
        return { rows, previousCursor: null, nextCursor: next };
      },
    },
    commands: {
      worldId: () => "us",
      refusal: () => null,
      resume: () => Promise.reject(new Error("not used here")),
      skip: () => Promise.reject(new Error("not used here")),
      cancel: () => Promise.reject(new Error("not used here")),
      cancelStep: () => Promise.reject(new Error("not used here")),
      abort: () => Promise.reject(new Error("not used here")),
      halt: () => Promise.reject(new Error("not used here")),
      startNow: () => Promise.reject(new Error("not used here")),
      ping: () => Promise.reject(new Error("not used here")),
      bulk: () => null,
      worlds: () => null,
      took: () => undefined,
      onVerdict: () => undefined,
    },
    cancellable: ["Actions::Safe"],
    fold: () => journal.view.dynflow("foreman"),
    capabilities: () => null,
    planProgress: () => null,
    lapMs: () => null,
    databaseShare: () => null,
    undecodable: () => [],
    look: () => undefined,
  };
  let busy = false;
  const service = createBulkService({
    clock,
    jobs: {
      start: async (job) => void started.push(job),
      startedBy: (requestId) => started.find((job) => job.facts.requestId === requestId)?.id ?? null,
      busy: () => busy,
    },
    operations: createOperations({ recorder: journal.recorder, view: journal.view, clock }),
    newId: () => `id-${++ids}`,
    operatorLimit,
  });
  const start = (who: Caller, token: string, expectedTotal: number, requestId = "R1") =>
    service.start(who, source, {
      source: "foreman",
      verb: "resume",
      token,
      expectedTotal,
      plansPerSecond: 2,
      reason: "because of the test",
      requestId,
    });
  return {
    clock,
    dynflow,
    journal,
    service,
    source,
    started,
    start,
    setBusy(value: boolean) {
      busy = value;
    },
  };
}

describe("a bulk preview", () => {
  it("counts by label and state, and names what is left out with the reason", async () => {
    const { service, source, dynflow } = setUp(3);
    dynflow.setPlan(planOf(planId(1), { state: "stopped", label: "Actions::Other" }));
    const ids = [planId(0), planId(1), planId(2), planId(99)];
    const preview = await service.preview(caller("operator"), source, "resume", { ids });
    expect(preview).toMatchObject({ total: 2, limit: 3, refusals: [] });
    expect(preview.groups).toEqual([{ label: "Actions::Example", state: "paused", count: 2 }]);
    expect(preview.seen).toEqual([
      [planId(0), "paused"],
      [planId(2), "paused"],
    ]);
    expect(preview.refused.map(({ count, examples }) => [count, ...examples])).toEqual([
      [1, planId(1)],
      [1, planId(99)],
    ]);
  });

  it("finds all that a filter finds, and refuses more than one job holds, with the number", async () => {
    const { service, source, dynflow } = setUp(1_234);
    const preview = await service.preview(caller("admin"), source, "resume", { filter: EVERYTHING });
    expect(preview.total).toBe(1_234);
    for (let number = 0; number <= BULK_PLANS_MAX; number += 1) dynflow.setPlan(planOf(planId(number)));
    await expect(service.preview(caller("admin"), source, "resume", { filter: EVERYTHING })).rejects.toMatchObject({
      code: "limit-exceeded",
      message: expect.stringContaining(String(BULK_PLANS_MAX + 1)),
    });
  });

  it("cancels only where a class is known to take it, and says so of the rest", async () => {
    const { service, source, dynflow, journal } = setUp(0);
    const waiting = (number: number, actionClass: string) =>
      dynflow.setPlan(planOf(planId(number), {}, [{ id: 4, state: "suspended", actionId: 4, actionClass }]));
    waiting(0, "Actions::Safe");
    waiting(1, "Actions::Fragile");
    waiting(2, "Actions::Parent");
    dynflow.callers.set(planId(2), [4]);
    for (const number of [0, 1, 2]) {
      const body = {
        class: "Dynflow::Coordinator::ExecutionLock",
        id: `execution-plan:${planId(number)}`,
        ownerId: "world:w",
        planId: planId(number),
        worldId: "w",
        clientWorldId: "c",
        requestId: "c-1",
        unreadable: null,
      };
      await journal.recorder.record("dynflow:foreman", [
        {
          kind: "dynflow.lock.acquired",
          subject: body.id,
          occurredAt: journal.view.dynflow("foreman").source.since,
          body,
        },
      ]);
    }
    const ids = [planId(0), planId(1), planId(2)];
    const preview = await service.preview(caller("operator"), source, "cancel", { ids });
    expect(preview.seen.map(([id]) => id)).toEqual([planId(0), planId(2)]);
    expect(preview.refused).toMatchObject([{ count: 1, reason: expect.stringContaining("may destroy") }]);
    const aborts = await service.preview(caller("operator"), source, "abort", { ids });
    expect(aborts.seen.map(([id]) => id)).toEqual([planId(0), planId(2)]);
  });

  it("halts whatever has not ended, and leaves out what waits for its time or is stopped", async () => {
    const { service, source, dynflow } = setUp(0);
    for (const [number, state] of ["running", "paused", "stopped", "scheduled"].entries()) {
      dynflow.setPlan(planOf(planId(number), { state }));
    }
    const ids = [0, 1, 2, 3].map(planId);
    const preview = await service.preview(caller("operator"), source, "halt", { ids });
    expect(preview.seen).toEqual([
      [planId(0), "running"],
      [planId(1), "paused"],
    ]);
    expect(preview.refused.map(({ reason }) => reason).toSorted()).toEqual([
      expect.stringContaining("stopped already"),
      expect.stringContaining("waits for its time"),
    ]);
  });
});

describe("a bulk start", () => {
  it("freezes exactly the plans of the preview, with what was seen of each", async () => {
    const { service, source, started, start, dynflow } = setUp(2);
    const who = caller("operator");
    const preview = await service.preview(who, source, "resume", { ids: [planId(0), planId(1)] });
    dynflow.setPlan(planOf(planId(1), { state: "stopped" }));
    expect(await start(who, preview.token, 2)).toEqual({ journalId: "R1", jobId: expect.any(String) });
    expect(started[0]?.frozen).toEqual([
      { planId: planId(0), state: "paused", steps: [4] },
      { planId: planId(1), state: "paused", steps: [4] },
    ]);
    expect(await start(who, preview.token, 2)).toMatchObject({ jobId: started[0]?.id });
    expect(started).toHaveLength(1);
  });

  it("is refused to an operator beyond the limit, and not to an admin", async () => {
    const { service, source, start, started } = setUp(4);
    const ids = [0, 1, 2, 3].map(planId);
    const theirs = await service.preview(caller("operator"), source, "resume", { ids });
    expect(theirs.refusals).toHaveLength(1);
    await expect(start(caller("operator"), theirs.token, 4)).rejects.toMatchObject({ code: "refused" });
    const admins = await service.preview(caller("admin"), source, "resume", { ids });
    await start(caller("admin"), admins.token, 4, "R2");
    expect(started).toHaveLength(1);
  });

  it("takes a preview of ten minutes at most, of the same person, and the number that was shown", async () => {
    const { service, source, start, clock } = setUp(2);
    const who = caller("operator");
    const preview = await service.preview(who, source, "resume", { ids: [planId(0)] });
    await expect(start(caller("operator", "another"), preview.token, 1)).rejects.toMatchObject({ code: "conflict" });
    await expect(start(who, preview.token, 2)).rejects.toMatchObject({ code: "conflict" });
    await clock.advance(PREVIEW_KEPT_MS + 1);
    await expect(start(who, preview.token, 1)).rejects.toMatchObject({ code: "conflict" });
  });

  it("asked for twice at once is one job, and another one at that moment is refused", async () => {
    const { service, source, start, started } = setUp(1);
    const who = caller("operator");
    const preview = await service.preview(who, source, "resume", { ids: [planId(0)] });
    const again = await service.preview(who, source, "resume", { ids: [planId(0)] });
    const [one, two, other] = await Promise.allSettled([
      start(who, preview.token, 1),
      start(who, preview.token, 1),
      start(who, again.token, 1, "R2"),
    ]);
    expect(one).toMatchObject({ status: "fulfilled", value: { jobId: started[0]?.id } });
    expect(two).toEqual(one);
    expect(other).toMatchObject({ status: "rejected", reason: { code: "refused" } });
    expect(started).toHaveLength(1);
  });

  it("is one at a time on a source", async () => {
    const { service, source, start, setBusy } = setUp(1);
    const who = caller("operator");
    const preview = await service.preview(who, source, "resume", { ids: [planId(0)] });
    setBusy(true);
    await expect(start(who, preview.token, 1)).rejects.toMatchObject({ code: "refused" });
  });
});
