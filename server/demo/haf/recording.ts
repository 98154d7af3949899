/**
 * The recording of a HAF stack from an empty database to three live apps: 24 steps, each with the rows of the observed
 * tables as they stood. Taken from HAF's own SQL functions, driven step by step on PostgreSQL 15; its block rows are
 * made up. Source of facts: openhive-network/haf@e4fd584f src/hive_fork_manager.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";

/** PostgreSQL's `timestamp`, which holds UTC here, with up to six places; or ISO text with its zone. */
const instant = z
  .string()
  .transform((text) => epochMs(Date.parse(/Z$/.test(text) ? text : `${text.replace(/(\.\d{3})\d+$/, "$1")}Z`)))
  .refine(Number.isFinite, "is no instant");
const id = z.union([z.string(), z.int()]).transform(String);

const stage = z.strictObject({
  name: z.string(),
  min_head_block_distance: z.int(),
  blocks_limit_in_group: z.int(),
  processing_alarm_threshold: z.string(),
});

const context = z.strictObject({
  id: z.int(),
  name: z.string(),
  schema: z.string(),
  owner: z.string(),
  current_block_num: z.int(),
  irreversible_block: z.int(),
  events_id: id.nullable(),
  fork_id: id.nullable(),
  is_forking: z.boolean(),
  last_active_at: instant,
  is_attached: z.boolean(),
  stages: z.array(stage).nullable(),
  loop: z
    .strictObject({
      last_analyze_distance_to_head_block: z.int().nullable(),
      current_stage: stage.nullable(),
      end_block_range: z.int().nullable(),
      size_of_blocks_batch: z.int().nullable(),
      current_batch_end: z.int().nullable(),
    })
    .nullable(),
  is_app_in_sync: z.boolean(),
});

const step = z.strictObject({
  step: z.int(),
  name: z.string(),
  observed_at: instant,
  hive_state: z
    .array(
      z.strictObject({
        id: z.int(),
        consistent_block: z.int(),
        is_dirty: z.boolean(),
        state: z.string(),
        pruning: z.int(),
      }),
    )
    .length(1),
  consistent_block_created_at: instant,
  irreversible_head: z.int(),
  reversible_head: z.int().nullable(),
  is_instance_ready: z.boolean(),
  estimated_head: z.int(),
  contexts: z.array(context),
  indexes: z.array(
    z.strictObject({
      table_name: z.string(),
      index_constraint_name: z.string(),
      is_constraint: z.boolean(),
      is_index: z.boolean(),
      is_foreign_key: z.boolean(),
      contexts: z.array(z.int()),
      status: z.string(),
    }),
  ),
  contexts_log: z.array(
    z.strictObject({
      id,
      context_name: z.string(),
      application_stage: z.string().nullable(),
      event_type: z.string(),
      date: instant,
      application_block: z.int().nullable(),
      application_fork: id.nullable(),
      head_block: z.int().nullable(),
      head_fork_id: id.nullable(),
    }),
  ),
  fork: z.array(z.strictObject({ id, block_num: z.int(), time_of_fork: instant })),
  hived_connections: z.array(z.strictObject({ id, block_num: z.int(), git_sha: z.string().nullable(), time: instant })),
  events_queue: z.array(z.strictObject({ id, event: z.string(), block_num: z.int() })),
});

/**
 * One step, parsed; names are those of the tables. `is_instance_ready`, `estimated_head` and each context's
 * `is_app_in_sync` are what HAF's own functions said: the truth that is to be reproduced, not something to read.
 */
export type RecordedStep = z.output<typeof step>;
export type RecordedContext = RecordedStep["contexts"][number];

/** One step a line. @throws ZodError when a line is no step */
export const parseRecording = (text: string): readonly RecordedStep[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => step.parse(JSON.parse(line)));

/** The rows of a step as they were recorded, one object a line, for a database to take in. */
export const recordingText = (): string => readFileSync(path.join(import.meta.dirname, "haf-observed.jsonl"), "utf8");

/** All steps, oldest first. Read from the disk at each call. */
export const recordedSteps = (): readonly RecordedStep[] => parseRecording(recordingText());

/** A block of a step. The recording holds none: they are made up as they were for it, three seconds apart. */
export interface RecordedBlock {
  readonly num: number;
  /** `null` = irreversible. */
  readonly forkId: string | null;
  readonly createdAt: EpochMs;
}

const BLOCK_MS = 3_000;

/** The last irreversible block, those that apps are at, and every reversible one, by fork and number. */
export function blocksOf(of: RecordedStep): readonly RecordedBlock[] {
  const [state] = of.hive_state;
  const consistent = state?.consistent_block ?? 0;
  const made = (num: number): EpochMs =>
    epochMs(Math.min(of.observed_at, of.consistent_block_created_at + (num - consistent) * BLOCK_MS));
  const wanted = new Set([consistent, ...of.contexts.map((one) => one.current_block_num)]);
  const irreversible = [...wanted]
    .filter((num) => num > 0 && num <= consistent)
    .sort((a, b) => a - b)
    .map((num) => ({ num, forkId: null, createdAt: made(num) }));
  return [...irreversible, ...reversibleOf(of, consistent, made)];
}

/** Each fork goes on behind its block, until the next fork takes over one block further. */
function reversibleOf(of: RecordedStep, consistent: number, made: (num: number) => EpochMs): readonly RecordedBlock[] {
  return of.fork.flatMap(({ id: forkId, block_num, time_of_fork }, index) => {
    const next = of.fork[index + 1];
    const last = next === undefined ? (of.reversible_head ?? 0) : next.block_num + 1;
    const first = Math.max(consistent, block_num) + 1;
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => {
      const num = first + offset;
      return { num, forkId, createdAt: epochMs(Math.max(made(num), index === 0 ? 0 : time_of_fork)) };
    });
  });
}
