/** From two answers about the console's counters to what happens a second. Pure. */
import type { ArchitectureOutput } from "#server/contract/wire/admin-architecture.ts";

export interface Rates {
  readonly eventsPerSecond: number;
  readonly appendsPerSecond: number;
  /** Messages of the feed made, and bytes written to browsers. */
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Procedures called, by kind, and those of them that were answered with an error. */
  readonly queriesPerSecond: number;
  readonly mutationsPerSecond: number;
  readonly errorsPerSecond: number;
  /** Events folded, by stream. */
  readonly streams: Readonly<Record<string, number>>;
}

type Counters = Pick<ArchitectureOutput, "atMs" | "journal" | "hub" | "calls" | "streams">;

const SECOND_MS = 1_000;

/** `null` = nothing to compare with: the first answer, or the console was started again in between. */
export function ratesOf(before: Counters | null, after: Counters): Rates | null {
  if (before === null) return null;
  const seconds = (after.atMs - before.atMs) / SECOND_MS;
  if (seconds <= 0 || after.journal.events < before.journal.events) return null;
  const rate = (from: number, to: number): number => Math.max(0, to - from) / seconds;
  const streams = Object.entries(after.streams).map(([stream, seq]): [string, number] => [
    stream,
    Object.hasOwn(before.streams, stream) ? rate(0, Number(BigInt(seq) - BigInt(before.streams[stream] ?? seq))) : 0,
  ]);
  return {
    eventsPerSecond: rate(before.journal.events, after.journal.events),
    appendsPerSecond: rate(before.journal.appends, after.journal.appends),
    messagesPerSecond: rate(before.hub.made, after.hub.made),
    bytesPerSecond: rate(before.hub.bytes, after.hub.bytes),
    queriesPerSecond: rate(before.calls.query.calls, after.calls.query.calls),
    mutationsPerSecond: rate(before.calls.mutation.calls, after.calls.mutation.calls),
    errorsPerSecond: rate(errorsOf(before), errorsOf(after)),
    streams: Object.fromEntries(streams),
  };
}

const errorsOf = ({ calls: { query, mutation } }: Counters): number => query.errors + mutation.errors;
