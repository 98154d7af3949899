import { beforeEach, describe, expect, it } from "vitest";
import { dynflowStream, type EventDraft, ingestStream, OPERATOR_STREAM } from "#server/contract/event.ts";
import { DEFAULT_MASK_RULES } from "#server/contract/mask-rules.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { type Alerter, createAlerter, type SinkSeat } from "./alerter.ts";
import { type AlertMessage, NOT_TAKEN, type Notice } from "./ports.ts";
import { createToldBook } from "./told-book.ts";

const STREAM = dynflowStream("foreman");
const SETTLE_MS = 10_000;

/** A sink that keeps what it took, and can be away or hang. */
function createFakeSink() {
  const taken: AlertMessage[] = [];
  const fake = { taken, away: false, mute: false, hangs: false, tries: 0 };
  return {
    fake,
    notices: (): readonly Notice[] => taken.flatMap((message) => (message.type === "notices" ? message.notices : [])),
    sink: {
      async tell(message: AlertMessage, signal?: AbortSignal) {
        fake.tries += 1;
        if (fake.hangs) {
          await new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
        }
        if (fake.away) throw new OpsError("upstream-unavailable", "ECONNREFUSED", { details: NOT_TAKEN });
        taken.push(message);
        if (fake.mute) throw new OpsError("upstream-unavailable", "no answer for 5 s");
      },
    },
  };
}

function rig(options: Partial<SinkSeat["rules"]> = {}, aliveEveryMs: number | null = null) {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const state = createMemoryState();
  const a = createFakeSink();
  const b = createFakeSink();
  let recording = true;
  let ids = 0;
  const rules = { kinds: [], least: "attention" as const, sources: [], settleMs: SETTLE_MS, ...options };
  const create = () =>
    createAlerter({
      seats: [
        { id: "pager", rules, sink: a.sink, aliveEveryMs },
        { id: "chat", rules: { ...rules, kinds: [] }, sink: b.sink, aliveEveryMs: null },
      ],
      book: createToldBook(state, silentLogger, () => `id-${++ids}`),
      view: memory.recorder,
      recorder: memory.recorder,
      isRecording: () => recording,
      clock,
      masks: DEFAULT_MASK_RULES,
      log: silentLogger,
    });
  let abort = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const start = (alerter: Alerter) => {
    abort = new AbortController();
    ended = alerter.run(abort.signal).catch(() => undefined);
    return alerter;
  };
  return {
    clock,
    memory,
    state,
    pager: a,
    chat: b,
    create,
    start,
    async stop() {
      abort.abort(new Error("the test ends"));
      await ended;
    },
    mute: () => {
      recording = false;
    },
    async source(to: "up" | "down") {
      const body = { from: null, to, reason: to === "down" ? "no route" : null };
      await memory.recorder.record(STREAM, [
        { kind: "source.state_changed", subject: "foreman", occurredAt: clock.now(), body },
      ]);
    },
    async lock(held: boolean) {
      const body = {
        ...{ class: "Dynflow::Coordinator::ExecutionLock", id: "execution-plan:p1", ownerId: "world:w9" },
        ...{ planId: "p1", worldId: "w9", clientWorldId: null, requestId: null, unreadable: null },
      };
      const draft: EventDraft = held
        ? { kind: "dynflow.lock.acquired", subject: "p1", occurredAt: clock.now(), body }
        : {
            kind: "dynflow.lock.released",
            subject: "p1",
            occurredAt: clock.now(),
            body: { class: body.class, id: body.id },
          };
      await memory.recorder.record(STREAM, [draft]);
    },
    async operator(draft: Omit<EventDraft, "occurredAt">) {
      await memory.recorder.record(OPERATOR_STREAM, [{ ...draft, occurredAt: clock.now() } as EventDraft]);
    },
  };
}

type Rig = ReturnType<typeof rig>;
const said = (notices: readonly Notice[]) => notices.map(({ what, kind }) => `${what} ${kind}`);
const orphans = (notices: readonly Notice[]) => notices.filter(({ kind }) => kind === "orphaned_lock");

describe("the alerter", () => {
  let world: Rig;
  let alerter: Alerter;
  beforeEach(async () => {
    world = rig();
    await world.source("up");
    alerter = world.start(world.create());
    return () => world.stop();
  });

  it("tells each sink once of what is there for long enough, and once when it is over", async () => {
    await world.lock(true);
    await world.clock.advance(SETTLE_MS - 2_000);
    expect(orphans(world.pager.notices())).toEqual([]);
    await world.clock.advance(60_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock"]);
    expect(said(orphans(world.chat.notices()))).toEqual(["opened orphaned_lock"]);
    await world.lock(false);
    await world.clock.advance(60_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock", "resolved orphaned_lock"]);
    const told = world.memory.events.filter(({ kind, subject }) => kind === "alert.told" && subject === "pager");
    expect(told.map(({ body }) => "what" in body && body.what)).toEqual(expect.arrayContaining(["opened", "resolved"]));
  });

  it("does not tell what comes and goes within the time it takes to settle", async () => {
    for (let round = 0; round < 5; round += 1) {
      await world.lock(true);
      await world.clock.advance(SETTLE_MS / 2);
      await world.lock(false);
      await world.clock.advance(SETTLE_MS / 2);
    }
    expect(orphans(world.pager.notices())).toEqual([]);
  });

  it("takes nothing for over because its source is down", async () => {
    await world.lock(true);
    await world.clock.advance(30_000);
    await world.source("down");
    await world.clock.advance(300_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock"]);
    expect(said(world.pager.notices())).toContain("opened source_down");
    await world.source("up");
    await world.lock(false);
    await world.clock.advance(60_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock", "resolved orphaned_lock"]);
    expect(said(world.pager.notices())).toContain("resolved source_down");
  });

  it("tells a sink that was away what is open when it is back, and the others are not kept waiting", async () => {
    world.pager.fake.away = true;
    await world.lock(true);
    await world.clock.advance(60_000);
    expect(orphans(world.pager.notices())).toEqual([]);
    expect(said(orphans(world.chat.notices()))).toEqual(["opened orphaned_lock"]);
    expect(alerter.standings()[0]).toMatchObject({ state: "failing", reason: "ECONNREFUSED" });
    world.pager.fake.away = false;
    await world.clock.advance(6 * 60_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock"]);
    expect(alerter.standings()[0]).toMatchObject({ state: "ok", reason: null });
    const changes = world.memory.events.filter(({ kind }) => kind === "alert.sink.changed");
    expect(changes.filter(({ subject }) => subject === "pager").map(({ body }) => "to" in body && body.to)).toEqual([
      "failing",
      "ok",
    ]);
  });

  it("rests longer and longer with a sink that stays away", async () => {
    world.pager.fake.away = true;
    await world.lock(true);
    await world.clock.advance(3_600_000);
    expect(world.pager.fake.tries).toBeGreaterThan(5);
    expect(world.pager.fake.tries).toBeLessThan(25);
  });

  it("a sink that does not answer keeps nothing from the others", async () => {
    world.pager.fake.hangs = true;
    await world.lock(true);
    await world.clock.advance(60_000);
    expect(said(orphans(world.chat.notices()))).toEqual(["opened orphaned_lock"]);
  });

  it("after a restart tells nothing again, and what was over meanwhile", async () => {
    await world.lock(true);
    await world.clock.advance(30_000);
    await world.stop();
    world.start(world.create());
    await world.clock.advance(60_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock"]);
    await world.stop();
    await world.lock(false);
    world.start(world.create());
    await world.clock.advance(60_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock", "resolved orphaned_lock"]);
  });

  it("says that it is over where it may have been taken that it was there, also after a restart", async () => {
    world.pager.fake.mute = true;
    await world.lock(true);
    await world.clock.advance(30_000);
    const opened = orphans(world.pager.notices());
    expect(new Set(said(opened))).toEqual(new Set(["opened orphaned_lock"]));
    await world.stop();
    world.pager.fake.mute = false;
    await world.lock(false);
    world.start(world.create());
    await world.clock.advance(60_000);
    expect(said(orphans(world.pager.notices()).slice(opened.length))).toEqual(["resolved orphaned_lock"]);
    expect(JSON.stringify(await world.state.list("alerts"))).not.toContain("orphaned_lock");
  });

  it("says nothing of what came and went while a sink was away, and keeps nothing of it", async () => {
    world.pager.fake.away = true;
    await world.lock(true);
    await world.clock.advance(60_000);
    await world.lock(false);
    await world.clock.advance(10 * 60_000);
    world.pager.fake.away = false;
    await world.clock.advance(10 * 60_000);
    expect(orphans(world.pager.notices())).toEqual([]);
    expect(JSON.stringify(await world.state.list("alerts"))).not.toContain("orphaned_lock");
  });

  it("gives a change the same id until it was taken, and another the next time", async () => {
    const tried: string[] = [];
    const { tell } = world.pager.sink;
    world.pager.sink.tell = async (message, signal) => {
      if (message.type === "notices") tried.push(...orphans(message.notices).map(({ id }) => id));
      await tell(message, signal);
    };
    world.pager.fake.away = true;
    await world.lock(true);
    await world.clock.advance(60_000);
    world.pager.fake.away = false;
    await world.clock.advance(6 * 60_000);
    await world.lock(false);
    await world.clock.advance(60_000);
    await world.lock(true);
    await world.clock.advance(60_000);
    const ids = [...new Set(tried)];
    expect(tried.length).toBeGreaterThan(ids.length);
    expect(ids).toHaveLength(3);
  });

  it("says of none that it is over because so many are told as one", async () => {
    const agents = ingestStream("agents");
    const body = { from: null, to: "up" as const, reason: null };
    const at = () => world.clock.now();
    const source: EventDraft = { kind: "source.state_changed", subject: "agents", occurredAt: at(), body };
    await world.memory.recorder.record(agents, [source]);
    const be = (agent: string, to: "active" | "inactive") => {
      const facts = { about: null, door: "http" as const, peer: "10.0.0.1", bootId: "b", gateway: "g:1" };
      const change = { from: "unknown" as const, to, evidence: "no sign of life", silentMs: 7_000, bootId: "b" };
      const drafts: readonly EventDraft[] = [
        { kind: "agent.seen", subject: agent, occurredAt: at(), body: facts },
        { kind: "agent.state_changed", subject: agent, occurredAt: at(), body: change },
      ];
      return world.memory.recorder.record(agents, drafts);
    };
    const told = () =>
      world.pager
        .notices()
        .filter(({ kind }) => kind === "agent_inactive")
        .map(({ what, title }) => `${what} ${title}`.replaceAll("\u00a0", " "));
    for (const agent of ["a1", "a2", "a3"]) await be(agent, "inactive");
    await world.clock.advance(60_000);
    const singly = ["opened Agent a1 is inactive", "opened Agent a2 is inactive", "opened Agent a3 is inactive"];
    expect(told()).toEqual(singly);
    for (const agent of ["a4", "a5"]) await be(agent, "inactive");
    await world.clock.advance(60_000);
    expect(told().slice(3)).toEqual(["opened 5 agents are inactive"]);
    await be("a1", "active");
    await world.clock.advance(60_000);
    expect(told().slice(4)).toEqual(["resolved Agent a1 is inactive"]);
    await be("a5", "active");
    await world.clock.advance(60_000);
    // Two of the three that are left were told already.
    expect(told().slice(5)).toEqual(["opened Agent a4 is inactive", "resolved 5 agents are inactive"]);
  });

  it("tells nothing new that somebody has silenced, until the silence has run out", async () => {
    const body = { kind: "orphaned_lock", stream: STREAM, finding: null, until: epochMs(world.clock.now() + 120_000) };
    await world.operator({ kind: "alert.silenced", subject: "s1", body });
    await world.lock(true);
    await world.clock.advance(110_000);
    expect(orphans(world.pager.notices())).toEqual([]);
    await world.clock.advance(20_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock"]);
  });

  it("says that somebody has taken a finding on, and when it rings again", async () => {
    await world.lock(true);
    await world.clock.advance(30_000);
    const finding = orphans(world.pager.notices())[0]?.finding ?? "";
    const body = {
      ...{ finding, stream: STREAM, severity: "failed" as const, count: 1 },
      until: epochMs(world.clock.now() + 60_000),
    };
    await world.operator({ kind: "attention.acknowledged", subject: finding, body });
    await world.clock.advance(30_000);
    expect(said(orphans(world.pager.notices()))).toEqual(["opened orphaned_lock", "acknowledged orphaned_lock"]);
    await world.clock.advance(60_000);
    expect(said(orphans(world.pager.notices())).at(-1)).toBe("released orphaned_lock");
  });
});

describe("a sink's own rules", () => {
  it("choose by kind, severity and source", async () => {
    const world = rig({ kinds: ["source_down"], sources: ["elsewhere"] });
    await world.source("up");
    world.start(world.create());
    await world.lock(true);
    await world.clock.advance(60_000);
    await world.source("down");
    await world.clock.advance(60_000);
    await world.stop();
    expect(world.pager.notices()).toEqual([]);
  });
});

describe("the sign of life", () => {
  it("is sent at its pace, and not while nothing is remembered", async () => {
    const world = rig({}, 60_000);
    await world.source("up");
    const alerter = world.start(world.create());
    await world.clock.advance(180_500);
    const alive = () => world.pager.fake.taken.filter(({ type }) => type === "alive").length;
    expect(alive()).toBe(4);
    expect(alerter.standings()[0]?.lastAliveAt).not.toBeNull();
    world.mute();
    await world.clock.advance(600_000);
    expect(alive()).toBe(4);
    await world.stop();
  });
});
