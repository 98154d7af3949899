import { afterEach, describe, expect, it } from "vitest";
import type { EventActor, JobFacts } from "#server/contract/event.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import type { TargetOutcome } from "#server/jobs/ports.ts";
import { createJobRunner, type JobRunner } from "#server/jobs/runner.ts";
import type { StateStore } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { bulkParams, createBulkKind, SENDING_NOTE } from "./bulk-job.ts";
import { createMemoryMail } from "./client-world.test-kit.ts";
import { openClientWorld } from "./client-world-runner.ts";
import type { Reply } from "./codec/envelope.ts";
import type { BulkCommands, SeenPlan } from "./commands.ts";
import { createMemoryDynflow, createMemoryJournal, createMemoryStateStore, planOf } from "./follower.test-kit.ts";
import { createPlanActions } from "./plan-actions.ts";

const US = "11111111-1111-4111-8111-111111111111";
const EXECUTOR = "22222222-2222-4222-8222-222222222222";
const ACTOR: EventActor = { user: "ann", role: "operator", address: "127.0.0.1", reason: "the disk was full" };
const JOB = "01KAS0000000000000000000J1";
const REQUEST = "01KAS0000000000000000000A1";
const planId = (number: number): string => `33333333-3333-4333-8333-${String(number).padStart(12, "0")}`;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

class Killed extends Error {}

/** A state store that ends its process at the nth write, before or after it is made; dead ones never answer. */
function mortal(state: StateStore, dieAt: number, after: boolean) {
  let writes = 0;
  let dead = false;
  const never = new Promise<never>(() => undefined);
  let onDeath: () => void = () => undefined;
  const died = new Promise<void>((resolve) => {
    onDeath = resolve;
  });
  async function write<T>(act: () => Promise<T>): Promise<T> {
    if (dead) return never;
    writes += 1;
    if (writes !== dieAt) return act();
    if (after) await act();
    dead = true;
    onDeath();
    return never;
  }
  const store: StateStore = {
    ...state,
    put: (...args) => write(() => state.put(...args)),
    putAll: (...args) => write(() => state.putAll(...args)),
    increment: (...args) => write(() => state.increment(...args)),
  };
  return { store, died, writes: () => writes, isDead: () => dead };
}

function universe(plans: number) {
  const clock = createManualClock();
  const journal = createMemoryJournal(clock);
  const dynflow = createMemoryDynflow(clock);
  const mail = createMemoryMail();
  const state = createMemoryStateStore();
  const started: string[] = [];
  /** What an executor does with an execution; by default it runs and stops the plan. */
  let answer: (planId: string) => readonly Reply[] | null = () => [{ type: "Accepted" }, { type: "Done" }];
  for (let number = 0; number < plans; number += 1) {
    dynflow.setPlan(planOf(planId(number), { state: "paused", result: "error" }, [{ id: 4, state: "error" }]));
  }
  const data = { ok: true, value: { id: EXECUTOR, active: true, meta: { hostname: "e" } } } as const;
  dynflow.setRecord({ class: "Dynflow::Coordinator::ExecutorWorld", id: EXECUTOR, ownerId: null, data });
  mail.serve(EXECUTOR, ({ message }) => {
    if (message.type === "Ping") return [{ type: "Pong" }];
    if (message.type !== "Execution") return null;
    started.push(message.planId);
    const replies = answer(message.planId);
    if (replies?.some((reply) => reply.type === "Done")) {
      dynflow.setPlan(planOf(message.planId, { state: "stopped", result: "success" }));
    }
    return replies;
  });

  /** One life of the console over the same journal, state and database; killed = nothing of it is heard any more. */
  async function live(store: StateStore = state, isDead: () => boolean = () => false) {
    const mailbox = {
      ...mail.mailbox,
      send: (...args: Parameters<typeof mail.mailbox.send>) =>
        isDead() ? new Promise<never>(() => undefined) : mail.mailbox.send(...args),
    };
    const world = await openClientWorld({
      sourceId: "foreman",
      mailbox,
      state: store,
      clock,
      log: silentLogger,
      notifies: true,
      hostname: "ops",
      pid: 1,
      newWorldId: () => US,
    });
    const operations = createOperations({ recorder: journal.recorder, view: journal.view, clock });
    let runner: JobRunner | null = null;
    const actions = createPlanActions({
      sourceId: "foreman",
      store: dynflow.store,
      world,
      state: store,
      operations,
      recorder: journal.recorder,
      view: journal.view,
      clock,
      log: silentLogger,
      cancellable: [],
      refusal: () => (world.worldId() === null ? "not registered" : null),
      look: () => undefined,
      evident: () => undefined,
      onVerdict: async (jobId, key, { outcome, note }) => {
        await runner?.settle(jobId, { key, outcome, note, at: clock.now() });
      },
    });
    let opened: BulkCommands | null = null;
    const kind = createBulkKind("resume", {
      sourceOf: () => ({ bulk: () => opened, refusal: () => null }),
      operations,
      clock,
      log: silentLogger,
    });
    const jobs = createJobRunner({
      store: createJobStore(store),
      kinds: [kind],
      recorder: journal.recorder,
      view: journal.view,
      clock,
      log: silentLogger,
    });
    runner = jobs;
    await actions.load();
    opened = actions.bulk;
    const abort = new AbortController();
    const ended = Promise.all([world.run(abort.signal), actions.run(abort.signal)]);
    const stop = async () => {
      abort.abort();
      if (isDead()) return;
      await Promise.all([jobs.stop(), ended]);
    };
    stops.push(stop);
    await clock.advance(10);
    return { jobs, operations, stop, abort };
  }
  const seen: SeenPlan[] = Array.from({ length: plans }, (_, number) => ({
    planId: planId(number),
    state: "paused",
    steps: [4],
  }));
  const newJob = () => ({
    id: JOB,
    facts: {
      kind: "dynflow.plans.resume",
      title: "Resume",
      stream: "dynflow:foreman",
      target: "foreman",
      requestedBy: "ann",
      requestId: REQUEST,
    } as const,
    total: plans,
    params: bulkParams({ sourceId: "foreman", verb: "resume", plansPerSecond: 20, actor: ACTOR }),
    bookmark: null,
    frozen: seen.map((plan) => ({ ...plan })),
  });
  const store = createJobStore(state);
  const outcomes = async () =>
    Object.fromEntries((await store.targets(JOB, null, null, 500)).targets.map((each) => [each.key, each]));
  return {
    clock,
    journal,
    dynflow,
    mail,
    state,
    started,
    live,
    newJob,
    outcomes,
    answers(next: typeof answer) {
      answer = next;
    },
  };
}

/** Lets time pass until it holds, at most ten minutes. */
async function until(clock: { advance(ms: number): Promise<void> }, holds: () => boolean): Promise<void> {
  for (let round = 0; round < 6_000 && !holds(); round += 1) await clock.advance(100);
  expect(holds()).toBe(true);
}
const stateOf = (jobs: JobRunner) => jobs.get(JOB)?.facts.state;

describe("a bulk job", () => {
  it("acts on every plan once, in the pace asked for, and says what came of each", async () => {
    const { clock, live, newJob, started, outcomes } = universe(30);
    const { jobs } = await live();
    const begun = clock.monotonic();
    await jobs.start(newJob());
    await until(clock, () => stateOf(jobs) === "done");
    expect(clock.monotonic() - begun).toBeGreaterThanOrEqual((30 - 1) * 50);
    expect(started.toSorted()).toEqual(Array.from({ length: 30 }, (_, number) => planId(number)));
    expect(jobs.get(JOB)?.facts).toMatchObject({ note: null, counts: { total: 30, applied: 30, unknown: 0 } });
    expect(new Set(Object.values(await outcomes()).map((each) => each.outcome))).toEqual(new Set(["applied"]));
  });

  it("leaves alone what has changed since it was seen, and says what", async () => {
    const { clock, live, newJob, started, outcomes, dynflow } = universe(3);
    dynflow.setPlan(planOf(planId(0), { state: "stopped", result: "success" }));
    dynflow.setPlan(planOf(planId(1), { state: "paused", result: "error" }, [{ id: 5, state: "error" }]));
    const { jobs } = await live();
    await jobs.start(newJob());
    await until(clock, () => stateOf(jobs) === "done");
    expect(started).toEqual([planId(2)]);
    expect(await outcomes()).toMatchObject({
      [planId(0)]: { outcome: "moved", note: expect.stringContaining("stopped now, not paused") },
      [planId(1)]: { outcome: "moved", note: expect.stringContaining("failed steps are 5 now, not 4") },
      [planId(2)]: { outcome: "applied" },
    });
  });

  it("tells the plans that the executor refused from those that went through", async () => {
    const { clock, live, newJob, outcomes, answers } = universe(2);
    answers((id) =>
      id === planId(0) ? [{ type: "Failed", error: "no luck" }] : [{ type: "Accepted" }, { type: "Done" }],
    );
    const { jobs } = await live();
    await jobs.start(newJob());
    await until(clock, () => stateOf(jobs) === "done");
    expect(await outcomes()).toMatchObject({
      [planId(0)]: { outcome: "failed", note: expect.stringContaining("no luck") },
      [planId(1)]: { outcome: "applied" },
    });
    expect(jobs.get(JOB)?.facts.note).toBe("1 failed");
  });

  it("shows silence as unknown, ends, and is settled by a late reply", async () => {
    const { clock, live, newJob, outcomes, answers, mail, started, journal } = universe(2);
    answers(() => []);
    const { jobs } = await live();
    await jobs.start(newJob());
    await until(clock, () => stateOf(jobs) === "done");
    expect(jobs.get(JOB)?.facts.counts).toMatchObject({ applied: 0, unknown: 2 });
    expect(journal.kinds().filter((kind) => kind === "op.requested")).toEqual([]);
    expect(jobs.get(JOB)?.facts.note).toBe("2 not known yet");
    for (let number = 1; number < 10; number += 1) {
      mail.post({ requestId: `${US}-${number}`, senderId: EXECUTOR, receiverId: US, message: { type: "Done" } });
    }
    await until(clock, () => jobs.get(JOB)?.facts.counts.applied === 2);
    expect(jobs.get(JOB)?.facts.counts.unknown).toBe(0);
    expect(await outcomes()).toMatchObject({ [planId(0)]: { outcome: "applied" } });
    expect(started).toHaveLength(2);
    expect(journal.view.operator().jobs[JOB]?.counts).toMatchObject({ applied: 2, unknown: 0 });
  });

  it("waits, saying why, while no executor answers, and goes on by itself", async () => {
    const { clock, live, newJob, dynflow, started } = universe(2);
    const record = { class: "Dynflow::Coordinator::ExecutorWorld", id: EXECUTOR };
    const present = dynflow.records.get(`${record.class}|${record.id}`);
    dynflow.dropRecord(record);
    const { jobs } = await live();
    await jobs.start(newJob());
    await until(clock, () => stateOf(jobs) === "waiting");
    expect(jobs.get(JOB)?.facts.note).toContain("no executor");
    if (present !== undefined) dynflow.setRecord(present);
    await until(clock, () => stateOf(jobs) === "done");
    expect(started).toHaveLength(2);
  });

  it("stops at a pause with nothing in the air, and goes on where it was", async () => {
    const { clock, live, newJob, started } = universe(30);
    const { jobs } = await live();
    await jobs.start(newJob());
    await until(clock, () => started.length > 3);
    const paused = jobs.pause(JOB);
    await until(clock, () => stateOf(jobs) === "paused");
    await paused;
    const then = started.length;
    await clock.advance(60_000);
    expect(started).toHaveLength(then);
    expect(jobs.get(JOB)?.facts.counts.unknown).toBe(0);
    await jobs.resume(JOB);
    await until(clock, () => stateOf(jobs) === "done");
    expect(new Set(started).size).toBe(30);
    expect(started).toHaveLength(30);
  });
});

describe("a pause while an executor says nothing", () => {
  it("does not wait for its answers; what was sent stays unknown, is not sent again, and is settled later", async () => {
    const { clock, live, newJob, started, answers, mail } = universe(12);
    answers(() => []);
    const { jobs } = await live();
    await jobs.start(newJob());
    await until(clock, () => started.length >= 5);
    const began = clock.monotonic();
    const paused = jobs.pause(JOB);
    await until(clock, () => stateOf(jobs) === "paused");
    await paused;
    expect(clock.monotonic() - began).toBeLessThanOrEqual(2_000);
    const sent = started.length;
    answers(() => [{ type: "Accepted" }, { type: "Done" }]);
    await jobs.resume(JOB);
    await until(clock, () => stateOf(jobs) === "done");
    expect(new Set(started).size).toBe(12);
    expect(started).toHaveLength(12);
    expect(jobs.get(JOB)?.facts.counts).toMatchObject({ applied: 12 - sent, unknown: sent });
    for (let number = 1; number < 30; number += 1) {
      mail.post({ requestId: `${US}-${number}`, senderId: EXECUTOR, receiverId: US, message: { type: "Done" } });
    }
    await until(clock, () => jobs.get(JOB)?.facts.counts.applied === 12);
  });
});

describe("a target that an earlier life had sent", () => {
  it("is left alone when its evidence comes at the very moment it is looked at", async () => {
    const plan: SeenPlan = { planId: planId(0), state: "paused", steps: [4] };
    const acted: string[] = [];
    let known: TargetOutcome = { key: plan.planId, outcome: "unknown", note: SENDING_NOTE, at: epochMs(1) };
    let open = true;
    /** Between any two looks the tracker writes its verdict down and forgets the command. */
    const looked = <T>(answer: T): T => {
      known = { ...known, outcome: "applied", note: "it ran" };
      open = false;
      return answer;
    };
    const commands: BulkCommands = {
      waitingFor: async () => null,
      act: async ({ seen }) => {
        acted.push(seen.planId);
        return { outcome: "applied", note: "" };
      },
      isOpen: () => looked(open),
    };
    const clock = createManualClock();
    const kind = createBulkKind("resume", {
      sourceOf: () => ({ bulk: () => commands, refusal: () => null }),
      operations: { known: () => null, settle: async () => undefined },
      clock,
      log: silentLogger,
    });
    const end = await kind.run({
      id: JOB,
      params: bulkParams({ sourceId: "foreman", verb: "resume", plansPerSecond: 20, actor: ACTOR }),
      bookmark: null,
      facts: { requestId: REQUEST } as JobFacts,
      signal: new AbortController().signal,
      frozen: async (from) => (from === 0 ? [{ ...plan }] : []),
      outcome: async () => looked(known),
      checkpoint: async () => undefined,
      counts: () => ({ total: 1, applied: 1, moved: 0, failed: 0, unknown: 0 }),
      setWaiting: async () => undefined,
      pace: () => undefined,
    });
    expect(end.state).toBe("done");
    expect(acted).toEqual([]);
  });
});

describe("a kill at any write of the console", () => {
  const PLANS = 3;
  /** One run without a kill tells how many writes there are. */
  async function writesOfOneRun(): Promise<number> {
    const { clock, live, newJob, state } = universe(PLANS);
    const counted = mortal(state, Number.POSITIVE_INFINITY, false);
    const { jobs } = await live(counted.store);
    await jobs.start(newJob());
    await until(clock, () => stateOf(jobs) === "done");
    return counted.writes();
  }

  async function killedAt(write: number, after: boolean, silent: boolean) {
    const { clock, live, newJob, state, started, outcomes, answers } = universe(PLANS);
    if (silent) answers(() => []);
    const life = mortal(state, write, after);
    const first = await Promise.race([live(life.store, life.isDead), life.died]);
    first?.jobs.start(newJob()).catch((cause: unknown) => {
      if (!(cause instanceof OpsError)) throw cause;
    });
    for (let round = 0; round < 200 && !life.isDead(); round += 1) await clock.advance(50);
    first?.abort.abort(new Killed());
    const second = await live();
    await second.jobs.recover();
    for (let round = 0; round < 60 && stateOf(second.jobs) === "running"; round += 1) await clock.advance(200);
    await clock.advance(3_000);
    const job = second.jobs.get(JOB);
    await second.stop();
    return { started, job, outcomes: await outcomes() };
  }

  it.each([
    ["before", false],
    ["after", true],
  ] as const)("%s it is made: at most one effect a plan, and every plan has its outcome", async (_, after) => {
    const writes = await writesOfOneRun();
    expect(writes).toBeGreaterThan(PLANS * 3);
    let finished = 0;
    for (let write = 1; write <= writes; write += 1) {
      const { started, job, outcomes } = await killedAt(write, after, false);
      expect(new Set(started).size, `killed at write ${write}`).toBe(started.length);
      if (job === null || job.facts.state === "failed") continue;
      finished += 1;
      expect(job.facts.state, `killed at write ${write}`).toBe("done");
      expect(Object.keys(outcomes)).toHaveLength(PLANS);
      for (const { key, outcome } of Object.values(outcomes)) {
        if (outcome === "applied") expect(started).toContain(key);
        if (outcome === "moved") expect(started, `killed at write ${write}`).toContain(key);
      }
    }
    expect(finished).toBeGreaterThan(PLANS * 3);
  });

  it("with an executor that says nothing: what may have been sent is never sent again", async () => {
    const writes = await writesOfOneRun();
    for (let write = 1; write <= writes; write += 1) {
      const { started, job, outcomes } = await killedAt(write, true, true);
      expect(new Set(started).size, `killed at write ${write}`).toBe(started.length);
      if (job?.facts.state !== "done") continue;
      for (const { outcome } of Object.values(outcomes)) expect(outcome).toBe("unknown");
    }
  });
});
