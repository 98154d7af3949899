/**
 * Resume through the door of the process, on a real PostgreSQL: journalled before it is sent, at most one effect, and
 * settled by evidence only, also across a kill of the console.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import {
  type ConsoleApi,
  connectApi,
  gapsIn,
  newRequestId,
  readJournal,
  refusalOf,
  untilActing,
} from "#e2e/fixtures/console-api.test-kit.ts";
import {
  createDynflowDatabase,
  type DynflowDatabase,
  failedPlan,
  failedStepOf,
} from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import type { ExecutorWorld } from "#server/demo/dynflow/executor-world.ts";
import type { StoredPlan } from "#server/demo/dynflow/stored-plan.ts";

const SOURCE = "foreman";
const REASON = "The repository is reachable again";

let postgres: TestPostgres;
let database: DynflowDatabase;
let executor: ExecutorWorld;
let running: RunningConsole;
let operator: ConsoleApi;
let viewer: ConsoleApi;

beforeAll(async () => {
  postgres = await startPostgres();
  database = await createDynflowDatabase(postgres, "resume");
  for (const statement of WATCHED_ENVELOPES) await database.run(statement);
  // The worlds of the recorded database died long ago: whoever asks them all waits for each.
  await database.run("delete from dynflow_coordinator_records where class like '%World'");
  executor = await database.startExecutor();
  const access = withoutPassword(database.url, "RESUME_PASSWORD");
  running = await startConsole({
    environment: access.environment,
    configuration: `
auth: { mode: tokens }
regions: [ { id: eu, title: Europe } ]
dynflow:
  - { id: ${SOURCE}, region: eu, title: Foreman, url: ${JSON.stringify(access.url)}, passwordEnv: RESUME_PASSWORD, act: true }
`,
  });
  operator = connectApi(running.url, await running.createToken("operator", "ann"));
  viewer = connectApi(running.url, await running.createToken("viewer", "vic"));
  await untilActing(operator);
});

afterAll(async () => {
  await running?.close();
  await database?.close();
  await postgres?.remove();
});

/** Every message for a world is copied aside, with the database's own time. A parked one never arrives. */
const WATCHED_ENVELOPES = [
  `create table seen_envelopes (at timestamptz not null default clock_timestamp(), receiver text, data bytea)`,
  `create table parking (marker text)`,
  `create function see_envelope() returns trigger language plpgsql as $$
   begin
     insert into seen_envelopes (receiver, data) values (new.receiver_id, new.data);
     if exists (select from parking where position(convert_to(marker, 'UTF8') in new.data) > 0) then
       delete from dynflow_envelopes where id = new.id;
     end if;
     return null;
   end $$`,
  `create trigger watched after insert on dynflow_envelopes for each row execute function see_envelope()`,
];

/** Messages of this type that name the plan, oldest first. */
async function messages(
  type: string,
  planId: string,
): Promise<readonly { readonly at: Date; readonly data: Buffer }[]> {
  const rows = await database.run(
    `select at, data from seen_envelopes where position(convert_to($1, 'UTF8') in data) > 0
     and position(convert_to($2, 'UTF8') in data) > 0 order by at`,
    [`Dispatcher::${type}`, planId],
  );
  return rows.flatMap(({ at, data }) => (at instanceof Date && Buffer.isBuffer(data) ? [{ at, data }] : []));
}

async function phases(requestId: string): Promise<readonly JournalEvent[]> {
  const journal = await readJournal(operator, ["operator"]);
  const events = journal.get("operator") ?? [];
  return events.filter((event) => event.id === requestId || event.causedBy === requestId);
}

const kinds = (events: readonly JournalEvent[]) => events.map((event) => event.kind);

async function starts(planId: string): Promise<number> {
  const { entries } = await operator.dynflow.plans.history.query({ source: SOURCE, planId });
  return entries.filter((entry) => entry.name === "start execution").length;
}

const asking = (plan: StoredPlan, requestId = newRequestId()) => ({
  source: SOURCE,
  planId: plan.id,
  expectedState: "paused",
  expectedFailedStepId: failedStepOf(plan),
  reason: REASON,
  requestId,
});

let plan: StoredPlan;
beforeEach(async () => {
  plan = failedPlan();
  await database.add([plan]);
});

describe("a paused plan", () => {
  it("is executed, verified and stopped, and the request was journalled before anything was sent", async () => {
    const asked = asking(plan);
    const answer = await operator.dynflow.plans.resume.mutate(asked);
    expect(answer.journalId).toBe(asked.requestId);
    expect(["executed", "verified"]).toContain(answer.phase);
    await until("it is verified", async () => kinds(await phases(asked.requestId)).includes("op.verified"));

    const operation = await phases(asked.requestId);
    // A plan that is seen to run, or to have run, by the first look is verified at once.
    expect(kinds(operation).filter((kind) => kind !== "op.executed")).toEqual(["op.requested", "op.verified"]);
    expect(kinds(operation).at(-1)).toBe("op.verified");
    expect(operation[0]?.actor).toMatchObject({ user: "ann", role: "operator", reason: REASON });
    const [envelope, ...more] = await messages("Execution", plan.id);
    expect(more).toEqual([]);
    expect(envelope?.at.getTime()).toBeGreaterThanOrEqual(operation[0]?.observedAt ?? Number.POSITIVE_INFINITY);
    // It may have been verified while it ran: it stops, and is let go, when its executor is through with it.
    const shown = await until("it has stopped, and nobody holds it", async () => {
      const seen = await operator.dynflow.plans.get.query({ source: SOURCE, planId: plan.id });
      return seen.state === "stopped" && seen.locks.length === 0 ? seen : null;
    });
    expect(shown).toMatchObject({ result: "success", resume: { possible: false } });
  });

  it("asked for twice at once is executed once", async () => {
    const [one, two] = [asking(plan), asking(plan)];
    const before = await starts(plan.id);
    const outcomes = await Promise.allSettled([one, two].map((asked) => operator.dynflow.plans.resume.mutate(asked)));
    expect(outcomes.some((outcome) => outcome.status === "fulfilled")).toBe(true);
    await until("it has stopped", async () => (await stateOf(plan)) === "stopped");
    await until("both are settled", async () => {
      const ends = await Promise.all([one, two].map(async (asked) => kinds(await phases(asked.requestId)).at(-1)));
      return ends.every((end) => end === undefined || end === "op.verified" || end === "op.failed");
    });
    expect((await starts(plan.id)) - before).toBe(1);
    const ends = await Promise.all([one, two].map(async (asked) => kinds(await phases(asked.requestId)).at(-1)));
    expect(ends.filter((end) => end === "op.verified")).toHaveLength(1);
  });

  it("asked for by the same request twice is one request", async () => {
    const asked = asking(plan);
    const answers = await Promise.all([
      operator.dynflow.plans.resume.mutate(asked),
      operator.dynflow.plans.resume.mutate(asked),
    ]);
    expect(new Set(answers.map((answer) => answer.journalId))).toEqual(new Set([asked.requestId]));
    await until("it is verified", async () => kinds(await phases(asked.requestId)).includes("op.verified"));
    expect(kinds(await phases(asked.requestId)).filter((kind) => kind === "op.requested")).toHaveLength(1);
    expect(await messages("Execution", plan.id)).toHaveLength(1);
  });

  it("that has moved since is a conflict, with nothing sent", async () => {
    await database.run("update dynflow_execution_plans set state = 'stopped' where uuid = $1", [plan.id]);
    expect(await refusalOf(operator.dynflow.plans.resume.mutate(asking(plan)))).toBe("CONFLICT");
    expect(await messages("Execution", plan.id)).toEqual([]);
  });

  it("is not resumed by a viewer: refused, journalled, nothing sent", async () => {
    const asked = asking(plan);
    expect(await refusalOf(viewer.dynflow.plans.resume.mutate(asked))).toBe("FORBIDDEN");
    const { events } = await operator.journal.range.query({ streams: ["operator"], kinds: ["op.denied"], limit: 1 });
    expect(events[0]).toMatchObject({
      kind: "op.denied",
      actor: { user: "vic", role: "viewer" },
      body: { action: "dynflow.plans.resume" },
    });
    expect(await phases(asked.requestId)).toEqual([]);
    expect(await messages("Execution", plan.id)).toEqual([]);
    expect(await stateOf(plan)).toBe("paused");
  });
});

describe("a message that was taken and never answered", () => {
  it("stays unknown, also across a kill of the console, until evidence settles it; it is never sent again", async () => {
    await database.run("insert into parking values ($1)", ["Dispatcher::Execution"]);
    const asked = asking(plan);
    const answer = await operator.dynflow.plans.resume.mutate(asked);
    expect(answer.phase).toBe("unknown");
    expect(kinds(await phases(asked.requestId))).toEqual(["op.requested", "op.unknown"]);

    await running.kill();
    await running.start();
    await untilActing(operator);
    expect(kinds(await phases(asked.requestId))).toEqual(["op.requested", "op.unknown"]);
    const sent = await messages("Execution", plan.id);
    expect(sent).toHaveLength(1);

    // Only now does the executor get round to what it had taken.
    await database.run("delete from parking");
    await database.run("insert into dynflow_envelopes (receiver_id, data) values ($1, $2)", [
      executor.id,
      sent[0]?.data ?? Buffer.alloc(0),
    ]);
    await database.run("select pg_notify($1, '')", [`world:${executor.id}`]);
    await until("it is verified", async () => kinds(await phases(asked.requestId)).at(-1) === "op.verified");
    await until("it has stopped", async () => (await stateOf(plan)) === "stopped");
    expect(await starts(plan.id)).toBe(2);
  });
});

describe("with no executor left", () => {
  it("nothing is sent, and the request has failed with the reason", async () => {
    executor.kill();
    const asked = asking(plan);
    expect(await refusalOf(operator.dynflow.plans.resume.mutate(asked))).toBe("PRECONDITION_FAILED");
    expect(kinds(await phases(asked.requestId))).toEqual(["op.requested", "op.failed"]);
    expect(await messages("Execution", plan.id)).toEqual([]);
    expect(gapsIn(await readJournal(operator))).toEqual([]);
  });
});

async function stateOf({ id }: StoredPlan): Promise<string> {
  return (await operator.dynflow.plans.get.query({ source: SOURCE, planId: id })).state;
}
