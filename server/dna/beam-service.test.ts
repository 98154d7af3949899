import { expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import { createHandBeam } from "./beam.test-kit.ts";
import { createBeamWitness } from "./beam-evidence.ts";
import { createNodeInsides } from "./beam-inside.ts";
import type { BeamBacklog, DnaBeam } from "./beam-ports.ts";
import { createBeamService } from "./beam-service.ts";
import { toIncarnationId } from "./domain/identity.ts";
import type { DnaSource } from "./source-view.ts";

const caller: Caller = {
  principal: { id: "ada", role: "viewer", kind: "local", sources: null, tokenId: null },
  address: "::1",
};

/** One node `dna@a` with 30 actors, asked for 10 s; `configured: false` = no access to it. */
async function setUp({ configured = true, sampled = true, beam = {} as Partial<DnaBeam> } = {}) {
  const clock = createManualClock();
  const hand = createHandBeam(clock);
  const { incarnation } = hand.add("dna@a");
  for (let n = 0; n < 30; n += 1) hand.start("dna@a", { namespace: "demo", moduleId: n % 2, name: `k${n}` });
  const { recorder } = createMemoryRecorder(clock);
  const body = { cluster: "c", node: "dna@a", createdAt: incarnation.createdAt, nodeId: incarnation.id.toString() };
  const id = toIncarnationId(incarnation);
  await recorder.record("dna:eu-1", [{ kind: "dna.node.seen", subject: id, occurredAt: clock.now(), body }]);
  const ways: DnaBeam = { ...hand.beam, ...beam };
  const witness = createBeamWitness({ beam: ways, clock });
  const shared = { sourceId: "eu-1", beam: ways, witness, recorder, view: recorder, clock, log: silentLogger };
  const inside = createNodeInsides(shared);
  const abort = new AbortController();
  const done = sampled ? inside.run(abort.signal) : Promise.resolve();
  await clock.advance(10_000);
  const source = {
    id: "eu-1",
    beam: configured ? ways : null,
    inside: configured ? inside : null,
    fold: () => recorder.dna("eu-1"),
    sample: () => null,
  } as unknown as DnaSource;
  hand.calls.clear();
  return {
    clock,
    hand,
    service: createBeamService({ sources: [source], clock }),
    of: { source: "eu-1", incarnation: id },
    async end() {
      abort.abort();
      await clock.advance(5_000);
      await done;
    },
  };
}

/** Lets the clock run until the answer is there. */
async function answered<T>(clock: ManualClock, asked: Promise<T>): Promise<T> {
  let open = true;
  const watched = asked.finally(() => {
    open = false;
  });
  watched.catch(() => undefined);
  for (let step = 0; open && step < 100; step += 1) await clock.advance(100);
  return watched;
}

it("tells of a node what it told last, and asks it for what changes by the second alone", async () => {
  const at = await setUp();
  const told = await answered(at.clock, at.service.node(caller, at.of));
  expect(told).toMatchObject({
    node: "dna@a",
    configured: true,
    link: { state: "connected" },
    identity: at.of.incarnation,
    verdict: { kind: "alive" },
    running: 30,
    partitions: [{ running: 15 }, { running: 15 }],
    vitals: { processes: 130 },
    abilities: { otpRelease: "25", missing: [] },
  });
  expect(told.partitionsAt).not.toBeNull();
  expect([...at.hand.calls.keys()]).toEqual(["lastRefresh", "abilities"]);
  await at.end();
});

it("asks one that is not sampled, as by a console that follows another, once for all who look", async () => {
  const at = await setUp({ sampled: false });
  const [told] = await answered(
    at.clock,
    Promise.all([at.service.node(caller, at.of), at.service.node(caller, at.of)]),
  );
  expect(told).toMatchObject({ identity: at.of.incarnation, running: 30, vitals: { processes: 130 }, failure: null });
  expect(at.hand.calls.get("partitions")).toBe(1);
  at.hand.node("dna@a").state = "gone";
  await at.clock.advance(3_000);
  const gone = await answered(at.clock, at.service.node(caller, at.of));
  expect(gone).toMatchObject({ identity: null, abilities: null, failure: expect.stringContaining("not registered") });
  await at.end();
});

it("tells what a node cannot do even while it lacks the very thing that was asked", async () => {
  const missing = { vitals: "erlang:memory/0 is not there" };
  const at = await setUp({
    beam: {
      vitals: () => Promise.reject(new OpsError("refused", "it has no vitals")),
      abilities: async () => ({ otpRelease: "25", elixir: null, missing }),
    },
  });
  const told = await answered(at.clock, at.service.node(caller, at.of));
  expect(told).toMatchObject({ running: 30, vitals: null });
  expect(told.abilities?.missing).toEqual([{ ability: "vitals", reason: missing.vitals }]);
  await at.end();
});

it("says that access is not configured, and refuses what needs it with the reason", async () => {
  const at = await setUp({ configured: false });
  expect(await at.service.node(caller, at.of)).toMatchObject({
    configured: false,
    link: null,
    verdict: { kind: "not-configured" },
    running: null,
  });
  await expect(at.service.peers(caller, at.of)).rejects.toMatchObject({ code: "refused", message: /dna\[\]\.beam/ });
  await at.end();
});

it("lists the instances of a partition with their processes, by type and prefix, and says when there are more", async () => {
  const at = await setUp();
  const input = { ...at.of, partition: 1, type: { namespace: "demo", moduleId: 0 }, prefix: "k1", limit: 2 };
  const page = await answered(at.clock, at.service.partition(caller, input));
  expect(page.more).toBe(true);
  expect(page.instances).toHaveLength(2);
  for (const { moduleId, name, process } of page.instances) {
    expect({ moduleId, starts: name.startsWith("k1") }).toEqual({ moduleId: 0, starts: true });
    expect(process).toMatchObject({ mailbox: 0, memoryBytes: 2_600 });
  }
  await at.end();
});

it("asks a node once for ten who ask the same within 2 s", async () => {
  const at = await setUp();
  const all = Promise.all(Array.from({ length: 10 }, () => at.service.peers(caller, at.of)));
  await answered(at.clock, all);
  expect(at.hand.calls.get("peers")).toBe(1);
  await at.clock.advance(2_001);
  await answered(at.clock, at.service.peers(caller, at.of));
  expect(at.hand.calls.get("peers")).toBe(2);
  await at.end();
});

it("tells nothing of another incarnation that bears the name now", async () => {
  const at = await setUp();
  at.hand.node("dna@a").incarnation = { createdAt: epochMs(at.clock.now()), id: 5n };
  const asked = answered(
    at.clock,
    at.service.partition(caller, { ...at.of, partition: 0, type: null, prefix: "", limit: 9 }),
  );
  await expect(asked).rejects.toMatchObject({ code: "conflict" });
  await at.end();
});

it("finds the largest backlog without evaluating on the node: a slow writer's mailbox is empty, its memory is not", async () => {
  const backlogOf = (buffered: number): BeamBacklog => ({
    kind: "known",
    phase: "pending_storage",
    buffered,
    mailbox: 0,
    memoryBytes: 900_000,
  });
  const at = await setUp({
    beam: {
      inspect: async (_node, asked) =>
        asked.map(({ key }) => ({
          memoryBytes: key.name === "k7" ? 900_000 : 2_600,
          mailbox: key.name === "k3" ? 12 : 0,
          reductions: 1,
          status: "waiting",
          currentFunction: null,
        })),
      backlog: async (_node, { key }) =>
        key.name === "k7"
          ? backlogOf(5_000)
          : key.name === "k3"
            ? { kind: "busy", mailbox: 12, memoryBytes: 2_600 }
            : { ...backlogOf(0), memoryBytes: 2_600 },
    },
  });
  const top = await answered(at.clock, at.service.top(caller, { ...at.of, partition: null, limit: 5 }));
  expect(top).toMatchObject({ found: "largest by mailbox and memory", among: null });
  expect(top.entries.slice(0, 2)).toMatchObject([
    { name: "k7", backlog: 5_000, buffered: 5_000, phase: "pending_storage" },
    { name: "k3", backlog: null, mailbox: 12, phase: "in a callback" },
  ]);
  await at.end();
});

it("shows a node's peers beside our own judgement, and who is missing from its table", async () => {
  const peer = {
    incarnation: { createdAt: epochMs(5), id: 5n },
    node: "dna@x",
    local: false,
    heartbeat: -3n,
    load: null,
  };
  const at = await setUp({
    beam: { peers: async () => ({ peers: [{ ...peer, lastChangeMs: 10_001 }], lastRefreshMs: 3_000, unreadable: 1 }) },
  });
  const table = await answered(at.clock, at.service.peers(caller, at.of));
  expect(table).toMatchObject({
    lastRefreshMs: 3_000,
    unreadable: 1,
    peers: [{ incarnation: "5:5", heartbeat: "-3", verdict: "dead", ours: null, differs: false }],
    unlisted: [],
  });
  await at.end();
});
