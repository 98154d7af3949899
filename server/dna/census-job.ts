import { dnaStream } from "#server/contract/event.ts";
import type { JobEnd, JobKind, JobWork } from "#server/jobs/ports.ts";
import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { type CensusTally, createTally, EMPTY_TALLY, type TallyState } from "./domain/census-tally.ts";
import type { ActorType, IncarnationId } from "./domain/identity.ts";
import type { CensusPage, DnaStore } from "./ports.ts";

export const CENSUS_KIND = "dna.census";

/** A page never holds more than a second of the pace, nor more than the store gives at once. */
const PAGE_ROWS_MAX = 5_000;
const PAGE_ROWS_MIN = 50;
/** How far a walk may fall behind its pace and still catch up; beyond it what was not read is not owed. */
const CATCH_UP_MS = 250;
/** What a kill costs at most: so much of the walk is read once more. */
export const CHECKPOINT_MS = 2_000;
/** Pause before an unsuccessful read is tried again. */
const RETRY_MS = 1_000;

/** Where a walk is, and what it has counted up to there: written as one, so that no row counts twice. */
export interface CensusBookmark {
  readonly startedAt: EpochMs;
  /** Set when it has ended; then the counters are in the journal, and dropped here. */
  readonly finishedAt: EpochMs | null;
  readonly typesTotal: number | null;
  /** Types that are walked, counted from the first in their order. */
  readonly typesDone: number;
  /** The last type of which anything was counted. */
  readonly type: ActorType | null;
  /** Last name counted of it; `null` = it is done. */
  readonly after: string | null;
  readonly tally: TallyState;
}

export interface CensusParams {
  readonly sourceId: string;
  /** `null` = everybody's keys. */
  readonly incarnationId: IncarnationId | null;
  readonly rowsPerSecond: number;
}

export const censusParams = (params: CensusParams): JsonObject => ({ ...params });

/** @throws OpsError `invalid-input` when what is on disk is not of a census */
export function readCensusParams({ sourceId, incarnationId, rowsPerSecond }: JsonObject): CensusParams {
  const asked = incarnationId === undefined ? null : incarnationId;
  if (
    typeof sourceId === "string" &&
    typeof rowsPerSecond === "number" &&
    (asked === null || typeof asked === "string")
  )
    return { sourceId, incarnationId: asked, rowsPerSecond };
  throw new OpsError("invalid-input", "The job's parameters on disk are not those of a census");
}

/** What it put down itself; `null` before the first time. */
export const readCensusBookmark = (raw: JsonValue): CensusBookmark | null => raw as unknown as CensusBookmark | null;

/**
 * Walks every type of a register name by name and counts who owns how much. Reads only, at a
 * pace; goes on behind the last row that was put down after a pause, a kill or an outage of the database.
 */
export function createCensusKind(deps: {
  readonly storeOf: (sourceId: string) => Pick<DnaStore, "actorTypes" | "censusPage"> | null;
  readonly recorder: Pick<Recorder, "record">;
  readonly view: Pick<FoldView, "dna">;
  readonly clock: Clock;
}): JobKind {
  return {
    kind: CENSUS_KIND,
    readsOnly: true,
    async run(work): Promise<JobEnd> {
      const params = readCensusParams(work.params);
      const store = deps.storeOf(params.sourceId);
      if (store === null) return { state: "failed", note: `The source ${params.sourceId} is no longer configured` };
      const isKnown = (id: IncarnationId) => Object.hasOwn(deps.view.dna(params.sourceId).nodes, id);
      const walk = createWalk(work, params, store, deps.clock, isKnown);
      const { tally, startedAt } = await walk.run();
      const finishedAt = deps.clock.now();
      const { types, ...facts } = tally.facts();
      await deps.recorder.record(dnaStream(params.sourceId), [
        {
          // The same walk is told once, also when it is killed before it could put down that it has ended.
          id: `census-${work.id}`,
          kind: "dna.census.finished",
          subject: work.id,
          occurredAt: finishedAt,
          causedBy: work.facts.requestId,
          body: {
            startedAt,
            finishedAt,
            rows: tally.rows(),
            unreadableRows: tally.state().types.reduce((sum, type) => sum + type.unreadable, 0),
            incarnationId: params.incarnationId,
            ...facts,
            ...(params.incarnationId === null ? { types } : {}),
          },
        },
      ]);
      await walk.close(finishedAt);
      return { state: "done", note: null };
    },
  };
}

const compareTypes = (a: ActorType, b: ActorType): number =>
  a.namespace === b.namespace ? a.moduleId - b.moduleId : a.namespace < b.namespace ? -1 : 1;

function createWalk(
  work: JobWork,
  { incarnationId, rowsPerSecond }: CensusParams,
  store: Pick<DnaStore, "actorTypes" | "censusPage">,
  clock: Clock,
  isKnown: (id: IncarnationId) => boolean,
) {
  const begun = readCensusBookmark(work.bookmark);
  let at: CensusBookmark = begun ?? {
    startedAt: clock.now(),
    finishedAt: null,
    typesTotal: null,
    typesDone: 0,
    type: null,
    after: null,
    tally: EMPTY_TALLY,
  };
  const tally: CensusTally = createTally(at.tally, incarnationId, isKnown);
  const pace = createPace(clock, rowsPerSecond);
  const limit = Math.max(PAGE_ROWS_MIN, Math.min(PAGE_ROWS_MAX, Math.floor(rowsPerSecond)));
  let savedAt = clock.monotonic();

  async function save(total = Math.max(work.counts().total, tally.rows())): Promise<void> {
    savedAt = clock.monotonic();
    at = { ...at, tally: tally.state() };
    const bookmark = at as unknown as JsonValue;
    await work.checkpoint({ outcomes: [], bookmark, done: { applied: tally.rows(), total } });
  }

  async function walkType(type: ActorType): Promise<void> {
    const inWork = at.type !== null && compareTypes(at.type, type) === 0;
    let after = inWork ? at.after : null;
    tally.open(type);
    do {
      await pace.ready(work.signal);
      const from = after;
      const page: CensusPage = await patiently(() => store.censusPage({ type, after: from, limit }));
      // Counted and remembered in one turn: whatever is put down, at any point, fits together.
      tally.take(page);
      after = page.nextAfter;
      at = { ...at, type, after, typesDone: at.typesDone + (after === null ? 1 : 0) };
      pace.took(page.rows);
      work.pace({ walked: tally.rows(), walkedAll: false });
      if (clock.monotonic() - savedAt >= CHECKPOINT_MS) await save();
    } while (after !== null);
  }

  /** Reads are repeated until they succeed: the walk waits for its database, saying so. */
  async function patiently<T>(read: () => Promise<T>): Promise<T> {
    let waited = false;
    for (;;) {
      work.signal.throwIfAborted();
      try {
        const value = await read();
        if (waited) await work.setWaiting(null);
        return value;
      } catch (cause) {
        if (!(cause instanceof OpsError) || cause.code !== "upstream-unavailable") throw cause;
        if (!waited) await save();
        waited = true;
        await work.setWaiting(`the register cannot be read: ${messageOf(cause)}`);
        await clock.sleep(RETRY_MS, work.signal);
        pace.restart();
      }
    }
  }

  /** A type that is done has no name to go on behind: the walk goes on with the next one. */
  const isAhead = (type: ActorType): boolean => {
    if (at.type === null) return true;
    const order = compareTypes(type, at.type);
    return order > 0 || (order === 0 && at.after !== null);
  };

  return {
    async run(): Promise<{ readonly tally: CensusTally; readonly startedAt: EpochMs }> {
      work.pace({ walked: tally.rows(), walkedAll: false });
      try {
        const types = [...(await patiently(() => store.actorTypes()))].sort(compareTypes);
        at = { ...at, typesTotal: types.length };
        for (const type of types.filter(isAhead)) await walkType(type);
        await save();
      } catch (cause) {
        // What was counted until the pause is not read again.
        if (work.signal.aborted) await save();
        throw cause;
      }
      work.pace({ walked: tally.rows(), walkedAll: true });
      return { tally, startedAt: at.startedAt };
    },
    /** Its result is journalled: the counters are not needed here any more. */
    async close(finishedAt: EpochMs): Promise<void> {
      const bookmark = { ...at, finishedAt, tally: { ...tally.state(), owners: [] } } as unknown as JsonValue;
      await work.checkpoint({ outcomes: [], bookmark, done: { applied: tally.rows(), total: tally.rows() } });
    },
  };
}

/** Lets a page begin only when what was read before it is paid for. */
function createPace(clock: Clock, rowsPerSecond: number) {
  let paidAt = clock.monotonic() as number;
  return {
    async ready(signal: AbortSignal): Promise<void> {
      signal.throwIfAborted();
      const now = clock.monotonic();
      paidAt = Math.max(paidAt, now - CATCH_UP_MS);
      if (paidAt > now) await clock.sleep(paidAt - now, signal);
    },
    took(rows: number): void {
      paidAt += (rows / rowsPerSecond) * 1_000;
    },
    restart(): void {
      paidAt = Math.max(paidAt, clock.monotonic());
    },
  };
}

/** When a walk that has not finished would, at its pace. */
export const walkEndsAt = (now: EpochMs, rowsLeft: number, rowsPerSecond: number): EpochMs =>
  epochMs(Math.round(now + (rowsLeft / rowsPerSecond) * 1_000));
