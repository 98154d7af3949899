/** What the recording does not have because it was made once: later laps of it, and what lies between two steps. */
import { epochMs } from "#server/kernel/clock.ts";
import type { RecordedContext, RecordedStep } from "./recording.ts";

/** More than there are of each in one lap. */
const LAP_CONTEXTS = 3;
const LAP_LOG_ROWS = 100;
const LAP_FORKS = 2;
const LAP_EVENTS = 100;
/** Blocks less than this are no way to go: they come one by one. */
const WAY_MIN_BLOCKS = 100;
const BLOCK_MS = 3_000;
const REAL_EVENTS_BELOW = 2n ** 62n;

/** The step in a later lap (from 0): ids go on, as in a database that was set up once more. */
export function inLap(step: RecordedStep, lap: number): RecordedStep {
  if (lap === 0) return step;
  const later = (id: string, each: number): string => String(BigInt(id) + BigInt(lap * each));
  const fork = (id: string | null): string | null => (id === null ? null : later(id, LAP_FORKS));
  const context = (id: number): number => (id === 0 ? 0 : id + lap * LAP_CONTEXTS);
  const event = (id: string): string => (id === "0" || BigInt(id) > REAL_EVENTS_BELOW ? id : later(id, LAP_EVENTS));
  return {
    ...step,
    contexts: step.contexts.map((one) => ({
      ...one,
      id: context(one.id),
      fork_id: fork(one.fork_id),
      events_id: one.events_id === null ? null : event(one.events_id),
    })),
    indexes: step.indexes.map((one) => ({ ...one, contexts: one.contexts.map(context) })),
    contexts_log: step.contexts_log.map((row) => ({
      ...row,
      id: later(row.id, LAP_LOG_ROWS),
      application_fork: fork(row.application_fork),
      head_fork_id: fork(row.head_fork_id),
    })),
    fork: step.fork.map((row) => ({ ...row, id: later(row.id, LAP_FORKS) })),
    hived_connections: step.hived_connections.map((row) => ({ ...row, id: later(row.id, 1) })),
    events_queue: step.events_queue.map((row) => ({ ...row, id: event(row.id) })),
  };
}

/** The step, with `share` (0 to 1) of the blocks behind it that it takes to reach the next one. */
export function onTheWay(step: RecordedStep, next: RecordedStep | undefined, share: number): RecordedStep {
  if (next === undefined) return step;
  return { ...replayed(step, next, share), contexts: step.contexts.map((one) => processed(one, next, share)) };
}

const part = (from: number, to: number, share: number): number => Math.round(from + (to - from) * share);

function replayed(step: RecordedStep, next: RecordedStep, share: number): RecordedStep {
  const [state] = step.hive_state;
  const [later] = next.hive_state;
  if (state === undefined || later === undefined || state.state === "LIVE") return step;
  if (later.consistent_block - state.consistent_block < WAY_MIN_BLOCKS) return step;
  const reached = part(state.consistent_block, later.consistent_block, share);
  return {
    ...step,
    hive_state: [{ ...state, consistent_block: reached }],
    irreversible_head: reached,
    // Of the blocks that are replayed, not of when: the first one of the recording is made up as of its own time.
    consistent_block_created_at: epochMs(
      next.consistent_block_created_at - (later.consistent_block - reached) * BLOCK_MS,
    ),
  };
}

function processed(context: RecordedContext, next: RecordedStep, share: number): RecordedContext {
  const later = next.contexts.find(({ id }) => id === context.id);
  const massive = context.loop?.current_stage?.name === "MASSIVE_PROCESSING" && !context.is_attached;
  if (later === undefined || !massive || later.current_block_num - context.current_block_num < WAY_MIN_BLOCKS) {
    return context;
  }
  // Caught up is what the next step tells.
  const reached = Math.min(
    part(context.current_block_num, later.current_block_num, share),
    later.irreversible_block - 2,
  );
  return { ...context, current_block_num: Math.max(context.current_block_num, reached) };
}
