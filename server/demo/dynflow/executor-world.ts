/**
 * A stand-in for a real executor world: takes envelopes from its inbox, executes plans under their locks, answers, and
 * beats its heart; where a real one fails, it fails the same way.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/dispatcher/executor_dispatcher.rb, world.rb, coordinator.rb,
 * executors/abstract/core.rb `heartbeat`; what was seen of real worlds (`dynflow.md` 5 to 9).
 */
import type { Envelope, Message, Reply } from "#server/dynflow/codec/envelope.ts";
import { replyTo } from "#server/dynflow/codec/envelope.ts";
import { decodeEnvelope, rubyRefusal } from "#server/dynflow/codec/envelope-decode.ts";
import {
  DELAYED_EXECUTOR_LOCK_CLASS,
  EXECUTION_INHIBITION_LOCK_CLASS,
  EXECUTION_LOCK_CLASS,
  EXECUTOR_WORLD_CLASS,
  planLockId,
  worldOwnerId,
} from "#server/dynflow/domain/records.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Behaviour } from "./behaviour.ts";
import {
  acquire,
  deleteInbox,
  executionLock,
  type NewRecord,
  pullEnvelopes,
  pushEnvelope,
  recordOf,
  release,
  releaseOwnedBy,
  rewrite,
} from "./coordinator.ts";
import { loadPlan } from "./plan-loader.ts";
import { conclude, createPlanRun, type PlanRun, type StepEvent, type SubPlanOutcome } from "./plan-run.ts";
import { insertPlans, savePlan } from "./plan-writer.ts";
import { type PlanSpec, planOf } from "./planner.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { remember, type StoredPlan } from "./stored-plan.ts";
import { createWorkerPools } from "./worker-pools.ts";

/** Default `executor_heartbeat_interval`. */
const HEARTBEAT_INTERVAL_MS = 15_000;
const POLL_INTERVAL_MS = 1_000;
const SAFETY_POLL_INTERVAL_MS = 30_000;
const SUB_PLAN_WATCH_MS = 500;

export interface ExecutorWorldOptions {
  readonly database: SqlDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  readonly id: string;
  readonly hostname: string;
  readonly pid: number;
  /** Queue to number of workers. */
  readonly queues: Readonly<Record<string, number>>;
  readonly behaviour: Behaviour;
  /** Runs the poller of delayed plans: said in its record, done by `DelayedPoller`. */
  readonly delayedExecutor: boolean;
  readonly newId: () => string;
  /** Plans a scheduled plan whatever its time; true = it is planned and to be executed. Absent: nothing is planned. */
  readonly planNow?: (planId: string) => Promise<boolean>;
  /** LISTEN, where there is such a thing. Answers the way to end it. */
  readonly listen?: (worldId: string, onNotify: () => void) => Promise<() => Promise<void>>;
}

export interface ExecutorCounts {
  readonly decoded: number;
  /** Envelopes lost because one of their batch could not be decoded. */
  readonly lost: number;
}

export interface ExecutorWorld {
  readonly id: string;
  /** Registers and begins to take envelopes. */
  start(): Promise<void>;
  /** Begins to execute a plan as if this world had asked itself. */
  execute(planId: string): void;
  isExecuting(planId: string): boolean;
  counts(): ExecutorCounts;
  /** Looks into the inbox now. */
  pull(): Promise<void>;
  /** Clean end: inactive, steps ended early, plans paused, locks released, record and inbox deleted. */
  stop(): Promise<void>;
  /** As SIGKILL: nothing more is written. */
  kill(): void;
}

class Killed extends Error {}

export function createExecutorWorld(options: ExecutorWorldOptions): ExecutorWorld {
  const { database, clock, log, id } = options;
  const ending = new AbortController();
  const pools = createWorkerPools(options.queues);
  const runs = new Map<string, PlanRun>();
  const underWay = new Set<Promise<void>>();
  let counts: ExecutorCounts = { decoded: 0, lost: 0 };
  let lastRequest = 0;
  let active = false;
  let killed = false;
  let pulling: Promise<void> = Promise.resolve();
  let endListening: (() => Promise<void>) | null = null;

  const living = () => {
    if (killed) throw new Killed("killed");
    return database.db;
  };

  /** Runs something that nobody awaits; what it throws after a kill is no news. */
  function background(what: string, task: Promise<void>): void {
    const end = task
      .catch((cause: unknown) => {
        if (!(cause instanceof Killed)) log.error("demo.executor.failed", { world: id, what, cause });
      })
      .finally(() => underWay.delete(end));
    underWay.add(end);
  }

  const record = (): NewRecord => ({
    class: EXECUTOR_WORLD_CLASS,
    id,
    ownerId: null,
    fields: {
      meta: {
        hostname: options.hostname,
        pid: options.pid,
        queues: Object.fromEntries(Object.entries(options.queues).map(([name, size]) => [name, { pool_size: size }])),
        last_seen: toIso(clock.now()).replace("T", " ").replace("Z", ""),
        ...(options.delayedExecutor ? { delayed_executor: true } : {}),
      },
      active,
    },
  });

  async function answer(request: Envelope, reply: Reply): Promise<void> {
    living();
    await pushEnvelope(database, replyTo(request, reply));
  }
  const fail = (request: Envelope, error: string) => answer(request, { type: "Failed", error });

  /** Takes the whole inbox, then decodes: one envelope that Ruby could not decode loses all of them. */
  async function takeInbox(): Promise<void> {
    const batch = await pullEnvelopes(living(), id);
    if (batch.length === 0) return;
    const refusals = batch.flatMap((bytes) => rubyRefusal(bytes) ?? []);
    if (refusals.length > 0) {
      counts = { ...counts, lost: counts.lost + batch.length };
      log.error("demo.executor.batch_lost", { world: id, envelopes: batch.length, refusals });
      return;
    }
    counts = { ...counts, decoded: counts.decoded + batch.length };
    for (const bytes of batch) {
      const decoded = decodeEnvelope(bytes);
      if (decoded.ok) background(decoded.envelope.message.type, serve(decoded.envelope, decoded.envelope.message));
    }
  }

  /** One after the other: two pulls at once would only wait for each other. */
  function pull(): Promise<void> {
    const next = pulling.then(takeInbox);
    pulling = next.catch((cause: unknown) => {
      if (!(cause instanceof Killed)) log.warn("demo.executor.not_pulled", { world: id, cause });
    });
    return pulling;
  }

  async function serve(request: Envelope, message: Message): Promise<void> {
    switch (message.type) {
      case "Ping":
        return answer(request, { type: "Pong" });
      case "Status":
        return answer(request, { type: "ExecutionStatus", queues: pools.status() });
      case "Execution":
        return serveExecution(request, message.planId);
      case "Planning":
        await answer(request, { type: "Accepted" });
        if (await options.planNow?.(message.planId)) await execute(message.planId);
        return;
      case "Event":
        return serveEvent(request, message);
      case "Halt":
        await answer(request, { type: "Done" });
        return halt(message.planId);
      default:
        return; // replies, and what is new to this protocol
    }
  }

  async function serveExecution(request: Envelope, planId: string): Promise<void> {
    if (!active) return fail(request, `The world ${id} is not active (terminating or terminated)`);
    const lock = { planId, worldId: id, clientWorldId: request.senderId, requestId: request.requestId };
    if (!(await acquire(living(), executionLock(lock)))) {
      return fail(request, `Unable to acquire lock ${EXECUTION_LOCK_CLASS}: ${planLockId(planId)} by world:${id}`);
    }
    try {
      const plan = await loadPlan(living(), planId);
      if (plan === null) return await fail(request, `searching: execution_plan by: {:uuid=>"${planId}"}`);
      if (!STARTABLE.has(plan.state) && plan.state !== "stopped") {
        return await fail(request, `execution_plan is not in pending or paused state, it's ${plan.state}`);
      }
      await answer(request, { type: "Accepted" });
      const refusal = await refusalOf(plan);
      if (refusal !== null) return await fail(request, refusal);
      await run(plan);
    } finally {
      if (!killed) await release(living(), executionLock(lock));
    }
    await answer(request, { type: "Done" });
  }

  /** Why a plan whose lock was taken is not run after all. An inhibited one is stopped by the attempt. */
  async function refusalOf(plan: StoredPlan): Promise<string | null> {
    const about = `cannot execute execution_plan_id:${plan.id}`;
    if (plan.state === "stopped") return `${about} it's stopped`;
    const inhibition = { class: EXECUTION_INHIBITION_LOCK_CLASS, id: planLockId(plan.id) };
    if ((await recordOf(living(), inhibition)) === null) return null;
    await stopPlan(plan);
    await release(living(), inhibition);
    return `${about} it's execution is inhibited`;
  }

  async function stopPlan(plan: StoredPlan): Promise<void> {
    remember(plan, "finish execution", id, clock.now());
    conclude(plan, clock.now());
    await savePlan(living(), plan);
  }

  async function run(plan: StoredPlan): Promise<void> {
    const planRun = createPlanRun(host, plan);
    runs.set(plan.id, planRun);
    try {
      await planRun.run();
    } finally {
      runs.delete(plan.id);
      if (!killed) await releaseOwnedBy(living(), planLockId(plan.id));
    }
  }

  const host = {
    get db() {
      return living();
    },
    clock,
    worldId: id,
    pools,
    behaviour: options.behaviour,
    ending: ending.signal,
    executeSubPlans,
  };

  /** A single executor sends to itself by a plain call: no row, no notification. */
  async function execute(planId: string): Promise<void> {
    lastRequest += 1;
    const lock = executionLock({ planId, worldId: id, clientWorldId: id, requestId: `${id}-${lastRequest}` });
    if (!active || !(await acquire(living(), lock))) return;
    try {
      const plan = await loadPlan(living(), planId);
      if (plan !== null && STARTABLE.has(plan.state) && (await refusalOf(plan)) === null) await run(plan);
    } finally {
      if (!killed) await release(living(), lock);
    }
  }

  async function executeSubPlans(
    specs: readonly PlanSpec[],
    caller: { planId: string; actionId: number },
  ): Promise<SubPlanOutcome> {
    const plans = specs.map((spec) => planOf(options.newId(), { ...spec, caller }, clock.now()));
    await insertPlans(living(), plans);
    for (const plan of plans) background("sub-plan", execute(plan.id));
    for (;;) {
      const states = await Promise.all(plans.map((plan) => loadPlan(living(), plan.id)));
      const ended = states.filter((plan) => plan !== null && (plan.state === "stopped" || plan.state === "paused"));
      const success = ended.filter((plan) => plan?.state === "stopped" && plan.result !== "error").length;
      const outcome = { total: plans.length, success, failed: ended.length - success };
      if (ended.length === plans.length || ending.signal.aborted) return outcome;
      await clock.sleep(SUB_PLAN_WATCH_MS, ending.signal).catch(whenAborted);
    }
  }

  async function serveEvent(request: Envelope, message: Extract<Message, { type: "Event" }>): Promise<void> {
    const planRun = runs.get(message.planId);
    if (planRun === undefined) {
      const event = `execution_plan_id: ${message.planId}, step_id: ${message.stepId}`;
      return fail(request, `no manager for Dynflow::Director::Event[${event}]`);
    }
    const event: StepEvent = message.event.kind === "atom" ? message.event.atom : "poll";
    if (!planRun.deliver(message.stepId, event)) {
      return fail(request, "step is not suspended, it cannot process events");
    }
    return answer(request, { type: "Done" });
  }

  /** A plan that runs elsewhere is forced to stop in its row alone, as a real executor does. */
  async function halt(planId: string): Promise<void> {
    runs.get(planId)?.halt();
    const plan = await loadPlan(living(), planId);
    if (plan === null || plan.state === "stopped") return;
    await stopPlan(plan);
    await release(living(), { class: EXECUTION_INHIBITION_LOCK_CLASS, id: planLockId(planId) });
  }

  const whenAborted = (cause: unknown) => {
    if (!ending.signal.aborted) throw cause;
  };

  async function beat(): Promise<void> {
    while (!ending.signal.aborted) {
      await clock.sleep(HEARTBEAT_INTERVAL_MS, ending.signal).catch(whenAborted);
      if (ending.signal.aborted) return;
      if (await rewrite(living(), record())) continue;
      log.warn("demo.executor.record_missing", { world: id });
      ending.abort();
    }
  }

  async function poll(): Promise<void> {
    while (!ending.signal.aborted) {
      await pull();
      const intervalMs = endListening === null ? POLL_INTERVAL_MS : SAFETY_POLL_INTERVAL_MS;
      await clock.sleep(intervalMs, ending.signal).catch(whenAborted);
    }
  }

  return {
    id,
    execute: (planId) => background("execution", execute(planId)),
    pull,
    isExecuting: (planId) => runs.has(planId),
    counts: () => counts,
    async start() {
      active = true;
      await acquire(living(), record());
      if (options.delayedExecutor) {
        await acquire(living(), {
          class: DELAYED_EXECUTOR_LOCK_CLASS,
          id: "delayed-executor",
          ownerId: worldOwnerId(id),
          fields: { world_id: id },
        });
      }
      endListening = (await options.listen?.(id, () => void pull())) ?? null;
      background("heartbeat", beat());
      background("inbox", poll());
    },
    async stop() {
      if (!active) return;
      active = false;
      await rewrite(living(), record());
      ending.abort();
      await endListening?.();
      while (underWay.size > 0) await Promise.all([...underWay]);
      await releaseOwnedBy(living(), worldOwnerId(id));
      await release(living(), { class: EXECUTOR_WORLD_CLASS, id });
      await deleteInbox(living(), id);
    },
    kill() {
      killed = true;
      active = false;
      ending.abort();
      void endListening?.();
    },
  };
}

const STARTABLE: ReadonlySet<string> = new Set(["planned", "paused"]);
