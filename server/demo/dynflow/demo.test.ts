import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, describe, expect, it, vi } from "vitest";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import { pushEnvelope, recordsOf } from "./coordinator.ts";
import { createDynflowDemo } from "./demo.ts";
import { invalidateWorlds } from "./demo-recovery.ts";
import { loadPlan } from "./plan-loader.ts";
import { planInstant, type Row, type SqlExecutor, textCell } from "./sql-database.ts";
import { openInlineSqlite } from "./sqlite-inline.ts";

const SEED = 7;
const EXECUTOR = "Dynflow::Coordinator::ExecutorWorld";
const MINUTE_MS = 60_000;
/** Minutes of the demo are simulated in seconds; on a busy machine in more of them. */
vi.setConfig({ testTimeout: 120_000 });
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function place() {
  const directory = mkdtempSync(join(tmpdir(), "worldline-demo-"));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  let lastId = 0;
  const newId = () => `00000000-0000-4000-8000-${String(++lastId).padStart(12, "0")}`;
  return { path: join(directory, "demo", "dynflow.sqlite"), newId, clock: createManualClock() };
}

async function run(at: ReturnType<typeof place>) {
  const errors: unknown[] = [];
  const log = { ...silentLogger, error: (event: string, fields?: unknown) => void errors.push([event, fields]) };
  let db: SqlExecutor | null = null;
  const openDatabase = (path: string) => {
    db = openInlineSqlite(path).db;
    return db;
  };
  const demo = await createDynflowDemo({ ...at, openDatabase, seed: SEED, log });
  const abort = new AbortController();
  const ended = demo.run(abort.signal);
  const stop = async () => {
    abort.abort();
    await at.clock.advance(2_000);
    await ended;
    await demo.close();
  };
  const open = openInlineSqlite(at.path).db;
  cleanups.push(() => open.destroy());
  return { demo, db: open, stop, errors };
}

const countBy = async (db: SqlExecutor, expression: string): Promise<Readonly<Record<string, number>>> => {
  const { rows } = await sql<Row>`
    select ${sql.raw(expression)} as what, count(*) as count from dynflow_execution_plans group by 1`.execute(db);
  return Object.fromEntries(rows.map((row) => [textCell(row, "what") ?? "", Number(row.count)]));
};
const pass = async (clock: ManualClock, minutes: number) => {
  for (let second = 0; second < minutes * 60; second += 5) await clock.advance(5_000);
};

describe("the demo of Dynflow", () => {
  it("begins with plans of every kind: finished in every way, paused at various classes, scheduled in every way", async () => {
    const { db, stop } = await run(place());
    const outcomes = await countBy(db, "state || ' ' || result");
    for (const outcome of ["success", "warning", "error", "cancelled"]) {
      expect(outcomes[`stopped ${outcome}`]).toBeGreaterThan(5);
    }
    expect(outcomes["paused error"]).toBe(6);
    expect(outcomes["scheduled pending"]).toBeGreaterThanOrEqual(7);
    const { rows } = await sql<Row>`
      select distinct action_class from dynflow_steps s join dynflow_execution_plans p on p.uuid = execution_plan_uuid
      where p.state = 'paused' and s.state = 'error'`.execute(db);
    expect(rows.length).toBeGreaterThan(2);
    await stop();
  });

  it("stays in motion: plans arrive, run and end, scheduled ones start, some fail, and it does not silt up", async () => {
    const at = place();
    const { db, stop, errors } = await run(at);
    await pass(at.clock, 35);
    const states = await countBy(db, "state");
    expect(states.stopped).toBeGreaterThan(450);
    expect(states.stopped).toBeLessThanOrEqual(650);
    expect(states.running).toBeGreaterThan(0);
    expect(states.running).toBeLessThan(30);
    expect(states.paused).toBeLessThanOrEqual(20);
    expect(states.scheduled).toBeGreaterThanOrEqual(6);
    expect(errors).toEqual([]);
    await stop();
  });

  it("executes under locks only, and each lock names who asked", async () => {
    const at = place();
    const { db, stop } = await run(at);
    await pass(at.clock, 3);
    const locks = await recordsOf(db, "Dynflow::Coordinator::ExecutionLock");
    expect(locks.length).toBeGreaterThan(0);
    for (const { data } of locks) {
      expect(data).toMatchObject({
        ok: true,
        value: { client_world_id: expect.any(String), request_id: expect.any(String) },
      });
    }
    const { rows } = await sql<Row>`select uuid from dynflow_execution_plans where state = 'running'`.execute(db);
    const locked = new Set(locks.map((lock) => lock.id));
    for (const row of rows) expect(locked).toContain(`execution-plan:${textCell(row, "uuid")}`);
    await stop();
  });

  it("fails the next plans when told to, soon, and their failed step succeeds when they are resumed", async () => {
    const at = place();
    const { db, demo, stop } = await run(at);
    await at.clock.advance(5_000);
    const known = new Set((await pausedPlans(db)).map(({ id }) => id));
    expect(demo.failNextPlans(3)).toBe("The next 3 plans will fail");
    await pass(at.clock, 1);
    const failed = (await pausedPlans(db)).filter(({ id }) => !known.has(id));
    expect(failed.length).toBeGreaterThanOrEqual(3);
    const [executor] = await recordsOf(db, "Dynflow::Coordinator::ExecutorWorld");
    const planId = failed[0]?.id ?? "";
    await pushEnvelope(
      { db, dialect: "sqlite" },
      {
        requestId: "operator-1",
        senderId: "11111111-1111-4111-8111-111111111111",
        receiverId: executor?.id ?? "",
        message: { type: "Execution", planId },
      },
    );
    await pass(at.clock, 2);
    expect(await loadPlan(db, planId)).toMatchObject({ state: "stopped", result: "success" });
    await stop();
  });

  it("ends with no world, no lock and no running plan, and goes on from there", async () => {
    const at = place();
    const first = await run(at);
    await pass(at.clock, 2);
    await first.stop();
    expect((await countBy(first.db, "state")).running).toBeUndefined();
    const { rows } = await sql<Row>`select class from dynflow_coordinator_records`.execute(first.db);
    expect(rows).toEqual([]);
    const before = await countBy(first.db, "state");
    const second = await run(at);
    await pass(at.clock, 1);
    expect((await countBy(second.db, "state")).stopped).toBeGreaterThanOrEqual(before.stopped ?? 0);
    await second.stop();
  });

  it("takes up what a killed life left: busy steps ended abnormally and paused their plans, the rest goes on", async () => {
    const at = place();
    const first = await run(at);
    await pass(at.clock, 2);
    const busy =
      await sql<Row>`select distinct execution_plan_uuid as id from dynflow_steps where state = 'running'`.execute(
        first.db,
      );
    expect(busy.rows.length).toBeGreaterThan(0);
    // The first life's clock stands still from here on: nothing of it happens any more.
    const clock = createManualClock(at.clock.now());
    const second = await run({ ...at, clock });
    await pass(clock, 1);
    for (const row of busy.rows) {
      const plan = await loadPlan(second.db, textCell(row, "id") ?? "");
      expect(plan?.history.map((entry) => entry.name)).toContain("terminate execution");
      expect(plan?.steps.map((step) => step.error?.message)).toContain(
        "Abnormal termination (previous state: running)",
      );
    }
    expect(await recordsOf(second.db, "Dynflow::Coordinator::ExecutorWorld")).toHaveLength(2);
    expect((await countBy(second.db, "state")).running).toBeGreaterThan(0);
    await second.stop();
  });

  it("begins anew when its plans lie in the future", async () => {
    const at = place();
    const first = await run(at);
    await pass(at.clock, 10);
    await first.stop();
    const clock = createManualClock(at.clock.now() - 60 * MINUTE_MS);
    const second = await run({ ...at, clock });
    const { rows } = await sql<Row>`
      select count(*) as count from dynflow_execution_plans where started_at > ${planInstant(clock.now())}`.execute(
      second.db,
    );
    expect(rows[0]?.count).toBe(0);
    expect((await countBy(second.db, "state")).stopped).toBeGreaterThan(300);
    await second.stop();
  });

  it("kills an executor in the midst of its plans, which keeps its record and locks until it is invalidated", async () => {
    const at = place();
    const { demo, db, stop, errors } = await run(at);
    await pass(at.clock, 0.5);
    const [victim, other] = await recordsOf(db, EXECUTOR);
    if (victim === undefined || other === undefined) throw new Error("there are no two executors");
    const killed = demo.killWorld(victim.id);
    await pass(at.clock, 0.2);
    expect(await killed).toContain("is dead");
    const heldBy = async (id: string) =>
      (await recordsOf(db, "Dynflow::Coordinator::ExecutionLock")).filter(({ ownerId }) => ownerId === `world:${id}`);
    const steps = await sql<Row>`
      select distinct state from dynflow_steps where state in ('running', 'suspended') and execution_plan_uuid in (
        select replace(id, 'execution-plan:', '') from dynflow_coordinator_records
        where owner_id = ${`world:${victim.id}`})`.execute(db);
    expect(steps.rows.map((row) => row.state).toSorted()).toEqual(["running", "suspended"]);
    const held = (await heldBy(victim.id)).length;
    expect(held).toBeGreaterThanOrEqual(2);
    await pass(at.clock, 1);
    expect((await heldBy(victim.id)).length).toBe(held);
    await expect(demo.killWorld(victim.id)).rejects.toMatchObject({ code: "not-found" });
    await expect(demo.killWorld(other.id)).rejects.toMatchObject({ code: "refused" });
    await invalidateWorlds(db, [victim.id], at.clock);
    await pass(at.clock, 1);
    const executors = (await recordsOf(db, EXECUTOR)).map(({ id }) => id);
    expect(executors).toHaveLength(2);
    expect(executors).not.toContain(victim.id);
    await stop();
    expect(errors).toEqual([]);
  });
});

async function pausedPlans(db: SqlExecutor): Promise<readonly { readonly id: string }[]> {
  const { rows } = await sql<Row>`select uuid from dynflow_execution_plans where state = 'paused'`.execute(db);
  return rows.map((row) => ({ id: textCell(row, "uuid") ?? "" }));
}
