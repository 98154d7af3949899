/** Indexes and keys of a stack by status, and those that nobody builds. Pure. */
import type { HafConnection, HafIndexBuild, HafIndexFacts } from "#server/contract/haf.ts";
import type { IndexFacts } from "./instance.ts";

/** A row that says `creating` while nothing builds on its table is stuck after this. */
export const STUCK_AFTER_MS = 60_000;
const STUCK_MAX = 20;

/** `<table>.<index>` to since when it says `creating` while nothing builds it, in monotonic ms. */
export type IdleSince = ReadonlyMap<string, number>;

export interface BuildLook {
  readonly indexes: readonly IndexFacts[];
  /** `null` = not read. */
  readonly builds: readonly HafIndexBuild[] | null;
  readonly connections: readonly HafConnection[];
  readonly nowMs: number;
}

const nameOf = ({ table, name }: IndexFacts): string => `${table}.${name}`;
const bare = (table: string): string => table.slice(table.lastIndexOf(".") + 1);

/** Carries on since when each index waits without anybody building it. hived builds by itself, or by its monitor. */
export function observeIdle(before: IdleSince, { indexes, builds, connections, nowMs }: BuildLook): IdleSince {
  const creating = indexes.filter(({ status }) => status === "creating");
  if (creating.length === 0) return new Map();
  if (builds === null) return before;
  // Without the rights of `pg_read_all_stats` neither the state of others is told nor what they build.
  const works = connections.some(
    ({ application, state }) => (state === "active" || state === "not told") && /hived|haf_monitor/i.test(application),
  );
  const built = new Set(builds.map(({ table }) => bare(table)));
  return new Map(
    creating
      .filter(({ table }) => !works && !built.has(bare(table)))
      .map((index) => [nameOf(index), before.get(nameOf(index)) ?? nowMs]),
  );
}

export function indexFacts(indexes: readonly IndexFacts[], idle: IdleSince, nowMs: number): HafIndexFacts {
  const count = (status: string): number => indexes.filter((index) => index.status === status).length;
  const stuck = [...idle].filter(([, since]) => nowMs - since > STUCK_AFTER_MS).map(([name]) => name);
  return {
    missing: count("missing"),
    creating: count("creating"),
    created: count("created"),
    invalid: count("invalid"),
    pending: pendingOf(indexes),
    stuck: stuck.toSorted().slice(0, STUCK_MAX),
  };
}

/** Context id to how many of its indexes are not created yet, in order of id. */
export function pendingOf(indexes: readonly IndexFacts[]): Readonly<Record<string, number>> {
  const pending = new Map<number, number>();
  for (const { contexts, status } of indexes) {
    if (status === "created") continue;
    for (const context of contexts) pending.set(context, (pending.get(context) ?? 0) + 1);
  }
  return Object.fromEntries([...pending].toSorted(([a], [b]) => a - b).map(([id, count]) => [String(id), count]));
}
