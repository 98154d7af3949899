/** What a database that holds a recorded step answers to each read. Pure: the tests hold it against the real one. */
import type { HafConnection, HafDatabaseFacts, HafIndexBuild } from "#server/contract/haf.ts";
import type {
  HafContext,
  HafEventQueue,
  HafForkRow,
  HafHivedRow,
  HafIndex,
  HafInstance,
  HafLogRow,
} from "#server/haf/ports.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { blocksOf, type RecordedContext, type RecordedStep } from "./recording.ts";

/** Rows of the queue that stand for no event. */
const FAKE_EVENTS: readonly string[] = ["0", "9223372036854775807"];
/** Release whose tables were recorded. */
const RECORDED_DATABASE: HafDatabaseFacts = {
  version: "e4fd584f",
  postgres: 150_014,
  timeZone: "UTC",
  has: { indexStatus: true, appLog: true, pruning: true },
  seesApps: true,
  pruned: false,
};
const BUILDING_SHARE = 0.4;

/** Each read's answer; those by id are whole, oldest first. */
export interface RecordedAnswers {
  readonly database: HafDatabaseFacts;
  readonly instance: HafInstance;
  readonly apps: readonly HafContext[];
  readonly indexes: readonly HafIndex[];
  readonly appLog: readonly HafLogRow[];
  readonly forks: readonly HafForkRow[];
  readonly hivedConnections: readonly HafHivedRow[];
  readonly eventQueue: HafEventQueue;
  /** Not recorded: one for each table with an index that says `creating`. */
  readonly indexBuilds: readonly HafIndexBuild[];
  /** Not recorded: as such a stack would be connected. */
  readonly connections: readonly HafConnection[];
}

/** The step as if it were observed at `now`: every time of it is moved by as much, so that ages are those recorded. */
export function answersOf(step: RecordedStep, now: EpochMs): RecordedAnswers {
  const moved = (at: EpochMs): EpochMs => epochMs(at + now - step.observed_at);
  return {
    database: { ...RECORDED_DATABASE, pruned: (step.hive_state[0]?.pruning ?? 0) > 0 },
    instance: instanceOf(step, now, moved),
    apps: step.contexts.map((context) => appOf(step, context, now, moved)).toSorted((a, b) => a.id - b.id),
    indexes: indexesOf(step),
    appLog: step.contexts_log.map((row) => ({
      id: row.id,
      app: row.context_name,
      stage: row.application_stage,
      event: row.event_type,
      at: moved(row.date),
      block: row.application_block,
      forkId: row.application_fork,
      headBlock: row.head_block,
    })),
    forks: step.fork.map(({ id, block_num: block, time_of_fork }) => ({ id, block, at: moved(time_of_fork) })),
    hivedConnections: step.hived_connections.map(({ id, block_num: block, git_sha: gitSha, time }) => ({
      ...{ id, block, gitSha },
      at: moved(time),
    })),
    eventQueue: eventQueueOf(step),
    indexBuilds: buildsOf(step),
    connections: connectionsOf(step),
  };
}

function instanceOf(step: RecordedStep, now: EpochMs, moved: (at: EpochMs) => EpochMs): HafInstance {
  const [state] = step.hive_state;
  return {
    syncState: state?.state ?? "",
    consistentBlock: state?.consistent_block ?? null,
    consistentBlockAt: moved(step.consistent_block_created_at),
    dirty: state?.is_dirty ?? false,
    pruning: state?.pruning ?? 0,
    irreversibleHead: step.irreversible_head,
    reversibleHead: step.reversible_head,
    hasEvents: step.events_queue.length > 0,
    now,
  };
}

function appOf(
  step: RecordedStep,
  context: RecordedContext,
  now: EpochMs,
  moved: (at: EpochMs) => EpochMs,
): HafContext {
  const made = createdAt(step, context);
  const { loop } = context;
  return {
    id: context.id,
    name: context.name,
    schema: context.schema,
    owner: context.owner,
    currentBlock: context.current_block_num,
    irreversibleBlock: context.irreversible_block,
    backFromFork: false,
    eventsId: context.events_id,
    forkId: context.fork_id,
    forking: context.is_forking,
    lastActiveAt: moved(context.last_active_at),
    asOf: now,
    attached: context.is_attached,
    stages: (context.stages ?? []).map((stage) => ({
      name: stage.name,
      minHeadBlockDistance: stage.min_head_block_distance,
      blocksLimitInGroup: stage.blocks_limit_in_group,
    })),
    loop:
      loop === null
        ? null
        : {
            stage: loop.current_stage?.name ?? null,
            endBlockRange: loop.end_block_range,
            sizeOfBatch: loop.size_of_blocks_batch,
            currentBatchEnd: loop.current_batch_end,
          },
    currentBlockAt: made === null ? null : moved(made),
  };
}

/** The irreversible block, else the reversible one of the newest fork that the app has followed. */
function createdAt(step: RecordedStep, { current_block_num: num, fork_id: forkId }: RecordedContext): EpochMs | null {
  const same = blocksOf(step).filter((block) => block.num === num);
  const irreversible = same.find((block) => block.forkId === null);
  const followed = same.findLast((block) => block.forkId !== null && BigInt(block.forkId) <= BigInt(forkId ?? 0));
  return (irreversible ?? followed)?.createdAt ?? null;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const indexesOf = (step: RecordedStep): readonly HafIndex[] =>
  step.indexes
    .map((row) => ({
      table: row.table_name,
      name: row.index_constraint_name,
      isConstraint: row.is_constraint,
      isIndex: row.is_index,
      isForeignKey: row.is_foreign_key,
      contexts: row.contexts,
      status: row.status,
    }))
    .toSorted((a, b) => byText(a.table, b.table) || byText(a.name, b.name));

function eventQueueOf({ events_queue }: RecordedStep): HafEventQueue {
  const ids = events_queue.map(({ id }) => id).filter((id) => !FAKE_EVENTS.includes(id));
  return { depth: ids.length, minId: ids[0] ?? null, maxId: ids.at(-1) ?? null };
}

const buildsOf = (step: RecordedStep): readonly HafIndexBuild[] =>
  [...new Set(step.indexes.filter(({ status }) => status === "creating").map((row) => row.table_name))]
    .toSorted(byText)
    .map((table) => ({ table, phase: "building index: scanning table", share: BUILDING_SHARE }));

/** hived once it has connected, each app's processor, and its API server once the app has been live. */
function connectionsOf(step: RecordedStep): readonly HafConnection[] {
  const hived = step.hived_connections.length > 0;
  return [
    ...(hived ? [{ application: "hived", user: "hived", state: "active", count: 4 }] : []),
    ...step.contexts.flatMap(({ name, owner, is_app_in_sync, loop }) => {
      const processor = { application: name, user: owner, state: "idle", count: 1 };
      const served = is_app_in_sync || loop?.current_stage?.name === "live";
      return [
        ...(loop === null ? [] : [processor]),
        ...(served ? [{ application: `${name}_postgrest`, user: `${name}_user`, state: "idle", count: 2 }] : []),
      ];
    }),
  ];
}
