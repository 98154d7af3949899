import { describe, expect, it } from "vitest";
import type { JournalEvent, LockFacts, PlanFacts, WorldFacts } from "#server/contract/event.ts";
import { type Folds, reduceFolds } from "#server/contract/fold/fold.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { annunciate, attention as attentionAt } from "./attention.ts";

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
const attention = (folds: Folds, now = T0 + 60_000) => attentionAt(folds, epochMs(now));
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
      "dynflow:a": [registered("w"), created("p1", plan({ state: "running", result: "pending" }))],
    });
    expect(attention(folds)).toEqual([]);
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
