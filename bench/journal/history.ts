import type { EventDraft, PlanFacts } from "#server/contract/event.ts";
import { createRandom, type Random } from "#server/demo/dna/random.ts";
import { openSqliteJournal, type SqliteJournal } from "#server/journal/adapters/sqlite/journal.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createRecorder } from "#server/live/recorder.ts";

export const HISTORY_EVENTS = 1_000_000;
const SEED = 20_261_122;
const BEGAN = 1_793_000_000_000;
/** A million events in eleven and a half days: as many files of the journal. */
const MS_PER_EVENT = 1_000;
const DRAFTS_PER_APPEND = 200;
const PLANS_AT_ONCE = 40;
const STEPS = 20;
const NODES = 24;
const ACTION = "Actions::Katello::Repository::Sync";

/** Streams of an estate, and the share of its events that are theirs. */
const STREAMS = [
  { name: "dynflow:foreman", share: 0.55 },
  { name: "dynflow:satellite", share: 0.3 },
  { name: "dna:eu-1", share: 0.1 },
  { name: "operator", share: 0.05 },
] as const;

/** Endless changes of one stream, as its reader would record them; the same for the same seed. */
export type Producer = () => EventDraft;

export function producerOf(stream: string, seed: number, now: () => number): Producer {
  const random = createRandom(seed);
  if (stream.startsWith("dynflow:")) return planProducer(random, now);
  return stream.startsWith("dna:") ? nodeProducer(random, now) : operatorProducer(random, now);
}

function planProducer(random: Random, now: () => number): Producer {
  const queue: EventDraft[] = [];
  const plans: { id: string; at: number }[] = [];
  let made = 0;
  const occurredAt = () => epochMs(now());
  const factsOf = (state: string): PlanFacts => ({
    label: ACTION,
    state,
    result: state === "stopped" ? "success" : "pending",
    rootActionClass: ACTION,
    startedAt: "2026-11-22T03:12:00.123456Z",
    endedAt: null,
    steps: Object.fromEntries(Array.from({ length: STEPS }, (_, step) => [String(step + 1), "pending"])),
    stepCount: STEPS,
    failure: null,
  });
  const nextPlan = (): { id: string; at: number } => {
    made += 1;
    const plan = { id: `00000000-0000-4000-8000-${String(made).padStart(12, "0")}`, at: 0 };
    plans.push(plan);
    queue.push({ kind: "dynflow.plan.created", subject: plan.id, occurredAt: occurredAt(), body: factsOf("running") });
    return plan;
  };
  /** A look finds a plan one step further: the step that ran has ended, the next one runs. */
  const moveOn = (plan: { id: string; at: number }): void => {
    plan.at += 1;
    const step = (stepId: number, from: string, to: string): EventDraft => ({
      kind: "dynflow.step.state_changed",
      subject: plan.id,
      occurredAt: occurredAt(),
      body: { planId: plan.id, stepId, from, to, actionClass: ACTION },
    });
    if (plan.at > 1) queue.push(step(plan.at - 1, "running", "success"));
    if (plan.at <= STEPS) {
      queue.push(step(plan.at, "pending", "running"));
      return;
    }
    const body = { from: "running", plan: factsOf("stopped") };
    queue.push({ kind: "dynflow.plan.state_changed", subject: plan.id, occurredAt: occurredAt(), body });
    plans.splice(plans.indexOf(plan), 1);
  };
  return () => {
    while (queue.length === 0) {
      const plan = plans.length < PLANS_AT_ONCE ? undefined : plans[random.below(plans.length)];
      moveOn(plan ?? nextPlan());
    }
    const [draft] = queue.splice(0, 1);
    if (draft === undefined) throw new Error("no change was made");
    return draft;
  };
}

function nodeProducer(random: Random, now: () => number): Producer {
  let seen = 0;
  const late = new Set<number>();
  return () => {
    const occurredAt = epochMs(now());
    if (seen < NODES) {
      seen += 1;
      const body = { cluster: "prod", node: `node-${seen}`, createdAt: epochMs(BEGAN), nodeId: String(seen) };
      return { kind: "dna.node.seen", subject: `${BEGAN}:${seen}`, occurredAt, body };
    }
    const node = 1 + random.below(NODES);
    const [from, to] = late.has(node) ? (["late", "alive"] as const) : (["alive", "late"] as const);
    if (to === "late") late.add(node);
    else late.delete(node);
    const body = { cluster: "prod", from, to, evidence: "its heartbeat has not moved", silentMs: 10_250 };
    return { kind: "dna.incarnation.state_changed", subject: `${BEGAN}:${node}`, occurredAt, synthetic: true, body };
  };
}

function operatorProducer(random: Random, now: () => number): Producer {
  let made = 0;
  return () => {
    made += 1;
    const asked = Math.ceil(made / 2);
    const id = `request-${asked}`;
    const actor = { user: "ann", role: "operator" as const, address: "10.0.0.7", reason: "The mirror is back" };
    const body = {
      action: "dynflow.plans.resume",
      stream: "dynflow:foreman",
      target: `00000000-0000-4000-8000-${String(1 + random.below(10_000)).padStart(12, "0")}`,
      expected: { state: "paused" },
      found: null,
    };
    const common = { subject: body.target, occurredAt: epochMs(now()), actor, body };
    return made % 2 === 1 ? { kind: "op.requested", id, ...common } : { kind: "op.executed", causedBy: id, ...common };
  };
}

export const openJournal = (directory: string, clock: Clock): Promise<SqliteJournal> =>
  openSqliteJournal({ directory, key: { from: "generated" }, clock, log: silentLogger });

/** Fills the journal of a directory as a console would have: through the recorder, with its snapshots. */
export async function writeHistory(directory: string): Promise<{ readonly from: number; readonly to: number }> {
  let written = 0;
  const now = () => BEGAN + written * MS_PER_EVENT;
  const clock: Clock = {
    now: () => epochMs(now()),
    monotonic: () => monotonicMs(now()),
    sleep: () => new Promise(() => {}),
  };
  const journal = await openJournal(directory, clock);
  const recorder = await createRecorder({ journal, clock, log: silentLogger });
  const producers = STREAMS.map(({ name, share }, index) => ({
    name,
    share,
    produce: producerOf(name, SEED + index, now),
  }));
  const random = createRandom(SEED);
  while (written < HISTORY_EVENTS) {
    const pick = random.next();
    let passed = 0;
    const chosen = producers.find(({ share }) => {
      passed += share;
      return pick < passed;
    });
    const { name, produce } = chosen ?? producers[0] ?? { name: "", produce: () => never() };
    const drafts = Array.from({ length: Math.min(DRAFTS_PER_APPEND, HISTORY_EVENTS - written) }, produce);
    await recorder.record(name, drafts);
    written += drafts.length;
  }
  await recorder.stop();
  await journal.close();
  return { from: BEGAN, to: now() };
}

function never(): never {
  throw new Error("no stream");
}
