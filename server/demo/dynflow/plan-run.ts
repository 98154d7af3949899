/**
 * One execution of one plan: its steps in order of the flows, each change written when it happens.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/director.rb, director/execution_plan_manager.rb, execution_plan/steps/
 * abstract_flow_step.rb, execution_plan.rb `update_state`, `finalize`.
 */
import { EVENT_ATOMS } from "#server/dynflow/codec/envelope.ts";
import type { Flow, PayloadValue } from "#server/dynflow/domain/model.ts";
import { resultOf } from "#server/dynflow/domain/plan-verdict.ts";
import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { unreachable } from "#server/kernel/errors.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import type { Behaviour, Chunk, Deed } from "./behaviour.ts";
import { addChunk, saveAction, savePlan, saveStep } from "./plan-writer.ts";
import type { PlanSpec } from "./planner.ts";
import type { SqlExecutor } from "./sql-database.ts";
import { remember, type StoredAction, type StoredPlan, type StoredStep } from "./stored-plan.ts";
import type { WorkerPools } from "./worker-pools.ts";

export interface SubPlanOutcome {
  readonly total: number;
  readonly success: number;
  readonly failed: number;
}

/** What a run needs of its executor. `db` throws once the executor was killed. */
export interface RunHost {
  readonly db: SqlExecutor;
  readonly clock: Clock;
  readonly worldId: string;
  readonly pools: WorkerPools;
  readonly behaviour: Behaviour;
  /** Whether steps of this class know what a cancel is; another is destroyed by one (seen). */
  readonly cancellable: (actionClass: string) => boolean;
  /** Aborted when the world is to end: steps end early, nothing new begins. */
  readonly ending: AbortSignal;
  /** Plans, executes and awaits sub-plans of this action; ends early when the world is to end. */
  executeSubPlans(
    plans: readonly PlanSpec[],
    caller: { planId: string; actionId: number },
    planned: (plans: readonly { readonly id: string }[]) => void,
  ): Promise<SubPlanOutcome>;
  cancelSubPlans(plans: readonly { readonly id: string }[]): Promise<void>;
}

/** An event that somebody sent to a step. */
export type StepEvent = "cancel" | "abort" | "poll" | "skip";

export interface PlanRun {
  readonly planId: string;
  /** Runs to the end, a pause, a halt or the end of the world. The plan's rows then say which. */
  run(): Promise<void>;
  /**
   * A suspended step takes an event at once, a busy one when it suspends; it is dropped when the step ends instead, and
   * refused for a step in any other state.
   */
  deliver(stepId: number, event: StepEvent): Promise<Delivery>;
  /** As a parent does with its sub-plans: every step that can take a cancel gets one. */
  cancelAll(): void;
  /**
   * Drops the plan: nothing more begins, its row is not touched any more, and `run` ends once `written` has, which writes it
   * off. What is really busy goes on to its end all the same.
   */
  halt(written: Promise<void>): void;
}

export type Delivery = "taken" | "dropped" | "refused";

const SKIPPABLE: ReadonlySet<string> = new Set(["success", "skipped"]);

export function createPlanRun(host: RunHost, plan: StoredPlan): PlanRun {
  const { clock } = host;
  const asleep = new Map<number, (event: StepEvent | null) => void>();
  /** Events for busy steps: taken when they suspend. */
  const waiting = new Map<number, { readonly event: StepEvent; readonly told: (delivery: Delivery) => void }[]>();
  const supervised = new Map<number, readonly { readonly id: string }[]>();
  let halted = false;
  let endRun: () => void = () => undefined;
  const dropped = new Promise<false>((resolve) => {
    endRun = () => resolve(false);
  });

  const stepOf = (id: number): StoredStep => {
    const step = plan.steps.find((candidate) => candidate.id === id);
    if (step === undefined) throw new Error(`plan ${plan.id} has no step ${id}`);
    return step;
  };
  const actionOf = (step: StoredStep): StoredAction => {
    const action = plan.actions.find((candidate) => candidate.id === step.actionId);
    if (action === undefined) throw new Error(`plan ${plan.id} has no action ${step.actionId}`);
    return action;
  };
  const mayBegin = () => !halted && !host.ending.aborted;

  /** True when every step of the flow has succeeded or was skipped. */
  async function walk(flow: Flow): Promise<boolean> {
    switch (flow.kind) {
      case "step":
        return execute(stepOf(flow.stepId));
      case "sequence": {
        for (const part of flow.flows) if (!(await walk(part))) return false;
        return true;
      }
      case "concurrence":
        return (await Promise.all(flow.flows.map(walk))).every(Boolean);
      default:
        return unreachable(flow);
    }
  }

  async function execute(step: StoredStep): Promise<boolean> {
    if (SKIPPABLE.has(step.state)) return true;
    if (!mayBegin()) return false;
    if (step.state === "skipping") return skip(step);
    const release = await host.pools.take(step.queue ?? "default");
    let held = true;
    const giveBack = () => {
      if (held) release();
      held = false;
    };
    try {
      return await visits(step, giveBack);
    } finally {
      giveBack();
    }
  }

  async function skip(step: StoredStep): Promise<boolean> {
    step.state = "skipped";
    step.progressDone = 1;
    await saveStep(host.db, plan.id, step);
    return true;
  }

  /** Visits the step until it has ended; between visits it is suspended and holds no worker. */
  async function visits(step: StoredStep, giveBack: () => void): Promise<boolean> {
    const action = actionOf(step);
    let event: StepEvent | null = null;
    for (let visit = 0; ; visit += 1) {
      if (!mayBegin()) return false;
      const from = step.state;
      await begin(step, action);
      if (event === "cancel" || event === "abort") return cancelled(step, action, event);
      const deed = host.behaviour({ planId: plan.id, step, action, from, visit });
      await sleep(deed.afterMs, host.ending);
      // Whoever waits for sub-plans is suspended, and holds no worker.
      if (deed.kind === "sub-plans") giveBack();
      const ended = await carryOut(step, action, deed);
      giveBack();
      if (ended !== null) return ended;
      event = await suspended(step, deed);
    }
  }

  /** What a cancel does to a step that was suspended: it ends, or an action that does not know the event fails. */
  async function cancelled(step: StoredStep, action: StoredAction, event: "cancel" | "abort"): Promise<boolean> {
    if (host.cancellable(action.class)) {
      return end(step, action, "success", event === "cancel" ? { cancelled: true } : { aborted: true });
    }
    step.error = {
      exceptionClass: "RuntimeError",
      message: `Unexpected event ${EVENT_ATOMS[event]} in ${action.class}`,
      backtrace: [],
    };
    return end(step, action, "error", {});
  }

  /** The step has ended: whatever still waited for it is dropped. */
  function drop(step: StoredStep): void {
    for (const { told } of waiting.get(step.id) ?? []) told("dropped");
    waiting.delete(step.id);
  }

  async function begin(step: StoredStep, action: StoredAction): Promise<void> {
    step.state = "running";
    step.startedAt ??= clock.now();
    await saveStep(host.db, plan.id, step);
    const input = withValues(action.input, plan);
    if (input !== action.input) {
      action.input = input;
      await saveAction(host.db, plan.id, action);
    }
  }

  /** True or false when the step has ended, `null` when it is suspended. */
  async function carryOut(step: StoredStep, action: StoredAction, deed: Deed): Promise<boolean | null> {
    switch (deed.kind) {
      case "success":
        await chunks(action, deed.chunks);
        return end(step, action, "success", deed.output);
      case "error":
        step.error = deed.error;
        return end(step, action, "error", {});
      case "suspend":
        await chunks(action, deed.chunks);
        step.progressDone = deed.progress;
        await end(step, action, "suspended", deed.output);
        return null;
      case "sub-plans":
        return superviseSubPlans(step, action, deed.plans);
      default:
        return unreachable(deed);
    }
  }

  async function superviseSubPlans(
    step: StoredStep,
    action: StoredAction,
    plans: readonly PlanSpec[],
  ): Promise<boolean> {
    const count = plans.length;
    await end(step, action, "suspended", { planned_count: count, total_count: count, pending_count: count });
    const caller = { planId: plan.id, actionId: action.id };
    const outcome = await host.executeSubPlans(plans, caller, (planned) => void supervised.set(step.id, planned));
    supervised.delete(step.id);
    if (!mayBegin()) return false;
    const { total, success, failed } = outcome;
    await begin(step, action);
    const output = { planned_count: count, cancelled_count: 0, total_count: total, pending_count: 0 };
    if (failed > 0) step.error = SUB_TASK_FAILED;
    const state = failed > 0 ? "error" : "success";
    return end(step, action, state, { ...output, failed_count: failed, success_count: success });
  }

  async function chunks(action: StoredAction, pieces: readonly Chunk[] | undefined): Promise<void> {
    for (const { kind, value } of pieces ?? []) {
      await addChunk(host.db, { planId: plan.id, actionId: action.id, kind, at: clock.now(), value });
    }
  }

  async function end(step: StoredStep, action: StoredAction, state: string, output: JsonObject): Promise<boolean> {
    const now = clock.now();
    const previous = step.endedAt ?? step.startedAt ?? now;
    step.executionTimeSec += Math.max(0, now - previous) / 1_000;
    step.endedAt = now;
    step.realTimeSec = Math.max(0, now - (step.startedAt ?? now)) / 1_000;
    step.state = state;
    if (state === "success") {
      step.progressDone = 1;
      step.error = null;
    }
    action.output = { ...objectOf(action.output), ...output };
    await saveAction(host.db, plan.id, action);
    await saveStep(host.db, plan.id, step);
    if (state !== "suspended") drop(step);
    return state === "success";
  }

  /** Waits until the step is due again, an event comes, or the world ends. */
  async function suspended(step: StoredStep, deed: Deed): Promise<StepEvent | null> {
    const wakeAfterMs = deed.kind === "suspend" ? deed.wakeAfterMs : 0;
    const over = new AbortController();
    const stop = () => over.abort();
    host.ending.addEventListener("abort", stop, { once: true });
    const woken = new Promise<StepEvent | null>((resolve) => {
      asleep.set(step.id, resolve);
      const next = waiting.get(step.id)?.shift();
      if (next !== undefined) {
        next.told("taken");
        resolve(next.event);
      }
      over.signal.addEventListener("abort", () => resolve(null), { once: true });
    });
    try {
      if (host.ending.aborted) return null;
      if (wakeAfterMs === null) return await woken;
      return await Promise.race([woken, sleep(wakeAfterMs, over.signal).then(() => null)]);
    } finally {
      asleep.delete(step.id);
      over.abort();
      host.ending.removeEventListener("abort", stop);
    }
  }

  async function sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0 || signal.aborted) return;
    await clock.sleep(ms, signal).catch((cause: unknown) => {
      if (!signal.aborted) throw cause;
    });
  }

  async function update(state: string, event: string): Promise<void> {
    const now = clock.now();
    plan.state = state;
    plan.result = resultOf(listed(plan));
    remember(plan, event, host.worldId, now);
    if (state === "stopped") conclude(plan, now);
    await savePlan(host.db, plan);
  }

  return {
    planId: plan.id,
    async run() {
      await update("running", "start execution");
      const walked = (async () => (await walk(plan.runFlow)) && walk(plan.finalizeFlow))();
      const succeeded = await Promise.race([walked, dropped]);
      if (halted) return;
      await (succeeded ? update("stopped", "finish execution") : update("paused", "pause execution"));
    },
    async deliver(stepId, event) {
      const children = supervised.get(stepId);
      if (children !== undefined && event !== "poll") {
        await host.cancelSubPlans(children);
        return "taken";
      }
      const wake = asleep.get(stepId);
      wake?.(event);
      if (wake !== undefined) return "taken";
      const step = plan.steps.find((candidate) => candidate.id === stepId);
      if (step?.phase !== "run" || step.state !== "running") return "refused";
      return new Promise<Delivery>((told) => {
        waiting.set(stepId, [...(waiting.get(stepId) ?? []), { event, told }]);
      });
    },
    cancelAll() {
      for (const step of plan.steps) {
        if (step.phase === "run" && (step.state === "suspended" || step.state === "running")) {
          void this.deliver(step.id, "cancel");
        }
      }
    },
    halt(written) {
      halted = true;
      for (const wake of asleep.values()) wake(null);
      written.then(endRun, endRun);
    },
  };
}

const SUB_TASK_FAILED = {
  exceptionClass: "Foreman::Exception",
  message: "A sub task failed",
  backtrace: ["dynflow/action/with_sub_plans.rb:262:in `check_for_errors!'"],
};

const listed = (plan: StoredPlan): readonly StoredStep[] =>
  plan.stepIds.flatMap((id) => plan.steps.find((step) => step.id === id) ?? []);

/** What a stopped plan says of its times. Source: execution_plan.rb `update_state`, `when :stopped`. */
export function conclude(plan: StoredPlan, at: EpochMs): void {
  plan.state = "stopped";
  plan.endedAt = at;
  plan.realTimeSec = plan.startedAt === null ? 0 : Math.max(0, epochMs(at - plan.startedAt)) / 1_000;
  plan.executionTimeSec = listed(plan).reduce((sum, step) => sum + step.executionTimeSec, 0);
  plan.result = resultOf(listed(plan));
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
const objectOf = (value: PayloadValue | undefined): JsonObject =>
  typeof value === "object" && value !== null && !isList(value) ? value : {};

/** References to outputs of this plan replaced by their values, at any depth; the same value when there are none. */
export function withValues(value: PayloadValue, plan: StoredPlan): PayloadValue {
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) {
    const items = value.map((item) => withValues(item, plan));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (value.$ref !== undefined && typeof value.$text === "string") return referred(objectOf(value.$ref), plan);
  const entries = Object.entries(value).map(([key, item]) => [key, withValues(item, plan)] as const);
  return entries.some(([key, item]) => item !== value[key]) ? Object.fromEntries(entries) : value;
}

function referred(reference: JsonObject, plan: StoredPlan): PayloadValue {
  const { action_id: actionId, subkeys } = reference;
  let value: PayloadValue = plan.actions.find((action) => action.id === actionId)?.output ?? null;
  for (const key of subkeys !== undefined && isList(subkeys) ? subkeys : []) {
    value = typeof key === "string" ? (objectOf(value)[key] ?? null) : null;
  }
  return value;
}
