/**
 * A stand-in for a real executor world: takes envelopes from its inbox, executes plans under their locks, answers, and
 * beats its heart; where a real one fails, it fails the same way.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world.rb, coordinator.rb, executors/abstract/core.rb `heartbeat`,
 * dispatcher/executor_dispatcher.rb; what was seen of real worlds.
 */
import type { Envelope, Reply } from "#server/dynflow/codec/envelope.ts";
import { replyTo } from "#server/dynflow/codec/envelope.ts";
import { DELAYED_EXECUTOR_LOCK_CLASS, EXECUTOR_WORLD_CLASS, worldOwnerId } from "#server/dynflow/domain/records.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Behaviour } from "./behaviour.ts";
import { acquire, deleteInbox, type NewRecord, pushEnvelope, release, releaseOwnedBy, rewrite } from "./coordinator.ts";
import { createExecutions } from "./executor-executions.ts";
import { createExecutorInbox, type ExecutorCounts } from "./executor-inbox.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { createWorkerPools } from "./worker-pools.ts";

/** Default `executor_heartbeat_interval`. */
const HEARTBEAT_INTERVAL_MS = 15_000;
const POLL_INTERVAL_MS = 1_000;
const SAFETY_POLL_INTERVAL_MS = 30_000;

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
  /** Whether steps of this class know what a cancel is; absent = all do. */
  readonly cancellable?: (actionClass: string) => boolean;
  /** Holds the lock of the poller of delayed plans; whoever made this world polls. */
  readonly delayedExecutor: boolean;
  readonly newId: () => string;
  /** Plans a scheduled plan whatever its time; true = it is planned and to be executed. Absent: nothing is planned. */
  readonly planNow?: (planId: string) => Promise<boolean>;
  /** LISTEN, where there is such a thing. Answers the way to end it. */
  readonly listen?: (worldId: string, onNotify: () => void) => Promise<() => Promise<void>>;
}

export interface ExecutorWorld {
  readonly id: string;
  /** Registers and begins to take envelopes. */
  start(): Promise<void>;
  /** Begins to execute a plan as if this world had asked itself. */
  execute(planId: string): void;
  counts(): ExecutorCounts;
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
  const underWay = new Set<Promise<void>>();
  let active = false;
  let killed = false;
  let endListening: (() => Promise<void>) | null = null;

  const living = () => {
    if (killed) throw new Killed("killed");
    return database.db;
  };

  /** What it throws after a kill is no news. */
  function background(what: string, task: Promise<void>): void {
    const end = task
      .catch((cause: unknown) => {
        if (!(cause instanceof Killed)) log.error("demo.executor.failed", { world: id, what, cause });
      })
      .finally(() => underWay.delete(end));
    underWay.add(end);
  }

  async function answer(request: Envelope, reply: Reply): Promise<void> {
    living();
    await pushEnvelope(database, replyTo(request, reply));
  }

  const executions = createExecutions({
    get db() {
      return living();
    },
    clock,
    worldId: id,
    pools,
    behaviour: options.behaviour,
    cancellable: options.cancellable ?? (() => true),
    ending: ending.signal,
    newId: options.newId,
    isActive: () => active,
    answer,
    background,
  });
  const inbox = createExecutorInbox({
    worldId: id,
    db: living,
    log,
    serve: (envelope) => background(envelope.message.type, serve(envelope)),
  });

  async function serve(request: Envelope): Promise<void> {
    const { message } = request;
    switch (message.type) {
      case "Ping":
        return answer(request, { type: "Pong" });
      case "Status":
        return answer(request, { type: "ExecutionStatus", queues: pools.status() });
      case "Execution":
        return executions.serve(request, message.planId);
      case "Planning":
        await answer(request, { type: "Accepted" });
        if (await options.planNow?.(message.planId)) await executions.execute(message.planId);
        return;
      case "Event":
        return executions.event(request, message);
      case "Halt":
        await answer(request, { type: "Done" });
        return executions.halt(message.planId);
      default:
        return; // replies, and what is new to this protocol
    }
  }

  const record = (): NewRecord => recordOf(options, active, clock);

  async function pause(ms: number): Promise<void> {
    await clock.sleep(ms, ending.signal).catch((cause: unknown) => {
      if (!ending.signal.aborted) throw cause;
    });
  }

  async function beat(): Promise<void> {
    for (;;) {
      await pause(HEARTBEAT_INTERVAL_MS);
      if (ending.signal.aborted) return;
      if (await rewrite(living(), record())) continue;
      log.warn("demo.executor.record_missing", { world: id });
      ending.abort();
    }
  }

  async function poll(): Promise<void> {
    while (!ending.signal.aborted) {
      await inbox.pull();
      await pause(endListening === null ? POLL_INTERVAL_MS : SAFETY_POLL_INTERVAL_MS);
    }
  }

  return {
    id,
    execute: (planId) => background("execution", executions.execute(planId)),
    counts: () => inbox.counts(),
    async start() {
      active = true;
      await acquire(living(), record());
      if (options.delayedExecutor) await acquire(living(), delayedExecutorLock(id));
      endListening = (await options.listen?.(id, () => void inbox.pull())) ?? null;
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

const delayedExecutorLock = (worldId: string): NewRecord => ({
  class: DELAYED_EXECUTOR_LOCK_CLASS,
  id: "delayed-executor",
  ownerId: worldOwnerId(worldId),
  fields: { world_id: worldId },
});

/** `last_seen` in the zone of this world, which is UTC. */
const recordOf = (options: ExecutorWorldOptions, active: boolean, clock: Clock): NewRecord => ({
  class: EXECUTOR_WORLD_CLASS,
  id: options.id,
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
