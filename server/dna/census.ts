import { dnaStream } from "#server/contract/event.ts";
import type { JobDesk, JobRecord } from "#server/jobs/ports.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { CENSUS_KIND, type CensusBookmark, censusParams, readCensusBookmark } from "./census-job.ts";
import type { TypeTally } from "./domain/census-tally.ts";
import type { IncarnationId } from "./domain/identity.ts";
import type { DnaKeyspaceSource } from "./source-view.ts";

export type CensusState = "running" | "waiting" | "paused" | "done" | "cancelled" | "failed";

/** A walk over the register as it stands. Its id is that of its job. */
export interface Census {
  readonly id: string;
  readonly incarnationId: IncarnationId | null;
  readonly state: CensusState;
  readonly note: string | null;
  readonly requestedBy: string;
  readonly startedAt: EpochMs;
  readonly finishedAt: EpochMs | null;
  readonly rows: number;
  readonly unreadableRows: number;
  /** Rows that were expected when it began; `null` = nobody knew. */
  readonly expectedRows: number | null;
  readonly rowsPerSecond: number;
  readonly endsAt: EpochMs | null;
  readonly typesDone: number;
  readonly typesTotal: number | null;
  readonly types: readonly TypeTally[];
}

export interface CensusRequest {
  readonly incarnationId: IncarnationId | null;
  readonly requestedBy: string;
  /** The operator's request that it follows from; `null` = none was journalled. */
  readonly requestId: string | null;
}

/** Counts the keys of one incarnation, or of all, as a background job. One at a time for each source. */
export interface CensusTaker {
  /**
   * Starts a walk; answers the one that has not ended when it is of the same incarnation.
   *
   * @throws OpsError `conflict` while another one of the source has not ended
   */
  start(request: CensusRequest): Promise<Census>;
  get(id: string): Census | null;
  /** The one that has not ended; `null` = none. */
  current(): Census | null;
  /** The latest walk of this incarnation (`null` = of everybody) that is under way or done. */
  latest(incarnationId: IncarnationId | null): Census | null;
  /** Latest first, at most `limit`. */
  list(limit: number): readonly Census[];
  pause(id: string): Promise<Census>;
  resume(id: string): Promise<Census>;
  cancel(id: string): Promise<Census>;
}

const ENDED: ReadonlySet<string> = new Set(["done", "failed", "stopped", "cancelled"]);
const isEnded = (state: string): boolean => ENDED.has(state);

export function createCensusTaker(deps: {
  readonly source: Pick<DnaKeyspaceSource, "id" | "fold">;
  readonly jobs: JobDesk;
  readonly newId: () => string;
  readonly rowsPerSecond: number;
  /** Rows of the register as far as anybody knows: what the progress is measured by. */
  readonly expectedRows: () => Promise<number | null>;
}): CensusTaker {
  const { source, jobs } = deps;
  const stream = dnaStream(source.id);
  let starting: Promise<Census> | null = null;

  const mine = (): readonly JobRecord[] =>
    jobs.list().filter(({ facts }) => facts.kind === CENSUS_KIND && facts.stream === stream);
  const newest = (): readonly JobRecord[] => mine().toSorted((a, b) => b.facts.createdAt - a.facts.createdAt);
  const toCensus = (record: JobRecord): Census =>
    censusOf(record, jobs.progress(record.id)?.estimatedEndAt ?? null, deps.rowsPerSecond);
  const underWay = (): JobRecord | undefined => mine().find(({ facts }) => !isEnded(facts.state));

  function find(id: string): JobRecord {
    const record = mine().find((each) => each.id === id);
    if (record === undefined) throw new OpsError("not-found", `No census ${id}`);
    return record;
  }

  async function begin({ incarnationId, requestedBy, requestId }: CensusRequest): Promise<Census> {
    const id = deps.newId();
    const total = (await deps.expectedRows()) ?? 0;
    const node = incarnationId === null ? null : source.fold().nodes[incarnationId];
    const whose = incarnationId === null ? `all keys of ${source.id}` : `the keys of ${node?.node ?? incarnationId}`;
    await jobs.start({
      id,
      facts: {
        kind: CENSUS_KIND,
        title: `Count ${whose}`,
        stream,
        target: incarnationId ?? source.id,
        requestedBy,
        requestId: requestId ?? id,
      },
      total,
      params: censusParams({ sourceId: source.id, incarnationId, rowsPerSecond: deps.rowsPerSecond }),
      bookmark: null,
    });
    return toCensus(find(id));
  }

  return {
    async start(request) {
      const busy = underWay();
      if (busy !== undefined) {
        if (busy.facts.target === (request.incarnationId ?? source.id)) return toCensus(busy);
        throw new OpsError("conflict", `${busy.facts.title} is ${busy.facts.state}: wait for it or cancel it`);
      }
      if (starting !== null) throw new OpsError("conflict", "Another count of this source is being started");
      starting = begin(request).finally(() => {
        starting = null;
      });
      return starting;
    },
    get(id) {
      const record = mine().find((each) => each.id === id);
      return record === undefined ? null : toCensus(record);
    },
    current() {
      const record = underWay();
      return record === undefined ? null : toCensus(record);
    },
    latest(incarnationId) {
      const record = newest().find(({ facts }) => facts.target === (incarnationId ?? source.id));
      return record === undefined ? null : toCensus(record);
    },
    list: (limit) => newest().slice(0, limit).map(toCensus),
    async pause(id) {
      await jobs.pause(find(id).id);
      return toCensus(find(id));
    },
    async resume(id) {
      await jobs.resume(find(id).id);
      return toCensus(find(id));
    },
    async cancel(id) {
      const record = find(id);
      if (!isEnded(record.facts.state)) await jobs.cancel(record.id);
      return toCensus(find(id));
    },
  };
}

/** On a console that follows, only the facts of the job are known: how far it was at its last change of state. */
function censusOf({ id, facts, params, bookmark }: JobRecord, endsAt: EpochMs | null, pace: number): Census {
  const at: CensusBookmark | null = readCensusBookmark(bookmark);
  const types = at?.tally.types ?? [];
  const ended = isEnded(facts.state);
  return {
    id,
    incarnationId: facts.target === sourceOf(facts.stream) ? null : facts.target,
    state: stateOf(facts.state),
    note: facts.note === null || typeof facts.note === "string" ? facts.note : null,
    requestedBy: facts.requestedBy,
    startedAt: at?.startedAt ?? facts.createdAt,
    finishedAt: at?.finishedAt ?? null,
    rows: facts.counts.applied,
    unreadableRows: types.reduce((sum, type) => sum + type.unreadable, 0),
    expectedRows: facts.counts.total === 0 ? null : facts.counts.total,
    rowsPerSecond: typeof params.rowsPerSecond === "number" ? params.rowsPerSecond : pace,
    endsAt: ended ? null : endsAt,
    typesDone: at?.typesDone ?? 0,
    typesTotal: at?.typesTotal ?? null,
    types,
  };
}

const sourceOf = (stream: string): string => stream.slice(stream.indexOf(":") + 1);

const stateOf = (state: JobRecord["facts"]["state"]): CensusState => (state === "stopped" ? "failed" : state);

/** What a census will cost, and how that is known. */
export interface CensusCost {
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly durationMs: number | null;
  readonly rowsPerSecond: number;
  /** `unknown`: nobody has counted, and the database keeps no estimate yet. */
  readonly from: "last-census" | "size-estimates" | "exact" | "unknown";
  /** Age of what it rests on. */
  readonly asOf: EpochMs | null;
  /** In words, for people. */
  readonly how: string;
}

/** Bytes of one row of `actors` where nothing better is known: 100 M rows are about 10 GB. */
const ROW_BYTES = 100;

/**
 * What it will read: the last census of everybody tells rows exactly, as of then; else the database's own estimates of
 * bytes, from which rows are guessed.
 */
export async function estimateCensus(
  source: Pick<DnaKeyspaceSource, "fold" | "store">,
  rowsPerSecond: number,
  now: EpochMs,
): Promise<CensusCost> {
  const { census } = source.fold();
  const size = await source.store.registerSize();
  const told = (rows: number, bytes: number): Pick<CensusCost, "rows" | "bytes" | "durationMs" | "rowsPerSecond"> => ({
    rows,
    bytes,
    durationMs: Math.round((rows / rowsPerSecond) * 1_000),
    rowsPerSecond,
  });
  if (size.rows !== null)
    return {
      ...told(size.rows, size.bytes ?? size.rows * ROW_BYTES),
      from: "exact",
      asOf: now,
      how: "the database counts its rows itself",
    };
  if (census !== null)
    return {
      ...told(census.rows, size.bytes !== null && size.bytes > 0 ? size.bytes : census.rows * ROW_BYTES),
      from: "last-census",
      asOf: epochMs(census.finishedAt),
      how:
        size.bytes !== null && size.bytes > 0
          ? "rows as last counted; bytes by the estimates of the database, which hold what has reached its disks"
          : `rows as last counted, about ${ROW_BYTES} B each`,
    };
  if (size.bytes !== null && size.bytes > 0) {
    const hosts = size.hostsAnswered < size.hostsAsked ? `, of ${size.hostsAnswered} of ${size.hostsAsked} hosts` : "";
    return {
      ...told(Math.round(size.bytes / ROW_BYTES), size.bytes),
      from: "size-estimates",
      asOf: now,
      how: `guessed from the size estimates of the database${hosts}, about ${ROW_BYTES} B a row; they hold what has reached its disks, and are some minutes old`,
    };
  }
  return {
    ...{ rows: null, bytes: null, durationMs: null, rowsPerSecond },
    from: "unknown",
    asOf: null,
    how: "nobody has counted yet, and the database has no estimate of what has not reached its disks",
  };
}
