/**
 * The process that asks for plans in the demo, as Foreman's web workers do: a client world that plans, sends the
 * execution to one executor after the other, and takes note of the replies.
 */
import type { Message } from "#server/dynflow/codec/envelope.ts";
import { replyTo } from "#server/dynflow/codec/envelope.ts";
import { decodeEnvelope } from "#server/dynflow/codec/envelope-decode.ts";
import { CLIENT_WORLD_CLASS, EXECUTOR_WORLD_CLASS, worldOf } from "#server/dynflow/domain/records.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import {
  acquire,
  deleteInbox,
  type NewRecord,
  pullEnvelopes,
  pushEnvelope,
  recordsOf,
  release,
} from "./coordinator.ts";
import { planningLock } from "./delayed-plans.ts";
import { insertPlans, savePlan } from "./plan-writer.ts";
import { type PlanSpec, planOf } from "./planner.ts";
import type { SqlDatabase } from "./sql-database.ts";
import type { StoredPlan } from "./stored-plan.ts";

/** Planning a larger plan takes a moment, and is seen. */
const PLANNING_STEP_MS = 40;

export interface ClientDesk {
  start(): Promise<void>;
  /** Plans a new plan under its planning lock and asks an executor to run it. `planned` is called before it is sent. */
  order(planId: string, spec: PlanSpec, planned?: (plan: StoredPlan) => void): Promise<void>;
  /** Asks the next executor to execute a plan that is there. */
  execute(planId: string): Promise<void>;
  /** The same as `order`, but of one executor. */
  orderOf(executorId: string, planId: string, spec: PlanSpec, planned?: (plan: StoredPlan) => void): Promise<void>;
  /** Takes its replies and answers pings. */
  pull(): Promise<void>;
  stop(): Promise<void>;
}

export function createClientDesk(options: {
  readonly database: SqlDatabase;
  readonly clock: Clock;
  readonly id: string;
  readonly hostname: string;
}): ClientDesk {
  const { database, clock, id } = options;
  const { db } = database;
  let lastRequest = 0;
  let turn = 0;

  const record = (): NewRecord => ({
    class: CLIENT_WORLD_CLASS,
    id,
    ownerId: null,
    fields: {
      meta: {
        hostname: options.hostname,
        pid: 4_711,
        last_seen: toIso(clock.now()).replace("T", " ").replace("Z", ""),
      },
    },
  });

  async function send(receiverId: string, message: Message): Promise<void> {
    lastRequest += 1;
    await pushEnvelope(database, { requestId: `${id}-${lastRequest}`, senderId: id, receiverId, message });
  }

  /** In turn, as Ruby does: no regard for load. */
  async function nextExecutor(): Promise<string | null> {
    const worlds = (await recordsOf(db, EXECUTOR_WORLD_CLASS)).flatMap((found) => worldOf(found) ?? []);
    const active = worlds.filter((world) => world.state === "active");
    turn += 1;
    return active[turn % Math.max(1, active.length)]?.id ?? null;
  }

  async function execute(planId: string): Promise<void> {
    const executorId = await nextExecutor();
    if (executorId !== null) await send(executorId, { type: "Execution", planId });
  }

  async function plan(planId: string, spec: PlanSpec, planned?: (plan: StoredPlan) => void): Promise<void> {
    const lock = planningLock(planId, id);
    const made = planOf(planId, spec, clock.now());
    await acquire(db, lock);
    await insertPlans(db, [{ ...made, state: "planning" }]);
    await clock.sleep(PLANNING_STEP_MS * made.actions.length);
    await savePlan(db, made);
    await release(db, lock);
    planned?.(made);
  }

  return {
    execute,
    async orderOf(executorId, planId, spec, planned) {
      await plan(planId, spec, planned);
      await send(executorId, { type: "Execution", planId });
    },
    async start() {
      await acquire(db, record());
    },
    async order(planId, spec, planned) {
      await plan(planId, spec, planned);
      await execute(planId);
    },
    async pull() {
      for (const bytes of await pullEnvelopes(db, id)) {
        const decoded = decodeEnvelope(bytes);
        if (!decoded.ok || decoded.envelope.message.type !== "Ping") continue;
        await pushEnvelope(database, replyTo(decoded.envelope, { type: "Pong" }));
      }
    },
    async stop() {
      await release(db, record());
      await deleteInbox(db, id);
    },
  };
}
