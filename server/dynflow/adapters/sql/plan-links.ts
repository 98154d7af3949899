/** What actions need of one another, and which of them planned sub-plans. */
import { sql } from "kysely";
import { referencedStepIds } from "#server/dynflow/codec/payload.ts";
import { decodeActionPayloads } from "#server/dynflow/codec/rows.ts";
import type { ActionReferences, SubPlanCaller } from "#server/dynflow/ports.ts";
import { blobCell, blobColumns, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid, knownIds } from "./ids.ts";
import { PLAN_STEPS_MAX } from "./plan-rows.ts";

const INPUT_MAX_BYTES = 1024 * 1024;
const CALLERS_MAX_IDS = 500;

/** Inputs of a plan's actions by primary key, a page at a time; only the references leave this function. */
export async function readReferences(
  db: Database,
  differences: SqlDifferences,
  planId: string,
): Promise<readonly ActionReferences[]> {
  if (!isUuid(planId)) return [];
  const found: ActionReferences[] = [];
  while (found.length < PLAN_STEPS_MAX) {
    const after = found.at(-1)?.actionId ?? -1;
    const { rows } = await sql<Row>`
      select id, ${blobColumns(differences, "input", "input", INPUT_MAX_BYTES)},
        ${blobColumns(differences, "data", "data", INPUT_MAX_BYTES)}
      from dynflow_actions where execution_plan_uuid = ${planId} and id > ${after}
      order by id limit ${ACTIONS_PER_PAGE}`.execute(db);
    found.push(...rows.map(referencesOf));
    if (rows.length < ACTIONS_PER_PAGE) break;
  }
  return found;
}
const ACTIONS_PER_PAGE = 200;

function referencesOf(row: Row): ActionReferences {
  const none = { bytes: null, length: null };
  const { input } = decodeActionPayloads({ input: blobCell(row, "input"), output: none, data: blobCell(row, "data") });
  return {
    actionId: numberCell(row, "id") ?? 0,
    stepIds: input.ok ? { ok: true, value: referencedStepIds(input.value) } : input,
  };
}

/** By the index on the caller columns, which stayed text. */
export async function readSubPlanCallers(db: Database, planIds: readonly string[]): Promise<readonly SubPlanCaller[]> {
  const ids = knownIds(planIds, CALLERS_MAX_IDS);
  if (ids.length === 0) return [];
  const { rows } = await sql<Row>`
    select distinct caller_execution_plan_id as plan_id, caller_action_id as action_id from dynflow_actions
    where caller_execution_plan_id in (${sql.join(ids.map((id) => sql`cast(${id} as char(36))`))})
      and caller_action_id is not null`.execute(db);
  return rows.map((row) => ({ planId: textCell(row, "plan_id") ?? "", actionId: numberCell(row, "action_id") ?? 0 }));
}
