/** Retention: the plan is the domain's, the facts and the deed are ours. */
import { familyOf } from "#server/contract/event.ts";
import { type ChainName, chainOf } from "#server/journal/domain/chains.ts";
import {
  type DropReason,
  planRetention,
  type RetentionRules,
  type SealedFacts,
} from "#server/journal/domain/retention.ts";
import type { DroppedSegments, RetentionOutcome, StateStore } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { Directory } from "./directory.ts";
import { keptAfterOf, readMarks, writeKept } from "./marks.ts";
import { type GoingSegment, removeSegment } from "./segment-removal.ts";
import { snapshotReach } from "./snapshots.ts";
import { mapOf, type Store } from "./store.ts";

const SEGMENTS_PER_CALL = 16;
const STREAMS_AT_ONCE = 8;
/** Records of drops that are not finished, or that nobody has acknowledged. */
const NAMESPACE = "journal.retention";

export interface RetentionDeps {
  readonly store: Store;
  readonly directory: Directory;
  readonly state: Pick<StateStore, "list" | "put" | "putAll">;
}

export interface RetainArgs {
  readonly streams: readonly string[];
  readonly rules: RetentionRules;
  readonly foldVersion: number;
  /** Epoch ms. */
  readonly at: number;
}

/** A segment that takes no more events. */
interface Sealed extends SealedFacts {
  readonly going: GoingSegment;
}

interface StreamFacts {
  readonly stream: string;
  readonly sealed: readonly Sealed[];
  /** How many are kept. */
  readonly events: number;
  /** Of all its events. */
  readonly bytes: number;
  /** Up to this number a snapshot covers it. */
  readonly reach: number;
}

/** What is written down before anything goes, so that a drop which was cut off is finished by the next call. */
interface DropRecord {
  readonly dropped: DroppedSegments;
  readonly segments: readonly GoingSegment[];
  readonly isDone: boolean;
}

/** `JournalRetention.retain`, with every stream's finished days sealed before. */
export async function retain(deps: RetentionDeps, args: RetainArgs): Promise<RetentionOutcome> {
  await finish(deps);
  const facts = await mapOf(args.streams, STREAMS_AT_ONCE, (stream) => factsOf(deps, stream, args.foldVersion));
  const sealed = { observed: sealedOf(facts, "observed"), operator: sealedOf(facts, "operator") };
  const reach = new Map(facts.map((found) => [found.stream, found.reach]));
  const totalBytes = facts.reduce((sum, { bytes }) => sum + bytes, 0);
  const plan = planRetention(
    {
      now: epochMs(args.at),
      totalBytes,
      observedEvents: facts.reduce(
        (sum, found) => (chainOf(found.stream) === "observed" ? sum + found.events : sum),
        0,
      ),
      sealed,
      isCovered: (stream, seq) => familyOf(stream) === null || (reach.get(stream) ?? 0) >= seq,
      segmentsMax: SEGMENTS_PER_CALL,
    },
    args.rules,
  );
  const offsets = new Map<ChainName, number>();
  let goneBytes = 0;
  for (const { chain, count, why } of plan.drops) {
    const offset = offsets.get(chain) ?? 0;
    const going = sealed[chain].slice(offset, offset + count);
    offsets.set(chain, offset + count);
    goneBytes += going.reduce((sum, { bytes }) => sum + bytes, 0);
    await note(deps, recordOf(chain, why, going, args.at));
  }
  await finish(deps);
  const { waiting, more, overBytes } = plan;
  const records = await recordsOf(deps);
  return { dropped: records.map(({ dropped }) => dropped), waiting, more, bytes: totalBytes - goneBytes, overBytes };
}

/** `JournalRetention.acknowledge`. */
export async function acknowledge(deps: RetentionDeps, ids: readonly string[]): Promise<void> {
  const known = (await recordsOf(deps)).filter(({ dropped, isDone }) => isDone && ids.includes(dropped.id));
  if (known.length === 0) return;
  await deps.state.putAll(
    NAMESPACE,
    known.map((record) => ({ key: keyOf(record), value: null })),
  );
}

async function factsOf({ store, directory }: RetentionDeps, stream: string, foldVersion: number): Promise<StreamFacts> {
  const [listed, marks, newest] = await Promise.all([
    directory.list(stream),
    readMarks(store, stream),
    directory.newest(stream),
  ]);
  const kept = keptAfterOf(marks);
  const sealed = listed.flatMap(({ segment, startSeq, end }): readonly Sealed[] => {
    if (end === null || end.lastSeq <= kept) return [];
    const { lastSeq, lastObservedAt, bytes } = end;
    const touched = new Map([[stream, lastSeq]]);
    return [
      { bytes, events: lastSeq - startSeq, lastObservedAt, touched, going: { stream, segment, startSeq, lastSeq } },
    ];
  });
  const openBytes = newest === null || newest.closed ? 0 : newest.size;
  const reach =
    sealed.length === 0 || familyOf(stream) === null
      ? 0
      : await snapshotReach(store, stream, foldVersion, newest?.lastSeq ?? 0);
  const events = Math.max(0, (newest?.lastSeq ?? 0) - kept);
  return { stream, sealed, events, reach, bytes: sealed.reduce((sum, { bytes }) => sum + bytes, openBytes) };
}

/** Of all streams of a chain, oldest first. */
function sealedOf(facts: readonly StreamFacts[], chain: ChainName): readonly Sealed[] {
  return facts
    .filter(({ stream }) => chainOf(stream) === chain)
    .flatMap(({ sealed }) => sealed)
    .sort((a, b) => a.lastObservedAt - b.lastObservedAt || a.going.segment - b.going.segment);
}

function recordOf(chain: ChainName, why: DropReason, going: readonly Sealed[], at: number): DropRecord {
  const segments = going.map((sealed) => sealed.going);
  const first = segments[0];
  return {
    dropped: {
      id: `retention-${first?.stream}-${first?.segment}`,
      at: epochMs(at),
      chain,
      streams: [...new Set(segments.map(({ stream }) => stream))].sort(),
      droppedBefore: epochMs(Math.max(...going.map(({ lastObservedAt }) => lastObservedAt + 1))),
      events: segments.reduce((sum, { startSeq, lastSeq }) => sum + lastSeq - startSeq, 0),
      bytes: going.reduce((sum, { bytes }) => sum + bytes, 0),
      why,
    },
    segments,
    isDone: false,
  };
}

/** Does what was written down and not done. */
async function finish(deps: RetentionDeps): Promise<void> {
  for (const record of await recordsOf(deps)) {
    if (record.isDone) continue;
    for (const stream of record.dropped.streams) await noteKept(deps, stream, record);
    for (const segment of record.segments) await removeSegment(deps.store, deps.directory, segment);
    await note(deps, { ...record, isDone: true });
  }
}

/** From here on readers know that it is not kept; the hash lets a verification begin behind it. */
async function noteKept({ store, directory }: RetentionDeps, stream: string, { segments }: DropRecord): Promise<void> {
  const last = segments.findLast((going) => going.stream === stream);
  const facts = last === undefined ? null : await directory.facts(stream, last.segment, true);
  if (facts === null) return;
  const { lastSeq: seq, lastHash: hash, lastObservedAt } = facts;
  await writeKept(store, stream, { seq, hash, at: lastObservedAt + 1 });
}

const note = ({ state }: RetentionDeps, record: DropRecord): Promise<void> =>
  state.put(NAMESPACE, keyOf(record), JSON.stringify(record));

/** In the order in which they were dropped, both chains of one moment in the order of the plan. */
const keyOf = ({ dropped: { at, chain, why, id } }: DropRecord): string =>
  [String(at).padStart(16, "0"), chain === "operator" ? 0 : 1, why, id].join(" ");

const recordsOf = async ({ state }: RetentionDeps): Promise<readonly DropRecord[]> =>
  (await state.list(NAMESPACE)).map(({ value }) => JSON.parse(value) as DropRecord);
