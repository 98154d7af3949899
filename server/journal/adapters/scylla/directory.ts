/** Where the segments of a stream are, and when each ended. */
import type { SegmentFacts } from "./rows.ts";
import { factsIn, numberIn } from "./rows.ts";
import type { Store } from "./store.ts";

export interface ListedSegment {
  readonly segment: number;
  /** The number before its first event. */
  readonly startSeq: number;
  /** What is known once it takes no more events. */
  readonly end: {
    readonly lastSeq: number;
    readonly lastObservedAt: number;
    readonly bytes: number;
  } | null;
}

export interface Directory {
  /** Of a stream, oldest first; what takes no more events is remembered, so this costs one short read. */
  list(stream: string): Promise<readonly ListedSegment[]>;
  /** As the partition itself says; `null` when nobody has opened it. */
  facts(stream: string, segment: number, serial?: boolean): Promise<SegmentFacts | null>;
  /** The newest segment that was opened; `null` for a stream without any. */
  newest(stream: string): Promise<SegmentFacts | null>;
  /** Something of the stream was dropped. */
  forget(stream: string): void;
}

export function createDirectory({ cql, statements }: Pick<Store, "cql" | "statements">): Directory {
  const ended = new Map<string, readonly ListedSegment[]>();
  /** The open segment as last seen: one read tells whether it still is. */
  const openAt = new Map<string, number>();

  async function list(stream: string): Promise<readonly ListedSegment[]> {
    const known = ended.get(stream) ?? [];
    const from = (known.at(-1)?.segment ?? -1) + 1;
    const rows = await cql.read(statements.directory(stream, from));
    const read = rows.map((row): ListedSegment => {
      const startSeq = numberIn(row, "start_seq");
      const isEnded = typeof row.last_seq === "bigint";
      const end = {
        lastSeq: numberIn(row, "last_seq"),
        lastObservedAt: numberIn(row, "last_observed_at"),
        bytes: numberIn(row, "bytes"),
      };
      return { segment: numberIn(row, "segment"), startSeq, end: isEnded ? end : null };
    });
    const whole = await completed(stream, read);
    const open = whole.findIndex(({ end }) => end === null);
    const closed = open < 0 ? whole : whole.slice(0, open);
    if (closed.length > 0) ended.set(stream, [...known, ...closed]);
    return [...known, ...whole];
  }

  /** A segment with another behind it has ended, though whoever ended it may not have come to say so here. */
  async function completed(stream: string, read: readonly ListedSegment[]): Promise<readonly ListedSegment[]> {
    const last = read.at(-1);
    const whole: ListedSegment[] = [];
    for (const listed of read) {
      const found = listed.end === null && listed !== last ? await facts(stream, listed.segment) : null;
      if (found === null || !found.closed) whole.push(listed);
      else whole.push({ ...listed, end: { ...found, bytes: found.size } });
    }
    return whole;
  }

  async function facts(stream: string, segment: number, serial = false): Promise<SegmentFacts | null> {
    const [row] = await cql.read(statements.segment(stream, segment), { serial });
    return factsIn(row);
  }

  return {
    list,
    facts,
    async newest(stream) {
      const last = openAt.get(stream);
      const seen = last === undefined ? null : await facts(stream, last);
      if (seen !== null && !seen.closed) return seen;
      const listed = await list(stream);
      for (const { segment } of listed.slice(-2).toReversed()) {
        const found = await facts(stream, segment);
        if (found === null) continue;
        openAt.set(stream, segment);
        return found;
      }
      return null;
    },
    forget: (stream) => void ended.delete(stream),
  };
}
