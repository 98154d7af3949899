import { beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import type { Role } from "#server/auth/permissions.ts";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventActor, EventDraft, OperationFacts, PlanFacts } from "#server/contract/event.ts";
import { reduceAll } from "#server/contract/fold/fold.ts";
import { exportInput, type Thing } from "#server/contract/wire/journal.ts";
import { createMemoryJournal, emptyMemory, type MemoryContent } from "#server/journal/adapters/memory/journal.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createRecorder, type LiveRecorder } from "#server/live/recorder.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import type { Journal, JournalRetention } from "./ports.ts";
import { createJournalService } from "./service.ts";

const START = 1_795_300_000_000;
const DNA = "dna:eu-1";
const PLANS = "dynflow:foreman";
const NODE = "1795311820417:-6140";
const PLAN = "0f6e9d0e-6c0a-4a5e-9d55-2b1c3d4e5f60";
const ACTOR: EventActor = { user: "ann", role: "admin", address: "10.0.0.7", reason: "it is down" };
const SECRET = "a canary secret";

let clock: ManualClock;
let content: MemoryContent;
let journal: Journal & JournalRetention;
let recorder: LiveRecorder;
let service: ReturnType<typeof createJournalService>;
beforeEach(async () => {
  clock = createManualClock(START);
  content = emptyMemory();
  journal = createMemoryJournal(clock, content);
  recorder = await createRecorder({ journal, clock, log: silentLogger });
  service = createJournalService({ journal, log: silentLogger });
});

const caller = (role: Role = "operator", sources: readonly string[] | null = null): Caller => ({
  principal: { id: role, role, kind: "token", sources, tokenId: role },
  address: "::1",
});
const at = (seconds: number) => toIso(epochMs(START + seconds * 1_000));
const places = (events: readonly { readonly stream: string; readonly seq: string }[]) =>
  events.map(({ stream, seq }) => `${stream}/${seq}`);

async function record(stream: string, ...drafts: readonly EventDraft[]): Promise<void> {
  await recorder.record(stream, drafts);
}
const seen = (subject = NODE): EventDraft => ({
  kind: "dna.node.seen",
  subject,
  occurredAt: clock.now(),
  body: { cluster: "prod", node: `n@${subject}`, createdAt: epochMs(1), nodeId: "-6140" },
});
const judged = (to: "alive" | "late" | "silent", subject = NODE): EventDraft => ({
  kind: "dna.incarnation.state_changed",
  subject,
  occurredAt: clock.now(),
  body: { cluster: "prod", from: "alive", to, evidence: "", silentMs: 1 },
});
const facts = (state: string): PlanFacts => ({
  label: "A::B",
  state,
  result: "pending",
  rootActionClass: "A::B",
  startedAt: null,
  endedAt: null,
  steps: { "1": "error" },
  stepCount: 1,
  failure: state === "paused" ? { stepId: 1, actionClass: "A::B", exceptionClass: "E", message: SECRET } : null,
});
const planIs = (state: string): EventDraft => ({
  kind: "dynflow.plan.state_changed",
  subject: PLAN,
  occurredAt: clock.now(),
  body: { from: "running", plan: facts(state) },
});
const health = (to: "up" | "down"): EventDraft => ({
  kind: "source.state_changed",
  subject: "source",
  occurredAt: clock.now(),
  body: { from: null, to, reason: null },
});
const lock = (kind: "acquired" | "released", planId: string | null): EventDraft => {
  const subject = "SingletonActionLock|singleton-action:A::B";
  const key = { class: "SingletonActionLock", id: "singleton-action:A::B" };
  const rest = { ownerId: null, planId, worldId: null, clientWorldId: null, requestId: null, unreadable: null };
  return kind === "acquired"
    ? { kind: "dynflow.lock.acquired", subject, occurredAt: clock.now(), body: { ...key, ...rest } }
    : { kind: "dynflow.lock.released", subject, occurredAt: clock.now(), body: key };
};
const operation = (stream: string, target: string): OperationFacts => ({
  action: "dynflow.plans.resume",
  stream,
  target,
  expected: null,
  found: null,
});
const asked = (id: string, stream = PLANS, target = PLAN): EventDraft => ({
  id,
  kind: "op.requested",
  subject: target,
  occurredAt: clock.now(),
  actor: ACTOR,
  body: operation(stream, target),
});

/** A node comes, gets late, falls silent; a plan pauses and is resumed; a second passes between any two. */
async function incident(): Promise<void> {
  const steps: readonly (() => Promise<void>)[] = [
    () => record(DNA, health("up"), seen()),
    () => record(DNA, judged("late")),
    () => record(PLANS, health("up"), planIs("paused"), lock("acquired", PLAN)),
    () => record("operator", asked("r1")),
    () => record(PLANS, { ...planIs("running"), causedBy: "r1" }, lock("released", null)),
    () => record(DNA, judged("silent")),
  ];
  for (const step of steps) {
    await step();
    await clock.advance(1_000);
  }
}

describe("stateAt", () => {
  it("tells at each instant what was live then, to the byte", async () => {
    const live: string[] = [];
    const instants = [0, 1, 2, 3, 4, 5];
    recorder.onEvents(() => {
      live[Math.floor((clock.now() - START) / 1_000)] = canonicalJson(recorder.folds());
    });
    await incident();
    for (const second of instants.toReversed()) {
      const state = await service.stateAt(caller(), { at: at(second + 0.5) });
      expect(canonicalJson(state.folds)).toBe(live[second]);
    }
    expect((await service.stateAt(caller(), { at: at(2) })).positions).toEqual({
      [DNA]: { epoch: "memory", seq: "3" },
      [PLANS]: { epoch: "memory", seq: "3" },
    });
  });

  it("says of a stream that had not begun from when on it is known, and shows nothing of it", async () => {
    await incident();
    const state = await service.stateAt(caller(), { at: at(1) });
    expect(Object.keys(state.folds)).toEqual([DNA]);
    expect(state.notKnown).toEqual([
      { stream: PLANS, why: "not-begun", knownFrom: at(2) },
      { stream: "operator", why: "not-begun", knownFrom: at(3) },
    ]);
  });

  it("says `before-horizon` of what retention has dropped, and is right behind it", async () => {
    const DAY_MS = 86_400_000;
    for (let day = 0; day < 4; day += 1) {
      await record(DNA, seen(`${day}:1`));
      await clock.advance(DAY_MS);
    }
    await recorder.writeSnapshots([DNA]);
    await record(DNA, seen("4:1"));
    const rules = { keepMs: 2 * DAY_MS, keepOperatorMs: 90 * DAY_MS, maxBytes: Number.MAX_SAFE_INTEGER };
    await journal.retain(rules, (await service.stateAt(caller(), { at: at(0) })).foldVersion);
    const before = await service.stateAt(caller(), { at: at(1) });
    expect(before.folds).toEqual({});
    expect(before.notKnown).toEqual([
      { stream: DNA, why: "before-horizon", knownFrom: toIso(epochMs(START + 2 * DAY_MS)) },
    ]);
    expect(before.horizon).toBe(toIso(epochMs(START + DAY_MS + 1)));
    const thing = { type: "incarnation", source: "eu-1", id: "0:1" } as const;
    const history = await service.history(caller(), { thing, limit: 10, cursor: null });
    expect([history.events, history.horizon]).toEqual([[], before.horizon]);
    const dropped = { after: { [DNA]: { epoch: "memory", seq: "0" } }, to: toIso(clock.now()), limit: 10 };
    await expect(service.events(caller(), dropped)).rejects.toMatchObject({ code: "not-found" });
    const after = await service.stateAt(caller(), { at: toIso(clock.now()) });
    expect(canonicalJson(after.folds)).toBe(canonicalJson(recorder.folds()));
    expect(after.notKnown).toEqual([]);
  });

  it("hides messages from viewers, and other sources from those who may not see them", async () => {
    await incident();
    const paused = (role: Role) => service.stateAt(caller(role), { at: at(2) });
    expect(JSON.stringify(await paused("operator"))).toContain(SECRET);
    expect(JSON.stringify(await paused("viewer"))).not.toContain(SECRET);
    const limited = await service.stateAt(caller("operator", ["eu-1"]), { at: at(9) });
    expect(Object.keys(limited.folds).sort()).toEqual([DNA, "operator"]);
    expect(limited.folds.operator).toMatchObject({ operations: [] });
    expect(limited.notKnown).toEqual([]);
  });

  it("writes the snapshots that are missing on the way", async () => {
    const rows = Array.from({ length: 6_000 }, (_, n) => seen(`${n % 50}:1`));
    await journal.append(DNA, rows);
    content.snapshots.splice(0);
    await service.stateAt(caller(), { at: at(0) });
    expect(content.snapshots.map(({ seq }) => seq)).toEqual(["6000"]);
  });
});

describe("events", () => {
  it("goes on from any state so that folding it gives the later state, in the order of time", async () => {
    await incident();
    for (const second of [0, 2, 4]) {
      const state = await service.stateAt(caller(), { at: at(second) });
      const later = await service.stateAt(caller(), { at: at(5) });
      const folded: (typeof state.folds)[] = [state.folds];
      let after = state.positions;
      for (;;) {
        const page = await service.events(caller(), { after: { ...after }, to: at(5), limit: 2 });
        const times = page.events.map(({ observedAt }) => observedAt);
        expect(times).toEqual(times.toSorted());
        folded.push(reduceAll(folded.at(-1) ?? {}, page.events));
        for (const { stream, seq } of page.events) after = { ...after, [stream]: { epoch: "memory", seq } };
        if (!page.more) break;
      }
      expect(canonicalJson(folded.at(-1))).toBe(canonicalJson(later.folds));
    }
  });

  it("gives what viewers fold to their state, and refuses positions of another journal", async () => {
    await incident();
    const from = await service.stateAt(caller("viewer"), { at: at(0) });
    const page = await service.events(caller("viewer"), { after: { ...from.positions }, to: at(3), limit: 100 });
    const to = await service.stateAt(caller("viewer"), { at: at(3) });
    expect(canonicalJson(reduceAll(from.folds, page.events))).toBe(canonicalJson(to.folds));
    const foreign = { after: { [DNA]: { epoch: "another", seq: "1" } }, to: at(3), limit: 100 };
    await expect(service.events(caller(), foreign)).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("the time bar", () => {
  it("has marks for what operators did, what needs a person and gaps, oldest first, the newest when there are more", async () => {
    await incident();
    await record(DNA, health("down"));
    const all = await service.marks(caller(), { from: at(0), to: at(60), limit: 100 });
    expect(all.marks.map(({ what, stream, at: when }) => [what, stream, when])).toEqual([
      ["need", DNA, at(1)],
      ["need", PLANS, at(2)],
      ["operator", "operator", at(3)],
      ["need", DNA, at(5)],
      ["gap", DNA, at(6)],
    ]);
    expect([all.more, all.first, all.horizon]).toEqual([false, at(0), null]);
    const newest = await service.marks(caller(), { from: at(0), to: at(60), limit: 2 });
    expect([newest.marks.map(({ what }) => what), newest.more]).toEqual([["need", "gap"], true]);
    const limited = await service.marks(caller("operator", ["eu-1"]), { from: at(0), to: at(4), limit: 100 });
    expect(limited.marks.map(({ stream }) => stream)).toEqual([DNA]);
  });

  it("steps to the nearest event or mark on either side of an instant, never to the instant itself", async () => {
    await incident();
    const step = async (second: number, direction: "previous" | "next", what: "events" | "marks" = "events") => {
      const { event } = await service.step(caller(), { at: at(second), direction, what });
      return event === null ? null : `${event.stream}/${event.seq}`;
    };
    expect(await step(2, "next")).toBe("operator/1");
    expect(await step(2, "previous")).toBe(`${DNA}/3`);
    expect(await step(3, "previous", "marks")).toBe(`${PLANS}/2`);
    expect(await step(3, "next", "marks")).toBe(`${DNA}/4`);
    expect([await step(0, "previous"), await step(5, "next"), await step(5, "next", "marks")]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe("history", () => {
  const history = async (thing: Thing, limit = 100, who = caller()) =>
    service.history(who, { thing, limit, cursor: null });

  it("of a plan has its own events, its locks and what was done to it, also by pages", async () => {
    await incident();
    await record(PLANS, lock("acquired", "another"), lock("released", null));
    const thing = { type: "plan", source: "foreman", id: PLAN } as const;
    const expected = [`${PLANS}/5`, `${PLANS}/4`, "operator/1", `${PLANS}/3`, `${PLANS}/2`];
    const whole = await history(thing);
    expect(places(whole.events)).toEqual(expected);
    expect(whole.nextCursor).toBeNull();
    const pages: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof history>> = await service.history(caller(), { thing, limit: 2, cursor });
      pages.push(...places(page.events));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(pages).toEqual(expected);
    expect(JSON.stringify(await history(thing, 100, caller("viewer")))).not.toContain(SECRET);
  });

  it("of an incarnation has its judgements and actions of its own source only", async () => {
    await incident();
    await record("operator", asked("r2", "dna:us-1", NODE), asked("r3", DNA, NODE));
    const found = await history({ type: "incarnation", source: "eu-1", id: NODE });
    expect(places(found.events)).toEqual(["operator/3", `${DNA}/4`, `${DNA}/3`, `${DNA}/2`]);
  });

  it("of an actor has its owners and the job that released it, with who asked for that", async () => {
    const subject = "n:0:a";
    const actor = { namespace: "n", moduleId: 0, name: "a" };
    const job = {
      kind: "dna.failover",
      title: "failover",
      stream: DNA,
      target: NODE,
      state: "running",
      note: null,
      counts: { total: 1, applied: 0, moved: 0, failed: 0, unknown: 0 },
      createdAt: clock.now(),
      requestedBy: "ann",
      requestId: "r1",
    } as const;
    await record("operator", asked("r1", DNA, NODE));
    await record("operator", {
      kind: "job.created",
      subject: "j1",
      occurredAt: clock.now(),
      causedBy: "r1",
      body: job,
    });
    await clock.advance(1_000);
    const released = { ...actor, owner: NODE, jobId: "j1" };
    await record(DNA, { kind: "dna.actor.released", subject, occurredAt: clock.now(), causedBy: "r1", body: released });
    expect(places((await history({ type: "actor", source: "eu-1", id: subject })).events)).toEqual([
      `${DNA}/1`,
      "operator/2",
    ]);
    expect(places((await history({ type: "job", source: null, id: "j1" })).events)).toEqual([
      "operator/2",
      "operator/1",
    ]);
    expect(places((await history({ type: "operator", source: null, id: "ann" })).events)).toEqual([
      "operator/2",
      "operator/1",
    ]);
    expect(places((await history({ type: "incarnation", source: "eu-1", id: NODE })).events)).toEqual([
      "operator/2",
      "operator/1",
    ]);
  });

  it("of an app of a HAF stack has its states, its log, its roles and the checks that name it; of the stack its own", async () => {
    const stack = "haf:hive";
    const now = clock.now();
    const role = (app: string): EventDraft => ({
      kind: "haf.role.changed",
      subject: `sync/${app}/1`,
      occurredAt: now,
      body: {
        ...{ role: "sync", app, generation: 1, from: null, to: "alive", inferred: true, cause: null, exitCode: null },
        ...{ evidence: "its first row in the log", container: null },
      },
    });
    const logged = (app: string): EventDraft => ({
      kind: "haf.app.logged",
      subject: app,
      occurredAt: now,
      body: { logId: "1", app, event: "CREATED", stage: null, block: 1, forkId: null, headBlock: null },
    });
    const check = (about: readonly string[]): EventDraft => ({
      kind: "haf.check.changed",
      subject: "app-slow",
      occurredAt: now,
      body: { from: null, to: "warning", evidence: "slow", about },
    });
    const hived: EventDraft = {
      kind: "haf.hived.connected",
      subject: "hive",
      occurredAt: now,
      body: { connectionId: "1", gitSha: null, block: 1, again: false },
    };
    await record(stack, logged("hivemind"), logged("hafah"), role("hivemind"), role("hafah"), hived);
    await record(stack, check(["hafah"]), check(["hafah", "hivemind"]));
    await record("operator", asked("r9", stack, "hivemind"), asked("r10", DNA, "hivemind"));
    const app = { type: "app", source: "hive", id: "hivemind" } as const;
    const found = places((await history(app)).events).toSorted();
    expect(found).toEqual([`${stack}/1`, `${stack}/3`, `${stack}/7`, "operator/1"].toSorted());
    await expect(history(app, 10, caller("viewer", ["eu-1"]))).rejects.toMatchObject({ code: "not-found" });
    const whole = places((await history({ type: "source", source: null, id: "hive" })).events);
    expect(whole.filter((place) => place.startsWith(stack)).toSorted()).toEqual([5, 6, 7].map((n) => `${stack}/${n}`));
  });

  it("says when nothing could be seen: the source away, no console running, and why", async () => {
    const started = (): EventDraft => ({
      kind: "console.started",
      subject: "console",
      occurredAt: clock.now(),
      body: { version: "1", demo: false },
    });
    const stopped: EventDraft = {
      kind: "console.stopped",
      subject: "console",
      occurredAt: clock.now(),
      body: { reason: "" },
    };
    const steps: readonly (() => Promise<void>)[] = [
      () => record("console", started()),
      () => record(DNA, health("up"), seen()),
      () => record(DNA, health("down")),
      () => record(DNA, health("up"), judged("late")),
      () => record("console", stopped),
      () => record("console", started()),
      () => record(DNA, judged("alive")),
      // Killed here: the next start follows on a start.
      () => record("console", started()),
      () => record(DNA, health("down")),
    ];
    for (const step of steps) {
      await step();
      await clock.advance(1_000);
    }
    const { blindSpots } = await history({ type: "incarnation", source: "eu-1", id: NODE });
    expect(blindSpots).toEqual([
      { from: at(8), to: null, why: "the source was away" },
      { from: at(6), to: at(7), why: "no console was running: it ended without saying so" },
      { from: at(4), to: at(5), why: "no console was running" },
      { from: at(2), to: at(3), why: "the source was away" },
    ]);
  });

  it("of a source that the caller may not see is not found, and of a thing that nobody knows is empty", async () => {
    await incident();
    const hidden = history({ type: "plan", source: "foreman", id: PLAN }, 10, caller("operator", ["eu-1"]));
    await expect(hidden).rejects.toMatchObject({ code: "not-found" });
    expect(await history({ type: "plan", source: "foreman", id: "unknown" })).toEqual({
      events: [],
      nextCursor: null,
      blindSpots: [],
      horizon: null,
    });
  });

  it("of a source has its comings and goings, what was done to it, and the console's own", async () => {
    await incident();
    expect(places((await history({ type: "source", source: "foreman", id: "foreman" })).events)).toEqual([
      "operator/1",
      `${PLANS}/1`,
    ]);
  });
});

describe("around", () => {
  it("leads from an action to what came of it, and back", async () => {
    await incident();
    const request = await service.around(caller(), { id: "r1" });
    expect([request.event.id, request.cause, places(request.effects)]).toEqual(["r1", null, [`${PLANS}/4`]]);
    const effect = await service.around(caller("viewer"), { id: request.effects[0]?.id ?? "" });
    expect(effect.cause?.actor).toEqual({ ...ACTOR, address: { masked: true } });
    const hidden = service.around(caller("operator", ["eu-1"]), { id: "r1" });
    await expect(hidden).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("export", () => {
  const file = async (query: object, who = caller()) => {
    let text = "";
    for await (const piece of service.export(who, exportInput.parse(query))) text += piece;
    return text;
  };

  it("gives every event exactly, oldest first, beyond one page", async () => {
    await journal.append(
      DNA,
      Array.from({ length: 1_234 }, (_, n) => seen(`${n}:1`)),
    );
    const lines = (await file({})).trimEnd().split("\n");
    const stored = await journal.after(DNA, "0", 10_000);
    expect(lines).toEqual(stored.map((event) => JSON.stringify(event)));
  });

  it("takes only what is asked for and may be seen", async () => {
    await incident();
    const ids = async (query: object, who = caller()) =>
      (await file(query, who))
        .trimEnd()
        .split("\n")
        .map((line) => (line === "" ? "" : `${JSON.parse(line).stream}/${JSON.parse(line).seq}`));
    expect(await ids({ user: "ann" })).toEqual(["operator/1"]);
    expect(await ids({ kinds: ["dna.node.seen", "op.requested"] })).toEqual([`${DNA}/2`, "operator/1"]);
    expect(await ids({ from: at(1), to: at(2), streams: [DNA] })).toEqual([`${DNA}/3`]);
    expect(await ids({ subject: PLAN, streams: [PLANS] })).toEqual([`${PLANS}/2`, `${PLANS}/4`]);
    expect(await ids({}, caller("operator", ["eu-1"]))).toEqual([`${DNA}/1`, `${DNA}/2`, `${DNA}/3`, `${DNA}/4`]);
    await expect(file({ streams: [PLANS] }, caller("operator", ["eu-1"]))).rejects.toMatchObject({ code: "not-found" });
    for (const format of ["csv", "jsonl"]) {
      expect(await file({ format })).toContain(SECRET);
      const masked = await file({ format }, caller("viewer"));
      expect(masked).not.toContain(SECRET);
      expect(masked).not.toContain(ACTOR.address);
    }
  });

  it("gives spreadsheets records that they read as text: quoted, and with nothing to run", async () => {
    const reason = '=HYPERLINK("http://evil.example","x"),\r\nand more';
    await record("operator", { ...asked("r1"), actor: { ...ACTOR, user: "@ann", reason } });
    const [head, ...rest] = (await file({ format: "csv" })).split("\r\n");
    expect(head).toBe(
      "stream,seq,id,kind,subject,occurredAt,observedAt,synthetic,causedBy,user,role,address,reason,body",
    );
    const line = rest.join("\r\n");
    expect(line).toContain(`,'@ann,admin,10.0.0.7,"'=HYPERLINK(""http://evil.example"",""x""),\r\nand more",`);
    expect(line.endsWith('"\r\n')).toBe(true);
  });
});

describe("faults", () => {
  it("keeps and shows an event of a kind that it does not know, hides it whole from viewers, and folds past it", async () => {
    await incident();
    const before = await service.stateAt(caller(), { at: at(9) });
    const tomorrow = { ...seen(), kind: "dna.something.of_tomorrow", body: { version: 9, secret: SECRET } };
    await journal.append(DNA, [tomorrow as unknown as EventDraft]);
    const state = await service.stateAt(caller(), { at: at(9) });
    expect(canonicalJson(state.folds)).toBe(canonicalJson(before.folds));
    expect(state.positions[DNA]?.seq).toBe("5");
    const thing = { type: "incarnation", source: "eu-1", id: NODE } as const;
    const shown = async (role: Role) =>
      (await service.history(caller(role), { thing, limit: 1, cursor: null })).events.map(({ body }) => body);
    expect(await shown("operator")).toEqual([{ version: 9, secret: SECRET }]);
    expect(await shown("viewer")).toEqual([{ masked: true }]);
    const step = await service.step(caller(), { at: at(5), direction: "next", what: "events" });
    expect(step.event?.kind).toBe("dna.something.of_tomorrow");
  });

  it("says that the store is away, and never that there was nothing", async () => {
    await incident();
    await journal.close();
    const unavailable = { code: "journal-unavailable" };
    await expect(service.stateAt(caller(), { at: at(1) })).rejects.toMatchObject(unavailable);
    await expect(service.marks(caller(), { from: at(0), to: at(9), limit: 9 })).rejects.toMatchObject(unavailable);
    const history = service.history(caller(), {
      thing: { type: "job", source: null, id: "j" },
      limit: 9,
      cursor: null,
    });
    await expect(history).rejects.toMatchObject(unavailable);
    await expect(service.export(caller(), exportInput.parse({})).next()).rejects.toMatchObject(unavailable);
  });
});
