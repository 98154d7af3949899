/** From when on the state of a stream can be told, and why not before. */
import { familyOf, type StreamName } from "#server/contract/event.ts";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Journal, StreamHead } from "./ports.ts";

/** `before-horizon`: retention has dropped it. `not-begun`: nothing of it had been seen yet. */
export interface KnownFrom {
  readonly stream: StreamName;
  readonly why: "before-horizon" | "not-begun";
  /** `null` = not known at any instant. */
  readonly knownFrom: EpochMs | null;
}

type KnownJournal = Pick<Journal, "snapshotBefore" | "after" | "range">;

export async function knownFrom(journal: KnownJournal, head: StreamHead): Promise<KnownFrom> {
  const { stream, keptAfter } = head;
  if (keptAfter === "0") return { stream, why: "not-begun", knownFrom: await firstObservedAt(journal, stream) };
  const first = await firstSnapshot(journal, head);
  return { stream, why: "before-horizon", knownFrom: first === null ? null : await timeOf(journal, head, first) };
}

async function firstObservedAt(journal: KnownJournal, stream: StreamName): Promise<EpochMs | null> {
  return (await journal.after(stream, "0", 1))[0]?.observedAt ?? null;
}

/** When event `seq` was observed; when it was dropped, the instant from which on everything is kept. */
async function timeOf(journal: KnownJournal, { stream, keptAfter }: StreamHead, seq: bigint): Promise<EpochMs | null> {
  if (seq > BigInt(keptAfter)) return (await journal.after(stream, String(seq - 1n), 1))[0]?.observedAt ?? null;
  const page = await journal.range({
    streams: [stream],
    kinds: [],
    subject: null,
    from: null,
    to: null,
    limit: 1,
    newestFirst: false,
    cursor: null,
  });
  return page.horizon;
}

/**
 * Number of the oldest snapshot that kept events follow on; `null` = there is none. By halving: whether there is one up
 * to a number is told by the newest up to there.
 */
async function firstSnapshot(journal: KnownJournal, head: StreamHead): Promise<bigint | null> {
  const keptAfter = BigInt(head.keptAfter);
  const newestUpTo = async (seq: bigint): Promise<bigint | null> => {
    const found = await journal.snapshotBefore(head.stream, String(seq), FOLD_VERSION);
    const isUsable = found?.state.family === familyOf(head.stream) && BigInt(found.seq) >= keptAfter;
    return found !== null && isUsable ? BigInt(found.seq) : null;
  };
  let first = await newestUpTo(BigInt(head.seq));
  let none = keptAfter - 1n;
  while (first !== null && first - none > 1n) {
    const middle = (none + first) / 2n;
    const found = await newestUpTo(middle);
    if (found === null) none = middle;
    else first = found;
  }
  return first;
}
