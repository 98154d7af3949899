import { actorTarget } from "#server/contract/actor-key.ts";
import type { JobEnd, JobKind, JobWork, TargetOutcome } from "#server/jobs/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import {
  type ActorKey,
  type ActorType,
  type Incarnation,
  parseIncarnationId,
  sameIncarnation,
  toActorTypeId,
} from "./domain/identity.ts";
import { type ActorRow, type CasOutcome, type DnaStore, isMalformed, type MalformedRow } from "./ports.ts";

/** What the job asks before every round: a fresh read of the `nodes` partition and the judgement over it. */
export interface IncarnationWatch {
  /** Reads now. Throws `OpsError` when it could not be read: then nothing is judged and nothing is sent. */
  check(incarnationId: string): Promise<IncarnationCheck>;
}

export interface IncarnationCheck {
  readonly releasable: boolean;
  /** It beats again: the job is over. */
  readonly beats: boolean;
  /** Why it is not releasable now, in one sentence; `null` when it is. */
  readonly waitingFor: string | null;
}

export interface FailoverPace {
  readonly roundsPerSecond: number;
  readonly keysPerRound: number;
  /** Conditional rounds in flight at once; all of them are of one type, and a type is one partition. */
  readonly inFlightPerPartition: number;
}

/** 2 rounds a second of at most 50 keys, one in flight (`dna.md` 3 and 11: every round is Paxos on the type's partition). */
export const FAILOVER_PACE: FailoverPace = { roundsPerSecond: 2, keysPerRound: 50, inFlightPerPartition: 1 };

/** An incarnation is read again when the last good look is older than this. */
export const RECHECK_MS = 2_000;
/** Pause before an unsuccessful look, or an unsettled round, is tried again. */
const RETRY_MS = 1_000;
/** A key whose outcome stays unknown is re-read this often before it is left as unknown. */
const SETTLE_TRIES = 5;
const WALK_PAGE_ROWS = 1_000;

interface Bookmark {
  /** Types whose keys are all done. */
  readonly doneTypes: readonly string[];
  /** Last name seen of the type in work. */
  readonly after: string | null;
  /** Names sent in a round whose outcome is not on disk yet. */
  readonly inFlight: readonly string[];
}

const START: Bookmark = { doneTypes: [], after: null, inFlight: [] };

export const failoverParams = (sourceId: string, incarnationId: string, types: readonly ActorType[]): JsonObject => ({
  sourceId,
  incarnationId,
  types: types.map((type) => ({ namespace: type.namespace, moduleId: type.moduleId })),
});

/** The key of a target as text: unambiguous, sorted by type. */
export const targetKey = (key: ActorKey): string => actorTarget(key);

/** A key that was the incarnation's until this job released it. */
export interface KeyReleased {
  readonly jobId: string;
  readonly sourceId: string;
  readonly incarnationId: string;
  readonly key: ActorKey;
}

/**
 * Conditional release of every key of one dead incarnation (`dna.md` 9(b)). The owner is a condition of every
 * statement; unknown outcomes are re-read at LOCAL_SERIAL; a key that somebody else owns by now is left alone.
 */
export function createFailoverKind(deps: {
  readonly sourceOf: (sourceId: string) => { readonly store: DnaStore; readonly watch: IncarnationWatch } | null;
  readonly clock: Clock;
  readonly pace: FailoverPace;
  /** Told of each key that a round has released, as soon as it is known. */
  readonly onReleased?: (release: KeyReleased) => void;
}): JobKind {
  return {
    kind: "dna.failover",
    async run(work): Promise<JobEnd> {
      const params = readParams(work.params);
      const source = deps.sourceOf(params.sourceId);
      if (source === null) return { state: "failed", note: `The source ${params.sourceId} is no longer configured` };
      return new FailoverRun(work, params, source.store, source.watch, deps.clock, deps.pace, (key) =>
        deps.onReleased?.({ jobId: work.id, sourceId: params.sourceId, incarnationId: params.incarnationId, key }),
      ).run();
    },
  };
}

interface Params {
  readonly sourceId: string;
  readonly incarnationId: string;
  readonly owner: Incarnation;
  readonly types: readonly ActorType[];
}

function readParams(raw: JsonObject): Params {
  const { sourceId, incarnationId, types } = raw;
  const owner = typeof incarnationId === "string" ? parseIncarnationId(incarnationId) : null;
  if (typeof sourceId !== "string" || typeof incarnationId !== "string" || owner === null || !Array.isArray(types)) {
    throw new OpsError("invalid-input", "The job's parameters on disk are not those of a failover");
  }
  return { sourceId, incarnationId, owner, types: types.map(readType) };
}

function readType(raw: JsonValue): ActorType {
  if (typeof raw === "object" && raw !== null && "namespace" in raw && "moduleId" in raw) {
    const { namespace, moduleId } = raw;
    if (typeof namespace === "string" && typeof moduleId === "number") return { namespace, moduleId };
  }
  throw new OpsError("invalid-input", "The job's types on disk are not actor types");
}

class BeatsAgain extends Error {}

/** One run from a bookmark to the end, a pause or a stop. */
class FailoverRun {
  readonly #work: JobWork;
  readonly #params: Params;
  readonly #store: DnaStore;
  readonly #watch: IncarnationWatch;
  readonly #clock: Clock;
  readonly #pace: FailoverPace;
  readonly #released: (key: ActorKey) => void;
  #bookmark: Bookmark;
  #checkedAt: number = Number.NEGATIVE_INFINITY;
  #roundAt: number = Number.NEGATIVE_INFINITY;
  #walked = 0;

  constructor(
    work: JobWork,
    params: Params,
    store: DnaStore,
    watch: IncarnationWatch,
    clock: Clock,
    pace: FailoverPace,
    released: (key: ActorKey) => void,
  ) {
    this.#work = work;
    this.#params = params;
    this.#store = store;
    this.#watch = watch;
    this.#clock = clock;
    this.#pace = pace;
    this.#released = released;
    this.#bookmark = (work.bookmark as Bookmark | null) ?? START;
  }

  async run(): Promise<JobEnd> {
    try {
      for (const type of this.#params.types) {
        if (this.#bookmark.doneTypes.includes(toActorTypeId(type))) continue;
        await this.#settleInFlight(type);
        await this.#releaseType(type);
      }
    } catch (cause) {
      if (cause instanceof BeatsAgain)
        return { state: "stopped", note: "The incarnation beats again: nothing more is released" };
      throw cause;
    }
    this.#work.pace({ walked: this.#walked, walkedAll: true });
    const { unknown, failed } = this.#work.counts();
    return { state: "done", note: unknown + failed === 0 ? null : `${unknown} unknown, ${failed} failed` };
  }

  async #releaseType(type: ActorType): Promise<void> {
    let after = this.#bookmark.after;
    let last = false;
    while (!last) {
      this.#work.signal.throwIfAborted();
      const from = after;
      const page = await this.#patiently(() =>
        this.#store.actorPage({ type, prefix: "", after: from, limit: WALK_PAGE_ROWS }),
      );
      this.#walked += page.rows.length;
      this.#work.pace({ walked: this.#walked, walkedAll: false });
      const names = page.rows
        .filter(isRow)
        .filter((row) => this.#owns(row))
        .map((row) => row.name);
      const step = this.#pace.keysPerRound * this.#pace.inFlightPerPartition;
      for (let start = 0; start < names.length; start += step)
        await this.#rounds(type, names.slice(start, start + step));
      after = page.nextAfter;
      last = after === null;
      if (!last) await this.#save({ ...this.#bookmark, after, inFlight: [] }, []);
    }
    await this.#save({ doneTypes: [...this.#bookmark.doneTypes, toActorTypeId(type)], after: null, inFlight: [] }, []);
  }

  /** Conditional rounds: look, write down what is sent, send, settle, write down what came of it. */
  async #rounds(type: ActorType, names: readonly string[]): Promise<void> {
    await this.#untilReleasable();
    await this.#save({ ...this.#bookmark, inFlight: names }, []);
    const rounds: Promise<TargetOutcome[]>[] = [];
    for (let start = 0; start < names.length; start += this.#pace.keysPerRound) {
      rounds.push(this.#round(type, names.slice(start, start + this.#pace.keysPerRound)));
    }
    await this.#save({ ...this.#bookmark, inFlight: [] }, (await Promise.all(rounds)).flat());
  }

  async #round(type: ActorType, names: readonly string[]): Promise<TargetOutcome[]> {
    await this.#untilNextRound();
    const outcome = await this.#send(() => this.#store.releaseBatch(type, names, this.#params.owner));
    if (outcome.kind === "applied") return names.map((name) => this.#told(type, name, "applied", null));
    const outcomes: TargetOutcome[] = [];
    for (const name of names) outcomes.push(await this.#settle(type, name, outcome.kind === "rejected"));
    return outcomes;
  }

  /** After a kill: what was sent and not written down is read again before anything else is sent. */
  async #settleInFlight(type: ActorType): Promise<void> {
    const names = this.#bookmark.inFlight;
    if (names.length === 0) return;
    const outcomes: TargetOutcome[] = [];
    for (const name of names) {
      const row = await this.#patiently(() => this.#store.actor({ ...type, name }, "serial"));
      const told = this.#judge(type, name, row);
      if (told !== null) outcomes.push(told);
    }
    /* Keys that still have the old owner are found again by the walk, which goes on behind the last saved name. */
    await this.#save({ ...this.#bookmark, inFlight: [] }, outcomes);
  }

  /** Settles one key of a round that was refused as a whole, or whose outcome is unknown. */
  async #settle(type: ActorType, name: string, rejected: boolean): Promise<TargetOutcome> {
    const key = { ...type, name };
    let note = rejected ? "the batch was refused" : "the outcome of the batch was unknown";
    for (let attempt = 0; attempt < SETTLE_TRIES; attempt += 1) {
      const row = await this.#patiently(() => this.#store.actor(key, "serial"));
      const told =
        rejected && row === null && attempt === 0
          ? this.#told(type, name, "moved", "its row was gone before")
          : this.#judge(type, name, row);
      if (told !== null) return told;
      await this.#untilReleasable();
      await this.#untilNextRound();
      const outcome = await this.#send(() => this.#store.release(key, this.#params.owner));
      if (outcome.kind === "applied") return this.#told(type, name, "applied", null);
      note = outcome.kind === "unknown" ? outcome.reason : "refused, owner not told";
    }
    return this.#told(type, name, "unknown", note);
  }

  /** What a serial read says of a key we may have released; `null` = still the dead owner's. */
  #judge(type: ActorType, name: string, row: ActorRow | MalformedRow | null): TargetOutcome | null {
    if (row === null) return this.#told(type, name, "applied", "settled by a serial read");
    if (isMalformed(row)) return this.#told(type, name, "failed", row.reason);
    if (row.owner === null) return this.#told(type, name, "moved", "the row has no owner");
    if (sameIncarnation(row.owner, this.#params.owner)) return null;
    return this.#told(type, name, "moved", `owned by ${row.owner.createdAt}:${row.owner.id}`);
  }

  #told(type: ActorType, name: string, outcome: TargetOutcome["outcome"], note: string | null): TargetOutcome {
    const at: EpochMs = this.#clock.now();
    if (outcome === "applied") this.#released({ ...type, name });
    return { key: targetKey({ ...type, name }), outcome, note, at };
  }

  #owns(row: ActorRow): boolean {
    return row.owner !== null && sameIncarnation(row.owner, this.#params.owner);
  }

  /** Waits, saying why, until the incarnation may be released; throws when it beats again. */
  async #untilReleasable(): Promise<void> {
    let waited = false;
    while (this.#clock.monotonic() - this.#checkedAt >= RECHECK_MS) {
      this.#work.signal.throwIfAborted();
      const startedAt = this.#clock.monotonic();
      const waitingFor = await this.#look();
      if (waitingFor === null) this.#checkedAt = startedAt;
      else {
        waited = true;
        await this.#work.setWaiting(waitingFor);
        await this.#clock.sleep(RETRY_MS, this.#work.signal);
      }
    }
    if (waited) await this.#work.setWaiting(null);
  }

  async #look(): Promise<string | null> {
    try {
      const check = await this.#watch.check(this.#params.incarnationId);
      if (check.beats) throw new BeatsAgain();
      return check.releasable ? null : (check.waitingFor ?? "it is not releasable");
    } catch (cause) {
      if (cause instanceof OpsError) return `the nodes table cannot be read: ${messageOf(cause)}`;
      throw cause;
    }
  }

  /** Sends a round. A store that throws `upstream-unavailable` has sent nothing: then it is looked at and sent anew. */
  async #send(round: () => Promise<CasOutcome>): Promise<CasOutcome> {
    for (;;) {
      try {
        return await round();
      } catch (cause) {
        if (!(cause instanceof OpsError) || cause.code !== "upstream-unavailable") throw cause;
        await this.#work.setWaiting(`the register cannot be written: ${messageOf(cause)}`);
        await this.#clock.sleep(RETRY_MS, this.#work.signal);
        await this.#untilReleasable();
        await this.#untilNextRound();
        await this.#work.setWaiting(null);
      }
    }
  }

  /** Takes the next slot of the pace and waits for it. */
  async #untilNextRound(): Promise<void> {
    const now = this.#clock.monotonic();
    this.#roundAt = Math.max(now, this.#roundAt + 1000 / this.#pace.roundsPerSecond);
    if (this.#roundAt > now) await this.#clock.sleep(this.#roundAt - now, this.#work.signal);
    this.#work.signal.throwIfAborted();
  }

  /** Reads are repeated until they succeed: the job waits for its database, saying so. */
  async #patiently<T>(read: () => Promise<T>): Promise<T> {
    let waited = false;
    for (;;) {
      this.#work.signal.throwIfAborted();
      try {
        const value = await read();
        if (waited) await this.#work.setWaiting(null);
        return value;
      } catch (cause) {
        if (!(cause instanceof OpsError) || cause.code !== "upstream-unavailable") throw cause;
        waited = true;
        await this.#work.setWaiting(`the register cannot be read: ${messageOf(cause)}`);
        await this.#clock.sleep(RETRY_MS, this.#work.signal);
      }
    }
  }

  async #save(bookmark: Bookmark, outcomes: readonly TargetOutcome[]): Promise<void> {
    this.#bookmark = bookmark;
    await this.#work.checkpoint({ outcomes, bookmark: bookmark as unknown as JsonValue });
  }
}

const isRow = (row: ActorRow | MalformedRow): row is ActorRow => !isMalformed(row);
