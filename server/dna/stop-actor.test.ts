import { beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { dnaStream, OPERATOR_STREAM } from "#server/contract/event.ts";
import type { JobStarter } from "#server/jobs/ports.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { closeLost } from "#server/operations/lost.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { toIncarnationId } from "./domain/identity.ts";
import { createStopWorld, key, NODE, OTHER, OWNER } from "./stop.test-kit.ts";
import { createStopService } from "./stop-service.ts";
import { createStopVerifier } from "./stop-verify.ts";

const REQUEST = "01KAS0000000000000000000A1";
const caller: Caller = {
  principal: { id: "mira", role: "operator", kind: "token", sources: null, tokenId: "t" },
  address: "10.0.0.1",
};
const NO_JOBS: JobStarter = { start: async () => undefined, startedBy: () => null, busy: () => false };

function setUp() {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const world = createStopWorld(clock);
  const open = () => {
    const operations = createOperations({ recorder: memory.recorder, view: memory.recorder, clock });
    const verifier = createStopVerifier({
      beamOf: (stream) => (stream === dnaStream("eu-1") ? world.source.beam : null),
      view: memory.recorder,
      operations,
      clock,
      log: silentLogger,
    });
    const deps = { sources: [world.source], clock, operations, jobs: NO_JOBS, verifier, newId: () => "id" };
    return { stops: createStopService(deps), operations, verifier };
  };
  const kinds = () => memory.events.filter(({ stream }) => stream === OPERATOR_STREAM).map(({ kind }) => kind);
  return { clock, memory, world, open, kinds, service: open() };
}

describe("stopping one actor", () => {
  let at: ReturnType<typeof setUp>;
  beforeEach(() => {
    at = setUp();
  });
  const stop = (ref: string, change: object = {}, stops = at.service.stops) =>
    stops.stop(caller, {
      source: "eu-1",
      ...key("oslo"),
      expectedOwner: toIncarnationId(OWNER),
      expectedRef: ref,
      force: false,
      expectedBuffered: 0,
      expectedMailbox: 0,
      reason: "it leaks",
      requestId: REQUEST,
      ...change,
    });

  it("journals it, sends it once, and verifies it in the registry", async () => {
    const { ref } = at.world.start("oslo");
    expect(await stop(ref)).toMatchObject({ outcome: "stopped", phase: "verified", journalId: REQUEST });
    expect(at.world.sent).toEqual([ref]);
    expect(at.kinds()).toEqual(["op.requested", "op.executed", "op.verified"]);
    const [requested] = at.memory.events;
    expect(requested).toMatchObject({
      id: REQUEST,
      subject: "weather:0:oslo",
      actor: { user: "mira", reason: "it leaks" },
      body: { action: "dna.actors.stop", expected: { node: NODE, ref, force: false } },
    });
  });

  it("sends nothing when the journal cannot be written", async () => {
    const { ref } = at.world.start("oslo");
    at.memory.fail();
    await expect(stop(ref)).rejects.toMatchObject({ code: "journal-unavailable" });
    expect(at.world.sent).toEqual([]);
    expect(at.world.running.has("oslo")).toBe(true);
  });

  it("tells a busy one honestly, and it runs on", async () => {
    const { ref } = at.world.start("oslo", 0, { buffered: 31 });
    expect(await stop(ref)).toMatchObject({
      outcome: "busy",
      phase: "failed",
      note: expect.stringMatching(/31 buffered/),
    });
    expect(at.world.running.has("oslo")).toBe(true);
    expect(at.kinds()).toEqual(["op.requested", "op.failed"]);
  });

  it("ends a busy one by force, with the loss told before", async () => {
    const { ref } = at.world.start("oslo", 0, { buffered: 31, mailbox: 2 });
    const preview = await at.service.stops.stopPreview(caller, { source: "eu-1", ...key("oslo") });
    expect(preview.loss).toMatch(/31 buffered events and 2 queued messages/);
    expect(preview.refusals).toEqual([]);
    expect(await stop(ref, { force: true, expectedBuffered: 31, expectedMailbox: 2 })).toMatchObject({
      outcome: "stopped",
    });
    expect(at.memory.events[0]).toMatchObject({ body: { expected: { buffered: 31, mailbox: 2, force: true } } });
  });

  it.each<[string, (world: ReturnType<typeof setUp>["world"]) => object, string, RegExp]>([
    [
      "the key has another owner",
      ({ rows }) => rows.set("oslo", { name: "oslo", owner: OTHER, claimedAt: null }),
      "conflict",
      /Its owner was 1000:7 and is 2000:-8/,
    ],
    ["nobody owns the key any more", ({ rows }) => ({ gone: rows.delete("oslo") }), "conflict", /is nobody/],
    [
      "the node is another incarnation",
      ({ state }) => Object.assign(state, { identity: OTHER }),
      "conflict",
      /another incarnation/,
    ],
    ["it was started anew", ({ start }) => start("oslo"), "conflict", /started anew/],
    [
      "it does not run any more",
      ({ running }) => ({ ended: running.delete("oslo") }),
      "conflict",
      /does not run any more/,
    ],
    ["acting is switched off", ({ state }) => Object.assign(state, { act: false }), "refused", /switched off/],
    ["nothing may be evaluated", ({ state }) => Object.assign(state, { evaluate: false }), "refused", /evaluate/],
    ["nodes cannot be asked", ({ state }) => Object.assign(state, { access: false }), "refused", /not configured/],
    [
      "its node does not answer",
      ({ state }) => Object.assign(state, { unreachable: true }),
      "refused",
      /does not answer/,
    ],
  ])("sends and journals nothing when %s", async (_name, befall, code, words) => {
    const { ref } = at.world.start("oslo");
    befall(at.world);
    const failure = await stop(ref).catch((cause: unknown) => cause);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(at.world.sent).toEqual([]);
    expect(at.kinds()).toEqual([]);
  });

  it("by force needs no evaluate", async () => {
    const { ref } = at.world.start("oslo");
    at.world.state.evaluate = false;
    expect(await stop(ref, { force: true })).toMatchObject({ outcome: "stopped" });
  });

  it("says so when nothing could be sent", async () => {
    const { ref } = at.world.start("oslo");
    at.world.state.faults.push("not-sent");
    await expect(stop(ref)).rejects.toMatchObject({ code: "upstream-unavailable" });
    expect(at.world.sent).toEqual([]);
    expect(at.kinds()).toEqual(["op.requested", "op.failed"]);
  });

  it("is one request however often it is pressed", async () => {
    const { ref } = at.world.start("oslo");
    const [first, second] = await Promise.all([stop(ref), stop(ref)]);
    expect(second).toEqual(first);
    expect(await stop(ref)).toMatchObject({ outcome: "stopped", phase: "verified" });
    expect(at.world.sent).toEqual([ref]);
  });

  it("settles a lost answer by the registry when the instance is gone", async () => {
    const { ref } = at.world.start("oslo");
    at.world.state.faults.push("lost-done");
    expect(await stop(ref)).toMatchObject({ outcome: "unknown", phase: "verified" });
    expect(at.kinds()).toEqual(["op.requested", "op.unknown", "op.verified"]);
  });

  it("leaves a lost answer unknown while it may still be on its way, then says that it was not stopped, and never sends it again", async () => {
    const { ref } = at.world.start("oslo");
    at.world.state.faults.push("lost-undone");
    expect(await stop(ref)).toMatchObject({ outcome: "unknown", phase: "unknown" });
    const ended = new AbortController();
    const running = at.service.verifier.run(ended.signal);
    await at.clock.advance(4_000);
    expect(at.kinds()).toEqual(["op.requested", "op.unknown"]);
    await at.clock.advance(30_000);
    ended.abort();
    await running;
    expect(at.kinds()).toEqual(["op.requested", "op.unknown", "op.unverified"]);
    expect(at.world.sent).toEqual([ref]);
  });

  it.each([
    ["before it took effect", false],
    ["after it took effect", true],
  ])("is settled by the registry after the console was killed %s, and never sent again", async (_name, took) => {
    const { ref } = at.world.start("oslo");
    const never = new Promise<never>(() => undefined);
    at.world.beam.stopSafe = (_node, seen) => {
      at.world.sent.push(seen.ref);
      if (took) at.world.running.delete("oslo");
      return never;
    };
    void stop(ref);
    await at.clock.advance(10);
    expect(at.kinds()).toEqual(["op.requested"]);
    const next = at.open();
    await closeLost({ view: at.memory.recorder, operations: next.operations, log: silentLogger });
    const ended = new AbortController();
    const running = next.verifier.run(ended.signal);
    await at.clock.advance(60_000);
    ended.abort();
    await running;
    expect(at.kinds()).toEqual(["op.requested", "op.unknown", took ? "op.verified" : "op.unverified"]);
    expect(at.world.sent).toEqual([ref]);
  });
});
