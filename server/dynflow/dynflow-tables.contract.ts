/** Rows for the contract suites, written in bytes as real releases write them, with everything plain but what is named. */
import { encodePayload } from "./codec/payload.ts";
import type { DynflowDialect, DynflowMailbox, DynflowStore } from "./ports.ts";

export type Cell = null | string | number | boolean | Uint8Array;

/** A database of schema 25 without rows, and the ways to it. */
export interface OpenedTables {
  readonly store: DynflowStore;
  readonly mailbox: DynflowMailbox;
  readonly dialect: DynflowDialect;
  insert(table: string, row: Readonly<Record<string, Cell>>): Promise<void>;
  /** A statement without parameters, past the adapters. */
  run(sql: string): Promise<void>;
  close(): Promise<void>;
}

export type OpenTables = () => Promise<OpenedTables>;

/** `00000000-0000-4000-8000-00000000000n`: ids whose order is that of their numbers. */
export const uuid = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

const EMPTY_FLOWS = { run_flow: encodePayload(["C"]), finalize_flow: encodePayload(["S"]) };

export const planCells = (number: number, cells: Readonly<Record<string, Cell>> = {}) => ({
  uuid: uuid(number),
  label: null,
  state: "stopped",
  result: "success",
  started_at: null,
  ended_at: null,
  real_time: null,
  execution_time: null,
  class: "Dynflow::ExecutionPlan",
  root_plan_step_id: 1,
  ...EMPTY_FLOWS,
  execution_history: encodePayload([]),
  step_ids: encodePayload([]),
  data: null,
  ...cells,
});

export const actionCells = (plan: number, id: number, cells: Readonly<Record<string, Cell>> = {}) => ({
  execution_plan_uuid: uuid(plan),
  id,
  class: "Lab::Echo",
  input: encodePayload({}),
  output: null,
  data: null,
  ...cells,
});

export const stepCells = (plan: number, id: number, cells: Readonly<Record<string, Cell>> = {}) => ({
  execution_plan_uuid: uuid(plan),
  id,
  action_id: 1,
  state: "success",
  class: "Dynflow::ExecutionPlan::Steps::RunStep",
  action_class: "Lab::Echo",
  queue: "default",
  progress_done: 1,
  progress_weight: 1,
  error: null,
  children: null,
  data: null,
  ...cells,
});

export const recordCells = (name: string, id: string, data: Uint8Array, owner: string | null = null) => ({
  class: `Dynflow::Coordinator::${name}`,
  id,
  owner_id: owner,
  data,
});
