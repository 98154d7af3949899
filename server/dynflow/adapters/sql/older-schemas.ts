/**
 * The tables of schema 25, and what older ones lack of them.
 *
 * Every statement of the readers is written for schema 25. On an older database a table that lacks something is read
 * through a derived table of the same name in which each missing column is NULL, and a missing table has no rows. So no
 * reader asks which schema it has before it. Such a derived table is merged into the statement by all three dialects:
 * indexes go on being used.
 *
 * Only what the schema number says cannot be there is filled in. A column that should be there and is not is a fault
 * of the database, and told as one.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/persistence_adapters/sequel_migrations/001 to 025.
 */
import { type RawBuilder, sql } from "kysely";
import type { Database, NullKind, SqlDifferences } from "./differences.ts";

/** Kind of a column, and the schema that brought it where that is not the one that brought its table. */
type Column = NullKind | "id" | readonly [NullKind, number];

interface Table {
  readonly since: number;
  /** What the table was called in one schema before. */
  readonly formerly?: string;
  readonly columns: Readonly<Record<string, Column>>;
}

const OLDEST = 5;

const TABLES: Readonly<Record<string, Table>> = {
  dynflow_execution_plans: {
    since: OLDEST,
    columns: {
      label: ["text", 10],
      class: ["text", 15],
      root_plan_step_id: ["integer", 15],
      run_flow: ["blob", 15],
      finalize_flow: ["blob", 15],
      execution_history: ["blob", 15],
      step_ids: ["blob", 15],
    },
  },
  dynflow_actions: {
    since: OLDEST,
    columns: {
      class: ["text", 13],
      input: ["blob", 13],
      output: ["blob", 13],
      plan_step_id: ["integer", 13],
      run_step_id: ["integer", 13],
      finalize_step_id: ["integer", 13],
    },
  },
  dynflow_steps: {
    since: OLDEST,
    columns: {
      class: ["text", 14],
      error: ["blob", 14],
      action_class: ["text", 14],
      children: ["blob", 14],
      queue: ["text", 16],
    },
  },
  dynflow_delayed_plans: {
    since: 7,
    formerly: "dynflow_scheduled_plans",
    columns: {
      execution_plan_uuid: "id",
      start_at: "instant",
      start_before: "instant",
      data: "blob",
      args_serializer: "text",
      serialized_args: ["blob", 12],
      frozen: ["flag", 17],
    },
  },
  dynflow_output_chunks: {
    since: 21,
    columns: {
      id: "integer",
      execution_plan_uuid: "id",
      action_id: "integer",
      kind: "text",
      timestamp: "instant",
      chunk: "blob",
    },
  },
  dynflow_execution_plan_dependencies: {
    since: 25,
    columns: { execution_plan_uuid: "id", blocked_by_uuid: "id" },
  },
};

/** Tables that a database of this schema has. */
export const tablesOf = (schemaVersion: number): readonly string[] => [
  ...Object.entries(TABLES)
    .filter(([, table]) => table.since <= schemaVersion)
    .map(([name, table]) => (schemaVersion === table.since && table.formerly !== undefined ? table.formerly : name)),
  "dynflow_coordinator_records",
  "dynflow_envelopes",
  "dynflow_schema_info",
];

/** What to read instead of a table, as SQL that ends before its alias. Tables that lack nothing are not in it. */
export type Substitutes = ReadonlyMap<string, string>;

/**
 * @param found the columns of each table of this database
 */
export function substitutesFor(
  db: Database,
  differences: SqlDifferences,
  schemaVersion: number,
  found: ReadonlyMap<string, ReadonlySet<string>>,
): Substitutes {
  const substitutes = new Map<string, string>();
  for (const [name, table] of Object.entries(TABLES)) {
    const source = sourceOf(name, table, schemaVersion, found);
    const missing = Object.entries(table.columns).filter(
      ([column, kind]) =>
        !found.get(source ?? "")?.has(column) && (source === null || sinceOf(kind, table) > schemaVersion),
    );
    if (source === name && missing.length === 0) continue;
    const nulls = missing.map(
      ([column, kind]) => sql`${nullOf(differences, typeof kind === "string" ? kind : kind[0])} as ${sql.ref(column)}`,
    );
    substitutes.set(name, text(db, derived(source, nulls)));
  }
  return substitutes;
}

/** A plan's id is of one type or another, as the schema and the database have it: the NULL takes it from the table. */
const nullOf = (differences: SqlDifferences, kind: NullKind | "id"): RawBuilder<unknown> =>
  kind === "id" ? sql`(select uuid from dynflow_execution_plans where 1 = 0)` : differences.nullOf(kind);

const sinceOf = (column: Column, table: Table): number => (typeof column === "string" ? table.since : column[1]);

/** Its name in this database; `null` = this schema does not have it yet. */
function sourceOf(
  name: string,
  table: Table,
  schemaVersion: number,
  found: ReadonlyMap<string, ReadonlySet<string>>,
): string | null {
  if (found.has(name)) return name;
  if (table.formerly !== undefined && found.has(table.formerly)) return table.formerly;
  return schemaVersion < table.since ? null : name;
}

function derived(source: string | null, nulls: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  if (source === null) return sql`(select * from (select ${sql.join(nulls)}) absent where 1 = 0)`;
  const columns = nulls.length === 0 ? sql`t.*` : sql`t.*, ${sql.join(nulls)}`;
  return sql`(select ${columns} from ${sql.table(source)} t)`;
}

function text(db: Database, fragment: RawBuilder<unknown>): string {
  const { sql: compiled, parameters } = fragment.compile(db);
  if (parameters.length > 0) throw new Error("a substitute has no parameters");
  return compiled;
}
