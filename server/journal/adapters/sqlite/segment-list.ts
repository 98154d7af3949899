/** The segments of one chain in their order: all sealed but the last, each beginning where the one before ended. */
import { readdirSync } from "node:fs";
import { genesisHash, sameHash } from "#server/journal/adapters/chain.ts";
import type { ChainName } from "#server/journal/domain/chains.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createSegment, openSegment, type Segment, type SegmentOptions } from "./segment.ts";
import { parseSegmentFileName, type StreamStart } from "./segment-format.ts";

export interface SegmentList {
  /** Oldest first; never empty. They stay open: retention bounds their number. */
  all(): readonly Segment[];
  active(): Segment;
  /** Seals the active segment and opens the next; may be repeated when that failed halfway. */
  roll(at: number, starts: readonly StreamStart[]): void;
  /** Lets go of the oldest so many, never of the active one. Their files stay. */
  forget(count: number): void;
  close(): void;
}

/** Names of the chain's files in a directory, oldest first; of the numbers from `from` on and below `below`. */
export function segmentNames(
  directory: string,
  chain: ChainName,
  { from = 0, below = Number.POSITIVE_INFINITY }: { readonly from?: number; readonly below?: number } = {},
): readonly string[] {
  return readdirSync(directory)
    .map((name) => ({ name, parsed: parseSegmentFileName(name) }))
    .filter(({ parsed }) => parsed?.chain === chain && parsed.number >= from && parsed.number < below)
    .sort((a, b) => (a.parsed?.number ?? 0) - (b.parsed?.number ?? 0))
    .map(({ name }) => name);
}

/**
 * Opens the segments from the number `from` on, making the first of all when there is none.
 *
 * @throws OpsError `refused` when one is missing in between, or was not written with the key
 */
export function openSegments(
  { chain, journalId, from }: { readonly chain: ChainName; readonly journalId: string; readonly from: number },
  options: SegmentOptions,
  now: number,
): SegmentList {
  const segments: Segment[] = [];
  try {
    for (const name of segmentNames(options.directory, chain, { from })) {
      const segment = openSegment(options, name);
      if (segment === null) continue;
      checkFollows(segments.at(-1), segment);
      segments.push(segment);
    }
    if (segments.length === 0) segments.push(firstSegment(chain, journalId, options, now));
  } catch (cause) {
    for (const segment of segments) segment.close();
    throw cause;
  }
  return segmentList(segments, options);
}

function firstSegment(chain: ChainName, journalId: string, options: SegmentOptions, now: number): Segment {
  const startHash = genesisHash(options.key, journalId, chain);
  return createSegment(options, { chain, number: 1, journalId, startPosition: 1, startHash, openedAt: now }, []);
}

function checkFollows(before: Segment | undefined, segment: Segment): void {
  if (before === undefined) return;
  const end = before.end();
  const { startPosition, startHash } = segment.header;
  if (end !== null && end.endPosition + 1 === startPosition && sameHash(end.endHash, startHash)) return;
  throw new OpsError("refused", `The journal's segment ${segment.fileName} does not follow on ${before.fileName}`);
}

function segmentList(segments: Segment[], options: SegmentOptions): SegmentList {
  function active(): Segment {
    const last = segments.at(-1);
    if (last === undefined) throw new OpsError("journal-unavailable", "The journal has no segment to write to");
    return last;
  }
  return {
    all: () => segments,
    active,
    roll(at, starts) {
      const ended = active();
      ended.seal();
      const { position, hash } = ended.tail();
      const { chain, journalId, number } = ended.header;
      const header = {
        chain,
        number: number + 1,
        journalId,
        startPosition: position + 1,
        startHash: hash,
        openedAt: at,
      };
      segments.push(createSegment(options, header, starts));
      const sealed = openSegment(options, ended.fileName);
      if (sealed === null) return;
      segments.splice(segments.indexOf(ended), 1, sealed);
      ended.close();
    },
    forget(count) {
      for (const segment of segments.splice(0, Math.min(count, segments.length - 1))) segment.close();
    },
    close() {
      for (const segment of segments.splice(0)) segment.close();
    },
  };
}
