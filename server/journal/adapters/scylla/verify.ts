/** Is the journal what was written? Walks every event of every stream; reads only, beside a running writer. */
import { nextHash, sameHash } from "#server/journal/adapters/chain.ts";
import { chainOf } from "#server/journal/domain/chains.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Directory } from "./directory.ts";
import { parseEvent } from "./lookup.ts";
import { type Marks, readMarks } from "./marks.ts";
import type { ScyllaChainFault, ScyllaChainHead, ScyllaChainVerdict } from "./options.ts";
import { digestOf, readNames } from "./registry.ts";
import { eventIn, type SegmentFacts, type StoredEvent } from "./rows.ts";
import { genesisOf, type Store } from "./store.ts";

const PAGE_EVENTS = 1_000;
/** Retention works every hour, a walk of a stream takes seconds. */
const WALKS_MAX = 3;

/** Finds a changed, missing, added or reordered event, a dropped tail, and a chain rewritten without the key. Never rejects. */
export async function verifyAll(store: Store, directory: Directory): Promise<ScyllaChainVerdict> {
  const heads: ScyllaChainHead[] = [];
  const faults: ScyllaChainFault[] = [];
  let events = 0;
  try {
    const { names, digest } = await readNames(store, "stream", true);
    if (names.length > 0 && !sameHash(digest ?? "", digestOf(store.key, "stream", names)))
      faults.push({ chain: null, file: "registry", position: null, what: "the list of the streams was changed" });
    for (const stream of names) {
      const walk = await walkStream(store, directory, stream);
      events += walk.events;
      heads.push({ chain: chainOf(stream), stream, position: walk.position, hash: walk.hash });
      if (walk.fault !== null) faults.push(walk.fault);
    }
  } catch (cause) {
    faults.push({ chain: null, file: "journal", position: null, what: messageOf(cause) });
  }
  return { ok: faults.length === 0, events, heads, faults };
}

/** Where the walk stands. */
interface Walk {
  readonly stream: string;
  readonly marks: Marks;
  segment: number;
  position: number;
  hash: string;
  observedAt: number;
  events: number;
}

interface WalkEnd {
  readonly position: number;
  readonly hash: string;
  readonly events: number;
  readonly fault: ScyllaChainFault | null;
}

/** Thrown inside this file only: ends the walk of one stream. */
class Unsound extends Error {}

async function walkStream(store: Store, directory: Directory, stream: string): Promise<WalkEnd> {
  for (let walks = 1; ; walks += 1) {
    const marks = await readMarks(store, stream);
    const end = await walkOnce(store, directory, stream, marks);
    if (end.fault === null || walks >= WALKS_MAX) return end;
    // Retention may have dropped in between what was found missing.
    const again = await readMarks(store, stream);
    if (JSON.stringify(again.kept) === JSON.stringify(marks.kept)) return end;
    directory.forget(stream);
  }
}

async function walkOnce(store: Store, directory: Directory, stream: string, marks: Marks): Promise<WalkEnd> {
  const walk: Walk = {
    stream,
    marks,
    segment: 1,
    position: 0,
    hash: genesisOf(store, stream),
    observedAt: 0,
    events: 0,
  };
  const ended = (what: string | null): WalkEnd => {
    const { position, hash, events, segment } = walk;
    const file = `${stream} segment ${segment}`;
    return {
      position,
      hash,
      events,
      fault: what === null ? null : { chain: chainOf(stream), file, position: position + 1, what },
    };
  };
  try {
    await begin(walk, directory);
    for (;;) {
      const facts = await directory.facts(stream, walk.segment, true);
      if (facts === null) break;
      await walkSegment(walk, store, facts);
      if (!facts.closed) break;
      walk.segment += 1;
    }
    const { head } = marks;
    if (head !== null && head !== "forged" && walk.position < head.seq)
      throw new Unsound(`${head.seq} events were written, this is the end`);
    return ended(null);
  } catch (cause) {
    return ended(messageOf(cause));
  }
}

/** Behind what retention has dropped, as its signed mark says. */
async function begin(walk: Walk, directory: Directory): Promise<void> {
  const { head, kept } = walk.marks;
  if (head === "forged") throw new Unsound("the record of the stream's head was changed");
  if (kept === "forged") throw new Unsound("the record of what retention has dropped was changed");
  if (kept === null) return;
  walk.position = kept.seq;
  walk.hash = kept.hash;
  const listed = await directory.list(walk.stream);
  const first = listed.find(({ end }) => end === null || end.lastSeq > kept.seq);
  if (first === undefined) throw new Unsound("the segments behind what retention has dropped are missing");
  walk.segment = first.segment;
}

async function walkSegment(walk: Walk, store: Store, facts: SegmentFacts): Promise<void> {
  if (facts.startSeq !== walk.position || !sameHash(facts.startHash, walk.hash))
    throw new Unsound("the segment does not follow on the one before");
  const to = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const bounds = { after: walk.position, to, limit: PAGE_EVENTS };
    const rows = await store.cql.read(store.statements.events(walk.stream, facts.segment, bounds));
    for (const row of rows) checkEvent(walk, store.key, eventIn(row));
    if (rows.length < PAGE_EVENTS) break;
  }
  if (walk.position < facts.lastSeq) throw new Unsound(`the segment had ${facts.lastSeq - facts.startSeq} events`);
  if (facts.closed && (walk.position !== facts.lastSeq || !sameHash(facts.lastHash, walk.hash)))
    throw new Unsound("the segment was ended with other events");
}

function checkEvent(walk: Walk, key: Uint8Array, stored: StoredEvent): void {
  if (stored.seq !== walk.position + 1) throw new Unsound("an event is missing");
  const hash = nextHash(key, walk.hash, stored.bytes);
  if (!sameHash(hash, stored.hash)) throw new Unsound("the event is not the one that was written");
  const event = parseEvent(stored.bytes);
  if (event.stream !== walk.stream || event.seq !== String(stored.seq) || event.observedAt !== stored.observedAt)
    throw new Unsound("the columns of the event do not say what the event says");
  if (event.observedAt < walk.observedAt) throw new Unsound("the event was observed before the one before it");
  const { head } = walk.marks;
  if (head !== null && head !== "forged" && head.seq === stored.seq && !sameHash(head.hash, hash))
    throw new Unsound("the record of the stream's head knows another event here");
  walk.position = stored.seq;
  walk.hash = hash;
  walk.observedAt = event.observedAt;
  walk.events += 1;
}
