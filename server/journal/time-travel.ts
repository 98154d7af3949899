/** The state of any past instant: the nearest snapshot before it, and the events after that, folded. */
import type { Positions } from "#server/contract/cursor.ts";
import { familyOf, type StreamName } from "#server/contract/event.ts";
import { emptyFold, FOLD_VERSION, type Folds, reduceAll, type StreamFold } from "#server/contract/fold/fold.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createFoldCache, type FoldCache, type FoldedState } from "./fold-cache.ts";
import { type KnownFrom, knownFrom } from "./known-from.ts";
import type { Journal, StreamHead } from "./ports.ts";

/** A burst is folded in slices, so that the loop serves others in between. */
const PAGE_EVENTS = 2_000;
/** From a folded state so near no snapshot is looked for. */
const NEAR_EVENTS = 500n;
/** Where snapshots are missing they are written on the way, this many events apart. */
const SNAPSHOT_EVERY_EVENTS = 5_000n;

export interface PastState {
  readonly folds: Folds;
  readonly positions: Positions;
  readonly notKnown: readonly KnownFrom[];
}

export interface TimeTravel {
  /**
   * These streams as the journal knew them at an instant: every event observed then or before. Streams of a family that
   * this version does not fold are left out.
   *
   * @throws OpsError `journal-unavailable`
   */
  stateAt(heads: readonly StreamHead[], at: EpochMs): Promise<PastState>;
}

export type TravelJournal = Pick<Journal, "positionAt" | "snapshotBefore" | "after" | "range" | "writeSnapshot">;

export function createTimeTravel(deps: { readonly journal: TravelJournal; readonly log: Logger }): TimeTravel {
  const cache = createFoldCache();
  /** Two who ask for the same state share the work. */
  const running = new Map<string, Promise<StreamFold | null>>();
  const beginnings = new Map<StreamName, StreamHead & { readonly why: KnownFrom }>();

  function foldOf(head: StreamHead, seq: bigint): Promise<StreamFold | null> {
    const key = `${head.epoch} ${head.stream} ${seq}`;
    const folding = running.get(key) ?? foldTo({ ...deps, cache }, head, seq).finally(() => running.delete(key));
    running.set(key, folding);
    return folding;
  }

  /** Looked for once for as long as nothing more is dropped: who drags the time bar asks again and again. */
  async function beginningOf(head: StreamHead): Promise<KnownFrom> {
    const known = beginnings.get(head.stream);
    if (known?.epoch === head.epoch && known.keptAfter === head.keptAfter) return known.why;
    const why = await knownFrom(deps.journal, head);
    if (why.knownFrom !== null) beginnings.set(head.stream, { ...head, why });
    return why;
  }

  async function streamAt(head: StreamHead, at: EpochMs): Promise<StreamAt> {
    const seq = BigInt(await deps.journal.positionAt(head.stream, at));
    const isDropped = seq < BigInt(head.keptAfter);
    const fold = seq === 0n || isDropped ? null : await foldOf(head, seq);
    if (fold === null) return { known: false, head, why: await beginningOf(head) };
    return { known: true, head, seq, fold };
  }

  return {
    async stateAt(heads, at) {
      const streams = await Promise.all(
        heads.filter(({ stream }) => familyOf(stream) !== null).map((head) => streamAt(head, at)),
      );
      const known = streams.filter((found) => found.known);
      return {
        folds: Object.fromEntries(known.map(({ head, fold }) => [head.stream, fold])),
        positions: Object.fromEntries(
          known.map(({ head, seq }) => [head.stream, { epoch: head.epoch, seq: String(seq) }]),
        ),
        notKnown: streams.flatMap((found) => (found.known ? [] : [found.why])),
      };
    },
  };
}

type StreamAt =
  | { readonly known: true; readonly head: StreamHead; readonly seq: bigint; readonly fold: StreamFold }
  | { readonly known: false; readonly head: StreamHead; readonly why: KnownFrom };

interface Folding {
  readonly journal: TravelJournal;
  readonly log: Logger;
  readonly cache: FoldCache;
}

/** `null` when what it would take was dropped. */
async function foldTo(folding: Folding, head: StreamHead, seq: bigint): Promise<StreamFold | null> {
  const { journal, cache } = folding;
  const { stream, epoch } = head;
  let state = await baseOf(folding, head, seq);
  if (state === null) return null;
  let written = state.seq;
  while (state.seq < seq) {
    const wanted = Number(seq - state.seq);
    const events = await journal.after(stream, String(state.seq), Math.min(wanted, PAGE_EVENTS));
    const last = events.at(-1);
    if (last === undefined) throw new OpsError("journal-unavailable", `The events of ${stream} end before ${seq}`);
    state = { seq: BigInt(last.seq), fold: folded(stream, state.fold, reduceAll({ [stream]: state.fold }, events)) };
    if (state.seq - written >= SNAPSHOT_EVERY_EVENTS) {
      await write(folding, stream, state);
      written = state.seq;
    }
  }
  cache.put(stream, epoch, state);
  return state.fold;
}

const folded = (stream: StreamName, before: StreamFold, folds: Folds): StreamFold => folds[stream] ?? before;

/** The nearest state that the events follow on; `null` where they do not reach back. */
async function baseOf(
  { journal, cache }: Folding,
  { stream, epoch, keptAfter }: StreamHead,
  seq: bigint,
): Promise<FoldedState | null> {
  const nearest = cache.nearest(stream, epoch, seq);
  const cached = nearest !== null && nearest.seq >= BigInt(keptAfter) ? nearest : null;
  if (cached !== null && seq - cached.seq <= NEAR_EVENTS) return cached;
  const family = familyOf(stream);
  const found = await journal.snapshotBefore(stream, String(seq), FOLD_VERSION);
  const isUsable = found?.state.family === family && BigInt(found.seq) >= BigInt(keptAfter);
  const snapshot = found !== null && isUsable ? { seq: BigInt(found.seq), fold: found.state } : null;
  if (cached !== null && cached.seq >= (snapshot?.seq ?? 0n)) return cached;
  if (snapshot !== null) return snapshot;
  return keptAfter === "0" && family !== null ? { seq: 0n, fold: emptyFold(family) } : null;
}

/** A state is told without it as well, only later the next time. */
async function write({ journal, log }: Folding, stream: StreamName, { seq, fold }: FoldedState): Promise<void> {
  try {
    await journal.writeSnapshot({ stream, seq: String(seq), foldVersion: FOLD_VERSION, state: fold });
  } catch (cause) {
    log.warn("journal.travel.snapshot_not_written", { stream, cause: messageOf(cause) });
  }
}
