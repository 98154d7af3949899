/** Writes one large plan into a database of schema 25, SQLite or PostgreSQL, with the project's own encoders. */
import { copyFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { STEP_CLASSES, type StoredPlan } from "#server/demo/dynflow/stored-plan.ts";
import { historyValue, stepErrorValue } from "#server/dynflow/codec/columns.ts";
import { flowValue } from "#server/dynflow/codec/flow.ts";
import { encodeMsgpack } from "#server/dynflow/codec/msgpack-encode.ts";
import { encodePayload } from "#server/dynflow/codec/payload.ts";
import { type LargePlanOptions, largePlan } from "./large-plan.ts";

type Cell = string | number | Uint8Array | null;

interface Table {
  readonly name: string;
  readonly columns: readonly (readonly [name: string, postgresType: string])[];
  readonly rows: Iterable<readonly Cell[]>;
}

const FIXTURE = "fixtures/dynflow/v25.sqlite";
const ROWS_PER_STATEMENT = 5_000;

const MILLISECOND_DIGITS = 23;
const instant = (at: number | null, micros: boolean): string | null =>
  at === null
    ? null
    : `${new Date(at).toISOString().slice(0, MILLISECOND_DIGITS).replace("T", " ")}${micros ? "000" : ""}`;

function tablesOf(plan: StoredPlan): readonly Table[] {
  return [
    {
      name: "dynflow_execution_plans",
      columns: [
        ["uuid", "uuid"],
        ["label", "text"],
        ["state", "text"],
        ["result", "text"],
        ["started_at", "timestamp"],
        ["ended_at", "timestamp"],
        ["real_time", "double precision"],
        ["execution_time", "double precision"],
        ["class", "text"],
        ["root_plan_step_id", "int"],
        ["run_flow", "bytea"],
        ["finalize_flow", "bytea"],
        ["execution_history", "bytea"],
        ["step_ids", "bytea"],
      ],
      rows: [
        [
          plan.id,
          plan.label,
          plan.state,
          plan.result,
          instant(plan.startedAt, false),
          instant(plan.endedAt, false),
          plan.realTimeSec,
          plan.executionTimeSec,
          "Dynflow::ExecutionPlan",
          plan.rootPlanStepId,
          encodeMsgpack(flowValue(plan.runFlow)),
          encodeMsgpack(flowValue(plan.finalizeFlow)),
          encodeMsgpack(historyValue(plan.history)),
          encodeMsgpack(plan.stepIds),
        ],
      ],
    },
    {
      name: "dynflow_actions",
      columns: [
        ["execution_plan_uuid", "uuid"],
        ["id", "int"],
        ["caller_action_id", "int"],
        ["class", "text"],
        ["plan_step_id", "int"],
        ["run_step_id", "int"],
        ["input", "bytea"],
        ["output", "bytea"],
      ],
      rows: plan.actions.map((action) => [
        plan.id,
        action.id,
        action.callerActionId,
        action.class,
        action.planStepId,
        action.runStepId,
        encodePayload(action.input),
        action.output === null ? null : encodePayload(action.output),
      ]),
    },
    {
      name: "dynflow_steps",
      columns: [
        ["execution_plan_uuid", "uuid"],
        ["id", "int"],
        ["action_id", "int"],
        ["state", "text"],
        ["started_at", "timestamp"],
        ["ended_at", "timestamp"],
        ["real_time", "double precision"],
        ["execution_time", "double precision"],
        ["progress_done", "double precision"],
        ["progress_weight", "double precision"],
        ["class", "text"],
        ["action_class", "text"],
        ["queue", "text"],
        ["error", "bytea"],
        ["children", "bytea"],
      ],
      rows: plan.steps.map((step) => [
        plan.id,
        step.id,
        step.actionId,
        step.state,
        instant(step.startedAt, true),
        instant(step.endedAt, true),
        step.realTimeSec,
        step.executionTimeSec,
        step.progressDone,
        step.progressWeight,
        STEP_CLASSES[step.phase],
        step.actionClass,
        step.queue,
        step.error === null ? null : encodeMsgpack(stepErrorValue(step.error)),
        step.children === null ? null : encodeMsgpack(step.children),
      ]),
    },
  ];
}

/** Into a SQLite file, which is made with Dynflow's tables (and the plans of the fixture) when `create` says so. */
export function seedLargeSqlite(path: string, options: LargePlanOptions & { readonly create?: boolean }): void {
  if (options.create === true) copyFileSync(FIXTURE, path);
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec("PRAGMA synchronous = OFF; BEGIN");
  for (const { name, columns, rows } of tablesOf(largePlan(options))) {
    const names = columns.map(([column]) => column);
    const insert = database.prepare(
      `INSERT INTO ${name} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    );
    for (const row of rows) insert.run(...row);
  }
  database.exec("COMMIT; ANALYZE");
  database.close();
}

/** Into a PostgreSQL database that has Dynflow's tables in its search path. */
export async function seedLargePostgres(url: string, options: LargePlanOptions): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // Foreign keys would be looked up by an index that finds all actions of the plan, for each of its steps.
    await client.query("SET session_replication_role = replica");
    for (const { name, columns, rows } of tablesOf(largePlan(options))) {
      const names = columns.map(([column]) => column).join(", ");
      const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(", ");
      const all = [...rows];
      for (let start = 0; start < all.length; start += ROWS_PER_STATEMENT) {
        const part = all.slice(start, start + ROWS_PER_STATEMENT);
        const values = columns.map((_, index) => part.map((row) => bytesOf(row[index] ?? null)));
        await client.query(`INSERT INTO public.${name} (${names}) SELECT * FROM unnest(${arrays})`, values);
      }
    }
    await client.query("ANALYZE");
  } finally {
    await client.end();
  }
}

const bytesOf = (cell: Cell): string | number | Buffer | null =>
  cell instanceof Uint8Array ? Buffer.from(cell) : cell;
