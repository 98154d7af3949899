/** Retention as the journal's thread does it: the plan is the domain's, the facts and the deed are ours. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { familyOf } from "#server/contract/event.ts";
import type { ChainName } from "#server/journal/domain/chains.ts";
import {
  type DropReason,
  planRetention,
  type RetentionRules,
  type SealedFacts,
} from "#server/journal/domain/retention.ts";
import type { DroppedSegments, RetentionOutcome } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { ChainFile } from "./chain-file.ts";
import { parseSegmentFileName } from "./segment-format.ts";
import { SNAPSHOT_FILE, type SnapshotFile } from "./snapshot-file.ts";
import { STATE_FILE, type StateFile } from "./state-file.ts";
import type { JournalStore } from "./store.ts";

/** Removing a file takes up to tens of milliseconds, in which nothing is appended. */
const SEGMENTS_PER_CALL = 16;
/** State entries about drops that nobody has acknowledged. */
const NAMESPACE = "journal.retention";
const UNTOLD_MAX = 1_000;
const SQLITE_SIDE_FILE = /-(wal|shm|journal)$/;

export interface RetainArgs {
  readonly rules: RetentionRules;
  readonly foldVersion: number;
  readonly at: number;
}

/** `JournalRetention.retain` on the files of a directory. */
export function retain(
  store: JournalStore,
  directory: string,
  { rules, foldVersion, at }: RetainArgs,
): RetentionOutcome {
  for (const file of store.chains()) file.endDay(at);
  const sizes = sizesOf(directory);
  const plan = planRetention(
    {
      now: epochMs(at),
      totalBytes: total(sizes),
      observedEvents: fileOf(store, "observed").count(),
      sealed: { observed: factsOf(store, "observed", sizes), operator: factsOf(store, "operator", sizes) },
      isCovered: coverage(store, foldVersion),
      segmentsMax: SEGMENTS_PER_CALL,
    },
    rules,
  );
  if (plan.drops.length > 0 && !store.snapshots.settle()) {
    throw new OpsError("journal-unavailable", "The snapshots could not be brought to the disk");
  }
  for (const { chain, count, why } of plan.drops) {
    fileOf(store, chain).drop(count, NAMESPACE, (dropped) => {
      const bytes = dropped.fileNames.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      return entryOf({ chain, why, at, bytes, ...dropped });
    });
  }
  const { waiting, more, overBytes } = plan;
  return { dropped: untold(store.state), waiting, more, bytes: total(sizesOf(directory)), overBytes };
}

/** `JournalRetention.acknowledge`. */
export function acknowledge(state: StateFile, ids: readonly string[]): void {
  const known = state.page(NAMESPACE, null, UNTOLD_MAX).filter(({ value }) => ids.includes(parseDropped(value).id));
  state.putAll(
    NAMESPACE,
    known.map(({ key }) => ({ key, value: null })),
  );
}

const untold = (state: StateFile): readonly DroppedSegments[] =>
  state.page(NAMESPACE, null, UNTOLD_MAX).map(({ value }) => parseDropped(value));

interface DroppedFacts {
  readonly chain: ChainName;
  readonly why: DropReason;
  readonly at: number;
  readonly bytes: number;
  readonly firstPosition: number;
  readonly horizon: number | null;
  readonly events: number;
  readonly streams: readonly string[];
}

/** Keyed so that they are listed in the order in which they were dropped. */
function entryOf({ chain, why, at, bytes, firstPosition, horizon, events, streams }: DroppedFacts) {
  const dropped: DroppedSegments = {
    id: `retention-${chain}-${firstPosition}`,
    at: epochMs(at),
    chain,
    streams,
    droppedBefore: epochMs(horizon ?? at),
    events,
    bytes,
    why,
  };
  const order = [at, firstPosition].map((value) => String(value).padStart(16, "0")).join(" ");
  return { key: `${order} ${chain}`, value: JSON.stringify(dropped) };
}

const parseDropped = (text: string): DroppedSegments => JSON.parse(text) as DroppedSegments;

function fileOf(store: JournalStore, chain: ChainName): ChainFile {
  const file = store.chains().find((candidate) => candidate.chain === chain);
  if (file === undefined) throw new OpsError("journal-unavailable", "The journal is not open");
  return file;
}

function factsOf(store: JournalStore, chain: ChainName, sizes: ReadonlyMap<string, number>): readonly SealedFacts[] {
  return fileOf(store, chain)
    .sealed()
    .map(({ fileName, ...facts }) => ({ bytes: sizes.get(fileName) ?? 0, ...facts }));
}

/** A stream that this version does not fold has nothing to be kept in a snapshot. */
function coverage(
  store: { readonly snapshots: Pick<SnapshotFile, "latest">; chainOf(stream: string): Pick<ChainFile, "heads"> },
  foldVersion: number,
): (stream: string, seq: number) => boolean {
  const reach = new Map<string, number>();
  return (stream, seq) => {
    if (familyOf(stream) === null) return true;
    const head = store.chainOf(stream).heads().get(stream)?.seq ?? 0;
    const known = reach.get(stream) ?? store.snapshots.latest(stream, foldVersion, head)?.seq ?? 0;
    reach.set(stream, known);
    return known >= seq;
  };
}

/** Bytes by file of the journal; what SQLite keeps beside a file counts with it. */
function sizesOf(directory: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const name of readdirSync(directory)) {
    const owner = name.replace(SQLITE_SIDE_FILE, "");
    if (owner !== STATE_FILE && owner !== SNAPSHOT_FILE && parseSegmentFileName(owner) === null) continue;
    const bytes = statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
    sizes.set(owner, (sizes.get(owner) ?? 0) + bytes);
  }
  return sizes;
}

const total = (sizes: ReadonlyMap<string, number>): number =>
  [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
