/**
 * What Dynflow's migrations 6 to 25 do to a SQLite file, so that a recorded database can be looked at in every schema
 * between. Rows are left in the form in which their release wrote them, as the real migrations leave them: what was kept
 * in `data` stays there.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/persistence_adapters/sequel_migrations/006 to 025, msgpack_migration_helper.rb.
 */
import { DatabaseSync } from "node:sqlite";
import { decodeJsonText } from "#server/dynflow/codec/json-text.ts";
import { encodeMsgpack } from "#server/dynflow/codec/msgpack-encode.ts";

const add = (table: string, ...columns: readonly string[]): readonly string[] =>
  columns.map((column) => `ALTER TABLE dynflow_${table} ADD COLUMN ${column}`);

const DDL: Readonly<Record<number, readonly string[]>> = {
  7: [
    `CREATE TABLE dynflow_scheduled_plans (execution_plan_uuid char(36), start_at timestamp, start_before timestamp,
      data text, args_serializer varchar(255))`,
  ],
  8: ["ALTER TABLE dynflow_scheduled_plans RENAME TO dynflow_delayed_plans"],
  10: add("execution_plans", "label varchar(255)"),
  12: add("delayed_plans", "serialized_args varchar(255)"),
  13: add(
    "actions",
    "class varchar(255)",
    "input varchar(255)",
    "output varchar(255)",
    "plan_step_id integer",
    "run_step_id integer",
    "finalize_step_id integer",
  ),
  14: add("steps", "class varchar(255)", "error varchar(255)", "action_class varchar(255)", "children varchar(255)"),
  15: add(
    "execution_plans",
    "class varchar(255)",
    "run_flow varchar(255)",
    "finalize_flow varchar(255)",
    "execution_history varchar(255)",
    "root_plan_step_id integer",
    "step_ids varchar(255)",
  ),
  16: add("steps", "queue varchar(255)"),
  17: [...add("delayed_plans", "frozen boolean"), "UPDATE dynflow_delayed_plans SET frozen = 0"],
  21: [
    `CREATE TABLE dynflow_output_chunks (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, execution_plan_uuid char(36) NOT NULL,
      action_id integer NOT NULL, chunk text, kind varchar(255), timestamp timestamp NOT NULL)`,
  ],
  25: [
    `CREATE TABLE dynflow_execution_plan_dependencies (execution_plan_uuid char(36) NOT NULL,
      blocked_by_uuid char(36) NOT NULL)`,
  ],
};

/** Columns that become msgpack, by schema. */
const MSGPACK: Readonly<Record<number, Readonly<Record<string, readonly string[]>>>> = {
  22: {
    actions: ["data", "input", "output"],
    coordinator_records: ["data"],
    delayed_plans: ["serialized_args", "data"],
    envelopes: ["data"],
    execution_plans: ["run_flow", "finalize_flow", "execution_history", "step_ids"],
    steps: ["error", "children"],
    output_chunks: ["chunk"],
  },
  24: { execution_plans: ["data"], steps: ["data"] },
};

/** Takes a database to a later schema. */
export function migrate(path: string, to: number): void {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec("PRAGMA synchronous = OFF; BEGIN");
  const from = Number(database.prepare("SELECT version FROM dynflow_schema_info").get()?.version);
  for (let version = from + 1; version <= to; version += 1) {
    for (const statement of DDL[version] ?? []) database.exec(statement);
    for (const [table, columns] of Object.entries(MSGPACK[version] ?? {})) toMsgpack(database, table, columns);
  }
  database.prepare("UPDATE dynflow_schema_info SET version = ?").run(to);
  database.exec("COMMIT");
  database.close();
}

function toMsgpack(database: DatabaseSync, table: string, columns: readonly string[]): void {
  for (const column of columns) {
    const rows = database.prepare(`SELECT rowid AS r, ${column} AS cell FROM dynflow_${table}`).all();
    const update = database.prepare(`UPDATE dynflow_${table} SET ${column} = ? WHERE rowid = ?`);
    for (const { r, cell } of rows) if (typeof cell === "string") update.run(packed(cell), Number(r));
  }
}

function packed(json: string): Uint8Array {
  const decoded = decodeJsonText(Buffer.from(json));
  if (!decoded.ok) throw new Error(`not to be migrated: ${decoded.reason}`);
  return encodeMsgpack(decoded.value);
}

/** Puts the plans of another database, of the same schema, beside those that are there. */
export function mergePlans(path: string, other: string): void {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.prepare("ATTACH ? AS other").run(other);
  const tables = database
    .prepare("SELECT name FROM other.sqlite_master WHERE type = 'table' AND name LIKE 'dynflow_%'")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !["dynflow_schema_info", "dynflow_envelopes", "dynflow_output_chunks"].includes(name));
  for (const table of tables) {
    const columns = database
      .prepare(`SELECT name FROM pragma_table_info('${table}', 'other')`)
      .all()
      .map(({ name }) => `"${name}"`)
      .join();
    database.exec(`INSERT OR IGNORE INTO main.${table} (${columns}) SELECT ${columns} FROM other.${table}`);
  }
  database.close();
}

/** Brings flows to the form in which releases before 1.5.0 wrote them into the same columns. */
export function writeHashFlows(path: string): number {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  const rows = database.prepare("SELECT rowid AS r, run_flow, finalize_flow FROM dynflow_execution_plans").all();
  const update = database.prepare("UPDATE dynflow_execution_plans SET run_flow = ?, finalize_flow = ? WHERE rowid = ?");
  let converted = 0;
  for (const { r, run_flow, finalize_flow } of rows) {
    if (typeof run_flow !== "string" || typeof finalize_flow !== "string") continue;
    update.run(hashForm(run_flow), hashForm(finalize_flow), Number(r));
    converted += 1;
  }
  database.close();
  return converted;
}

const CLASSES: ReadonlyMap<unknown, string> = new Map([
  ["S", "Dynflow::Flows::Sequence"],
  ["C", "Dynflow::Flows::Concurrence"],
]);

function hashForm(json: string): string {
  const shape = (flow: unknown): unknown => {
    if (!Array.isArray(flow)) return { class: "Dynflow::Flows::Atom", step_id: flow };
    const [kind, ...flows] = flow;
    return { class: CLASSES.get(kind) ?? "", flows: flows.map(shape) };
  };
  return JSON.stringify(shape(JSON.parse(json)));
}
