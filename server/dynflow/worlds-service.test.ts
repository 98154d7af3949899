import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { dynflowStream, type EventDraft } from "#server/contract/event.ts";
import { toIso } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import type { Envelope } from "./codec/envelope.ts";
import { decodeEnvelope } from "./codec/envelope-decode.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import { saidBy } from "./codec/envelope-said.ts";
import type { WaitingEnvelope, WaitingEnvelopes } from "./domain/envelope-view.ts";
import { createMemoryDynflow, createMemoryJournal, planOf } from "./follower.test-kit.ts";
import { createInvalidationService } from "./invalidation-service.ts";
import type { DynflowSource } from "./source-view.ts";
import { createWorldsService } from "./worlds-service.ts";

const EXECUTOR = "22222222-2222-4222-8222-222222222222";
const CLIENT = "11111111-1111-4111-8111-111111111111";
const GONE = "44444444-4444-4444-8444-444444444444";
const PLAN = "33333333-3333-4333-8333-333333333333";
const caller = (role: "viewer" | "operator"): Caller => ({
  principal: { id: role, role, kind: "token", sources: null, tokenId: "t" },
  address: "127.0.0.1",
});

function waiting(rowId: number, envelope: Envelope): WaitingEnvelope {
  const bytes = encodeEnvelope(envelope);
  if (!bytes.ok) throw new Error(bytes.reason);
  const said = saidBy(decodeEnvelope(bytes.value));
  return { rowId, receiverId: envelope.receiverId, bytes: bytes.value.length, head: "8501", said };
}

async function setUp() {
  const clock = createManualClock();
  const journal = createMemoryJournal(clock);
  const dynflow = createMemoryDynflow(clock);
  let envelopes: WaitingEnvelopes = { receivers: [], countedAll: true, envelopes: [] };
  const record = (drafts: readonly EventDraft[]) => journal.recorder.record(dynflowStream("foreman"), drafts);
  const world = (lastSeen: string) => {
    const meta = {
      hostname: "exec-one",
      pid: 7,
      queues: { default: { pool_size: 5 } },
      last_seen: lastSeen,
      rack: 4,
      api_token: "hunter2",
      vault: { address: "vault-1", credentials: [{ password: "swordfish" }] },
    };
    const data = { ok: true, value: { id: EXECUTOR, active: true, meta } } as const;
    dynflow.setRecord({ class: "Dynflow::Coordinator::ExecutorWorld", id: EXECUTOR, ownerId: null, data });
  };
  const lock = (
    name: string,
    id: string,
    facts: Partial<Extract<EventDraft, { kind: "dynflow.lock.acquired" }>["body"]>,
  ) =>
    record([
      {
        kind: "dynflow.lock.acquired",
        subject: `${name}|${id}`,
        occurredAt: clock.now(),
        body: {
          class: `Dynflow::Coordinator::${name}`,
          id,
          ownerId: null,
          planId: null,
          worldId: null,
          clientWorldId: null,
          requestId: null,
          unreadable: null,
          ...facts,
        },
      },
    ]);
  world("2026-11-22 05:00:00.000");
  await record([
    {
      kind: "dynflow.world.registered",
      subject: EXECUTOR,
      occurredAt: clock.now(),
      body: {
        class: "Dynflow::Coordinator::ExecutorWorld",
        executor: true,
        active: true,
        hostname: "exec-one",
        pid: 7,
        queues: { default: 5 },
        lastSeenText: "2026-11-22 05:00:00.000",
        unreadable: null,
      },
    },
  ]);
  const source: DynflowSource = {
    id: "foreman",
    title: "Foreman",
    act: true,
    store: { ...dynflow.store, envelopes: async () => envelopes },
    commands: null,
    cancellable: [],
    fold: () => journal.view.dynflow("foreman"),
    capabilities: () => null,
    planProgress: () => null,
    lapMs: () => null,
    databaseShare: () => null,
    undecodable: () => [
      { sha256: "ab", firstAt: clock.now(), lastAt: clock.now(), times: 2, reason: "no map", bytes: 3, head: "c0ffee" },
    ],
    look: () => undefined,
  };
  const operations = createOperations({ recorder: journal.recorder, view: journal.view, clock });
  const jobs = { start: async () => undefined, startedBy: () => null, busy: () => false };
  const invalidation = createInvalidationService({ clock, jobs, operations, newId: () => "id", log: silentLogger });
  const service = createWorldsService({ sources: [source], clock, invalidation });
  return {
    clock,
    dynflow,
    lock,
    world,
    service,
    setEnvelopes(next: WaitingEnvelopes) {
      envelopes = next;
    },
  };
}

describe("envelopes that wait", () => {
  const failed = waiting(7, {
    requestId: `${CLIENT}-1`,
    senderId: EXECUTOR,
    receiverId: GONE,
    message: { type: "Failed", error: "the value is canary, password=hunter2" },
  });

  it("are told by receiver, with why they wait, their age since they were first seen, and masked for viewers", async () => {
    const { clock, service, setEnvelopes } = await setUp();
    setEnvelopes({ receivers: [{ receiverId: GONE, count: 3 }], countedAll: true, envelopes: [failed] });
    const seenAt = clock.now();
    await service.envelopes(caller("viewer"), { source: "foreman", receiverId: null });
    await clock.advance(60_000);
    const masked = await service.envelopes(caller("viewer"), { source: "foreman", receiverId: null });
    expect(masked.receivers).toMatchObject([{ receiverId: GONE, count: 3, registered: false }]);
    expect(masked.receivers[0]?.note).toContain("nobody will take these");
    expect(masked.envelopes[0]).toMatchObject({
      seenSince: toIso(seenAt),
      said: { type: "Failed", detail: { masked: true } },
    });
    expect(masked.kept).toMatchObject([{ times: 2, head: { masked: true } }]);
    expect(JSON.stringify(masked)).not.toMatch(/canary|c0ffee/);
    const open = await service.envelopes(caller("operator"), { source: "foreman", receiverId: null });
    expect(open.envelopes[0]?.said?.detail).toMatch(/^the value is canary, password=•+$/);
  });

  it("are shown when they cannot be decoded, with the reason and their first bytes", async () => {
    const { service, setEnvelopes } = await setUp();
    const broken = { ...failed, said: { ok: false, reason: "no map", bytes: 9 } as const };
    setEnvelopes({ receivers: [{ receiverId: GONE, count: 1 }], countedAll: true, envelopes: [broken] });
    const answer = await service.envelopes(caller("operator"), { source: "foreman", receiverId: null });
    expect(answer.envelopes[0]).toMatchObject({ said: null, undecodable: { reason: "no map", head: "8501" } });
  });
});

describe("worlds", () => {
  it("are told with what they hold and do, their meta, and no age of a sign of life until its zone is known", async () => {
    const { clock, service, lock, world } = await setUp();
    const owner = { ownerId: `world:${EXECUTOR}`, worldId: EXECUTOR };
    await lock("ExecutionLock", `execution-plan:${PLAN}`, { ...owner, planId: PLAN });
    await lock("DelayedExecutorLock", "delayed-executor", owner);
    const list = async () => (await service.list(caller("viewer"), { source: "foreman" })).worlds[0];
    expect(await list()).toMatchObject({
      plans: [{ planId: PLAN, kind: "execution" }],
      planCount: 1,
      roles: ["delayed-executor"],
      meta: { rack: 4, api_token: "••••" },
      lastSeen: { ageMs: null, zone: "unknown" },
      status: null,
      invalidatedBy: null,
    });
    const told = JSON.stringify(await list());
    expect(told).toContain("vault-1");
    expect(told).not.toContain("swordfish");
    await clock.advance(5_000);
    const written = clock.now() + 3_600_000;
    world(
      toIso((written - 1_000) as ReturnType<typeof clock.now>)
        .replace("T", " ")
        .replace("Z", ""),
    );
    await list();
    await clock.advance(10_000);
    expect(await list()).toMatchObject({ lastSeen: { ageMs: 11_000, zone: "watched" } });
  });
});

describe("locks that are left over", () => {
  it("are those of worlds without a record, and of plans that do not need them any more", async () => {
    const { service, lock, dynflow } = await setUp();
    dynflow.setPlan(planOf(PLAN, { state: "stopped" }));
    await lock("ExecutionLock", "execution-plan:x", { worldId: GONE, ownerId: `world:${GONE}`, planId: GONE });
    await lock("ExecutionInhibitionLock", `execution-plan:${PLAN}`, { planId: PLAN });
    await lock("SingletonActionLock", "singleton-action:A", { planId: CLIENT });
    await lock("DelayedExecutorLock", "delayed-executor", { worldId: EXECUTOR });
    const { orphans } = await service.orphans(caller("viewer"), { source: "foreman" });
    expect(orphans.map(({ class: name, reason }) => [name.split("::").at(-1), reason])).toEqual([
      ["ExecutionLock", "The world that owns it has no record: nobody will release it."],
      ["ExecutionInhibitionLock", "Its plan is stopped: there is nothing left to halt."],
      ["SingletonActionLock", "The plan that owns it has no row."],
    ]);
  });
});

describe("an invalidation", () => {
  it("is refused, and says why, where acting is off", async () => {
    const { service } = await setUp();
    const preview = await service.invalidatePreview(caller("viewer"), { source: "foreman", worldId: EXECUTOR });
    expect(preview.refusals[0]).toContain("switched off");
    expect(preview.refusals).toContain("It has not failed two pings of 30 s yet.");
  });
});
