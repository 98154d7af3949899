/** What a role needs in a Dynflow database: to read it, and to act on it. */
import { tablesOf } from "./older-schemas.ts";

export type Right = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

/** What a client world of ours needs besides reading: its own record, its letters. */
const ACT: Readonly<Record<string, readonly Right[]>> = {
  dynflow_coordinator_records: ["INSERT", "UPDATE", "DELETE"],
  dynflow_envelopes: ["INSERT", "DELETE"],
};

/** Columns that a skip, the cancel of a scheduled plan and an invalidation write: no message can ask for those. */
export const WRITTEN_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  dynflow_steps: ["state", "progress_done", "error"],
  dynflow_execution_plans: ["state", "result", "ended_at", "real_time", "execution_time", "execution_history"],
  dynflow_delayed_plans: ["frozen"],
};

export const WRITES: readonly Right[] = ["INSERT", "UPDATE", "DELETE"];

/** Rights by table, of a database of this schema. */
export const rightsNeeded = (schemaVersion: number, act: boolean): ReadonlyMap<string, readonly Right[]> =>
  new Map(
    tablesOf(schemaVersion).map((table): [string, readonly Right[]] => [
      table,
      ["SELECT", ...(act ? (ACT[table] ?? []) : [])],
    ]),
  );
