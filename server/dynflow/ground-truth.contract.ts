/**
 * Compares what a store answers with what Dynflow's own classes said of the same database (`*.expected.json`, made by
 * the release that wrote it). Every field that rows can tell is compared; what only Ruby classes know is left out:
 * `cancellable`, `with_sub_plans`, `skippable`, `steps_to_cancel`, `rescue_strategy`, an action's `label`.
 */
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { expect, it } from "vitest";
import { decodeEnvelope } from "./codec/envelope-decode.ts";
import { parseExactly } from "./codec/exact-json.test-kit.ts";
import { referencedStepIds } from "./codec/payload.ts";
import type { Decoded, Flow, PlanRecord, StepRow, UtcMicros } from "./domain/model.ts";
import { judgePlan, listedSteps, progressDoneOf } from "./domain/plan-verdict.ts";
import { isWorldClass, lockOf, worldOf } from "./domain/records.ts";
import { resumeRefusals } from "./domain/resume.ts";
import { stepsToSkip } from "./domain/skip.ts";
import { compareReads } from "./ground-truth-reads.test-kit.ts";
import type { DynflowDialect, DynflowStore, PlanFilter, PlanPage } from "./ports.ts";

// biome-ignore lint/suspicious/noExplicitAny: the recorded answers are JSON of another program, compared leaf by leaf
type Expected = any;

/** Far below what any of the recorded databases gives: a comparison that stopped looking would be noticed. */
const LEAST_COMPARISONS = 6_000;

let total = 0;

/** Prints how many comparisons all databases of a test file have made together. */
export function groundTruthTotal(): void {
  process.stdout.write(`ground truth, all databases of this file: ${total} comparisons\n`);
}

const EXCERPT_CHARS = 200;
const excerpt = (value: unknown): string => String(JSON.stringify(value)).slice(0, EXCERPT_CHARS);

interface Comparison {
  readonly compared: number;
  readonly differences: readonly string[];
}

interface Comparer {
  same(what: string, seen: unknown, expected: unknown): void;
  result(): Comparison;
}

function createComparer(): Comparer {
  let compared = 0;
  const differences: string[] = [];
  return {
    same(what, seen, expected) {
      compared += 1;
      if (isDeepStrictEqual(seen, expected)) return;
      differences.push(`${what}: ${excerpt(seen)} instead of ${excerpt(expected)}`);
    },
    result: () => ({ compared, differences }),
  };
}

export interface StoredEnvelope {
  readonly id: number;
  readonly receiverId: string;
  readonly data: Uint8Array;
}

const ANY_PLAN: PlanFilter = {
  ids: [],
  states: [],
  results: [],
  label: null,
  startedFrom: null,
  startedTo: null,
};

export interface Given {
  /** The schema it was migrated to since it was recorded. */
  readonly schema?: number;
  /** False when others' plans, worlds and envelopes are in the database, too: then only its plans are compared. */
  readonly alone?: boolean;
}

/**
 * What every adapter must answer of a recorded database. Prints how many comparisons it made.
 *
 * @param recorded path of the `*.expected.json`
 * @param given what of the recording can be asked of this database
 */
export function groundTruthContract(
  name: string,
  recorded: string,
  open: () => Promise<{
    readonly store: DynflowStore;
    readonly envelopes: readonly StoredEnvelope[];
    close(): Promise<void>;
  }>,
  given: Given = {},
): void {
  it(`everything read from ${name} is what Dynflow's own classes say of it`, async () => {
    const { store, envelopes, close } = await open();
    const expected = parseExactly(readFileSync(recorded, "utf8"));
    const { compared, differences } = await compareWithGroundTruth(store, expected, envelopes, {
      recordedOn: recorded.includes(".pg.") ? "postgres" : "sqlite",
      ...given,
    }).finally(close);
    total += compared;
    process.stdout.write(`${name}: ${compared} comparisons, ${differences.length} differences\n`);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(LEAST_COMPARISONS);
  });
}

async function compareWithGroundTruth(
  store: DynflowStore,
  expected: Expected,
  envelopes: readonly StoredEnvelope[],
  given: Given & { readonly recordedOn: DynflowDialect },
): Promise<Comparison> {
  const comparer = createComparer();
  const { schemaVersion } = await store.capabilities();
  comparer.same("schema", schemaVersion, given.schema ?? expected.schema);
  if (given.alone !== false) {
    await compareRecords(comparer, store, expected);
    compareEnvelopes(comparer, envelopes, expected);
    await compareLists(comparer, store, expected, given.recordedOn);
  }
  for (const plan of expected.plans) await comparePlan(comparer, store, plan);
  await compareReads(comparer.same, store, expected);
  return comparer.result();
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
const shown = <T>(decoded: Decoded<T>): T | { readonly undecoded: string } =>
  decoded.ok ? decoded.value : { undecoded: decoded.reason };

async function compareRecords(comparer: Comparer, store: DynflowStore, expected: Expected): Promise<void> {
  const records = await store.records(await store.recordKeys());
  const worlds = records.filter((record) => isWorldClass(record.class)).sort(byId);
  const wantedWorlds = [...expected.worlds].sort(byId);
  comparer.same("number of worlds", worlds.length, wantedWorlds.length);
  for (const [index, { executor, ...wanted }] of wantedWorlds.entries()) {
    const record = worlds[index];
    const world = record === undefined ? null : worldOf(record);
    comparer.same(`world ${wanted.id}`, record && shown(record.data), wanted);
    comparer.same(`world ${wanted.id} executor`, world?.kind === "executor", executor);
    comparer.same(`world ${wanted.id} active`, world?.state, wanted.active === false ? "inactive" : "active");
  }
  const keyed = (lock: { class: string; id: string }) => ({ ...lock, id: `${lock.class} ${lock.id}` });
  const locks = records.filter((record) => !isWorldClass(record.class)).map((lock) => ({ lock, ...keyed(lock) }));
  comparer.same("number of locks", locks.length, expected.locks.length);
  for (const wanted of expected.locks) {
    const found = locks.find((each) => each.id === keyed(wanted).id)?.lock;
    comparer.same(`lock ${wanted.id}`, found && shown(found.data), wanted);
    comparer.same(`lock ${wanted.id} owner`, found?.ownerId, wanted.owner_id);
    comparer.same(`lock ${wanted.id} plan`, found && lockOf(found)?.planId, wanted.execution_plan_id ?? null);
  }
}

function compareEnvelopes(comparer: Comparer, envelopes: readonly StoredEnvelope[], expected: Expected): void {
  comparer.same("number of envelopes", envelopes.length, expected.envelopes.length);
  for (const wanted of expected.envelopes) {
    const found = envelopes.find((envelope) => envelope.id === wanted.id);
    comparer.same(`envelope ${wanted.id} receiver`, found?.receiverId, wanted.receiver_id);
    const decoded = found === undefined ? null : decodeEnvelope(found.data);
    comparer.same(`envelope ${wanted.id}`, decoded?.ok && decoded.envelope.receiverId, wanted.receiver_id);
    comparer.same(`envelope ${wanted.id} deviations`, decoded?.ok && decoded.deviations, []);
  }
}

async function compareLists(
  comparer: Comparer,
  store: DynflowStore,
  expected: Expected,
  dialect: DynflowDialect,
): Promise<void> {
  comparer.same("counts", await ruledCounts(store, expected), expected.counts);
  const states = ["pending", "scheduled", "planning", "planned", "running", "paused"];
  await comparePage(comparer, store, expected.list_first_page_by_started_at_desc, ANY_PLAN, dialect);
  const notStopped = expected.list_not_stopped_first_page_by_started_at_desc;
  await comparePage(comparer, store, notStopped, { ...ANY_PLAN, states }, dialect);
}

/** Counts by the stored columns, but with Ruby's word for plans that it could not load. */
async function ruledCounts(store: DynflowStore, expected: Expected): Promise<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { state, result, count } of await store.counts(ANY_PLAN)) counts.set(`${state}/${result}`, count);
  const add = (key: string, count: number) => {
    const sum = (counts.get(key) ?? 0) + count;
    if (sum === 0) counts.delete(key);
    else counts.set(key, sum);
  };
  for (const { id, valid } of expected.plans) {
    if (valid) continue;
    const [head] = await store.heads([id]);
    add(`${head?.state}/${head?.result}`, -1);
    add(`${head?.state}/N/A`, 1);
  }
  return Object.fromEntries([...counts].sort());
}

/**
 * Ruby leaves NULLs where the database puts them (PostgreSQL: first when descending) and ties in no order, so its
 * plans that never started are compared as a set, all others in order.
 */
async function comparePage(
  comparer: Comparer,
  store: DynflowStore,
  wanted: readonly string[],
  filter: PlanFilter,
  dialect: DynflowDialect,
): Promise<void> {
  const query = { filter, sort: "startedAt", descending: true, limit: 500, from: null } as const;
  const { rows } = await store.plans(query);
  const started = rows.filter((row) => row.startedAt !== null).map((row) => row.id);
  const never = new Set(rows.filter((row) => row.startedAt === null).map((row) => row.id));
  const leading = dialect === "postgres" ? wanted.filter((id) => never.has(id)) : [];
  comparer.same("plans that never started", leading.length, dialect === "postgres" ? Math.min(never.size, 10) : 0);
  const rest = wanted.slice(leading.length);
  comparer.same("first page", instantsOf(rows, started.slice(0, rest.length)), instantsOf(rows, rest));
  comparer.same(
    "plans on the first page",
    rest.filter((id) => !started.includes(id)),
    [],
  );
}

/** Ruby leaves plans of one instant in no order, so what is compared is when each was started. */
const instantsOf = (rows: PlanPage["rows"], ids: readonly string[]) =>
  ids.map((id) => rows.find((row) => row.id === id)?.startedAt);

/** Releases before columns name the plan itself as caller of its own actions, and so as its own sub-plan. */
const isAnother = (plan: Expected) => (id: string) => id !== plan.id;
const callerOf = (plan: Expected, { caller_execution_plan_id: caller }: Expected): string | null =>
  caller === plan.id ? null : caller;

const seconds = (value: number | null): number => value ?? 0;

async function comparePlan(comparer: Comparer, store: DynflowStore, wanted: Expected): Promise<void> {
  const plan = await store.plan(wanted.id);
  if (plan === null) {
    comparer.same(`plan ${wanted.id}`, null, "a plan");
    return;
  }
  const same = (what: string, seen: unknown, expected: unknown) =>
    comparer.same(`plan ${wanted.id} ${what}`, seen, expected);
  const verdict = judgePlan(plan);
  same("valid", verdict.valid, wanted.valid);
  same("label", plan.head.label, wanted.label);
  same("state", plan.head.state, wanted.state);
  same("result", verdict.result, wanted.result);
  same("started_at", plan.head.startedAt, wanted.started_at);
  same("ended_at", plan.head.endedAt, wanted.ended_at);
  same("execution_time", seconds(plan.head.executionTimeSec), wanted.execution_time);
  same("real_time", seconds(plan.head.realTimeSec), wanted.real_time);
  same("history", historyOf(plan), wanted.execution_history);
  if (!verdict.valid) {
    same("exception", wanted.exception.class, "Dynflow::Errors::DataConsistencyError");
    return;
  }
  if (wanted.state !== "running") same("stored result", plan.head.result, wanted.result);
  // Before 1.0 Ruby had no word for a plan that is not planned yet: without steps it was done.
  const unplanned = ["pending", "planning", "scheduled"].includes(wanted.state);
  if (wanted.failure !== null || !unplanned) same("progress", verdict.progress, wanted.progress);
  same("error", verdict.result === "error", wanted.error);
  // Ruby 0.8 does not tell.
  if (wanted.failure !== null) {
    same("failure", ["error", "warning", "cancelled"].includes(verdict.result), wanted.failure);
  }
  if (wanted.state === "stopped") same("sum of times", verdict.executionTimeSec, seconds(plan.head.executionTimeSec));
  same("run flow", flowOf(plan.runFlow), wanted.run_flow);
  same("finalize flow", flowOf(plan.finalizeFlow), wanted.finalize_flow);
  same("root_plan_step_id", plan.head.rootPlanStepId, wanted.root_plan_step_id);
  same("sub plans", [...plan.subPlanIds].sort(), wanted.sub_plan_ids.filter(isAnother(wanted)).sort());
  same("blocked by", [...plan.blockedBy].sort(), [...(wanted.blocked_by ?? [])].sort());
  same("blocks", [...plan.blocks].sort(), [...(wanted.blocks ?? [])].sort());
  same("delayed", delayedOf(plan), wanted.delayed ?? null);
  same("caller", rootActionOf(plan)?.callerPlanId ?? null, callerOf(wanted, wanted));
  await compareResumable(comparer, store, plan, wanted);
  compareSteps(comparer, plan, wanted);
  await compareActions(comparer, store, plan, wanted);
  await compareSkips(comparer, store, plan, wanted);
}

/** Recorded for steps in error of paused plans: what Ruby would skip with each, in its order. */
async function compareSkips(
  comparer: Comparer,
  store: DynflowStore,
  plan: PlanRecord,
  wanted: Expected,
): Promise<void> {
  const asked = wanted.steps.filter((step: Expected) => step.steps_to_skip !== undefined);
  const references = asked.length === 0 ? [] : await store.references(plan.head.id);
  for (const { id, steps_to_skip: expected } of asked) {
    comparer.same(`plan ${wanted.id} skip of ${id}`, stepsToSkip(plan, references, id), expected);
  }
}

const rootActionOf = (plan: PlanRecord) =>
  plan.actions.find((action) => action.planStepId === plan.head.rootPlanStepId);

const historyOf = (plan: PlanRecord) =>
  plan.history.ok
    ? plan.history.value.map((entry) => ({ time: entry.timeSec, name: entry.name, world_id: entry.worldId }))
    : shown(plan.history);

function flowOf(flow: Decoded<Flow>): unknown {
  const shape = (node: Flow): unknown =>
    node.kind === "step" ? { step: node.stepId } : { [node.kind]: node.flows.map(shape) };
  return flow.ok ? shape(flow.value) : shown(flow);
}

function delayedOf(plan: PlanRecord): unknown {
  if (plan.delayed === null) return null;
  const { startAt, startBefore, frozen, args } = plan.delayed;
  return { start_at: startAt, start_before: startBefore, frozen, args: shown(args) };
}

async function compareResumable(comparer: Comparer, store: DynflowStore, plan: PlanRecord, wanted: Expected) {
  const id = `execution-plan:${plan.head.id}`;
  const keys = (await store.recordKeys()).filter((key) => key.id === id);
  const locks = (await store.records(keys)).flatMap((record) => lockOf(record) ?? []);
  // Ruby's console offers it for paused plans only; a planned one can be executed, too.
  const resumable = plan.head.state === "paused" && resumeRefusals(plan.head.state, locks).length === 0;
  comparer.same(`plan ${plan.head.id} resumable`, resumable, wanted.resumable);
}

const PHASES = { plan: "Plan", run: "Run", finalize: "Finalize", unknown: "?" } as const;
const instant = (value: UtcMicros | null) => value;

function compareSteps(comparer: Comparer, plan: PlanRecord, wanted: Expected): void {
  const steps = listedSteps(plan);
  comparer.same(
    `plan ${plan.head.id} order of steps`,
    steps.map((step) => step.id),
    wanted.steps.map((step: Expected) => step.id),
  );
  for (const [index, expected] of wanted.steps.entries()) {
    const step = steps[index];
    if (step === undefined) continue;
    compareStep(
      (what, seen, right) => comparer.same(`plan ${plan.head.id} step ${step.id} ${what}`, seen, right),
      step,
      expected,
    );
  }
}

function compareStep(same: Comparer["same"], step: StepRow, expected: Expected): void {
  same("class", step.class, expected.class);
  same("phase", PHASES[step.phase], expected.phase);
  same("state", step.state, expected.state);
  same("action_id", step.actionId, expected.action_id);
  same("action_class", step.actionClass, expected.action_class);
  same("started_at", instant(step.startedAt), expected.started_at);
  same("ended_at", instant(step.endedAt), expected.ended_at);
  same("execution_time", seconds(step.executionTimeSec), expected.execution_time);
  same("real_time", seconds(step.realTimeSec), expected.real_time);
  same("progress_done", progressDoneOf(step), expected.progress_done);
  same("progress_weight", step.phase === "plan" ? 0 : seconds(step.progressWeight), expected.progress_weight);
  same("queue", step.queue, expected.queue);
  same("children", shown(step.children), expected.children);
  if (expected.error === null) {
    same("error", shown(step.error), null);
    return;
  }
  const error = step.error.ok ? step.error.value : null;
  same("error class", error?.exceptionClass, expected.error.class_name);
  same("error message", error?.message, expected.error.message);
  same("backtrace length", error?.backtrace.length, expected.error.backtrace_length);
  same("first line of the backtrace", error?.backtrace[0] ?? null, expected.error.backtrace_first);
}

async function compareActions(
  comparer: Comparer,
  store: DynflowStore,
  plan: PlanRecord,
  wanted: Expected,
): Promise<void> {
  for (const expected of wanted.actions) {
    const same = (what: string, seen: unknown, right: unknown) =>
      comparer.same(`plan ${plan.head.id} action ${expected.id} ${what}`, seen, right);
    const action = plan.actions.find((each) => each.id === expected.id);
    const payload = await store.action(plan.head.id, expected.id);
    same("class", action?.class, expected.class);
    same("plan_step_id", action?.planStepId, expected.plan_step_id);
    same("run_step_id", action?.runStepId, expected.run_step_id);
    same("finalize_step_id", action?.finalizeStepId, expected.finalize_step_id);
    same("caller plan", action?.callerPlanId, callerOf(wanted, expected));
    same("caller action", action?.callerActionId, expected.caller_action_id);
    same("input", payload && shown(payload.input), expected.input);
    same("output", payload && (shown(payload.output) ?? {}), expected.output);
    const needed = payload?.input.ok ? [...referencedStepIds(payload.input.value)].sort() : null;
    same("required steps", needed, [...new Set(expected.required_step_ids)].sort());
    same("number of chunks", payload?.chunks.length, (expected.output_chunks ?? []).length);
    for (const [index, chunk] of (expected.output_chunks ?? []).entries()) {
      const seen = payload?.chunks[index];
      same(`chunk ${index}`, seen && shown(seen.chunk), chunk.chunk);
      same(`chunk ${index} kind`, seen?.kind, chunk.kind);
      same(`chunk ${index} time`, seen?.timestamp, chunk.timestamp);
    }
  }
}
