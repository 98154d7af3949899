/**
 * Executions under their locks, as an executor performs them.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/dispatcher/executor_dispatcher.rb `perform_execution`, `perform_event`,
 * `perform_halt`; director.rb `track_execution_plan`; the refusals as seen of real worlds.
 */
import type { Envelope, Message, Reply } from "#server/dynflow/codec/envelope.ts";
import { EXECUTION_INHIBITION_LOCK_CLASS, EXECUTION_LOCK_CLASS, planLockId } from "#server/dynflow/domain/records.ts";
import { acquire, executionLock, recordOf, release, releaseOwnedBy } from "./coordinator.ts";
import { loadPlan } from "./plan-loader.ts";
import {
  conclude,
  createPlanRun,
  type PlanRun,
  type RunHost,
  type StepEvent,
  type SubPlanOutcome,
} from "./plan-run.ts";
import { deleteDelay, insertPlans, savePlan } from "./plan-writer.ts";
import { type PlanSpec, planOf } from "./planner.ts";
import { remember, type StoredPlan } from "./stored-plan.ts";

const SUB_PLAN_WATCH_MS = 500;
const STARTABLE: ReadonlySet<string> = new Set(["planned", "paused"]);

export interface ExecutionsHost extends Omit<RunHost, "executeSubPlans" | "cancelSubPlans"> {
  readonly newId: () => string;
  /** False from the moment the world begins to end. */
  isActive(): boolean;
  answer(request: Envelope, reply: Reply): Promise<void>;
  /** Runs something that nobody awaits. */
  background(what: string, task: Promise<void>): void;
}

export interface Executions {
  /** An `Execution` that was asked for by envelope. */
  serve(request: Envelope, planId: string): Promise<void>;
  /** One that this world asks of itself: a plain call, no row, no notification. */
  execute(planId: string): Promise<void>;
  event(request: Envelope, message: Extract<Message, { type: "Event" }>): Promise<void>;
  /** A plan that runs elsewhere is forced to stop in its row alone, as a real executor does. */
  halt(planId: string): Promise<void>;
}

export function createExecutions(host: ExecutionsHost): Executions {
  const { clock, worldId } = host;
  const runs = new Map<string, PlanRun>();
  let lastRequest = 0;
  const fail = (request: Envelope, error: string) => host.answer(request, { type: "Failed", error });

  /** Holds the plan's lock while `work` is done; false = another holds it. After a kill it stays, as a dead world's does. */
  async function underLock(
    lock: { readonly planId: string; readonly clientWorldId: string; readonly requestId: string },
    work: () => Promise<void>,
  ): Promise<boolean> {
    const record = executionLock({ ...lock, worldId });
    if (!(await acquire(host.db, record))) return false;
    try {
      await work();
    } finally {
      await release(host.db, record);
    }
    return true;
  }

  async function serve(request: Envelope, planId: string): Promise<void> {
    if (!host.isActive()) return fail(request, `The world ${worldId} is not active (terminating or terminated)`);
    let ended = false;
    const lock = { planId, clientWorldId: request.senderId, requestId: request.requestId };
    const ours = await underLock(lock, async () => {
      ended = await executeFor(request, planId);
    });
    if (ended) return host.answer(request, { type: "Done" });
    if (ours) return;
    const held = `${EXECUTION_LOCK_CLASS}: ${planLockId(planId)} by world:${worldId}`;
    return fail(request, `Unable to acquire lock ${held}`);
  }

  /** True when the run has ended; false when it was refused, which the sender has been told. */
  async function executeFor(request: Envelope, planId: string): Promise<boolean> {
    const plan = await loadPlan(host.db, planId);
    const refusal = refusedAtOnce(planId, plan);
    if (plan === null || refusal !== null) {
      await fail(request, refusal ?? "");
      return false;
    }
    await host.answer(request, { type: "Accepted" });
    const late = await refusedLate(plan);
    if (late === null) await run(plan);
    else await fail(request, late);
    return late === null;
  }

  function refusedAtOnce(planId: string, plan: StoredPlan | null): string | null {
    if (plan === null) return `searching: execution_plan by: {:uuid=>"${planId}"}`;
    if (STARTABLE.has(plan.state) || plan.state === "stopped") return null;
    return `execution_plan is not in pending or paused state, it's ${plan.state}`;
  }

  /** Refused after the lock was taken and accepted. An inhibited plan is stopped by the attempt. */
  async function refusedLate(plan: StoredPlan): Promise<string | null> {
    const about = `cannot execute execution_plan_id:${plan.id}`;
    if (plan.state === "stopped") return `${about} it's stopped`;
    const inhibition = { class: EXECUTION_INHIBITION_LOCK_CLASS, id: planLockId(plan.id) };
    if ((await recordOf(host.db, inhibition)) === null) return null;
    await stop(plan);
    await release(host.db, inhibition);
    return `${about} it's execution is inhibited`;
  }

  async function stop(plan: StoredPlan): Promise<void> {
    remember(plan, "finish execution", worldId, clock.now());
    conclude(plan, clock.now());
    await savePlan(host.db, plan);
  }

  async function run(plan: StoredPlan): Promise<void> {
    const planRun = createPlanRun(runHost, plan);
    runs.set(plan.id, planRun);
    try {
      await planRun.run();
    } finally {
      runs.delete(plan.id);
    }
    await releaseOwnedBy(host.db, planLockId(plan.id));
  }

  async function execute(planId: string): Promise<void> {
    if (!host.isActive()) return;
    lastRequest += 1;
    await underLock({ planId, clientWorldId: worldId, requestId: `${worldId}-${lastRequest}` }, async () => {
      const plan = await loadPlan(host.db, planId);
      if (plan !== null && STARTABLE.has(plan.state) && (await refusedLate(plan)) === null) await run(plan);
    });
  }

  async function executeSubPlans(
    specs: readonly PlanSpec[],
    caller: { planId: string; actionId: number },
    planned: (plans: readonly { readonly id: string }[]) => void,
  ): Promise<SubPlanOutcome> {
    const plans = specs.map((spec) => planOf(host.newId(), { ...spec, caller }, clock.now()));
    await insertPlans(host.db, plans);
    planned(plans);
    for (const plan of plans) host.background("sub-plan", execute(plan.id));
    for (;;) {
      const outcome = await outcomeOf(plans);
      if (outcome.success + outcome.failed === outcome.total || host.ending.aborted) return outcome;
      await clock.sleep(SUB_PLAN_WATCH_MS, host.ending).catch((cause: unknown) => {
        if (!host.ending.aborted) throw cause;
      });
    }
  }

  /** A parent that is cancelled cancels what runs of its children; what has not begun is stopped. */
  async function cancelSubPlans(plans: readonly { readonly id: string }[]): Promise<void> {
    for (const { id } of plans) {
      const running = runs.get(id);
      if (running !== undefined) running.cancelAll();
      else {
        const plan = await loadPlan(host.db, id);
        if (plan !== null && plan.state !== "stopped") await stop(plan);
      }
    }
  }

  async function outcomeOf(plans: readonly StoredPlan[]): Promise<SubPlanOutcome> {
    const found = await Promise.all(plans.map((plan) => loadPlan(host.db, plan.id)));
    const ended = found.filter((plan) => plan?.state === "stopped" || plan?.state === "paused");
    const success = ended.filter((plan) => plan?.state === "stopped" && plan.result !== "error").length;
    return { total: plans.length, success, failed: ended.length - success };
  }

  const runHost: RunHost = {
    get db() {
      return host.db;
    },
    clock,
    worldId,
    pools: host.pools,
    behaviour: host.behaviour,
    cancellable: host.cancellable,
    ending: host.ending,
    executeSubPlans,
    cancelSubPlans,
  };

  async function writeOff(planId: string): Promise<void> {
    const plan = await loadPlan(host.db, planId);
    if (plan === null || plan.state === "stopped") return;
    await stop(plan);
    await deleteDelay(host.db, planId);
    await release(host.db, { class: EXECUTION_INHIBITION_LOCK_CLASS, id: planLockId(planId) });
  }

  return {
    serve,
    execute,
    async event(request, message) {
      const planRun = runs.get(message.planId);
      if (planRun === undefined) {
        const event = `execution_plan_id: ${message.planId}, step_id: ${message.stepId}`;
        return fail(request, `no manager for Dynflow::Director::Event[${event}]`);
      }
      const event: StepEvent = message.event.kind === "atom" ? message.event.atom : "poll";
      switch (await planRun.deliver(message.stepId, event)) {
        case "taken":
          return host.answer(request, { type: "Done" });
        case "dropped":
          return fail(request, "Message dropped");
        case "refused":
          return fail(request, "step is not suspended, it cannot process events");
      }
    },
    async halt(planId) {
      const written = writeOff(planId);
      runs.get(planId)?.halt(written);
      await written;
    },
  };
}
