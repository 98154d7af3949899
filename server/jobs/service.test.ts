import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import type { Role } from "#server/auth/permissions.ts";
import { actorTarget } from "#server/contract/actor-key.ts";
import { MASKED } from "#server/contract/event.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createJobStore } from "./job-store.ts";
import type { JobRecord, TargetOutcome } from "./ports.ts";
import type { JobRunner } from "./runner.ts";
import { createJobsService } from "./service.ts";

const KEY = actorTarget({ namespace: "game", moduleId: 0, name: "city/7" });
const caller = (role: Role, sources: readonly string[] | null = null): Caller => ({
  principal: { id: "ann", role, kind: "token", sources, tokenId: "t" },
  address: "10.0.0.1",
});

async function setUp() {
  const clock = createManualClock();
  const { recorder } = createMemoryRecorder(clock);
  const store = createJobStore(createMemoryState());
  const record = (id: string, stream: string, createdAt: number): JobRecord => ({
    id,
    facts: {
      kind: "dna.failover",
      title: `Release ${id}`,
      stream,
      target: "1000:1",
      state: "waiting",
      note: "the register cannot be read: secret",
      counts: { total: 1, applied: 1, moved: 0, failed: 0, unknown: 0 },
      createdAt: epochMs(createdAt),
      requestedBy: "ann",
      requestId: `op-${id}`,
    },
    params: {},
    bookmark: null,
  });
  const records = [record("old", "dna:eu-1", 1), record("new", "dna:eu-1", 2), record("far", "dna:us-1", 3)];
  const told = (outcome: TargetOutcome["outcome"], at: number, note: string | null = null): TargetOutcome => ({
    key: KEY,
    outcome,
    note,
    at: epochMs(at),
  });
  const [old, latest, far] = records as [JobRecord, JobRecord, JobRecord];
  await store.checkpoint(old, [told("applied", 10)]);
  await store.checkpoint(latest, [
    told("failed", 20, "its row says secret"),
    { ...told("applied", 20), key: "0/game|b" },
  ]);
  await store.checkpoint(far, [told("applied", 30)]);
  const runner: Pick<JobRunner, "list" | "get" | "progress"> = {
    list: () => records,
    get: (id) => records.find((entry) => entry.id === id) ?? null,
    progress: () => null,
  };
  const operations = createOperations({ recorder, view: recorder, clock });
  return createJobsService({ runner: runner as JobRunner, store, operations, retries: {} });
}

describe("the jobs of one target", () => {
  const input = { stream: "dna:eu-1", target: KEY };

  it("are told newest first with what became of it and who asked, of its own source only", async () => {
    const jobs = await setUp();
    const { outcomes, more } = await jobs.ofTarget(caller("operator"), input);
    expect(more).toBe(false);
    expect(outcomes.map(({ jobId, outcome, note, requestId }) => [jobId, outcome, note, requestId])).toEqual([
      ["new", "failed", "its row says secret", "op-new"],
      ["old", "applied", null, "op-old"],
    ]);
  });

  it("are none for a target that no job had", async () => {
    const jobs = await setUp();
    expect((await jobs.ofTarget(caller("operator"), { ...input, target: "0/game|nobody" })).outcomes).toEqual([]);
  });

  it("are not found by whoever may not see the source", async () => {
    const jobs = await setUp();
    await expect(jobs.ofTarget(caller("admin", ["us-1"]), input)).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("a viewer", () => {
  it("reads how far jobs are, and not a byte of what an upstream said", async () => {
    const jobs = await setUp();
    const answers = [
      await jobs.list(caller("viewer")),
      await jobs.get(caller("viewer"), { jobId: "new", outcome: null, after: null, limit: 10 }),
      await jobs.ofTarget(caller("viewer"), { stream: "dna:eu-1", target: KEY }),
    ];
    expect(JSON.stringify(answers)).not.toContain("secret");
    expect(answers[1]).toMatchObject({ facts: { note: MASKED, counts: { applied: 1 } } });
    expect(JSON.stringify(await jobs.list(caller("operator")))).toContain("secret");
  });
});
