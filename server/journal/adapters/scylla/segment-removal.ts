/** The one place where events leave the journal: the rows of a whole segment, when retention has written down that they go. */

import type { Directory } from "./directory.ts";
import { eventsBetween } from "./event-reads.ts";
import { lookupTerms, parseEvent } from "./lookup.ts";
import { eachOf, type Store } from "./store.ts";

const PAGE_EVENTS = 500;
const WRITES_AT_ONCE = 16;

export interface GoingSegment {
  readonly stream: string;
  readonly segment: number;
  readonly startSeq: number;
  readonly lastSeq: number;
}

/**
 * Removes what the index says of the segment's events, the events, and the segment from the directory; may be repeated.
 * The segment's statics stay as its gravestone: a writer that slept through all of it cannot open the segment again.
 */
export async function removeSegment(store: Store, directory: Directory, going: GoingSegment): Promise<void> {
  const { stream, segment, lastSeq } = going;
  const terms = new Set<string>();
  let after = going.startSeq;
  while (after < lastSeq) {
    const page = await eventsBetween(store, directory, stream, { after, to: lastSeq, limit: PAGE_EVENTS });
    for (const { bytes } of page) for (const term of lookupTerms(parseEvent(bytes))) terms.add(term);
    after = page.at(-1)?.seq ?? lastSeq;
  }
  await eachOf([...terms], WRITES_AT_ONCE, (term) =>
    store.cql.write([store.statements.dropLookup(stream, term, lastSeq)]),
  );
  await store.cql.write([store.statements.dropEvents(stream, segment)]);
  await store.cql.write([store.statements.unlistSegment(stream, segment)]);
  directory.forget(stream);
}
