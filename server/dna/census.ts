import { type CensusCount, dnaStream } from "#server/contract/event.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";
import { type ActorType, type IncarnationId, toActorTypeId, toIncarnationId } from "./domain/identity.ts";
import { type ActorPage, type DnaStore, isMalformed } from "./ports.ts";

export type CensusState = "running" | "done" | "cancelled" | "failed";

export interface CensusTypeCount {
  readonly type: ActorType;
  readonly rows: number;
  /** Keys of the asked incarnation, or of anybody when none was asked for. */
  readonly keys: number;
}

/** A walk over the register as it stands. */
export interface Census {
  readonly id: string;
  readonly incarnationId: IncarnationId | null;
  readonly state: CensusState;
  readonly note: string | null;
  readonly startedAt: EpochMs;
  readonly finishedAt: EpochMs | null;
  readonly rows: number;
  readonly unreadableRows: number;
  readonly typesTotal: number | null;
  readonly types: readonly CensusTypeCount[];
}

export interface CensusLimits {
  readonly pageRows: number;
  /** Rows read in a second at most: the walk must not be felt by the database. */
  readonly rowsPerSecond: number;
  /** Rows after which the walk is cut and says so. */
  readonly rowsMax: number;
}

/** 50,000 rows/s is the throttle of `dna.md` 11, statement 8. */
export const CENSUS_LIMITS: CensusLimits = { pageRows: 5_000, rowsPerSecond: 50_000, rowsMax: 200_000_000 };

/** Walks that are kept for asking after them, per source. */
const KEPT_MAX = 20;

/** Counts the keys of one incarnation, or of all, by walking every type page by page. One walk at a time per source. */
export interface CensusTaker {
  /** Starts a walk; answers the running one when it is of the same incarnation. */
  start(incarnationId: IncarnationId | null): Census;
  get(id: string): Census | null;
  /** The latest walk of this incarnation, running or done. */
  latest(incarnationId: IncarnationId): Census | null;
  cancel(id: string): Census;
  stop(): Promise<void>;
}

interface Walk {
  census: Census;
  readonly abort: AbortController;
  readonly owned: Map<IncarnationId, Map<string, CensusCount>>;
}

export function createCensusTaker(deps: {
  readonly sourceId: string;
  readonly store: Pick<DnaStore, "actorTypes" | "actorPage">;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly limits?: CensusLimits;
}): CensusTaker {
  const { store, clock, log, recorder } = deps;
  const limits = deps.limits ?? CENSUS_LIMITS;
  const walks: Walk[] = [];
  const running = new Set<Promise<void>>();

  async function walk(current: Walk): Promise<void> {
    try {
      const types = await store.actorTypes();
      current.census = { ...current.census, typesTotal: types.length };
      for (const type of types) await walkType(current, type);
      await finish(current, "done", null);
    } catch (cause) {
      if (current.abort.signal.aborted) end(current, "cancelled", "cancelled");
      else {
        log.warn("dna.census.failed", { source: deps.sourceId, cause });
        end(current, "failed", messageOf(cause));
      }
    }
  }

  async function walkType(current: Walk, type: ActorType): Promise<void> {
    const { signal } = current.abort;
    current.census = { ...current.census, types: [...current.census.types, { type, rows: 0, keys: 0 }] };
    let after: string | null = null;
    do {
      signal.throwIfAborted();
      const page: ActorPage = await store.actorPage({ type, prefix: "", after, limit: limits.pageRows });
      take(current, type, page);
      after = page.nextAfter;
      if (current.census.rows >= limits.rowsMax)
        throw new OpsError("limit-exceeded", `The walk ends after ${limits.rowsMax} rows`);
      if (page.rows.length > 0) await clock.sleep((page.rows.length / limits.rowsPerSecond) * 1000, signal);
    } while (after !== null);
  }

  function take(current: Walk, type: ActorType, page: ActorPage): void {
    const asked = current.census.incarnationId;
    let keys = 0;
    let unreadable = 0;
    for (const row of page.rows) {
      if (isMalformed(row)) {
        unreadable += 1;
        continue;
      }
      if (row.owner === null) continue;
      const owner = toIncarnationId(row.owner);
      if (asked !== null && owner !== asked) continue;
      keys += 1;
      count(current, owner, type);
    }
    const types = current.census.types.map((entry) =>
      entry.type === type ? { type, rows: entry.rows + page.rows.length, keys: entry.keys + keys } : entry,
    );
    const { rows, unreadableRows } = current.census;
    current.census = {
      ...current.census,
      types,
      rows: rows + page.rows.length,
      unreadableRows: unreadableRows + unreadable,
    };
  }

  function count(current: Walk, owner: IncarnationId, type: ActorType): void {
    const byType = current.owned.get(owner) ?? new Map<string, CensusCount>();
    const id = toActorTypeId(type);
    const before = byType.get(id)?.keys ?? 0;
    byType.set(id, { incarnationId: owner, namespace: type.namespace, moduleId: type.moduleId, keys: before + 1 });
    current.owned.set(owner, byType);
  }

  async function finish(current: Walk, state: CensusState, note: string | null): Promise<void> {
    const finishedAt = clock.now();
    const { startedAt, rows, unreadableRows, incarnationId } = current.census;
    const counts = [...current.owned.values()].flatMap((byType) => [...byType.values()]);
    await recorder.record(dnaStream(deps.sourceId), [
      {
        kind: "dna.census.finished",
        subject: current.census.id,
        occurredAt: finishedAt,
        body: { startedAt, finishedAt, rows, unreadableRows, incarnationId, counts },
      },
    ]);
    end(current, state, note);
  }

  function end(current: Walk, state: CensusState, note: string | null): void {
    current.census = { ...current.census, state, note, finishedAt: clock.now() };
  }

  const find = (id: string): Walk | undefined => walks.find((entry) => entry.census.id === id);

  return {
    start(incarnationId) {
      const busy = walks.find((entry) => entry.census.state === "running");
      if (busy !== undefined) {
        if (busy.census.incarnationId === incarnationId) return busy.census;
        throw new OpsError("conflict", "Another count of this source is running; wait for it or cancel it");
      }
      const census: Census = {
        id: deps.newId(),
        incarnationId,
        state: "running",
        note: null,
        startedAt: clock.now(),
        finishedAt: null,
        rows: 0,
        unreadableRows: 0,
        typesTotal: null,
        types: [],
      };
      const current: Walk = { census, abort: new AbortController(), owned: new Map() };
      walks.push(current);
      if (walks.length > KEPT_MAX) walks.shift();
      const task = walk(current).finally(() => running.delete(task));
      running.add(task);
      return census;
    },
    get: (id) => find(id)?.census ?? null,
    latest: (incarnationId) => walks.findLast((entry) => entry.census.incarnationId === incarnationId)?.census ?? null,
    cancel(id) {
      const found = find(id);
      if (found === undefined) throw new OpsError("not-found", `No census ${id}`);
      if (found.census.state === "running") {
        found.abort.abort(new OpsError("cancelled", "The census was cancelled"));
        end(found, "cancelled", "cancelled by an operator");
      }
      return found.census;
    },
    async stop() {
      for (const entry of walks) entry.abort.abort(new OpsError("cancelled", "The console is stopping"));
      await Promise.all(running);
    },
  };
}
