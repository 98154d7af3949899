/** The demo's first day: plans of every kind, as if the system had run for a while. */
import { sql } from "kysely";
import type { Random } from "#server/demo/dna/random.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { DELAYED_KINDS, PLAN_KINDS, pick, pickKind } from "./catalogue.ts";
import type { DemoBehaviour } from "./demo-behaviour.ts";
import { type PastOutcome, pastPlan } from "./past-plans.ts";
import { insertDelay, insertPlans } from "./plan-writer.ts";
import { scheduledPlanOf } from "./planner.ts";
import type { SqlExecutor } from "./sql-database.ts";
import type { StoredPlan } from "./stored-plan.ts";

const HISTORY_PLANS = 320;
const HISTORY_SPAN_MS = 36 * 3_600_000;
const PAUSED_PLANS = 6;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface SeedOptions {
  readonly db: SqlExecutor;
  readonly now: EpochMs;
  readonly random: Random;
  readonly behaviour: DemoBehaviour;
  readonly newId: () => string;
  /** Worlds of the past: what histories name. */
  readonly worldIds: readonly [string, ...string[]];
}

export async function seedPlans(options: SeedOptions): Promise<void> {
  const finished = Array.from({ length: HISTORY_PLANS }, (_, index) => past(options, outcomeOf(options.random), index));
  const paused = Array.from({ length: PAUSED_PLANS }, (_, index) =>
    past(options, "paused", HISTORY_PLANS - 40 + index),
  );
  await insertPlans(options.db, [...finished, ...paused]);
  await seedDelayed(options, paused);
}

function outcomeOf(random: Random): PastOutcome {
  const draw = random.next();
  if (draw < 0.8) return "success";
  if (draw < 0.88) return "warning";
  return draw < 0.94 ? "error" : "cancelled";
}

/** The `index`th of the past plans, oldest first, about evenly spread. */
function past(options: SeedOptions, outcome: PastOutcome, index: number): StoredPlan {
  const { random, now } = options;
  const ago = HISTORY_SPAN_MS * (1 - (index + random.next()) / (HISTORY_PLANS + 1)) + MINUTE_MS;
  const at = epochMs(Math.floor(now - ago));
  const kind = pickKind(random, PLAN_KINDS);
  const worldId = pick(random, options.worldIds);
  return pastPlan({ id: options.newId(), spec: kind.spec(random), at, worldId, outcome }, options.behaviour, random);
}

/** One plan to be planned later; `class` of its root action says which. */
export async function schedule(
  options: Pick<SeedOptions, "db" | "random" | "newId" | "worldIds" | "now">,
  delay: { readonly startAt: EpochMs; readonly startBefore?: EpochMs; readonly frozen?: boolean },
): Promise<string> {
  const { db, random, now } = options;
  const { root } = pickKind(random, DELAYED_KINDS).spec(random);
  const plan = scheduledPlanOf(options.newId(), root.class, now, pick(random, options.worldIds));
  await insertPlans(db, [plan]);
  await insertDelay(db, plan.id, {
    startAt: delay.startAt,
    startBefore: delay.startBefore ?? null,
    frozen: delay.frozen ?? false,
    args: [root.input ?? {}],
  });
  return plan.id;
}

async function seedDelayed(options: SeedOptions, paused: readonly StoredPlan[]): Promise<void> {
  const { db, now } = options;
  const later = (ms: number) => epochMs(now + ms);
  for (const ms of [MINUTE_MS, 4 * MINUTE_MS, 25 * MINUTE_MS, 9 * HOUR_MS, 30 * HOUR_MS]) {
    await schedule(options, { startAt: later(ms) });
  }
  await schedule(options, { startAt: later(HOUR_MS), startBefore: later(2 * HOUR_MS) });
  await schedule(options, { startAt: later(20 * MINUTE_MS), frozen: true });
  const waiting = await schedule(options, { startAt: later(2 * MINUTE_MS) });
  const prerequisite = paused[0];
  if (prerequisite === undefined) return;
  await sql`
    insert into dynflow_execution_plan_dependencies (execution_plan_uuid, blocked_by_uuid)
    values (${waiting}, ${prerequisite.id})`.execute(db);
}
