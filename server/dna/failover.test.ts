import { beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { JobStarter, NewJob } from "#server/jobs/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createListeningGate } from "#server/operations/gate.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { BY_ANN, createTestCensus, registerOf } from "./census.test-kit.ts";
import { type ActorKey, type ActorType, type Incarnation, toIncarnationId } from "./domain/identity.ts";
import type { Releasable } from "./domain/releasable.ts";
import { createFailoverStarts, startFailover, startKeyFailover } from "./failover.ts";
import { FAILOVER_PACE } from "./failover-job.ts";
import { previewFailover } from "./failover-preview.ts";
import { createFailoverVerifier } from "./failover-verify.ts";
import type { DnaStore } from "./ports.ts";
import type { DnaSource } from "./source-view.ts";

const clock = createManualClock();
const DEAD: Incarnation = { createdAt: clock.now(), id: -7n };
const DEAD_ID = toIncarnationId(DEAD);
const CITY: ActorType = { namespace: "weather", moduleId: 0 };
const HOLDS = { holds: true, text: "It is silent.", detail: null };
const RELEASABLE: Releasable = {
  releasable: true,
  certainty: "presumed",
  reasons: [HOLDS],
  readyInMs: 0,
  residualRisk: "…",
};
const NOT_YET: Releasable = {
  ...RELEASABLE,
  releasable: false,
  reasons: [{ holds: false, text: "75 s of silence.", detail: "12 s" }],
  readyInMs: 63_000,
};
const ADMIN: Caller = {
  principal: { id: "ann", role: "admin", kind: "token", sources: null, tokenId: "t" },
  address: "10.0.0.1",
};

async function setUp(keys: number) {
  const memory = createMemoryRecorder(clock);
  const { recorder } = memory;
  const state = { judged: RELEASABLE, keys, act: true, fallen: new Set<string>(), owner: DEAD };
  const store: Pick<DnaStore, "actorTypes" | "censusPage" | "actor"> = {
    ...registerOf(
      () => [{ ...CITY, keys: state.keys }],
      () => DEAD,
    ),
    actor: async ({ name }: ActorKey) => ({ name, owner: state.owner, claimedAt: null }),
  };
  const { census } = createTestCensus({ sourceId: "eu-1", store, recorder, clock });
  const source: DnaSource = {
    id: "eu-1",
    get act() {
      return state.act;
    },
    modules: {},
    store: store as DnaStore,
    beam: null,
    actors: { look: async () => null },
    census,
    liveness: {
      releasable: () => state.judged,
      sight: (incarnation) => ({ incarnation, node: null, state: null, silentMs: 0 }),
      target: (id) => {
        const reason = state.fallen.has(id) ? "it is late" : null;
        return { eligible: reason === null, reason, aliveMs: reason === null ? 60_000 : null };
      },
    },
    pace: FAILOVER_PACE,
    fold: () => recorder.dna("eu-1"),
    sample: () => null,
  };
  await recorder.record(dnaStream("eu-1"), [
    {
      kind: "source.state_changed",
      subject: "eu-1",
      occurredAt: clock.now(),
      body: { from: null, to: "up", reason: null },
    },
    {
      kind: "dna.node.seen",
      subject: DEAD_ID,
      occurredAt: clock.now(),
      body: { cluster: "prod", node: "dna@10.0.0.7", createdAt: DEAD.createdAt, nodeId: "-7" },
    },
    {
      kind: "dna.incarnation.state_changed",
      subject: DEAD_ID,
      occurredAt: clock.now(),
      body: { cluster: "prod", from: "observing", to: "silent", evidence: "no change", silentMs: 20_000 },
    },
  ]);
  const started: NewJob[] = [];
  let busy = false;
  const jobs: JobStarter = {
    async start(job) {
      started.push(job);
    },
    startedBy: (requestId) => started.find((job) => job.facts.requestId === requestId)?.id ?? null,
    busy: () => busy,
  };
  const { gate, termsOf } = createListeningGate();
  const operations = createOperations({ recorder, view: recorder, clock, gate });
  const starts = createFailoverStarts();
  const deps = { jobs, operations, newId: () => "job-1", now: () => clock.now(), starts, busy: () => busy };
  return { memory, state, census, source, started, jobs, operations, deps, termsOf, occupy: () => (busy = true) };
}

const input = (over: object = {}) => ({
  source: "eu-1",
  incarnation: DEAD_ID,
  targets: null,
  expectedState: "silent" as const,
  expectedNode: "dna@10.0.0.7",
  expectedKeys: 12_000,
  reason: "VM killed by the kernel",
  requestId: "01KAPX5V6Q0000000000000001",
  ...over,
});

describe("failover of a dead incarnation", () => {
  let at: Awaited<ReturnType<typeof setUp>>;
  beforeEach(async () => {
    at = await setUp(12_000);
  });
  async function counted() {
    await at.census.start(BY_ANN(DEAD_ID));
    await clock.advance(5_000);
  }

  it("previews what it will touch from its own count, with the count's age", async () => {
    expect(previewFailover(at.source, DEAD_ID, false)).toMatchObject({
      keys: null,
      rounds: null,
      refusals: ["Its keys have not been counted: count them first."],
    });
    await counted();
    expect(previewFailover(at.source, DEAD_ID, false)).toMatchObject({
      keys: 12_000,
      rounds: 240,
      estimateMs: 120_000,
      refusals: [],
      census: { state: "done", rows: 12_000 },
    });
  });

  it("journals the request before the job is made", async () => {
    await counted();
    await startFailover(at.deps, at.source, ADMIN, input());
    expect(at.memory.kinds().slice(-2)).toEqual(["op.requested", "op.executed"]);
    expect(at.started).toHaveLength(1);
    expect(at.started[0]).toMatchObject({ total: 12_000, facts: { target: DEAD_ID, requestedBy: "ann" } });
  });

  it("makes one job of a request that comes twice", async () => {
    await counted();
    const first = await startFailover(at.deps, at.source, ADMIN, input());
    expect(await startFailover(at.deps, at.source, ADMIN, input())).toEqual(first);
    expect(at.started).toHaveLength(1);
  });

  it("makes one job of a request that comes twice at once, and refuses another beside it", async () => {
    await counted();
    const other = { ...input(), requestId: "01KAMJ7ZZZZZZZZZZZZZZZZZZZ" };
    const [first, second, third] = await Promise.allSettled([
      startFailover(at.deps, at.source, ADMIN, input()),
      startFailover(at.deps, at.source, ADMIN, input()),
      startFailover(at.deps, at.source, ADMIN, other),
    ]);
    expect(second).toEqual(first);
    expect(third).toMatchObject({ status: "rejected", reason: { code: "refused" } });
    expect(at.started).toHaveLength(1);
  });

  it.each([
    ["the state has moved", { expectedState: "gone" as const }, "conflict"],
    ["the name is another", { expectedNode: "dna@10.0.0.8" }, "conflict"],
    ["the count has moved", { expectedKeys: 11_999 }, "conflict"],
  ])("is refused when %s", async (_, over, code) => {
    await counted();
    await expect(startFailover(at.deps, at.source, ADMIN, input(over))).rejects.toMatchObject({ code });
    expect(at.started).toEqual([]);
    expect(at.memory.kinds()).not.toContain("op.requested");
  });

  it("is refused with every reason while it is not releasable, not allowed, not counted or another runs", async () => {
    at.state.judged = NOT_YET;
    at.state.act = false;
    at.occupy();
    const failed = await startFailover(at.deps, at.source, ADMIN, input()).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "refused" });
    expect((failed as { reasons: string[] }).reasons).toHaveLength(4);
  });

  it("is refused on a count older than 15 minutes", async () => {
    await counted();
    await clock.advance(16 * 60_000);
    await expect(startFailover(at.deps, at.source, ADMIN, input())).rejects.toMatchObject({ code: "refused" });
  });

  it("sends nothing when the journal cannot be written", async () => {
    await counted();
    at.memory.fail();
    await expect(startFailover(at.deps, at.source, ADMIN, input())).rejects.toMatchObject({
      code: "journal-unavailable",
    });
    expect(at.started).toEqual([]);
  });

  it.each([
    [0, "op.verified"],
    [3, "op.unverified"],
  ])("counts anew when the job is done: %i keys left is %s", async (left, kind) => {
    await counted();
    const { jobId } = await startFailover(at.deps, at.source, ADMIN, input());
    const stop = new AbortController();
    const run = createFailoverVerifier({
      censusOf: () => at.census,
      storeOf: () => at.source.store,
      jobOf: () => null,
      view: at.memory.recorder,
      operations: at.operations,
      clock,
      log: silentLogger,
    }).run(stop.signal);
    at.state.keys = left;
    const job = at.started[0];
    if (job === undefined) throw new Error("no job");
    const counts = { total: 12_000, applied: 12_000, moved: 0, failed: 0, unknown: 0 };
    const facts = { ...job.facts, state: "done" as const, note: null, counts, createdAt: clock.now() };
    await at.memory.recorder.record("operator", [
      { kind: "job.state_changed", subject: jobId, occurredAt: clock.now(), body: { from: "running", job: facts } },
    ]);
    await clock.advance(5_000);
    expect(at.memory.kinds().at(-1)).toBe(kind);
    expect(at.source.fold().owned[DEAD_ID]?.counts.reduce((sum, count) => sum + count.keys, 0) ?? 0).toBe(left);
    stop.abort();
    await run;
  });
});

describe("failover to live nodes", () => {
  const LIVING = ["2000:1", "2000:2"];
  async function withLiving() {
    const at = await setUp(12_000);
    await at.census.start(BY_ANN(DEAD_ID));
    await clock.advance(5_000);
    for (const [index, id] of LIVING.entries())
      await at.memory.recorder.record(dnaStream("eu-1"), [
        {
          kind: "dna.node.seen",
          subject: id,
          occurredAt: clock.now(),
          body: {
            cluster: "prod",
            node: `dna@10.0.0.${index + 1}`,
            createdAt: epochMs(2_000),
            nodeId: String(index + 1),
          },
        },
      ]);
    return at;
  }
  const targets = LIVING.map((incarnation, index) => ({ incarnation, weight: index + 1 }));

  it("previews every node of the cluster but the dead one, with a weight, and why it may not be given any", async () => {
    const at = await withLiving();
    at.state.fallen.add("2000:1");
    const preview = previewFailover(at.source, DEAD_ID, false);
    expect(preview.targets.map(({ incarnation, refusal }) => [incarnation, refusal])).toEqual([
      ["2000:2", null],
      ["2000:1", "it is late"],
    ]);
    expect(preview).toMatchObject({ claimRefusal: null, notMoved: null, targetsLeftOut: 0 });
    at.state.fallen.add("2000:2");
    expect(previewFailover(at.source, DEAD_ID, false).claimRefusal).toContain("30 s");
  });

  it("freezes whom it gives the keys to with the job, and journals it", async () => {
    const at = await withLiving();
    await startFailover(at.deps, at.source, ADMIN, input({ targets }));
    expect(at.started[0]).toMatchObject({
      facts: { title: "Give the keys of dna@10.0.0.7 to 2 nodes" },
      params: { targets: [{ incarnationId: "2000:1", node: "dna@10.0.0.1", weight: 1 }, { weight: 2 }] },
    });
    const requested = at.memory.events.find(({ kind }) => kind === "op.requested");
    expect(requested?.body).toMatchObject({ expected: { targets } });
    // All of it is what a second person agrees to.
    const { expectedState, expectedNode, expectedKeys } = input();
    expect(at.termsOf("dna.failover.start")).toEqual({ targets, expectedState, expectedNode, expectedKeys });
  });

  it("is a conflict when a chosen node has fallen since it was chosen", async () => {
    const at = await withLiving();
    at.state.fallen.add("2000:2");
    const failed = await startFailover(at.deps, at.source, ADMIN, input({ targets })).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "conflict", reasons: ["dna@10.0.0.2 can be given nothing: it is late"] });
    expect(at.started).toEqual([]);
  });

  const key = { source: "eu-1", ...CITY, name: "000001", expectedOwner: DEAD_ID, targets: null };
  const ask = { reason: "VM killed by the kernel", requestId: "01KAPX5V6Q0000000000000002" };

  it("of one key needs no count, and is a job of one", async () => {
    const at = await setUp(10);
    await startKeyFailover(at.deps, at.source, ADMIN, { ...key, ...ask });
    expect(at.started[0]).toMatchObject({ total: 1, params: { key: "000001", targets: null } });
    expect(at.memory.events.find(({ kind }) => kind === "op.requested")?.body).toMatchObject({
      action: "dna.failover.startKey",
    });
  });

  it("of one key is a conflict when it is somebody else's by now, and refused by every rule of the others", async () => {
    const at = await setUp(10);
    at.state.owner = { createdAt: epochMs(2_000), id: 1n };
    await expect(startKeyFailover(at.deps, at.source, ADMIN, { ...key, ...ask })).rejects.toMatchObject({
      code: "conflict",
      reasons: [`Its owner was ${DEAD_ID} and is 2000:1`],
    });
    at.state.owner = DEAD;
    at.state.judged = NOT_YET;
    at.occupy();
    const failed = await startKeyFailover(at.deps, at.source, ADMIN, { ...key, ...ask }).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: "refused" });
    expect((failed as { reasons: string[] }).reasons).toHaveLength(2);
    expect(at.started).toEqual([]);
  });
});
