import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { dnaStream } from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import type { JobRecord } from "#server/jobs/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { failoverParams } from "./failover-params.ts";
import { ANOTHER_JOB } from "./failover-preview.ts";
import { createFailoverService } from "./failover-service.ts";
import type { ActorRow, DnaStore } from "./ports.ts";
import type { DnaSource } from "./source-view.ts";

const KEY = { namespace: "world", moduleId: 0, name: "city-7" };
const OWNED: ActorRow = { name: KEY.name, owner: { createdAt: epochMs(1_000), id: 1n }, claimedAt: epochMs(5) };
const VIEWER: Caller = {
  principal: { id: "vic", role: "viewer", kind: "token", sources: null, tokenId: "t" },
  address: "10.0.0.1",
};

function setUp() {
  const clock = createManualClock();
  const { recorder } = createMemoryRecorder(clock);
  const state = {
    row: OWNED as ActorRow | null,
    busy: new Set<string>(),
    database: "db",
    job: null as JobRecord | null,
  };
  const source = (id: string, keyspace: string): DnaSource => ({
    id,
    keyspace,
    act: true,
    modules: {},
    store: { actor: async () => state.row } satisfies Pick<DnaStore, "actor"> as unknown as DnaStore,
    beam: null,
    actors: { look: async () => null },
    census: { latest: () => null } satisfies Pick<DnaSource["census"], "latest"> as unknown as DnaSource["census"],
    liveness: {
      releasable: () => ({ releasable: true, certainty: "presumed", reasons: [], readyInMs: 0, residualRisk: "…" }),
      sight: (incarnation) => ({ incarnation, node: null, state: "gone", silentMs: 90_000 }),
      target: () => ({ eligible: true, reason: null, aliveMs: 60_000 }),
    },
    pace: { roundsPerSecond: 2, keysPerRound: 50, inFlightPerPartition: 1 },
    fold: () => ({ ...EMPTY_DNA, database: { name: state.database, product: "cassandra", hosts: [] } }),
    sample: () => null,
  });
  const service = createFailoverService({
    sources: [source("a", "dna"), source("b", "dna"), source("c", "other")],
    clock,
    jobs: { start: async () => undefined, startedBy: () => null, busy: (stream) => state.busy.has(stream) },
    jobOf: () => state.job,
    operations: createOperations({ recorder, view: recorder, clock }),
    newId: () => "job-1",
  });
  return { state, service };
}

describe("the lease of a cluster", () => {
  it("is one for every source that is the same keyspace of the same database", async () => {
    const { state, service } = setUp();
    state.busy.add(dnaStream("a"));
    const refusals = async (source: string) => (await service.previewKey(VIEWER, { source, ...KEY })).refusals;
    expect(await refusals("a")).toEqual([ANOTHER_JOB]);
    expect(await refusals("b")).toEqual([ANOTHER_JOB]);
    expect(await refusals("c")).toEqual([]);
  });
});

describe("the preview of one key", () => {
  it("says whose it is, and that nobody needs it to be failed over where nobody owns it", async () => {
    const { state, service } = setUp();
    const preview = await service.previewKey(VIEWER, { source: "a", ...KEY });
    expect(preview).toMatchObject({ owner: { incarnation: "1000:1" }, refusals: [], releasable: { releasable: true } });
    state.row = null;
    const nobody = await service.previewKey(VIEWER, { source: "a", ...KEY });
    expect(nobody).toMatchObject({ owner: null, releasable: null, targets: [] });
    expect(nobody.refusals[0]).toContain("Nobody owns it");
  });
});

describe("what a job was told to do", () => {
  const facts = { kind: "dna.failover", stream: dnaStream("a") } as JobRecord["facts"];
  const targets = [{ incarnationId: "2000:2", node: "dna@b", weight: 3 }];

  it("is told with what each node was given, by its bookmark", async () => {
    const { state, service } = setUp();
    const params = failoverParams("a", "1000:1", [KEY], { targets });
    state.job = { id: "j", facts, params, bookmark: { given: { "2000:2": 40 } } };
    expect(await service.job(VIEWER, { source: "a", jobId: "j" })).toEqual({
      plan: { key: null, targets: [{ incarnation: "2000:2", node: "dna@b", weight: 3, given: 40 }] },
    });
    await expect(service.job(VIEWER, { source: "b", jobId: "j" })).rejects.toMatchObject({ code: "not-found" });
  });

  it("is not known to a console that follows", async () => {
    const { state, service } = setUp();
    state.job = { id: "j", facts, params: {}, bookmark: null };
    expect(await service.job(VIEWER, { source: "a", jobId: "j" })).toEqual({ plan: null });
  });
});
