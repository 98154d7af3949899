/**
 * Rows of schema 25 as the domain knows them.
 *
 * The rule of any row: where `data` is not NULL it holds the whole record and is used *instead of* the columns (rows
 * written before the columns existed, kept by the migrations as msgpack); otherwise each serialized column is decoded
 * by itself. A part that will not decode costs only itself.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/persistence_adapters/sequel.rb `load_data`; migration 024.
 */
import type {
  ActionHead,
  Decoded,
  DelayedPlan,
  PayloadValue,
  PlanHead,
  PlanParts,
  StepPhase,
  StepRow,
  UtcMicros,
} from "#server/dynflow/domain/model.ts";
import { withTextOfBytes } from "./binary-text.ts";
import { parseChildren, parseHistory, parseStepError, parseStepIds } from "./columns.ts";
import { parseFlow } from "./flow.ts";
import { marshalPayload } from "./marshal.ts";
import { decodeInstant, instantText, TIME_TAGS } from "./msgpack-time.ts";
import {
  doubleOf,
  isMsgpackMap,
  MsgpackExt,
  type MsgpackMap,
  type MsgpackValue,
  safeIntegerOf,
  textOf,
} from "./msgpack-value.ts";
import { toPayload } from "./payload.ts";
import { decodeStored, NO_BLOB, type Parsed, parsed, type StoredBlob, unparsed, withBytes } from "./stored.ts";
import { toUtcMicros } from "./utc-text.ts";

export interface RawPlanRow {
  readonly head: PlanHead;
  readonly runFlow: StoredBlob;
  readonly finalizeFlow: StoredBlob;
  readonly history: StoredBlob;
  readonly stepIds: StoredBlob;
  readonly data: StoredBlob;
}

export interface RawStepRow {
  readonly id: number;
  readonly class: string | null;
  readonly state: string | null;
  readonly actionId: number | null;
  readonly actionClass: string | null;
  readonly queue: string | null;
  readonly startedAt: UtcMicros | null;
  readonly endedAt: UtcMicros | null;
  readonly realTimeSec: number | null;
  readonly executionTimeSec: number | null;
  readonly progressDone: number | null;
  readonly progressWeight: number | null;
  readonly error: StoredBlob;
  readonly children: StoredBlob;
  readonly data: StoredBlob;
}

export interface RawActionRow {
  readonly id: number;
  readonly class: string | null;
  readonly planStepId: number | null;
  readonly runStepId: number | null;
  readonly finalizeStepId: number | null;
  readonly callerPlanId: string | null;
  readonly callerActionId: number | null;
  readonly data: StoredBlob;
}

export interface RawDelayedRow {
  readonly startAt: UtcMicros | null;
  readonly startBefore: UtcMicros | null;
  readonly frozen: boolean;
  readonly serializer: string | null;
  readonly args: StoredBlob;
  readonly data: StoredBlob;
}

/** The record of `data`: `null` when the cell is NULL and the columns count. */
function recordOf(data: StoredBlob): Decoded<MsgpackMap> | null {
  if (data.length === null) return null;
  return decodeStored(data, (value) => (isMsgpackMap(value) ? parsed(value) : unparsed("data is no record")));
}

/** One part of a row: from the record when there is one, else from its own column. */
function part<T>(
  record: Decoded<MsgpackMap> | null,
  key: string,
  column: StoredBlob,
  parse: (value: MsgpackValue) => Parsed<T>,
  ofMarshal?: (bytes: Uint8Array) => T,
): Decoded<T> {
  if (record === null) return decodeStored(column, parse, ofMarshal);
  if (!record.ok) return record;
  return withBytes(parse(record.value.get(key) ?? null), 0);
}

/** Bytes that are readable text are shown, searched, masked and compared as the text that they are. */
const payloadOf = (value: MsgpackValue): Parsed<PayloadValue> => parsed(toPayload(withTextOfBytes(value)));

/** A time inside a record: text (JSON era) or a time ext. */
function instantOf(value: MsgpackValue | undefined): UtcMicros | null {
  if (typeof value === "string") return toUtcMicros(value);
  if (!(value instanceof MsgpackExt) || TIME_TAGS[value.type] === undefined) return null;
  const decoded = decodeInstant(value.data);
  return decoded.ok ? toUtcMicros(instantText(decoded.value)) : null;
}

export function decodePlanRow(raw: RawPlanRow): PlanParts {
  const record = recordOf(raw.data);
  return {
    head: record?.ok ? planHeadOf(record.value, raw.head) : raw.head,
    runFlow: part(record, "run_flow", raw.runFlow, parseFlow),
    finalizeFlow: part(record, "finalize_flow", raw.finalizeFlow, parseFlow),
    history: part(record, "execution_history", raw.history, parseHistory),
    stepIds: part(record, "step_ids", raw.stepIds, parseStepIds),
  };
}

function planHeadOf(record: MsgpackMap, columns: PlanHead): PlanHead {
  return {
    id: columns.id,
    label: textOf(record.get("label")) ?? columns.label,
    state: textOf(record.get("state")) ?? columns.state,
    result: textOf(record.get("result")) ?? columns.result,
    startedAt: instantOf(record.get("started_at")),
    endedAt: instantOf(record.get("ended_at")),
    realTimeSec: doubleOf(record.get("real_time")),
    executionTimeSec: doubleOf(record.get("execution_time")),
    rootPlanStepId: safeIntegerOf(record.get("root_plan_step_id")),
  };
}

const PHASE_BY_CLASS: ReadonlyMap<string, StepPhase> = new Map([
  ["Dynflow::ExecutionPlan::Steps::PlanStep", "plan"],
  ["Dynflow::ExecutionPlan::Steps::RunStep", "run"],
  ["Dynflow::ExecutionPlan::Steps::FinalizeStep", "finalize"],
]);

/** A step of which nothing was read: what those add to who read a few of its columns. */
export const NO_STEP: RawStepRow = {
  id: 0,
  class: null,
  state: null,
  actionId: null,
  actionClass: null,
  queue: null,
  startedAt: null,
  endedAt: null,
  realTimeSec: null,
  executionTimeSec: null,
  progressDone: null,
  progressWeight: null,
  error: NO_BLOB,
  children: NO_BLOB,
  data: NO_BLOB,
};

/** A missing class or state is shown as empty text, a missing action as 0: no such action exists. */
export function decodeStepRow(raw: RawStepRow): StepRow {
  const record = recordOf(raw.data);
  const columns = record?.ok ? stepColumnsOf(record.value, raw) : raw;
  return {
    id: raw.id,
    phase: PHASE_BY_CLASS.get(columns.class ?? "") ?? "unknown",
    class: columns.class ?? "",
    state: columns.state ?? "",
    actionId: columns.actionId ?? 0,
    actionClass: columns.actionClass ?? "",
    queue: columns.queue,
    startedAt: columns.startedAt,
    endedAt: columns.endedAt,
    realTimeSec: columns.realTimeSec,
    executionTimeSec: columns.executionTimeSec,
    progressDone: columns.progressDone,
    progressWeight: columns.progressWeight,
    error: part(record, "error", raw.error, parseStepError),
    children: part(record, "children", raw.children, parseChildren),
  };
}

function stepColumnsOf(record: MsgpackMap, raw: RawStepRow): RawStepRow {
  return {
    ...raw,
    class: textOf(record.get("class")) ?? raw.class,
    state: textOf(record.get("state")) ?? raw.state,
    actionId: safeIntegerOf(record.get("action_id")) ?? raw.actionId,
    actionClass: textOf(record.get("action_class")) ?? raw.actionClass,
    queue: textOf(record.get("queue")),
    startedAt: instantOf(record.get("started_at")),
    endedAt: instantOf(record.get("ended_at")),
    realTimeSec: doubleOf(record.get("real_time")),
    executionTimeSec: doubleOf(record.get("execution_time")),
    progressDone: doubleOf(record.get("progress_done")),
    progressWeight: doubleOf(record.get("progress_weight")),
  };
}

/**
 * An action without its payloads. Records of the JSON era name the plan itself as caller where later columns are
 * NULL; both mean "planned by an action of the same plan", so that is told as `null`.
 */
export function decodeActionRow(planId: string, raw: RawActionRow): ActionHead {
  const record = recordOf(raw.data);
  const fields = record?.ok ? record.value : null;
  const callerPlanId = fields === null ? raw.callerPlanId : textOf(fields.get("caller_execution_plan_id"));
  const integer = (key: string, column: number | null) => (fields === null ? column : safeIntegerOf(fields.get(key)));
  return {
    id: raw.id,
    class: (fields === null ? null : textOf(fields.get("class"))) ?? raw.class ?? "",
    planStepId: integer("plan_step_id", raw.planStepId),
    runStepId: integer("run_step_id", raw.runStepId),
    finalizeStepId: integer("finalize_step_id", raw.finalizeStepId),
    callerPlanId: callerPlanId === planId ? null : callerPlanId,
    callerActionId: integer("caller_action_id", raw.callerActionId),
  };
}

/** Input and output of an action; `value` null = nothing was stored yet. */
export function decodeActionPayloads(raw: {
  readonly input: StoredBlob;
  readonly output: StoredBlob;
  readonly data: StoredBlob;
}): { readonly input: Decoded<PayloadValue>; readonly output: Decoded<PayloadValue> } {
  const record = recordOf(raw.data);
  return {
    input: part(record, "input", raw.input, payloadOf, (bytes) => marshalPayload(bytes)),
    output: part(record, "output", raw.output, payloadOf, (bytes) => marshalPayload(bytes)),
  };
}

export function decodeDelayedRow(raw: RawDelayedRow): DelayedPlan {
  const record = recordOf(raw.data);
  const fields = record?.ok ? record.value : null;
  return {
    startAt: fields === null ? raw.startAt : instantOf(fields.get("start_at")),
    startBefore: fields === null ? raw.startBefore : instantOf(fields.get("start_before")),
    frozen: fields === null ? raw.frozen : fields.get("frozen") === true,
    serializer: (fields === null ? raw.serializer : textOf(fields.get("args_serializer"))) ?? "",
    args: part(record, "serialized_args", raw.args, payloadOf, (bytes) => marshalPayload(bytes)),
  };
}

/** A cell that always holds one payload: an output chunk, the record of a coordinator row. */
export const decodePayloadCell = (blob: StoredBlob): Decoded<PayloadValue> =>
  decodeStored(blob, payloadOf, (bytes) => marshalPayload(bytes));

/** The same with bytes left as bytes, whatever they hold: to be shown as it stands, or written again as it was. */
export const decodeExactCell = (blob: StoredBlob): Decoded<PayloadValue> =>
  decodeStored(
    blob,
    (value) => parsed(toPayload(value)),
    (bytes) => marshalPayload(bytes),
  );
