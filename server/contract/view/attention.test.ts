import { describe, expect, it } from "vitest";
import type { JournalEvent, LockFacts, PlanDelay, PlanFacts, WorldFacts } from "#server/contract/event.ts";
import { type Folds, reduceFolds } from "#server/contract/fold/fold.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { annunciate, attention as attentionAt } from "./attention.ts";
import type { Patience } from "./attention-patience.ts";

const T0 = 1_795_300_000_000;
let clockMs = T0;

/** Folds drafts of one stream in order, one second apart. */
type Draft = Pick<JournalEvent, "kind" | "subject"> & {
  readonly body: unknown;
  readonly id?: string;
  readonly causedBy?: string;
};
function folded(streams: Readonly<Record<string, readonly Draft[]>>): Folds {
  clockMs = T0;
  let folds: Folds = {};
  for (const [stream, drafts] of Object.entries(streams))
    for (const draft of /^d/.test(stream) ? [source("up"), ...drafts] : drafts) {
      clockMs += 1_000;
      const at = epochMs(clockMs);
      const event = { id: `e${clockMs}`, seq: "1", synthetic: false, causedBy: null, actor: null, ...draft, stream };
      folds = reduceFolds(folds, { ...event, occurredAt: at, observedAt: at } as JournalEvent);
    }
  return folds;
}

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const attention = (folds: Folds, now = T0 + 60_000, patience?: Patience) => attentionAt(folds, epochMs(now), patience);
const said = (folds: Folds) => attention(folds).map(({ title }) => plain(title));

const seen = (incarnation: string, node: string): Draft => ({
  kind: "dna.node.seen",
  subject: incarnation,
  body: { cluster: "prod", node, createdAt: Number(incarnation.split(":")[0]), nodeId: incarnation.split(":")[1] },
});
const judged = (incarnation: string, to: string, silentMs = 12_000): Draft => ({
  kind: "dna.incarnation.state_changed",
  subject: incarnation,
  body: { cluster: "prod", from: "alive", to, evidence: "row deleted by a peer", silentMs },
});
const counted = (counts: Readonly<Record<string, number>>, only: string | null = null): Draft => ({
  kind: "dna.census.finished",
  subject: "eu-1",
  body: {
    startedAt: clockMs,
    finishedAt: clockMs,
    rows: 10,
    unreadableRows: 0,
    incarnationId: only,
    counts: Object.entries(counts).map(([incarnationId, keys]) => ({
      incarnationId,
      namespace: "w",
      moduleId: 0,
      keys,
    })),
  },
});
/** A census that ended long after everything else. */
const countedLate = (counts: Readonly<Record<string, number>>, only: string | null = null): Draft => {
  const draft = counted(counts, only);
  return { ...draft, body: { ...(draft.body as object), finishedAt: T0 + 900_000 } };
};
const source = (to: string, reason: string | null = null): Draft => ({
  kind: "source.state_changed",
  subject: "eu-1",
  body: { from: null, to, reason },
});

const plan = (facts: Partial<PlanFacts>): PlanFacts => ({
  label: "Actions::Publish",
  state: "paused",
  result: "error",
  rootActionClass: "Actions::Katello::ContentView::Publish",
  startedAt: null,
  endedAt: null,
  steps: null,
  stepCount: 3,
  failure: null,
  ...facts,
});
const failure = {
  stepId: 17,
  actionClass: "Actions::Pulp3::Upload",
  exceptionClass: "Errno::ENOSPC",
  message: "No space left\nmore",
};
const created = (id: string, facts: PlanFacts): Draft => ({ kind: "dynflow.plan.created", subject: id, body: facts });

const world = (facts: Partial<WorldFacts> = {}): WorldFacts => ({
  class: "Dynflow::Coordinator::ExecutorWorld",
  executor: true,
  active: true,
  hostname: "exec-two",
  pid: 21_505,
  queues: {},
  lastSeenText: null,
  unreadable: null,
  ...facts,
});
const registered = (id: string, facts = world()): Draft => ({
  kind: "dynflow.world.registered",
  subject: id,
  body: facts,
});
const locked = (id: string, worldId: string, planId: string): Draft => ({
  kind: "dynflow.lock.acquired",
  subject: id,
  body: {
    class: "Dynflow::Coordinator::ExecutionLock",
    id,
    ownerId: `world:${worldId}`,
    planId,
    worldId,
    clientWorldId: null,
    requestId: null,
    unreadable: null,
  } satisfies LockFacts,
});

const lockedPlan = (planId: string, kind = "ExecutionLock", id = `execution-plan:${planId}`): Draft => ({
  kind: "dynflow.lock.acquired",
  subject: id,
  body: { ...(locked(id, "w", planId).body as LockFacts), class: `Dynflow::Coordinator::${kind}` },
});
const POLLER_LOCK = "Dynflow::Coordinator::DelayedExecutorLock";
const releasedPlan = (planId: string, kind = "ExecutionLock"): Draft => ({
  kind: "dynflow.lock.released",
  subject: planId,
  body: { class: `Dynflow::Coordinator::${kind}`, id: `execution-plan:${planId}` },
});
const iso = (ms: number): string => new Date(T0 + ms).toISOString();
const delay = (facts: Partial<PlanDelay> = {}): PlanDelay => ({
  startAt: null,
  startBefore: null,
  frozen: false,
  ...facts,
});

const job = (id: string, target: string, facts: object = {}): Draft => ({
  kind: "job.created",
  subject: id,
  body: {
    kind: "dna.failover",
    title: "Release the keys of dna@10.0.0.7",
    stream: "dna:eu-1",
    target,
    state: "running",
    note: null,
    counts: { total: 10, applied: 4, moved: 1, failed: 0, unknown: 0 },
    createdAt: clockMs,
    requestedBy: "mira",
    requestId: "r",
    ...facts,
  },
});

describe("dead nodes", () => {
  it("that hold keys come first, with the count and its age", () => {
    const folds = folded({
      "dna:eu-1": [seen("1:7", "dna@10.0.0.7"), judged("1:7", "gone"), countedLate({ "1:7": 101_233 })],
    });
    const [need] = attention(folds);
    expect(need?.severity).toBe("failed");
    expect(said(folds)).toEqual(["Node dna@10.0.0.7 is gone, its keys are not yet taken over"]);
    const [later] = attention(folds, T0 + 900_000 + 22 * 60_000);
    expect(later && plain(later.detail)).toBe("eu-1 prod · owns 101 233 keys, counted 22 min ago");
    expect(need?.place).toEqual({ page: "node", source: "eu-1", incarnation: "1:7" });
  });

  it("whose keys were never counted say so and ask for a count", () => {
    const folds = folded({ "dna:eu-1": [seen("1:7", "dna@10.0.0.7"), judged("1:7", "gone")] });
    expect(said(folds)).toEqual(["Node dna@10.0.0.7 is gone; how many keys it holds is not known"]);
    expect(attention(folds)[0]?.severity).toBe("attention");
  });

  it("are not called empty by a count from before they died", () => {
    const folds = folded({ "dna:eu-1": [seen("1:7", "dna@10.0.0.7"), counted({}), judged("1:7", "gone")] });
    expect(attention(folds).map(({ kind }) => kind)).toEqual(["uncounted_node"]);
  });

  it("that hold nothing need nobody", () => {
    const folds = folded({ "dna:eu-1": [seen("1:7", "dna@10.0.0.7"), judged("1:7", "gone"), countedLate({})] });
    expect(attention(folds)).toEqual([]);
  });

  it("need nobody while a failover works on them, nor after it released everything", () => {
    const dna = [seen("1:7", "dna@10.0.0.7"), judged("1:7", "gone"), counted({ "1:7": 10 })];
    expect(attention(folded({ "dna:eu-1": dna, operator: [job("j", "1:7")] }))).toEqual([]);
    expect(attention(folded({ "dna:eu-1": dna, operator: [job("j", "1:7", { state: "done" })] }))).toEqual([]);
  });

  it("need somebody again when the failover left keys of unknown outcome", () => {
    const dna = [seen("1:7", "dna@10.0.0.7"), judged("1:7", "gone"), counted({ "1:7": 10 })];
    const counts = { total: 10, applied: 9, moved: 0, failed: 0, unknown: 1 };
    const needs = attention(folded({ "dna:eu-1": dna, operator: [job("j", "1:7", { state: "done", counts })] }));
    expect(needs.map(({ kind }) => kind)).toEqual(["dead_node", "job_ended_badly"]);
  });

  it("are told as one finding when they are many", () => {
    const ids = ["1:1", "1:2", "1:3", "1:4", "1:5"];
    const folds = folded({
      "dna:eu-1": [
        ...ids.flatMap((id) => [seen(id, `dna@10.0.0.${id[2]}`), judged(id, "gone")]),
        countedLate(Object.fromEntries(ids.map((id) => [id, 1_000]))),
      ],
    });
    expect(said(folds)).toEqual(["5 dead incarnations of eu-1 hold keys that nobody has taken over"]);
    expect(annunciate(attention(folds), "topology")).toEqual({ severity: "failed", count: 5 });
  });

  it("are told by the ids that they have alone, when many are told as one", () => {
    const many = ["1:1", "1:2", "1:3", "1:4"];
    const died = (id: string) => [seen(id, `dna@10.0.0.${id[2]}`), judged(id, "gone")];
    const count = (ids: readonly string[]) => countedLate(Object.fromEntries(ids.map((id) => [id, 1_000])));
    const twice = (name: string) => doubledKey(name, ["dna@a", "dna@b"]);
    const cases: readonly { readonly group: readonly Draft[]; readonly alone: readonly (readonly Draft[])[] }[] = [
      { group: [...many.flatMap(died), count(many)], alone: many.map((id) => [...died(id), count([id])]) },
      { group: many.flatMap(died), alone: many.map(died) },
      { group: many.map(twice), alone: many.map((name) => [twice(name)]) },
    ];
    for (const { group, alone } of cases) {
      const [one, ...others] = attention(folded({ "dna:eu-1": group }));
      const singly = alone.flatMap((drafts) => attention(folded({ "dna:eu-1": drafts })));
      expect([others, singly.length, one?.count]).toEqual([[], 4, 4]);
      expect(one?.standsFor).toEqual(singly.map(({ id }) => id));
    }
  });
});

describe("living nodes", () => {
  it("that are alive, observed or returned need nobody", () => {
    const folds = folded({
      "dna:eu-1": [
        seen("1:1", "a"),
        seen("1:2", "b"),
        judged("1:2", "alive"),
        seen("1:3", "c"),
        judged("1:3", "returned"),
      ],
    });
    expect(attention(folds)).toEqual([]);
  });
  it("that are late draw attention", () => {
    const folds = folded({ "dna:eu-1": [seen("1:1", "dna@10.0.0.1"), judged("1:1", "late", 12_400)] });
    expect(said(folds)).toEqual(["Node dna@10.0.0.1 is late, peers may judge it dead and take its keys"]);
    expect(attention(folds)[0]?.severity).toBe("attention");
  });
  it("that share a name while both beat are one finding, and the worst", () => {
    const flag = (id: string): Draft => ({
      kind: "dna.node.flag_changed",
      subject: id,
      body: { cluster: "prod", flag: "name_conflict", set: true, evidence: "both beat" },
    });
    const folds = folded({
      "dna:eu-1": [
        seen("1:1", "n@h"),
        seen("2:2", "n@h"),
        flag("1:1"),
        flag("2:2"),
        seen("1:3", "x"),
        judged("1:3", "gone"),
        countedLate({ "1:3": 5 }),
      ],
    });
    expect(said(folds)[0]).toBe("Two incarnations beat under the name n@h");
    expect(attention(folds)).toHaveLength(2);
  });
});

describe("plans", () => {
  it("paused on the same error are one finding, as old as the oldest", () => {
    const folds = folded({
      "dynflow:foreman": [
        registered("w"),
        created("p1", plan({ failure })),
        created("p2", plan({ failure, rootActionClass: "Other" })),
        created("p3", plan({ failure: { ...failure, exceptionClass: "Timeout" } })),
      ],
    });
    const needs = attention(folds);
    expect(said(folds)).toEqual([
      "2 plans are paused on the same error at Pulp3::Upload",
      "Plan ContentView::Publish is paused on an error at Pulp3::Upload",
    ]);
    expect(needs[0]?.since).toBe(T0 + 3_000);
    expect(needs[0]?.detail).toBe("foreman · step 17 · Errno::ENOSPC: No space left");
    expect(needs[1]?.place).toEqual({ page: "plan", source: "foreman", planId: "p3" });
    expect(annunciate(needs, "plans")).toEqual({ severity: "failed", count: 3 });
  });

  it("of different sources are never joined", () => {
    const folds = folded({
      "dynflow:a": [registered("w"), created("p1", plan({ failure }))],
      "dynflow:b": [registered("w"), created("p1", plan({ failure }))],
    });
    expect(attention(folds)).toHaveLength(2);
  });

  it("show a viewer no error message", () => {
    const folds = folded({
      "dynflow:a": [registered("w"), created("p1", plan({ failure: { ...failure, message: { masked: true } } }))],
    });
    const [need] = attention(folds);
    expect(need?.detail).toContain("Errno::ENOSPC: message not shown to viewers");
  });

  it("that run or wait in order need nobody", () => {
    const folds = folded({
      "dynflow:a": [
        registered("w"),
        lockedPlan("p1"),
        created("p1", plan({ state: "running", result: "pending", steps: { "1": "running" } })),
        lockedPlan("poller", "DelayedExecutorLock", "delayed-executor"),
        created("p2", plan({ state: "scheduled", result: "pending", delay: delay({ startAt: iso(3_600_000) }) })),
      ],
    });
    expect(attention(folds)).toEqual([]);
    expect(attention(folds, T0 + 3_000_000)).toEqual([]);
  });
});

describe("plans that do not go on", () => {
  const running = (facts: Partial<PlanFacts> = {}) => plan({ state: "running", result: "pending", ...facts });
  const HOUR_MS = 3_600_000;
  const of = (drafts: readonly Draft[]) => folded({ "dynflow:a": [registered("w"), ...drafts] });

  it("are told when they run and no world holds their lock, but not for a moment between two reads", () => {
    const folds = of([lockedPlan("p"), created("p", running()), releasedPlan("p")]);
    const lostAt = clockMs;
    expect(attention(folds, lostAt + 9_000)).toEqual([]);
    const [need] = attention(folds, lostAt + 10_000);
    expect(need).toMatchObject({ kind: "plan_unlocked", severity: "failed", since: lostAt, count: 1 });
    expect(need?.remedy).toMatch(/^Halt it/);
    expect(need?.offer).toBeUndefined();
  });

  it("are not told while the lock of planning becomes that of executing", () => {
    const folds = of([
      lockedPlan("p", "PlanningLock"),
      created("p", running({ state: "planning" })),
      lockedPlan("p"),
      releasedPlan("p", "PlanningLock"),
    ]);
    expect(attention(folds, T0 + HOUR_MS / 12)).toEqual([]);
  });

  it("of the same class are one finding", () => {
    const folds = of([
      created("p1", running()),
      created("p2", running()),
      created("p3", running({ rootActionClass: "B" })),
    ]);
    expect(attention(folds).map(({ kind, count }) => [kind, count])).toEqual([
      ["plan_unlocked", 2],
      ["plan_unlocked", 1],
    ]);
    expect(said(folds)[0]).toBe("2 plans of ContentView::Publish are running, but no world holds their locks");
  });

  it("stay in planning for good when nobody plans them", () => {
    const folds = of([created("p", running({ state: "planning" }))]);
    expect(attention(folds)[0]).toMatchObject({ kind: "planning_stuck", severity: "failed" });
    const held = of([lockedPlan("p", "PlanningLock"), created("p", running({ state: "planning" }))]);
    expect(attention(held)).toEqual([]);
    expect(attention(held, T0 + 11 * 60_000)[0]).toMatchObject({ kind: "planning_stuck", severity: "attention" });
  });

  it("are planned and nobody takes them up: resume asks for it", () => {
    const folds = of([created("p", running({ state: "planned" }))]);
    expect(attention(folds, T0 + 30_000)).toEqual([]);
    const [need] = attention(folds, T0 + 70_000);
    expect(need).toMatchObject({ kind: "planned_long", offer: { verb: "resume", source: "a", planIds: ["p"] } });
  });

  it("wait suspended, and nothing of them moves for an hour", () => {
    const steps = { "1": "success", "2": "suspended" };
    const folds = of([lockedPlan("p"), created("p", running({ steps }))]);
    const since = clockMs;
    expect(attention(folds, since + HOUR_MS - 1)).toEqual([]);
    expect(attention(folds, since + HOUR_MS)[0]).toMatchObject({ kind: "suspended_long", since });
    const busy = of([lockedPlan("p"), created("p", running({ steps: { ...steps, "3": "running" } }))]);
    expect(attention(busy, since + 2 * HOUR_MS)).toEqual([]);
  });

  it("wait suspended for as long as their class is given: the whole name before a pattern, the longest pattern first", () => {
    const steps = { "1": "suspended" };
    const waits = (rootActionClass: string, label: string | null = null) =>
      of([lockedPlan("p"), created("p", running({ steps, rootActionClass, label }))]);
    const patience = { suspendedMinutes: { "Lab::*": 240, "Lab::Poll*": 10, "Lab::PollOnce": 120, "My task": 5 } };
    const lateAfter = (folds: ReturnType<typeof of>): number => {
      const since = clockMs;
      const tried = [5, 10, 60, 120, 240];
      const found = tried.find((minutes) => attention(folds, since + minutes * 60_000, patience).length > 0) ?? 0;
      expect(attention(folds, since + found * 60_000 - 1, patience)).toEqual([]);
      return found;
    };
    expect(lateAfter(waits("Other::Class"))).toBe(60);
    expect(lateAfter(waits("Lab::Copy"))).toBe(240);
    expect(lateAfter(waits("Lab::PollTwice"))).toBe(10);
    expect(lateAfter(waits("Lab::PollOnce"))).toBe(120);
    expect(lateAfter(waits("Lab::PollOnce", "My task"))).toBe(120);
    expect(lateAfter(waits("Other::Class", "My task"))).toBe(5);
  });

  it("are scheduled and can never start: no delay, frozen, or given up too late", () => {
    const scheduled = (id: string, held: PlanFacts["delay"]) =>
      created(id, plan({ state: "scheduled", result: "pending", rootActionClass: id, delay: held ?? null }));
    const poller = lockedPlan("poller", "DelayedExecutorLock", "delayed-executor");
    const folds = of([
      poller,
      scheduled("Gone", null),
      scheduled("Frozen", delay({ frozen: true })),
      scheduled("Missed", delay({ startBefore: iso(-HOUR_MS) })),
      scheduled("Waits", delay({ startAt: iso(HOUR_MS) })),
    ]);
    expect(attention(folds).map(({ kind, severity, headline }) => [kind, severity, headline[1]])).toEqual([
      ["never_starts", "failed", "Gone"],
      ["never_starts", "attention", "Frozen"],
      ["never_starts", "attention", "Missed"],
    ]);
    expect(attention(folds)[0]?.remedy).toBe("Halt it and have it asked for again");
  });

  it("are due, and no world polls for them", () => {
    const due = created("p", plan({ state: "scheduled", result: "pending", delay: delay({ startAt: iso(0) }) }));
    const folds = of([due]);
    expect(attention(folds, T0 + 50_000)).toEqual([]);
    expect(attention(folds, T0 + 61_000)[0]).toMatchObject({ kind: "no_poller", severity: "failed" });
    const left: Draft = {
      kind: "dynflow.lock.acquired",
      subject: "l",
      body: { ...(locked("delayed-executor", "dead", "p").body as LockFacts), planId: null, class: POLLER_LOCK },
    };
    const orphaned = attention(of([left, due]), T0 + 61_000);
    expect(orphaned.map(({ kind }) => kind).toSorted()).toEqual(["no_poller", "orphaned_lock"]);
    expect(orphaned.map(({ title }) => plain(title))).toContain("1 lock of a world that is gone");
    const late = folded({
      "dynflow:a": [registered("w"), created("p", plan({ state: "scheduled", result: "pending" }))],
    });
    expect(attention(late, T0 + HOUR_MS)).toEqual([]);
  });

  it("are skipped and wait to be resumed: a finding of their own", () => {
    const folds = of([
      created("p1", plan({ result: "warning", steps: { "1": "success", "2": "skipping" } })),
      created("p2", plan({ failure })),
    ]);
    expect(attention(folds).map(({ kind }) => kind)).toEqual(["paused_plans", "skipped_waiting"]);
  });

  it("paused on messages of different gist are different findings, for viewers too", () => {
    const masked = { masked: true } as const;
    const folds = of([
      created("p1", plan({ failure: { ...failure, message: masked, gist: "1" } })),
      created("p2", plan({ failure: { ...failure, message: masked, gist: "1" } })),
      created("p3", plan({ failure: { ...failure, message: masked, gist: "2" } })),
    ]);
    const needs = attention(folds);
    expect(needs.map(({ count }) => count)).toEqual([2, 1]);
    expect(needs[0]?.offer?.planIds).toEqual(["p1", "p2"]);
    expect(new Set(needs.map(({ id }) => id)).size).toBe(2);
  });
});

describe("a finding that somebody has taken on", () => {
  const paused = [registered("w"), created("p1", plan({ failure }))];
  const needOf = (folds: Folds, now = T0 + 60_000) => attention(folds, now).find(({ kind }) => kind === "paused_plans");
  const id = needOf(folded({ "dynflow:a": paused }))?.id ?? "";
  const taken = (facts: object = {}): Draft => ({
    kind: "attention.acknowledged",
    subject: id,
    body: { finding: id, stream: "dynflow:a", severity: "failed", count: 1, until: T0 + 600_000, ...facts },
  });
  const quiet: Draft = created("p2", plan({ rootActionClass: "Late", result: "warning", steps: { "2": "skipping" } }));

  it("is told last, by whom it is held, and rings no bell", () => {
    const folds = folded({ "dynflow:a": [...paused, quiet], operator: [taken()] });
    const needs = attention(folds);
    expect(needs.map(({ kind, acknowledged }) => [kind, acknowledged?.until ?? null])).toEqual([
      ["skipped_waiting", null],
      ["paused_plans", T0 + 600_000],
    ]);
    expect(annunciate(needs, "plans")).toEqual({ severity: "attention", count: 1 });
  });

  it("rings again when the time is over, or it is let go", () => {
    const folds = folded({ "dynflow:a": paused, operator: [taken()] });
    expect(needOf(folds, T0 + 600_000)?.acknowledged).toBeUndefined();
    const free: Draft = { kind: "attention.released", subject: id, body: { finding: id, stream: "dynflow:a" } };
    expect(needOf(folded({ "dynflow:a": paused, operator: [taken(), free] }))?.acknowledged).toBeUndefined();
  });

  it("rings again when it has become worse than what was taken on", () => {
    const folds = folded({ "dynflow:a": paused, operator: [taken({ severity: "attention" })] });
    expect(needOf(folds)?.acknowledged).toBeUndefined();
  });
});

describe("worlds and locks", () => {
  const timeout: Draft = { kind: "dynflow.world.ping_timeout", subject: "w", body: { waitedMs: 30_000 } };

  it("tells an executor that does not answer; worse when it holds locks", () => {
    const alone = folded({ "dynflow:a": [registered("w"), timeout] });
    expect(said(alone)).toEqual(["World exec-two did not answer a ping"]);
    expect(attention(alone)[0]?.severity).toBe("attention");
    const holding = folded({ "dynflow:a": [registered("w"), locked("l", "w", "p"), timeout] });
    expect(attention(holding)[0]?.severity).toBe("failed");
  });

  it("does not ask anybody about client worlds", () => {
    expect(attention(folded({ "dynflow:a": [registered("w", world({ executor: false })), timeout] }))).toEqual([]);
  });

  it("tells locks whose world is gone, one finding a world", () => {
    const folds = folded({
      "dynflow:a": [registered("w"), locked("l1", "dead", "p1"), locked("l2", "dead", "p2"), locked("l3", "w", "p3")],
    });
    expect(said(folds)).toEqual(["2 locks of a world that is gone: 2 plans cannot go on"]);
  });

  it("tells that plans wait for an executor, but not of a source that is not read", () => {
    const waiting = created("p1", plan({ state: "planned", result: "pending" }));
    expect(said(folded({ "dynflow:a": [waiting] }))).toEqual(["No executor world is registered at a: 1 plan waits"]);
    expect(said(folded({ "dynflow:a": [waiting, source("down")] }))).toEqual([
      "Source a is down, its part of every page is old",
    ]);
  });
});

describe("sources, operations and jobs", () => {
  it("tells a source that is down, and why", () => {
    const folds = folded({ "dna:eu-1": [source("down", "connect ECONNREFUSED")] });
    expect(said(folds)).toEqual(["Source eu-1 is down, its part of every page is old"]);
    expect(attention(folds)[0]?.evidence[0]?.text).toBe("connect ECONNREFUSED");
  });

  const facts = { action: "dynflow.plans.resume", stream: "dynflow:a", target: "p1", expected: null, found: null };
  const phase = (kind: JournalEvent["kind"], causedBy?: string): Draft => ({
    kind,
    subject: "p1",
    body: facts,
    ...(causedBy === undefined ? { id: "op1" } : { causedBy }),
  });

  it("tells an operation of unknown outcome until it is settled", () => {
    const unknown = folded({ operator: [phase("op.requested"), phase("op.unknown", "op1")] });
    expect(said(unknown)).toEqual(["Outcome not known: dynflow.plans.resume p1"]);
    const settled = folded({
      operator: [phase("op.requested"), phase("op.unknown", "op1"), phase("op.verified", "op1")],
    });
    expect(attention(settled)).toEqual([]);
  });

  it("tells an operation that was asked for and got no outcome, once it has waited", () => {
    const asked = folded({ operator: [phase("op.requested")] });
    expect(attention(asked, T0 + 10_000)).toEqual([]);
    expect(attention(asked, T0 + 60_000).map(({ kind }) => kind)).toEqual(["operation_unknown"]);
  });

  it("tells a job that stopped by itself, unless a later one of its target dealt with it", () => {
    const stopped = job("j1", "1:7", { state: "stopped", note: "beats again", createdAt: 1 });
    expect(said(folded({ operator: [stopped] }))).toEqual(["Job Release the keys of dna@10.0.0.7 stopped"]);
    expect(attention(folded({ operator: [stopped, job("j2", "1:7", { state: "done", createdAt: 2 })] }))).toEqual([]);
  });
});

describe("the order", () => {
  const folds = folded({
    "dna:eu-1": [
      seen("1:1", "n1"),
      judged("1:1", "late"),
      seen("1:2", "n2"),
      judged("1:2", "gone"),
      countedLate({ "1:2": 5 }),
    ],
    "dynflow:a": [registered("w"), created("p1", plan({ failure }))],
    "dynflow:b": [source("down")],
  });

  it("is data at risk, then stuck, then late", () => {
    expect(attention(folds).map(({ kind }) => kind)).toEqual(["dead_node", "paused_plans", "source_down", "late_node"]);
  });
  it("says nothing of what it read before a source went down but that it is down", () => {
    const down = folded({ "dna:eu-1": [seen("1:1", "n1"), judged("1:1", "late"), source("down")] });
    expect(attention(down).map(({ kind }) => kind)).toEqual(["source_down"]);
  });
  it("does not depend on the order of the streams", () => {
    const reversed = Object.fromEntries(Object.entries(folds).reverse());
    expect(attention(reversed)).toEqual(attention(folds));
  });
  it("gives every finding an id of its own", () => {
    const ids = attention(folds).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
  it("counts the worst on the overview", () => {
    expect(annunciate(attention(folds), "overview")).toEqual({ severity: "failed", count: 3 });
    expect(annunciate([], "overview")).toBeNull();
  });
});

const doubledKey = (name: string, nodes: readonly string[]): Draft => ({
  kind: "dna.actor.doubled",
  subject: `w:0:${name}`,
  body: {
    ...{ namespace: "w", moduleId: 0, name, evidence: "seen on both" },
    instances: nodes.map((node) => ({ node, incarnation: null })),
  },
});

describe("what only the nodes themselves can show", () => {
  it("puts a doubled key first, with its remedy and the way to its page, until it is no more", () => {
    const stream = [seen("1:1", "dna@a"), judged("1:1", "silent"), doubledKey("k", ["dna@a", "dna@b"])];
    const [first] = attention(folded({ "dna:eu-1": stream }));
    expect(first).toMatchObject({
      kind: "doubled_actor",
      severity: "failed",
      title: "Actor k runs on dna@a and dna@b at once",
      place: { page: "actor", source: "eu-1", namespace: "w", moduleId: 0, name: "k" },
    });
    expect(first?.remedy).toMatch(/^Stop the instance/);
    const over = {
      kind: "dna.actor.undoubled",
      subject: "w:0:k",
      body: { namespace: "w", moduleId: 0, name: "k", reason: "one" },
    };
    const later = folded({ "dna:eu-1": [...stream, over as Draft] });
    expect(attention(later).map(({ kind }) => kind)).not.toContain("doubled_actor");
  });

  it("tells many doubled keys of a source as one finding with their number", () => {
    const keys = ["a", "b", "c", "d"].map((name) => doubledKey(name, ["dna@a", "dna@b"]));
    expect(attention(folded({ "dna:eu-1": keys }))).toMatchObject([
      { count: 4, title: "4 actors of eu-1 run on several nodes at once".replace(" ", "\u00a0") },
    ]);
  });

  it("tells a node believed dead that answers as what it is, and not as one to fail over", () => {
    const flagged: Draft = {
      kind: "dna.node.flag_changed",
      subject: "1:1",
      body: { cluster: "prod", flag: "zombie", set: true, evidence: "silent by the database, but it answered" },
    };
    const folds = folded({ "dna:eu-1": [seen("1:1", "dna@a"), judged("1:1", "silent"), flagged] });
    expect(attention(folds).map(({ kind, severity }) => [kind, severity])).toEqual([["zombie_node", "failed"]]);
    expect(said(folds)).toEqual(["Node dna@a is silent by the database, but it runs"]);
  });
});
