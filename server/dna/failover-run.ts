import type { JobEnd, JobWork } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { assignTarget } from "./domain/claim-assignment.ts";
import { type ActorKey, type ActorType, sameIncarnation, toActorTypeId } from "./domain/identity.ts";
import {
  claimInstant,
  countChange,
  type FailoverBookmark,
  readBookmark,
  toJson,
  type UntoldChange,
} from "./failover-bookmark.ts";
import { createOutcomes, type KeyChange, type KeyOutcomes, type Settled } from "./failover-outcomes.ts";
import type { ClaimTarget, FailoverParams } from "./failover-params.ts";
import { BeatsAgain, createReadiness, type FailoverPace, type FailoverReadiness } from "./failover-readiness.ts";
import { type Assigned, attemptOf, attemptsOf, type Pending, type Round, sendRound, toSent } from "./failover-round.ts";
import type { IncarnationWatch } from "./failover-watch.ts";
import { type ActorRow, type CasOutcome, type DnaStore, isMalformed, type MalformedRow } from "./ports.ts";

/** A key is sent so often at most, and re-read each time, before it is left as unknown. */
const SENDS_MAX = 6;
/** From the third time on it is sent alone: whatever is the matter with it touches no other. */
const SENT_TOGETHER_MAX = 2;
const WALK_PAGE_ROWS = 1_000;
/** Names of one round at most, in characters: a round is written down whole before it is sent. One key always goes. */
const ROUND_NAME_CHARS_MAX = 200_000;
/** The walk must not be felt by the database, like a census. */
const WALK_ROWS_PER_SECOND = 50_000;
/** Plain reads of keys of a refused round; serial ones of one partition would only stand in each other's way. */
const READS_AT_ONCE = 10;
/** Keys are gathered over at most so many pages before they are sent: what is written down does not stand still. */
const GATHER_PAGES_MAX = 50;
/** Changes are told to the census at most this often. */
const TELL_MS = 5_000;

/** What has changed hands since it was told last. */
export interface CountsChange {
  /** The same when it is told again after a kill. */
  readonly id: string;
  readonly changes: readonly UntoldChange[];
}

export interface FailoverDeps {
  readonly store: DnaStore;
  readonly watch: IncarnationWatch;
  readonly clock: Clock;
  readonly pace: FailoverPace;
  readonly log: Logger;
  onKey(change: KeyChange): void;
  /** Durable when it resolves; rejects with `OpsError` when it is not. */
  onCounts(change: CountsChange): Promise<void>;
}

/** One run of a failover from a bookmark to the end, a pause or a stop. */
export class FailoverRun {
  readonly #work: JobWork;
  readonly #params: FailoverParams;
  readonly #deps: FailoverDeps;
  readonly #clock: Clock;
  readonly #ready: FailoverReadiness;
  readonly #outcomes: KeyOutcomes;
  #bookmark: FailoverBookmark;
  #toldAt: number;
  #walked = 0;

  constructor(work: JobWork, params: FailoverParams, deps: FailoverDeps) {
    this.#work = work;
    this.#params = params;
    this.#deps = deps;
    this.#clock = deps.clock;
    this.#ready = createReadiness(work, params, deps);
    this.#outcomes = createOutcomes(params, deps);
    this.#toldAt = deps.clock.monotonic();
    this.#bookmark = readBookmark(work.bookmark);
  }

  async run(): Promise<JobEnd> {
    // What was to be told when the console ended is told as it was, under the same id: it may have been told already.
    await this.#tell();
    try {
      if (this.#params.key !== null) await this.#doKey(this.#params.key);
      else await this.#doTypes();
    } catch (cause) {
      if (!(cause instanceof BeatsAgain)) throw cause;
      return { state: "stopped", note: "The incarnation beats again: nothing more is done" };
    } finally {
      await this.#tell();
    }
    this.#work.pace({ walked: this.#walked, walkedAll: true });
    const { unknown, failed } = this.#work.counts();
    return { state: "done", note: unknown + failed === 0 ? null : `${unknown} unknown, ${failed} failed` };
  }

  async #doTypes(): Promise<void> {
    for (const type of this.#params.types) {
      if (this.#bookmark.doneTypes.includes(toActorTypeId(type))) continue;
      await this.#settleInFlight(type);
      await this.#walk(type);
      const doneTypes = [...this.#bookmark.doneTypes, toActorTypeId(type)];
      await this.#save({ ...this.#bookmark, doneTypes, after: null });
    }
  }

  async #doKey(key: ActorKey): Promise<void> {
    const { name, ...type } = key;
    const sent = this.#bookmark.inFlight.flatMap(attemptsOf).map(({ to, claimedAt }) => ({ to, claimedAt }));
    const row = await this.#ready.patiently(() => this.#deps.store.actor(key, "serial"));
    const settled = this.#outcomes.judge(type, { name, sent }, row);
    if (settled === null) await this.#drain(type, [{ name, sent }]);
    else await this.#save({ ...this.#bookmark, inFlight: [] }, type, [settled]);
  }

  /** Walks a type and deals with its keys, gathered into whole rounds. */
  async #walk(type: ActorType): Promise<void> {
    const { pace, store } = this.#deps;
    const wanted = pace.keysPerRound * pace.inFlightPerPartition;
    let gathered: Pending[] = [];
    let pages = 0;
    let last = false;
    for (let after = this.#bookmark.after; !last; ) {
      this.#work.signal.throwIfAborted();
      const from = after;
      const page = await this.#ready.patiently(() =>
        store.actorPage({ type, prefix: "", after: from, limit: WALK_PAGE_ROWS }),
      );
      this.#walked += page.rows.length;
      this.#work.pace({ walked: this.#walked, walkedAll: false });
      for (const row of page.rows) if (this.#owns(row)) gathered.push({ name: row.name, sent: [] });
      after = page.nextAfter;
      last = after === null;
      pages += 1;
      if (gathered.length >= wanted || pages >= GATHER_PAGES_MAX || last) {
        await this.#drain(type, gathered);
        [gathered, pages] = [[], 0];
        if (!last) await this.#save({ ...this.#bookmark, after });
      }
      if (!last) await this.#clock.sleep((page.rows.length / WALK_ROWS_PER_SECOND) * 1_000, this.#work.signal);
    }
  }

  /** Rounds until nothing is left: look, write down what is sent, look again, send, settle, write down what came of it. */
  async #drain(type: ActorType, gathered: readonly Pending[]): Promise<void> {
    let left = gathered;
    while (left.length > 0) {
      const { rounds, rest } = this.#form(type, left, await this.#ready.untilReady());
      await this.#save({ ...this.#bookmark, inFlight: rounds.map(toSent) });
      const ends = await Promise.all(rounds.map((round) => this.#round(type, round)));
      const settled = ends.flatMap((end) => end.settled);
      await this.#save({ ...this.#bookmark, inFlight: [] }, type, settled);
      left = [...ends.flatMap((end) => end.again), ...rest];
      if (this.#clock.monotonic() - this.#toldAt >= TELL_MS) await this.#tell();
    }
  }

  /** The next rounds. A target has its keys by their names alone, whatever round they come in. */
  #form(type: ActorType, left: readonly Pending[], targets: readonly ClaimTarget[] | null) {
    const { keysPerRound, inFlightPerPartition } = this.#deps.pace;
    const claimedAt = targets === null ? null : claimInstant(this.#clock.now());
    const assigned = ({ name, sent }: Pending): Assigned => {
      const heir = targets === null ? null : assignTarget({ ...type, name }, targets);
      return { name, sent, to: heir?.incarnationId ?? null, claimedAt };
    };
    const rounds: Round[] = [];
    let taken = 0;
    while (rounds.length < inFlightPerPartition && taken < left.length) {
      const single = left.slice(taken, taken + keysPerRound).findIndex(({ sent }) => sent.length >= SENT_TOGETHER_MAX);
      const size = fitting(left, taken, single === -1 ? keysPerRound : Math.max(1, single));
      rounds.push(left.slice(taken, taken + size).map(assigned));
      taken += size;
    }
    return { rounds, rest: left.slice(taken) };
  }

  async #round(type: ActorType, round: Round) {
    const { sent, outcome, fallen } = await this.#send(type, round);
    if (outcome === null) return { settled: [], again: fallen };
    if (outcome.kind === "applied")
      return { settled: sent.map((key) => this.#outcomes.changed(type, key, null)), again: fallen };
    const refused = outcome.kind === "rejected";
    const tried = sent.map((key): Pending => (refused ? key : withAttempt(key)));
    const ends: (Settled | null)[] = [];
    for (let start = 0; start < tried.length; start += refused ? READS_AT_ONCE : 1) {
      const some = tried.slice(start, start + (refused ? READS_AT_ONCE : 1));
      ends.push(...(await Promise.all(some.map((key) => this.#settle(type, key, outcome)))));
    }
    // A refusal that no key of the round explains counts against each of them.
    const unexplained = refused && ends.every((end) => end === null);
    const left = sent.filter((_, index) => ends[index] === null);
    const again = left.map((key): Pending => (unexplained || !refused ? withAttempt(key) : key));
    return { settled: ends.filter((end) => end !== null), again: [...fallen, ...again.map(toPending)] };
  }

  /**
   * What a read says of a key of a round that was refused as a whole, or is unknown; `null` = it is sent again. What is
   * unknown is read serially; what was refused for the first time need not be: whatever the read says, the next
   * statement has its condition.
   */
  async #settle(type: ActorType, key: Pending, outcome: CasOutcome): Promise<Settled | null> {
    const { name, sent } = key;
    const unsent = sent.length === 0;
    const read = () => this.#deps.store.actor({ ...type, name }, unsent ? "quorum" : "serial");
    const row = await this.#ready.patiently(read);
    if (unsent && row === null) return this.#outcomes.left(type, name, "moved", "its row was gone before");
    const known = this.#outcomes.judge(type, key, row);
    if (known !== null || sent.length < SENDS_MAX) return known;
    const note =
      outcome.kind === "unknown" ? outcome.reason : "refused again and again, though it is still its owner's";
    return this.#outcomes.left(type, name, "unknown", note);
  }

  /** After a kill: what was sent and not written down is read again before anything else is sent. */
  async #settleInFlight(type: ActorType): Promise<void> {
    const { inFlight } = this.#bookmark;
    if (inFlight.length === 0) return;
    const settled: Settled[] = [];
    for (const { name, ...attempt } of inFlight.flatMap(attemptsOf)) {
      const row = await this.#ready.patiently(() => this.#deps.store.actor({ ...type, name }, "serial"));
      const known = this.#outcomes.judge(type, { name, sent: [attempt] }, row);
      if (known !== null) settled.push(known);
    }
    /* Keys that still have the old owner are found again by the walk, which goes on behind the last saved name. */
    await this.#save({ ...this.#bookmark, inFlight: [] }, type, settled);
  }

  #owns(row: ActorRow | MalformedRow): row is ActorRow {
    return !isMalformed(row) && row.owner !== null && sameIncarnation(row.owner, this.#params.owner);
  }

  /**
   * Sends what of a round may still be sent, judged once more in the very turn in which it is sent. A store that throws
   * `upstream-unavailable` has sent nothing: then it is looked at and sent anew.
   *
   * @returns no outcome when nothing was sent; those whose target may be given nothing by now, in `fallen`
   */
  async #send(type: ActorType, round: Round) {
    for (;;) {
      await this.#ready.untilNextRound();
      const targets = await this.#ready.untilReady();
      const eligible = new Set(targets?.map(({ incarnationId }) => incarnationId));
      const sent = round.filter(({ to }) => to === null || eligible.has(to));
      const fallen = round.filter((key) => !sent.includes(key));
      if (sent.length === 0) return { sent, fallen, outcome: null };
      try {
        const outcome = await sendRound(this.#deps.store, this.#params.owner, type, sent);
        await this.#ready.written();
        return { sent, fallen, outcome };
      } catch (cause) {
        if (!(cause instanceof OpsError) || cause.code !== "upstream-unavailable") throw cause;
        await this.#ready.unwritten(messageOf(cause));
      }
    }
  }

  async #save(bookmark: FailoverBookmark, type?: ActorType, settled: readonly Settled[] = []): Promise<void> {
    let next = bookmark;
    if (type !== undefined)
      for (const { change } of settled) if (change !== null) next = countChange(next, type, change.to);
    this.#bookmark = next;
    await this.#work.checkpoint({ outcomes: settled.map(({ outcome }) => outcome), bookmark: toJson(next) });
  }

  /** Tells what changed hands since the last time; told twice after a kill in between, under the same id. */
  async #tell(): Promise<void> {
    const { untold, tellings } = this.#bookmark;
    this.#toldAt = this.#clock.monotonic();
    if (untold.length === 0) return;
    try {
      await this.#deps.onCounts({ id: `${this.#work.id}-counts-${tellings + 1}`, changes: untold });
      await this.#save({ ...this.#bookmark, untold: [], tellings: tellings + 1 });
    } catch (cause) {
      // What was not told stays in the bookmark and is told later; the next count of the keys sets it right in any case.
      if (!(cause instanceof OpsError)) throw cause;
      this.#deps.log.warn("dna.failover.counts_not_told", { job: this.#work.id, cause });
    }
  }
}

/** How many of these keys from a place on make a round that can be written down; at least one. */
function fitting(keys: readonly Pending[], from: number, most: number): number {
  let chars = 0;
  const over = keys.slice(from, from + most).findIndex(({ name }) => {
    chars += name.length;
    return chars > ROUND_NAME_CHARS_MAX;
  });
  return over === -1 ? most : Math.max(1, over);
}

const withAttempt = (key: Assigned): Pending => ({ name: key.name, sent: [...key.sent, attemptOf(key)] });
const toPending = ({ name, sent }: Pending): Pending => ({ name, sent });
