/** A Dynflow database in motion: real schema, real rows, two executors that take envelopes like real ones. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { sql } from "kysely";
import { streamOf } from "#server/demo/dna/random.ts";
import { matchesClass } from "#server/dynflow/domain/cancel.ts";
import { CLIENT_WORLD_CLASS, EXECUTOR_WORLD_CLASS, worldOf } from "#server/dynflow/domain/records.ts";
import { type Clock, epochMs, type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { destroyHost, LISTENER, PLAN_KINDS, pickKind, runHostsJob, specOfClass } from "./catalogue.ts";
import { createClientDesk } from "./client-desk.ts";
import { recordsOf } from "./coordinator.ts";
import { planScheduled, readyPlans } from "./delayed-plans.ts";
import { createDemoBehaviour } from "./demo-behaviour.ts";
import { areHeld, invalidateWorlds, plansToGoOnWith, pollerOf } from "./demo-recovery.ts";
import { schedule, seedPlans } from "./demo-seed.ts";
import { createExecutorWorld, type ExecutorWorld } from "./executor-world.ts";
import { deletePlans } from "./plan-writer.ts";
import type { PlanSpec } from "./planner.ts";
import { epochOf, numberCell, type Row, type SqlDatabase, type SqlExecutor, textCell } from "./sql-database.ts";
import { createDynflowFile } from "./sqlite-inline.ts";
import type { StoredPlan } from "./stored-plan.ts";

/** A plan arrives about so often. */
const ARRIVAL_MEAN_MS = 6_000;
const ARRIVAL_MIN_MS = 2_000;
/** Of the plans that arrive, so many fail by themselves. */
const FAILING_PART = 0.08;
/** More paused plans than this, and somebody resumes the oldest: the demo does not silt up. */
const PAUSED_MAX = 12;
const FINISHED_MAX = 600;
/** As many plans are always scheduled. */
const SCHEDULED_MIN = 7;
const SCHEDULE_MEAN_MS = 20 * 60_000;
/** How often Dynflow looks for plans that are due. */
const POLLER_INTERVAL_MS = 15_000;
const UPKEEP_INTERVAL_MS = 30_000;
const DESK_INTERVAL_MS = 1_000;
const FUTURE_TOLERANCE_MS = 60_000;
/** How long after its record is gone a dead executor's place is taken, at most. */
const REPLACE_INTERVAL_MS = 20_000;
/** An executor is killed in the midst of plans; so long is waited for it to have begun them. */
const OCCUPY_MS = 60_000;
const OCCUPY_LOOK_MS = 50;
/** What the names of all hosts of the demo end in. */
export const DEMO_HOSTNAME_SUFFIX = ".demo.example.test";
const QUEUES = { default: 5, hosts_queue: 3 } as const;

/** Classes of the demo whose steps end well when they are cancelled; a cancel destroys others, as in real ones. */
export const DEMO_CANCELLABLE: readonly string[] = ["Actions::Pulp3::*", "Actions::RemoteExecution::ProxyAction"];

export interface DynflowDemoOptions {
  /** Where its SQLite file is kept; created with the first plans when it is missing. */
  readonly path: string;
  /** Opens that file for writing. The demo closes what it was given. */
  readonly openDatabase: (path: string) => SqlExecutor;
  readonly clock: Clock;
  readonly seed: number;
  readonly log: Logger;
  readonly newId?: () => string;
}

export interface DynflowDemo {
  /**
   * The process of this executor ends at once, in the midst of what it does: nothing answers any more, its record and its
   * locks stay. Once somebody has invalidated it, another takes its place. Answers what has happened.
   *
   * @throws OpsError `not-found`, `refused` when it is dead already or the last one alive
   */
  killWorld(worldId: string): Promise<string>;
  /** The next plans that arrive fail at their first step; the first of them arrives at once. Answers what will happen. */
  failNextPlans(count: number): string;
  /** A remote job begins at once whose hosts never answer: its sub-plans wait until they are cancelled. */
  silentHosts(): Promise<string>;
  /** Keeps the plans in motion until the signal is aborted, then ends the worlds cleanly. */
  run(signal: AbortSignal): Promise<void>;
  /** After `run` has ended. */
  close(): Promise<void>;
}

/** An executor, and the host that it runs on. */
interface Seat {
  readonly place: number;
  readonly pid: number;
  readonly world: ExecutorWorld;
}

const hostnameOf = (place: number): string => `dynflow-${place}${DEMO_HOSTNAME_SUFFIX}`;

export async function createDynflowDemo(options: DynflowDemoOptions): Promise<DynflowDemo> {
  const { clock, log, seed } = options;
  const newId = options.newId ?? randomUUID;
  const behaviour = createDemoBehaviour(seed);
  const random = streamOf(seed, `arrivals:${clock.now()}`);
  const database = await openFile(options);
  const { db } = database;
  const worldIds: readonly [string, string] = [newId(), newId()];
  if ((await countOf(db, sql`1 = 1`)) === 0) {
    await seedPlans({ db, now: clock.now(), random, behaviour, newId, worldIds });
  } else await invalidateWorlds(db, await worldsOfEarlierLives(db), clock);

  const desk = createClientDesk({ database, clock, id: newId(), hostname: `foreman${DEMO_HOSTNAME_SUFFIX}` });
  const specOf = (actionClass: string) => specOfClass(actionClass, random);
  const makeExecutor = (id: string, place: number, pid: number, delayedExecutor: boolean): Seat => ({
    place,
    pid,
    world: createExecutorWorld({
      database,
      clock,
      log,
      id,
      hostname: hostnameOf(place),
      pid,
      queues: QUEUES,
      behaviour: behaviour.behave,
      cancellable: (name) => DEMO_CANCELLABLE.some((pattern) => matchesClass(pattern, name)),
      delayedExecutor,
      newId,
      planNow: (planId) => planScheduled({ db, clock, worldId: id, planId, specOf }),
    }),
  });
  const alive: Seat[] = worldIds.map((id, index) => makeExecutor(id, index + 1, 1_200 + index, index === 0));
  /** Killed, and their record still there. */
  const dead: Seat[] = [];
  let toFail = 0;
  let arrivalDue: MonotonicMs = clock.monotonic();
  let wake: (() => void) | null = null;

  async function arrive(): Promise<void> {
    const failing = toFail > 0 || random.chance(FAILING_PART);
    toFail = Math.max(0, toFail - 1);
    const spec = pickKind(random, PLAN_KINDS).spec(random);
    await desk.order(newId(), spec, (plan) => {
      const step = failing ? failingStep(plan) : null;
      if (step !== null) behaviour.doom(plan.id, step);
    });
  }

  async function arrivals(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (arrivalDue <= clock.monotonic()) {
        await arrive().catch((cause: unknown) => log.error("demo.dynflow.failed", { what: "arrival", cause }));
        const afterMs = toFail > 0 ? ARRIVAL_MIN_MS : Math.max(ARRIVAL_MIN_MS, random.exponential(ARRIVAL_MEAN_MS));
        arrivalDue = monotonicMs(clock.monotonic() + afterMs);
      }
      await untilDueOrWoken(signal);
    }
  }

  async function untilDueOrWoken(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    wake = () => over.abort();
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) over.abort();
    await clock.sleep(Math.max(0, arrivalDue - clock.monotonic()), over.signal).catch(() => undefined);
    signal.removeEventListener("abort", wake);
    wake = null;
  }

  async function startDue(): Promise<void> {
    const poller = await pollerOf(db);
    const executor = alive.find(({ world }) => world.id === poller)?.world;
    if (executor === undefined) return;
    for (const planId of await readyPlans(db, clock)) {
      if (await planScheduled({ db, clock, worldId: executor.id, planId, specOf })) executor.execute(planId);
    }
  }

  async function upkeep(): Promise<void> {
    await deletePlans(db, await oldest(db, "stopped", FINISHED_MAX));
    for (const planId of await oldest(db, "paused", PAUSED_MAX)) await desk.execute(planId);
    const missing = SCHEDULED_MIN - (await countOf(db, sql`state = 'scheduled'`));
    for (let count = 0; count < missing; count += 1) {
      const startAt = epochMs(Math.floor(clock.now() + random.exponential(SCHEDULE_MEAN_MS)));
      await schedule({ db, random, newId, worldIds, now: clock.now() }, { startAt });
    }
  }

  /** Two plans that it is in the midst of: one busy, one that only waits. */
  async function occupy(worldId: string): Promise<readonly string[]> {
    const plans: { readonly planId: string; readonly state: "running" | "suspended" }[] = [];
    for (const how of ["busy", "suspended"] as const) {
      const planId = newId();
      plans.push({ planId, state: how === "busy" ? "running" : "suspended" });
      await desk.orderOf(worldId, planId, { root: destroyHost(random) }, (plan) => {
        const stepId = plan.steps.find((step) => step.phase === "run")?.id;
        if (stepId !== undefined) behaviour.hold(planId, stepId, how);
      });
    }
    const until = clock.monotonic() + OCCUPY_MS;
    while (clock.monotonic() < until && !(await areHeld(db, plans))) await clock.sleep(OCCUPY_LOOK_MS);
    return plans.map(({ planId }) => planId);
  }

  async function killWorld(worldId: string): Promise<string> {
    const seat = alive.find(({ world }) => world.id === worldId);
    if (seat === undefined) throw new OpsError("not-found", "No such executor is alive in the demo");
    if (alive.length === 1) throw new OpsError("refused", "It is the last executor alive: nobody would go on");
    alive.splice(alive.indexOf(seat), 1);
    dead.push(seat);
    const planIds = await occupy(worldId);
    seat.world.kill();
    for (const planId of planIds) behaviour.letGo(planId);
    return `${hostnameOf(seat.place)} is dead: it answers nothing, and keeps its record and its locks`;
  }

  /** Somebody has invalidated it: its host starts another process, which goes on with what nobody holds. */
  async function replaceDead(): Promise<void> {
    const records = new Set((await recordsOf(db, EXECUTOR_WORLD_CLASS)).map((record) => record.id));
    for (const seat of dead.filter(({ world }) => !records.has(world.id))) {
      dead.splice(dead.indexOf(seat), 1);
      const next = makeExecutor(newId(), seat.place, seat.pid + 100, (await pollerOf(db)) === null);
      alive.push(next);
      await next.world.start();
      for (const planId of await plansToGoOnWith(db)) await desk.execute(planId);
    }
  }

  async function listen(): Promise<void> {
    if ((await countOf(db, sql`state <> 'stopped' and label = ${LISTENER.class}`)) > 0) return;
    await desk.order(newId(), { root: LISTENER });
  }

  async function every(
    intervalMs: number,
    what: string,
    signal: AbortSignal,
    task: () => Promise<void>,
  ): Promise<void> {
    while (!signal.aborted) {
      await task().catch((cause: unknown) => log.error("demo.dynflow.failed", { what, cause }));
      await clock.sleep(intervalMs, signal).catch((cause: unknown) => {
        if (!signal.aborted) throw cause;
      });
    }
  }

  return {
    killWorld,
    async silentHosts() {
      const spec: PlanSpec = { root: runHostsJob(random) };
      await desk.order(newId(), spec, (plan) => behaviour.silence(plan.id));
      return "A remote job has begun whose hosts do not answer: it waits until somebody cancels it";
    },
    failNextPlans(count) {
      toFail += count;
      arrivalDue = clock.monotonic();
      wake?.();
      return count === 1 ? "The next plan will fail" : `The next ${count} plans will fail`;
    },
    async run(signal) {
      await desk.start();
      for (const { world } of alive) await world.start();
      for (const planId of await plansToGoOnWith(db)) await desk.execute(planId);
      await listen();
      arrivalDue = monotonicMs(clock.monotonic() + ARRIVAL_MIN_MS);
      await Promise.all([
        arrivals(signal),
        every(POLLER_INTERVAL_MS, "delayed plans", signal, startDue),
        every(UPKEEP_INTERVAL_MS, "upkeep", signal, upkeep),
        every(REPLACE_INTERVAL_MS, "dead executors", signal, replaceDead),
        every(DESK_INTERVAL_MS, "replies", signal, () => desk.pull()),
      ]);
      await Promise.all(alive.map(({ world }) => world.stop()));
      await desk.stop();
    },
    close: () => db.destroy(),
  };
}

/** A first step that is neither at the very end nor the parent of sub-plans: its failure is soon seen. */
function failingStep(plan: StoredPlan): number | null {
  return plan.steps.find((step) => step.phase === "run")?.id ?? null;
}

/** The file as it is, or a new one: also when its rows lie in the future, as after a run at a higher speed. */
async function openFile(options: DynflowDemoOptions): Promise<SqlDatabase> {
  createDynflowFile(options.path);
  const opened = await connect(options);
  const latest = await latestStart(opened.db);
  if (latest === null || latest <= options.clock.now() + FUTURE_TOLERANCE_MS) return opened;
  await opened.db.destroy();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${options.path}${suffix}`, { force: true });
  createDynflowFile(options.path);
  return connect(options);
}

async function connect(options: DynflowDemoOptions): Promise<SqlDatabase> {
  const db = options.openDatabase(options.path);
  await sql`pragma synchronous = off`.execute(db);
  return { db, dialect: "sqlite" };
}

async function latestStart(db: SqlExecutor): Promise<number | null> {
  const { rows } = await sql<Row>`select max(started_at) as latest from dynflow_execution_plans`.execute(db);
  return rows[0] === undefined ? null : epochOf(textCell(rows[0], "latest"));
}

async function countOf(db: SqlExecutor, condition: ReturnType<typeof sql>): Promise<number> {
  const { rows } = await sql<Row>`select count(*) as count from dynflow_execution_plans where ${condition}`.execute(db);
  return rows[0] === undefined ? 0 : (numberCell(rows[0], "count") ?? 0);
}

/** Ids of the plans in this state beyond the newest `keep`, oldest first. */
async function oldest(db: SqlExecutor, state: string, keep: number): Promise<readonly string[]> {
  const { rows } = await sql<Row>`
    select uuid from dynflow_execution_plans where state = ${state}
    order by coalesce(started_at, ended_at) desc limit 200 offset ${keep}`.execute(db);
  return rows.flatMap((row) => textCell(row, "uuid") ?? []).toReversed();
}

/** Every executor, and our own desk: the console's world is not ours to judge. */
async function worldsOfEarlierLives(db: SqlExecutor): Promise<readonly string[]> {
  const executors = await recordsOf(db, EXECUTOR_WORLD_CLASS);
  const clients = await recordsOf(db, CLIENT_WORLD_CLASS);
  const ours = clients.filter((record) => worldOf(record)?.hostname?.endsWith(DEMO_HOSTNAME_SUFFIX));
  return [...executors, ...ours].map((record) => record.id);
}
