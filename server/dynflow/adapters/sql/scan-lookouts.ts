/** What a scan reads to find each kind of thing, and how it tells that it is there. */
import { type RawBuilder, sql } from "kysely";
import {
  decodeActionPayloads,
  decodeActionRow,
  decodePlanRow,
  decodeStepRow,
  NO_STEP,
} from "#server/dynflow/codec/rows.ts";
import { NO_BLOB, type StoredBlob } from "#server/dynflow/codec/stored.ts";
import { evidenceLine, findInPayload, holds } from "#server/dynflow/domain/found-text.ts";
import type { ScanEvidence, ScanQuery, ScanShown } from "#server/dynflow/ports.ts";
import { blobCell, blobColumns, numberCell, type Row, textCell } from "./cells.ts";
import type { SqlDifferences } from "./differences.ts";
import { textMatches } from "./plan-filter.ts";
import { planHead } from "./plan-rows.ts";

/** Longer cells are counted, not looked into. */
const BLOB_MAX_BYTES = 256 * 1024;

export interface Lookout {
  /** `from <table> looked`, in one fragment: what older schemas lack is put in its place there. */
  readonly source: RawBuilder<unknown>;
  /** Column of the plan's id, and of the row's own within it; `null` = one row a plan. */
  readonly plan: RawBuilder<unknown>;
  readonly child: RawBuilder<unknown> | null;
  /** Rows that can hold it. */
  readonly wanted: RawBuilder<unknown>;
  readonly columns: RawBuilder<unknown>;
  /** So many that one answer is never a burden on memory. */
  readonly rowsAtOnce: number;
  look(row: Row): Look;
}

interface Look {
  readonly evidence: ScanEvidence | null;
  readonly bytes: number;
  readonly readable: boolean;
}

/** The cheapest first: it decides what the others are asked about. */
export function lookoutsFor({ needle, shown }: ScanQuery, differences: SqlDifferences): readonly Lookout[] {
  const { worldId, actionClass, errorText, inputText } = needle;
  return [
    ...(errorText === null ? [] : [inErrors(errorText, shown, differences)]),
    ...(worldId === null ? [] : [inHistory(worldId, differences)]),
    ...(actionClass === null ? [] : [inClasses(actionClass, differences)]),
    ...(inputText === null ? [] : [inInputs(inputText, shown, differences)]),
  ];
}

const OF_PLAN = { plan: sql`looked.execution_plan_uuid`, child: sql`looked.id` };
const idOf = (row: Row): number => numberCell(row, "of_child") ?? 0;
const lengthOf = (...blobs: readonly StoredBlob[]): number =>
  blobs.reduce((sum, { bytes, length }) => sum + (bytes === null ? 0 : (length ?? 0)), 0);

function inErrors(text: string, shown: ScanShown, differences: SqlDifferences): Lookout {
  return {
    ...OF_PLAN,
    source: sql`from dynflow_steps looked`,
    wanted: sql`(looked.error is not null or looked.data is not null)`,
    columns: sql`looked.action_class, ${blobColumns(differences, "looked.error", "error", BLOB_MAX_BYTES)},
      ${blobColumns(differences, "looked.data", "data", BLOB_MAX_BYTES)}`,
    rowsAtOnce: 1_000,
    look(row) {
      const blobs = { error: blobCell(row, "error"), data: blobCell(row, "data") };
      const { error, actionClass } = stepOf(row, blobs);
      const bytes = lengthOf(blobs.error, blobs.data);
      if (!error.ok) return { evidence: null, bytes, readable: false };
      if (error.value === null) return { evidence: null, bytes, readable: true };
      const { exceptionClass, message, backtrace } = error.value;
      const line = [`${exceptionClass}: ${message}`, ...backtrace].map(shown.text).find((each) => holds(each, text));
      const said = line === undefined ? null : evidenceLine(`${actionClass.split("::").at(-1)} ${line}`, text);
      return { evidence: said === null ? null : { where: "error", id: idOf(row), text: said }, bytes, readable: true };
    },
  };
}

/** A step of which only class and error are wanted. */
const stepOf = (row: Row, blobs: { readonly error: StoredBlob; readonly data: StoredBlob }) =>
  decodeStepRow({ ...NO_STEP, ...blobs, id: idOf(row), actionClass: textCell(row, "action_class") });

function inInputs(text: string, shown: ScanShown, differences: SqlDifferences): Lookout {
  return {
    ...OF_PLAN,
    source: sql`from dynflow_actions looked`,
    wanted: sql`(looked.input is not null or looked.data is not null)`,
    columns: sql`${blobColumns(differences, "looked.input", "input", BLOB_MAX_BYTES)},
      ${blobColumns(differences, "looked.data", "data", BLOB_MAX_BYTES)}`,
    rowsAtOnce: 1_000,
    look(row) {
      const blobs = { input: blobCell(row, "input"), data: blobCell(row, "data") };
      const bytes = lengthOf(blobs.input, blobs.data);
      const { input } = decodeActionPayloads({ ...blobs, output: NO_BLOB });
      if (!input.ok) return { evidence: null, bytes, readable: false };
      const said = findInPayload(shown.payload(input.value), text);
      return { evidence: said === null ? null : { where: "input", id: idOf(row), text: said }, bytes, readable: true };
    },
  };
}

function inClasses(text: string, differences: SqlDifferences): Lookout {
  const matches = textMatches({ kind: "contains", text }, sql`looked.class`, differences);
  return {
    ...OF_PLAN,
    source: sql`from dynflow_actions looked`,
    wanted: sql`(looked.data is not null or ${matches})`,
    columns: sql`looked.class, ${blobColumns(differences, "looked.data", "data", BLOB_MAX_BYTES)}`,
    rowsAtOnce: 2_000,
    look(row) {
      const data = blobCell(row, "data");
      const action = decodeActionRow("", {
        id: idOf(row),
        class: textCell(row, "class"),
        planStepId: null,
        runStepId: null,
        finalizeStepId: null,
        callerPlanId: null,
        callerActionId: null,
        data,
      });
      const found = holds(action.class, text);
      const evidence = { where: "action", id: idOf(row), text: evidenceLine(action.class, text) } as const;
      return { evidence: found ? evidence : null, bytes: lengthOf(data), readable: action.class !== "" };
    },
  };
}

function inHistory(worldId: string, differences: SqlDifferences): Lookout {
  return {
    plan: sql`looked.uuid`,
    child: null,
    source: sql`from dynflow_execution_plans looked`,
    wanted: sql`(looked.execution_history is not null or looked.data is not null)`,
    columns: sql`${blobColumns(differences, "looked.execution_history", "execution_history", BLOB_MAX_BYTES)},
      ${blobColumns(differences, "looked.data", "data", BLOB_MAX_BYTES)}`,
    rowsAtOnce: 2_000,
    look(row) {
      const blobs = { history: blobCell(row, "execution_history"), data: blobCell(row, "data") };
      const none = { runFlow: NO_BLOB, finalizeFlow: NO_BLOB, stepIds: NO_BLOB };
      const { history } = decodePlanRow({ head: planHead(row), ...none, ...blobs });
      const bytes = lengthOf(blobs.history, blobs.data);
      if (!history.ok) return { evidence: null, bytes, readable: false };
      const names = history.value.filter((entry) => entry.worldId === worldId).map((entry) => entry.name);
      const evidence = { where: "history", id: null, text: [...new Set(names)].join(", ") } as const;
      return { evidence: names.length === 0 ? null : evidence, bytes, readable: true };
    },
  };
}
