import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TestBeam } from "#scripts/testing/beam.ts";
import type { Caller } from "#server/auth/caller.ts";
import { dnaStream } from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { startFixtureNode } from "./adapters/beam/testing/fixture-node.test-kit.ts";
import { openFixtureHarness } from "./adapters/beam/testing/harness.test-kit.ts";
import { CITY, cityKey, type DnaBeamHarness } from "./dna-beam.harness.ts";
import { type Incarnation, toIncarnationId } from "./domain/identity.ts";
import type { DnaStore } from "./ports.ts";
import type { DnaSource } from "./source-view.ts";
import { createStopKind } from "./stop-job.ts";
import { createStopService } from "./stop-service.ts";
import { createStopVerifier } from "./stop-verify.ts";

const ADMIN: Caller = {
  principal: { id: "mira", role: "admin", kind: "token", sources: null, tokenId: "t" },
  address: "10.0.0.1",
};
const POLL = { timeout: 60_000, interval: 50 };
const SLOW_WRITE_MS = 300;
/** Not over before it was looked at and ended. */
const ENDLESS_WRITE_MS = 20_000;
const EVENTS = 20;
const requestIdOf = (turn: number): string => `01KAS0000000000000000000${String(turn).padStart(2, "0")}`;

/** A console over one real node; the register says that the node owns whatever is asked for. */
function consoleOver({ beam, node }: DnaBeamHarness, owner: Incarnation) {
  const clock = createSystemClock();
  const { recorder, events } = createMemoryRecorder(clock);
  const actor: DnaStore["actor"] = async ({ name }) => ({ name, owner, claimedAt: null });
  const source = {
    ...{ id: "eu-1", act: true, beam, store: { actor }, fold: () => EMPTY_DNA },
    liveness: { sight: (incarnation: Incarnation) => ({ incarnation, node, state: "alive", silentMs: 0 }) },
  } as unknown as DnaSource;
  const operations = createOperations({ recorder, view: recorder, clock });
  const deps = { operations, clock, log: silentLogger };
  const jobs = createJobRunner({
    ...deps,
    ...{ store: createJobStore(createMemoryState()), recorder, view: recorder },
    kinds: [createStopKind({ ...deps, sourceOf: () => source })],
  });
  const beamOf = (stream: string) => (stream === dnaStream("eu-1") ? beam : null);
  const verifier = createStopVerifier({ ...deps, view: recorder, beamOf });
  let turn = 0;
  const newId = (): string => {
    turn += 1;
    return requestIdOf(turn);
  };
  const stops = createStopService({ ...deps, sources: [source], jobs, verifier, newId });
  return { stops, jobs, newId, kinds: () => events.map(({ kind }) => kind) };
}

describe("stopping actors of a real node", () => {
  let node: TestBeam;
  let harness: DnaBeamHarness;
  let owner: Incarnation;
  let at: ReturnType<typeof consoleOver>;
  beforeAll(async () => {
    node = await startFixtureNode();
  });
  beforeEach(async () => {
    harness = await openFixtureHarness(node, { evaluate: true });
    owner = await harness.seed.identity();
    at = consoleOver(harness, owner);
  });
  afterEach(() => harness.close());
  afterAll(() => node.remove());

  const refOf = async (name: string): Promise<string | null> =>
    (await harness.beam.instance(harness.node, cityKey(name)))?.ref ?? null;
  const stop = async (name: string, ref: string | null, force: boolean) =>
    at.stops.stop(ADMIN, {
      ...{ source: "eu-1", ...cityKey(name), force, reason: "a test", requestId: at.newId() },
      ...{
        expectedOwner: toIncarnationId(owner),
        expectedRef: ref ?? "",
        expectedBuffered: null,
        expectedMailbox: null,
      },
    });

  it("ends an idle one safely and finds it gone from the registry, for good until a message comes", async () => {
    await harness.seed.startOne(cityKey("oslo"));
    expect(await stop("oslo", await refOf("oslo"), false)).toMatchObject({ outcome: "stopped", phase: "verified" });
    expect(await refOf("oslo")).toBeNull();
    expect(at.kinds()).toEqual(["op.requested", "op.executed", "op.verified"]);
  });

  it("lets a backlog be written before it ends it: nothing that was accepted is lost", async () => {
    await harness.seed.startOne(cityKey("oslo"));
    const ref = await refOf("oslo");
    await harness.seed.writesTake(SLOW_WRITE_MS);
    await harness.seed.send(cityKey("oslo"), EVENTS);
    expect(await stop("oslo", ref, false)).toMatchObject({ outcome: "stopped" });
    await expect.poll(() => harness.seed.written(cityKey("oslo")), POLL).toBe(EVENTS);
  });

  it("ends one by force at once, and what was buffered is lost as the preview said", async () => {
    await harness.seed.startOne(cityKey("oslo"));
    await harness.seed.writesTake(ENDLESS_WRITE_MS);
    await harness.seed.send(cityKey("oslo"), EVENTS);
    const preview = await at.stops.stopPreview(ADMIN, { source: "eu-1", ...cityKey("oslo") });
    expect(preview.loss).toMatch(new RegExp(`${EVENTS - 1} buffered events`));
    const ref = preview.live.kind === "running" ? preview.live.ref : null;
    expect(await stop("oslo", ref, true)).toMatchObject({ outcome: "stopped", phase: "verified" });
    expect(await harness.seed.written(cityKey("oslo"))).toBeLessThan(EVENTS);
  });

  it("leaves alone what its supervisor has restarted since it was seen", async () => {
    await harness.seed.startOne(cityKey("oslo"));
    const ref = await refOf("oslo");
    await harness.seed.kill(cityKey("oslo"));
    await expect(stop("oslo", ref, false)).rejects.toMatchObject({ code: "conflict" });
    expect(await refOf("oslo")).not.toBeNull();
    expect(at.kinds()).toEqual([]);
  });

  it("ends all of a partition by a job, and nothing of the others", async () => {
    await harness.seed.start(CITY, "c", 60);
    const before = await harness.beam.partitions(harness.node);
    const incarnation = toIncarnationId(owner);
    const preview = await at.stops.stopManyPreview(ADMIN, { source: "eu-1", incarnation, partition: 0, type: null });
    expect(preview.total).toBe(before.find(({ index }) => index === 0)?.running);
    const { jobId } = await at.stops.stopMany(ADMIN, {
      ...{ source: "eu-1", token: preview.token ?? "", expectedTotal: preview.total },
      ...{ force: false, reason: "a test", requestId: at.newId() },
    });
    await expect.poll(() => at.jobs.get(jobId)?.facts.state, POLL).toBe("done");
    expect(at.jobs.get(jobId)?.facts.counts).toMatchObject({ applied: preview.total, failed: 0, unknown: 0 });
    const after = await harness.beam.partitions(harness.node);
    expect(after.map(({ running }) => running)).toEqual(
      before.map(({ index, running }) => (index === 0 ? 0 : running)),
    );
  });
});
