/** Secrets laid into every payload: a viewer's bytes never hold them, through whatever door. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { encode } from "@msgpack/msgpack";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { newRequestId } from "#e2e/fixtures/console-api.test-kit.ts";
import {
  createDynflowDatabase,
  type DynflowDatabase,
  failedPlan,
  failedStepOf,
} from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { openLive } from "#e2e/fixtures/live-reader.ts";
import { until } from "#e2e/fixtures/until.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { StoredPlan } from "#server/demo/dynflow/stored-plan.ts";

const CANARY = {
  input: "canary-input-4f1c",
  output: "canary-output-9b2e",
  chunk: "canary-chunk-77ad",
  message: "canary-message-c0de",
  backtrace: "canary-backtrace-51fe",
  args: "canary-args-e81b",
} as const;
const CANARIES = Object.values(CANARY);
/** Stands under keys that the configuration masks: nobody reads it before it is revealed. */
const MASKED = "canary-masked-d00d";
const DELAYED_ID = "0c0c0c0c-0000-4000-8000-000000000001";
const SOURCE = "foreman";

let postgres: TestPostgres;
let database: DynflowDatabase;
let running: RunningConsole;
let plan: StoredPlan;
const tokens = { viewer: "", operator: "" };

beforeAll(async () => {
  postgres = await startPostgres();
  database = await createDynflowDatabase(postgres, "canary");
  plan = failedPlan({ message: `${CANARY.message} pin=${MASKED}` });
  await database.add([plan]);
  await layCanaries();
  const source = withoutPassword(database.url, "CANARY_DB_PASSWORD");
  running = await startConsole({
    environment: source.environment,
    configuration: `
auth: { mode: tokens }
masks: [pin]
regions: [ { id: eu, title: Europe } ]
dynflow: [ { id: ${SOURCE}, region: eu, title: Foreman, url: ${JSON.stringify(source.url)}, passwordEnv: CANARY_DB_PASSWORD } ]
`,
  });
  for (const role of ["viewer", "operator"] as const) tokens[role] = createToken(role, source.environment);
  await until("the failure is in the fold", async () =>
    (await get("operator", "overview.get")).includes(CANARY.message),
  );
});

afterAll(async () => {
  await running?.close();
  await database?.close();
  await postgres?.remove();
});

/** Every payload of the failed plan, and the arguments of a scheduled one. */
async function layCanaries(): Promise<void> {
  const step = failedStepOf(plan);
  const [row] = await database.run("SELECT action_id FROM dynflow_steps WHERE execution_plan_uuid = $1 AND id = $2", [
    plan.id,
    step,
  ]);
  const action = row?.action_id;
  await database.run("UPDATE dynflow_actions SET input = $3, output = $4 WHERE execution_plan_uuid = $1 AND id = $2", [
    plan.id,
    action,
    Buffer.from(encode({ plain: CANARY.input, credentials: { API_PIN: MASKED }, text: `pin=${MASKED}` })),
    Buffer.from(encode({ plain: CANARY.output, url: `https://u:${MASKED}@h` })),
  ]);
  await database.run(
    "INSERT INTO dynflow_output_chunks (execution_plan_uuid, action_id, kind, timestamp, chunk) VALUES ($1, $2, 'stdout', now() AT TIME ZONE 'UTC', $3)",
    [plan.id, action, Buffer.from(encode(`${CANARY.chunk} {"pin":"${MASKED}"}`))],
  );
  const error = {
    class: "Dynflow::ExecutionPlan::Steps::Error",
    exception_class: "RuntimeError",
    message: `${CANARY.message} pin=${MASKED}`,
    backtrace: [`${CANARY.backtrace} Bearer ${MASKED}`],
  };
  await database.run("UPDATE dynflow_steps SET error = $3 WHERE execution_plan_uuid = $1 AND id = $2", [
    plan.id,
    step,
    Buffer.from(encode(error)),
  ]);
  await database.run(
    `INSERT INTO dynflow_execution_plans (uuid, state, result, class, root_plan_step_id, run_flow, finalize_flow, execution_history, step_ids)
     SELECT $1::uuid, 'scheduled', 'pending', class, root_plan_step_id, run_flow, finalize_flow, execution_history, step_ids
     FROM dynflow_execution_plans WHERE uuid = $2::uuid`,
    [DELAYED_ID, plan.id],
  );
  await database.run(
    "INSERT INTO dynflow_delayed_plans (execution_plan_uuid, start_at, args_serializer, frozen, serialized_args) VALUES ($1, now(), 'Dynflow::Serializers::Noop', false, $2)",
    [DELAYED_ID, Buffer.from(encode([CANARY.args, { pin: MASKED }]))],
  );
}

function createToken(role: string, environment: Record<string, string>): string {
  const config = join(running.directory, "worldline.yaml");
  return execFileSync(
    process.execPath,
    ["server/cli/main.ts", "token", "create", "--name", role, "--role", role, "--config", config],
    {
      encoding: "utf8",
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "ignore"],
    },
  ).trim();
}

async function get(role: "viewer" | "operator", path: string, input?: unknown): Promise<string> {
  const query = input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify(input))}`;
  const response = await fetch(`${running.url}/api/trpc/${path}${query}`, {
    headers: { authorization: `Bearer ${tokens[role]}` },
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${body}`);
  return body;
}

/** The journal by every other way out of it. */
function pastOf(role: "viewer" | "operator"): readonly Promise<string>[] {
  const at = new Date().toISOString();
  return [
    get(role, "journal.stateAt", { at }),
    get(role, "journal.events", { after: {}, to: at, limit: 5_000 }),
    get(role, "journal.history", { thing: { type: "plan", source: SOURCE, id: plan.id } }),
    get(role, "journal.history", { thing: { type: "source", source: SOURCE, id: SOURCE } }),
    get(role, "journal.marks", { from: new Date(0).toISOString(), to: at }),
    get(role, "journal.step", { at, direction: "previous" }),
    exported(role, "jsonl"),
    exported(role, "csv"),
  ];
}

async function exported(role: "viewer" | "operator", format: "jsonl" | "csv"): Promise<string> {
  const response = await fetch(`${running.url}/api/journal/export?format=${format}`, {
    headers: { authorization: `Bearer ${tokens[role]}` },
  });
  if (!response.ok) throw new Error(`the export answered ${response.status}`);
  return response.text();
}

async function plansExported(role: "viewer" | "operator", format: "csv" | "json"): Promise<string> {
  const response = await fetch(`${running.url}/api/plans/export?source=${SOURCE}&format=${format}`, {
    headers: { authorization: `Bearer ${tokens[role]}` },
  });
  if (!response.ok) throw new Error(`the export of plans answered ${response.status}`);
  return response.text();
}

/** Everything that speaks of the plan, as bytes. */
async function everythingFor(role: "viewer" | "operator"): Promise<string> {
  const planInput = { source: SOURCE, planId: plan.id };
  const answers = await Promise.all([
    get(role, "overview.get"),
    get(role, "topology.get"),
    get(role, "dynflow.plans.list", { source: SOURCE, limit: 200, with: ["caller", "failure"] }),
    get(role, "dynflow.plans.search", { source: SOURCE, needle: { actionClass: "::" } }),
    plansExported(role, "csv"),
    plansExported(role, "json"),
    get(role, "dynflow.plans.get", planInput),
    get(role, "dynflow.plans.get", { source: SOURCE, planId: DELAYED_ID }),
    get(role, "dynflow.plans.steps", planInput),
    get(role, "dynflow.plans.history", planInput),
    ...plan.steps.map((step) => get(role, "dynflow.plans.action", { ...planInput, stepId: step.id })),
    ...plan.steps.flatMap((step) => [
      get(role, "dynflow.plans.chunks", { ...planInput, stepId: step.id }),
      get(role, "dynflow.plans.raw", { ...planInput, row: "step", id: step.id }),
      get(role, "dynflow.plans.raw", { ...planInput, row: "action", id: step.actionId }),
    ]),
    get(role, "dynflow.plans.raw", { source: SOURCE, planId: DELAYED_ID, row: "delayed" }),
    get(role, "dynflow.plans.compare", { ...planInput, otherId: plan.id }),
    get(role, "dynflow.attention.list", {}),
    get(role, "dynflow.worlds.list", {}),
    get(role, "dynflow.locks.list", {}),
    get(role, "dynflow.locks.orphans", { source: SOURCE }),
    get(role, "dynflow.envelopes.list", { source: SOURCE }),
    get(role, "journal.range", { limit: 200 }),
    get(role, "journal.range", { limit: 200, subject: plan.id }),
    ...pastOf(role),
  ]);
  const feed = await openLive(running.url, { token: tokens[role] });
  const live = JSON.stringify(feed.messages);
  await feed.close();
  return [...answers, live].join("\n");
}

describe("what a viewer may not read", () => {
  it("is read by an operator: the canaries are really there", async () => {
    const bytes = await everythingFor("operator");
    expect(CANARIES.filter((canary) => !bytes.includes(canary))).toEqual([]);
  });

  it("is read by an operator in the past and in exports too, as far as the journal holds it", async () => {
    const [state, events, history, , , , ...files] = await Promise.all(pastOf("operator"));
    for (const bytes of [state, events, history, ...files]) expect(bytes).toContain(CANARY.message);
  });

  it("is in no answer, no event and no byte of the feed for a viewer", async () => {
    const bytes = await everythingFor("viewer");
    expect(CANARIES.filter((canary) => bytes.includes(canary))).toEqual([]);
    expect(bytes).toContain("RuntimeError");
  });

  it.each(["viewer", "operator"] as const)("is masked from %s too where the configuration says so", async (role) => {
    const bytes = await everythingFor(role);
    expect(bytes).not.toContain(MASKED);
    expect(bytes).not.toContain(Buffer.from(MASKED).toString("base64").slice(4, -4));
  });

  it("is found by an operator's search as far as it may be read, and refused to a viewer's", async () => {
    const searched = (needle: object) =>
      get("operator", "dynflow.plans.searchText", { source: SOURCE, needle, filter: { ids: [plan.id] } });
    expect(await searched({ inputText: CANARY.input })).toContain(plan.id);
    expect(await searched({ errorText: CANARY.backtrace })).toContain(plan.id);
    for (const needle of [{ inputText: MASKED }, { errorText: MASKED }]) {
      expect(await searched(needle)).toContain('"hits":[]');
    }
    const asked = get("viewer", "dynflow.plans.searchText", { source: SOURCE, needle: { errorText: CANARY.message } });
    await expect(asked).rejects.toThrow(/answered 403/);
  });

  it("is revealed to an operator with a reason, and then in no journal, feed or export either", async () => {
    const reveal = (role: "viewer" | "operator") =>
      fetch(`${running.url}/api/trpc/dynflow.plans.reveal`, {
        method: "POST",
        headers: { authorization: `Bearer ${tokens[role]}`, "content-type": "application/json" },
        body: JSON.stringify({
          source: SOURCE,
          planId: plan.id,
          part: { kind: "error", stepId: failedStepOf(plan) },
          reason: "which pin was refused",
          requestId: newRequestId(),
        }),
      });
    expect((await reveal("viewer")).status).toBe(403);
    const answer = await reveal("operator");
    expect(await answer.text()).toContain(MASKED);
    const bytes = await everythingFor("operator");
    expect(bytes).toContain("which pin was refused");
    expect(bytes).not.toContain(MASKED);
  });

  it("stays hidden when an error or a refusal speaks of it", async () => {
    const response = await fetch(`${running.url}/api/trpc/dynflow.plans.resume`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens.viewer}`, "content-type": "application/json" },
      body: JSON.stringify({
        source: SOURCE,
        planId: plan.id,
        expectedState: "paused",
        expectedFailedStepId: failedStepOf(plan),
        reason: "trying the door",
        requestId: newRequestId(),
      }),
    });
    const body = await response.text();
    expect(response.status).toBe(403);
    expect(CANARIES.filter((canary) => body.includes(canary))).toEqual([]);
    await until("the refusal is in the journal", async () =>
      (await get("operator", "journal.range", { kinds: ["op.denied"] })).includes("trying the door"),
    );
    expect(await get("viewer", "journal.range", { kinds: ["op.denied"] })).not.toContain("127.0.0.1");
  });
});
