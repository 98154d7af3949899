/**
 * What one look at the database says of HAF itself. Pure; every age is by the database's own clock.
 *
 * Source of facts: openhive-network/haf@e4fd584f src/hive_fork_manager (`is_instance_ready`,
 * `get_estimated_hive_head_block`), hived's sync states in sql_serializer.
 */
import type { HafSyncState } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface InstanceFacts {
  readonly syncState: string;
  readonly consistentBlock: number | null;
  readonly consistentBlockAt: EpochMs | null;
  readonly pruning: number;
  readonly irreversibleHead: number | null;
  readonly reversibleHead: number | null;
  readonly hasEvents: boolean;
  readonly now: EpochMs;
}

export interface IndexFacts {
  readonly table: string;
  readonly name: string;
  readonly contexts: readonly number[];
  readonly status: string;
}

/** The context id under which HAF's own indexes are registered. */
export const HAF_ITSELF = 0;
/** One block of the chain. */
export const BLOCK_MS = 3_000;
/** Age of the last irreversible block from which a live HAF is taken for stopped; the official check's own limit. */
export const STALE_AFTER_MS = 60_000;

/** What HAF itself calls ready. It is true on a fresh database too: it counts only together with LIVE. */
export function isReady(
  { hasEvents, pruning }: Pick<InstanceFacts, "hasEvents" | "pruning">,
  indexes: readonly IndexFacts[],
): boolean {
  if (!hasEvents) return false;
  return pruning > 0 || ownIndexesMissing(indexes) === 0;
}

/** Indexes and keys of HAF's own that are not created; none registered is nothing to do. */
export const ownIndexesMissing = (indexes: readonly IndexFacts[]): number =>
  indexes.filter(({ contexts, status }) => status !== "created" && contexts.includes(HAF_ITSELF)).length;

/** Where the chain is now, by the time since the last irreversible block; `null` = cannot be told. */
export function estimatedHead(instance: Pick<InstanceFacts, "consistentBlock" | "consistentBlockAt" | "now">) {
  const { consistentBlock, consistentBlockAt, now } = instance;
  if (consistentBlock === null || consistentBlockAt === null) return null;
  // HAF rounds to whole seconds first, and then leaves the rest of a block out.
  const wholeMs = Math.round((now - consistentBlockAt) / 1_000) * 1_000;
  return Math.max(consistentBlock, consistentBlock + Math.floor(wholeMs / BLOCK_MS));
}

/** `null` where that block is not there. */
export const blockAgeMs = ({ consistentBlockAt, now }: Pick<InstanceFacts, "consistentBlockAt" | "now">) =>
  consistentBlockAt === null ? null : Math.max(0, now - consistentBlockAt);

/** LIVE, and its last irreversible block is old: hived has stopped, or the chain has. */
export function isStale(instance: InstanceFacts): boolean {
  const age = blockAgeMs(instance);
  return instance.syncState === "LIVE" && age !== null && age > STALE_AFTER_MS;
}

const NEXT: Readonly<Record<HafSyncState, readonly HafSyncState[]>> = {
  START: ["REINDEX_WAIT", "WAIT", "P2P", "LIVE"],
  REINDEX_WAIT: ["REINDEX", "WAIT"],
  REINDEX: ["P2P", "LIVE"],
  WAIT: ["P2P", "LIVE"],
  P2P: ["LIVE"],
  LIVE: [],
};

/** Two looks that are no further apart than this have missed no state that lasted. */
const CLOSE_LOOKS_MS = 10_000;

export interface SyncMove {
  readonly from: string | null;
  readonly to: string;
  /** hived has connected anew since the look before. */
  readonly restarted: boolean;
  /** From the look that saw `from` to this one; `null` = not known. */
  readonly gapMs: number | null;
}

/**
 * Whether hived goes from the one to the other by itself. After a restart it begins where a start leads to; between
 * looks that are far apart it may have passed others on its way.
 */
export function isExpectedMove({ from, to, restarted, gapMs }: SyncMove): boolean {
  if (from === null || from === to || to === "START") return true;
  if (restarted && leadsTo("START", to, true)) return true;
  return leadsTo(from, to, gapMs === null || gapMs > CLOSE_LOOKS_MS);
}

function leadsTo(from: string, to: string, overOthers: boolean): boolean {
  const next = nextOf(from);
  return next.some((state) => state === to) || (overOthers && next.some((state) => leadsTo(state, to, true)));
}

function nextOf(state: string): readonly HafSyncState[] {
  for (const [known, next] of Object.entries(NEXT)) if (known === state) return next;
  return [];
}
