/** Taking over a stream: its open segment is made to refuse every older epoch and turn. */
import { OpsError } from "#server/kernel/errors.ts";
import type { Directory } from "./directory.ts";
import { Fenced } from "./lease.ts";
import type { SegmentFacts } from "./rows.ts";
import { genesisOf, type Store } from "./store.ts";

/** Each round that is lost was won by another, or finished what another left. */
const ROUNDS_MAX = 20;
/** Of ending a segment: a round is lost to a host that does not answer. */
const CLOSE_ROUNDS_MAX = 3;

/**
 * Brings the stream under this epoch and answers its open segment, with a turn of its own: no write sent before can be
 * applied after this, so what the answer holds of them is all that will ever be. Finishes a change of segments that was
 * cut off. A stream without events gets its first segment.
 *
 * @throws Fenced when a newer epoch holds the stream
 */
export async function fenceStream(
  store: Store,
  directory: Directory,
  stream: string,
  epoch: number,
): Promise<SegmentFacts> {
  const listed = await directory.list(stream);
  let segment = listed.at(-1)?.segment ?? 1;
  let before = segment === 1 ? null : await directory.facts(stream, segment - 1, true);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const found = await directory.facts(stream, segment, true);
    if (found !== null && found.epoch > epoch) throw new Fenced();
    if (found?.closed) {
      await listEnded(store, stream, found);
      before = found;
      segment = found.segment + 1;
      continue;
    }
    const mine = found === null ? firstFacts(store, stream, before, epoch) : { ...found, epoch, turn: found.turn + 1 };
    const outcome =
      found === null
        ? await openSegment(store, stream, mine)
        : await store.cql.conditional([store.statements.fenceSegment(stream, found, mine)]);
    if (outcome.kind === "applied") return mine;
  }
  throw new OpsError("journal-unavailable", `The stream ${stream} could not be taken over`);
}

/** The directory says first that there may be such a segment: a reader can miss no event of it. */
async function openSegment(store: Store, stream: string, facts: SegmentFacts) {
  await store.cql.write([store.statements.listSegment(stream, facts.segment, facts.startSeq)]);
  return store.cql.conditional([store.statements.openSegment(stream, facts)]);
}

/** Into the directory: how the segment ended, and that another follows. May be repeated. */
async function listEnded(store: Store, stream: string, facts: SegmentFacts): Promise<void> {
  await store.cql.write([
    store.statements.listClosed(stream, facts),
    store.statements.listSegment(stream, facts.segment + 1, facts.lastSeq),
  ]);
}

function firstFacts(store: Store, stream: string, before: SegmentFacts | null, epoch: number): SegmentFacts {
  const startSeq = before?.lastSeq ?? 0;
  const startHash = before?.lastHash ?? genesisOf(store, stream);
  return {
    segment: (before?.segment ?? 0) + 1,
    epoch,
    turn: 0,
    closed: false,
    startSeq,
    startHash,
    lastSeq: startSeq,
    lastHash: startHash,
    firstObservedAt: null,
    lastObservedAt: before?.lastObservedAt ?? 0,
    size: 0,
  };
}

/**
 * Ends the open segment for ever and opens the next one.
 *
 * @throws Fenced when the segment is not this writer's any more
 */
export async function rollSegment(
  store: Store,
  directory: Directory,
  stream: string,
  open: SegmentFacts,
): Promise<SegmentFacts> {
  let facts = open;
  for (let round = 0; round < CLOSE_ROUNDS_MAX && facts.segment === open.segment; round += 1) {
    await store.cql.conditional([store.statements.closeSegment(stream, facts)]);
    // Whether that was applied or not, taking the stream over again finds out, and opens what follows.
    facts = await fenceStream(store, directory, stream, open.epoch);
  }
  if (facts.segment > open.segment) return facts;
  throw new OpsError("journal-unavailable", `The segment of ${stream} could not be ended`);
}
