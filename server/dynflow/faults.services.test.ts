/** What can go wrong around us on a real PostgreSQL: nothing is lost, nothing untrue is said, and it mends by itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectInTime } from "#scripts/testing/in-time.ts";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { EventActor } from "#server/contract/event.ts";
import { insertPlans } from "#server/demo/dynflow/plan-writer.ts";
import { planOf } from "#server/demo/dynflow/planner.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import { createLiveBench } from "./live-source.test-kit.ts";

const ACTOR: EventActor = { user: "ann", role: "operator", address: "127.0.0.1", reason: "looked into" };
const HOUR_MS = 3_600_000;
const requestIds = (function* () {
  for (let number = 0; ; number += 1) yield `01KAS000000000000000000B${String(number).padStart(2, "0")}`;
})();
const requestId = (): string => requestIds.next().value ?? "";

let postgres: TestPostgres;
const bench = createLiveBench(() => postgres);
const { until } = bench;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(bench.clean);
afterAll(() => postgres.remove());

type Live = ReturnType<typeof bench.live>;
const acting = ({ source }: Live) => until("we may act", () => source.commands?.refusal() === null);
const worldIdOf = ({ source }: Live): string => source.commands?.worldId() ?? "";
const pingFrom = (asker: Live, asked: Live) =>
  asker.source.commands?.ping({ worldId: worldIdOf(asked), requestId: requestId(), actor: ACTOR });

/** Worlds on other machines than the recorded ones, which died long ago. */
const withoutWorlds = (url: string) =>
  execute(url, (client) => client.query("delete from dynflow_coordinator_records where class like '%World'"));

describe("an envelope for us that cannot be decoded", () => {
  it("is kept, journalled and shown; what came with it is handled; its row is gone", async () => {
    const { url } = await bench.realDatabase();
    const us = bench.live(url);
    await acting(us);
    const [me, them] = [worldIdOf(us), randomUUID()];
    const ping = encodeEnvelope({
      requestId: `${them}-1`,
      senderId: them,
      receiverId: me,
      message: { type: "Ping", receiverId: me, useCache: false },
    });
    if (!ping.ok) throw new Error(ping.reason);
    await execute(url, async (client) => {
      await client.query("begin");
      for (const data of [Buffer.from("c1ff0042", "hex"), ping.value]) {
        await client.query("insert into dynflow_envelopes (receiver_id, data) values ($1, $2)", [
          me,
          Buffer.from(data),
        ]);
      }
      await client.query(`notify "world:${me}"`);
      await client.query("commit");
    });
    const answers = () =>
      execute(url, (client) => client.query("select 1 from dynflow_envelopes where receiver_id = $1", [them]));
    await until("the ping is answered", async () => (await answers()).rowCount === 1);
    expect(us.source.undecodable()).toMatchObject([
      { reason: "no such tag: 0xc1", bytes: 4, head: "c1ff0042", times: 1 },
    ]);
    await until("it is journalled", () => us.journal.kinds().includes("dynflow.envelope.undecodable"));
    const left = await execute(url, (client) =>
      client.query("select 1 from dynflow_envelopes where receiver_id = $1", [me]),
    );
    expect(left.rowCount).toBe(0);
  });
});

describe("a LISTEN connection that is cut", () => {
  it("is replaced: replies go on arriving by polling until then, and at once afterwards", async () => {
    const { url } = await bench.realDatabase();
    const [us, other] = [bench.live(url), bench.live(url)];
    await Promise.all([acting(us), acting(other)]);
    expect(await pingFrom(other, us)).toMatchObject({ answered: true });
    const listening = () =>
      execute(postgres.superuserUrl, async (client) => {
        const { rows } = await client.query("select pid from pg_stat_activity where query = $1 and datname = $2", [
          `LISTEN "world:${worldIdOf(us)}"`,
          new URL(url).pathname.slice(1),
        ]);
        return rows.map(({ pid }) => Number(pid));
      });
    await until("it listens", async () => (await listening()).length > 0);
    const before = await listening();
    await execute(postgres.superuserUrl, (client) =>
      client.query("select pg_terminate_backend(pid) from unnest($1::int[]) pid", [before]),
    );
    expect(await pingFrom(other, us)).toMatchObject({ answered: true });
    await until("it is replaced", async () => (await listening()).some((pid) => !before.includes(pid)));
    await expectInTime(1_500, async () => {
      const again = await pingFrom(other, us);
      expect(again).toMatchObject({ answered: true });
      return again?.roundTripMs ?? Number.NaN;
    });
    expect(us.fold().source.state).toBe("up");
  });
});

describe("an executor killed in the middle of a step", () => {
  it("leaves a plan that is told as running, held by a world that does not answer; nothing more is claimed", async () => {
    const { url, database } = await bench.realDatabase();
    await withoutWorlds(url);
    const { child, worldId } = await startDoomed(url);
    const plan = planOf(randomUUID(), { root: { class: "Actions::Long", input: {}, run: {} } }, epochMs(Date.now()));
    await insertPlans(database.db, [plan]);
    const us = bench.live(url);
    await acting(us);
    await until("the plan is followed", () => us.fold().plans[plan.id] !== undefined);
    const asked = { planId: plan.id, expectedFailedStepId: null, actor: ACTOR };
    const started = await us.source.commands?.resume({ ...asked, expectedState: "planned", requestId: requestId() });
    expect(started?.phase).toMatch(/^(executed|verified)$/);
    const step = () => Object.values(us.fold().plans[plan.id]?.steps ?? {});
    await until("a step is under way", () => us.fold().plans[plan.id]?.state === "running" && step()[1] === "running");

    child.kill("SIGKILL");
    await once(child, "exit");
    await bench.sleep(3_000);
    expect(us.fold().plans[plan.id]).toMatchObject({ state: "running", result: "pending" });
    // The plan step succeeded long ago; the run step is where the executor left it.
    expect(step()).toEqual(["success", "running"]);
    const held = Object.values(us.fold().locks).filter((lock) => lock.planId === plan.id);
    expect(held).toMatchObject([{ class: "Dynflow::Coordinator::ExecutionLock", worldId }]);
    const pinged = await us.source.commands?.ping({ worldId, requestId: requestId(), actor: ACTOR });
    expect(pinged).toMatchObject({ answered: false });
    await until("that is told", () => us.fold().worlds[worldId]?.ping?.roundTripMs === null);
    await expect(
      us.source.commands?.resume({ ...asked, expectedState: "running", requestId: requestId() }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/refused|conflict/) });

    // Somebody clears up: what is left is a running plan that nobody holds, and that is what is told.
    await sql`delete from dynflow_coordinator_records where id in (${worldId}, ${`execution-plan:${plan.id}`})`.execute(
      database.db,
    );
    await until("nobody holds it", () => (us.fold().plans[plan.id]?.unlockedSince ?? null) !== null);
    expect(us.fold().plans[plan.id]?.state).toBe("running");
    await until("the world is gone", () => us.fold().worlds[worldId] === undefined);
  });
});

describe("a console whose clock is an hour off", () => {
  it.each([
    ["ahead", HOUR_MS, "behind"],
    ["behind", -HOUR_MS, "ahead of"],
  ])("%s: says so, follows and acts as ever, and judges by the database's clock", async (_way, offMs, said) => {
    const { url } = await bench.realDatabase();
    const us = bench.live(url, { clock: shifted(offMs) });
    const other = bench.live(url);
    await Promise.all([acting(us), acting(other)]);
    await until("it is said", () => us.fold().source.reason !== null);
    expect(us.fold().source).toMatchObject({ state: "up" });
    expect(us.fold().source.reason).toContain(`about 60 min ${said} this console's`);
    expect(other.fold().source.reason).toBe(null);
    expect(Math.abs((us.source.clockOffsetMs?.() ?? 0) + offMs)).toBeLessThan(5_000);
    expect(await pingFrom(us, other)).toMatchObject({ answered: true });
    expect(await pingFrom(other, us)).toMatchObject({ answered: true });
    const plansOf = (one: Live) => Object.keys(one.fold().plans).toSorted();
    await expect.poll(() => plansOf(us), { timeout: 60_000 }).not.toEqual([]);
    await expect.poll(() => isDeepStrictEqual(plansOf(us), plansOf(other)), { timeout: 60_000 }).toBe(true);
  });
});

describe("a plan deleted while it is looked at", () => {
  it("is told as gone, with the instant and the state it was last seen in", async () => {
    const { url, database } = await bench.realDatabase();
    const us = bench.live(url, { act: false });
    const plan = planOf(randomUUID(), { root: { class: "Actions::Long", input: {}, run: {} } }, epochMs(Date.now()));
    await insertPlans(database.db, [plan]);
    await until("the plan is followed", () => us.fold().plans[plan.id] !== undefined);
    us.source.look(plan.id);
    await execute(url, async (client) => {
      for (const table of ["dynflow_steps", "dynflow_actions"]) {
        await client.query(`delete from ${table} where execution_plan_uuid = $1`, [plan.id]);
      }
      await client.query("delete from dynflow_execution_plans where uuid = $1", [plan.id]);
    });
    await until("it is gone", () => us.fold().plans[plan.id] === undefined);
    expect(us.journal.events.findLast((event) => event.subject === plan.id)).toMatchObject({
      kind: "dynflow.plan.gone",
      body: { from: "planned" },
    });
    expect(await us.source.store.plan(plan.id)).toBe(null);
    expect(us.fold().source).toMatchObject({ state: "up" });
  });
});

function shifted(byMs: number): Clock {
  const real = createSystemClock();
  return { ...real, now: () => epochMs(real.now() + byMs) };
}

async function startDoomed(url: string): Promise<{ readonly child: ChildProcess; readonly worldId: string }> {
  const script = join(import.meta.dirname, "executor-child.test-kit.ts");
  const child = spawn(process.execPath, [script, url], { stdio: ["ignore", "pipe", "inherit"] });
  bench.cleanUp(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  return { child, worldId: String(line).trim() };
}
