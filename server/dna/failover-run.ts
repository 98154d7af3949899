import { actorTarget } from "#server/contract/actor-key.ts";
import type { JobEnd, JobWork, TargetOutcome } from "#server/jobs/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { assignTarget } from "./domain/claim-assignment.ts";
import {
  type ActorKey,
  type ActorType,
  type IncarnationId,
  parseIncarnationId,
  sameIncarnation,
  toActorTypeId,
  toIncarnationId,
} from "./domain/identity.ts";
import {
  claimInstant,
  countChange,
  type FailoverBookmark,
  readBookmark,
  type SentRound,
  toJson,
  type UntoldChange,
} from "./failover-bookmark.ts";
import type { ClaimTarget, FailoverParams } from "./failover-params.ts";
import { BeatsAgain, createReadiness, type FailoverPace, type FailoverReadiness } from "./failover-readiness.ts";
import type { IncarnationWatch } from "./failover-watch.ts";
import { type ActorRow, type CasOutcome, type DnaStore, isMalformed, type MalformedRow } from "./ports.ts";

/** A key whose outcome stays unknown is re-read this often before it is left as unknown. */
const SETTLE_TRIES = 5;
const WALK_PAGE_ROWS = 1_000;
/** The walk must not be felt by the database, like a census. */
const WALK_ROWS_PER_SECOND = 50_000;
/** Keys are gathered over at most so many pages before they are sent: what is written down does not stand still. */
const GATHER_PAGES_MAX = 50;
const GATHER_ROUNDS_MAX = 20;
/** Changes are told to the census at most this often. */
const TELL_MS = 5_000;

/** A key that changed hands by this job, as soon as it is known. */
export interface KeyChange {
  readonly key: ActorKey;
  /** Whom it was given to; `null` = released. */
  readonly to: IncarnationId | null;
  readonly claimedAt: EpochMs | null;
}

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

interface Attempt {
  readonly to: IncarnationId | null;
  readonly claimedAt: EpochMs | null;
}

/** A key that is still to be dealt with, and what was sent for it already. */
interface Pending {
  readonly name: string;
  readonly sent: readonly Attempt[];
}

interface Round extends Attempt {
  readonly keys: readonly Pending[];
}

/** What became of one key; `to` only where it changed hands. */
interface Settled {
  readonly outcome: TargetOutcome;
  readonly change: Attempt | null;
}

/** One run of a failover from a bookmark to the end, a pause or a stop (`dna.md` 9(b)). */
export class FailoverRun {
  readonly #work: JobWork;
  readonly #params: FailoverParams;
  readonly #deps: FailoverDeps;
  readonly #clock: Clock;
  readonly #ready: FailoverReadiness;
  #bookmark: FailoverBookmark;
  #toldAt: number;
  #walked = 0;

  constructor(work: JobWork, params: FailoverParams, deps: FailoverDeps) {
    this.#work = work;
    this.#params = params;
    this.#deps = deps;
    this.#clock = deps.clock;
    this.#ready = createReadiness(work, params, deps);
    this.#toldAt = deps.clock.monotonic();
    this.#bookmark = readBookmark(work.bookmark);
  }

  async run(): Promise<JobEnd> {
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
    const sent = this.#bookmark.inFlight.map(({ to, claimedAt }) => ({ to, claimedAt }));
    const row = await this.#ready.patiently(() => this.#deps.store.actor(key, "serial"));
    const settled = this.#judge(type, { name, sent }, row);
    if (settled === null) await this.#drain(type, [{ name, sent }]);
    else await this.#save({ ...this.#bookmark, inFlight: [] }, type, [settled]);
  }

  /** Walks a type and deals with its keys, gathered into whole rounds. */
  async #walk(type: ActorType): Promise<void> {
    const { pace, store } = this.#deps;
    const targets = Math.max(1, this.#params.targets?.length ?? 1);
    const wanted = pace.keysPerRound * Math.min(GATHER_ROUNDS_MAX, Math.max(targets, pace.inFlightPerPartition));
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

  /** The next rounds, each to one node, the fullest first. */
  #form(type: ActorType, left: readonly Pending[], targets: readonly ClaimTarget[] | null) {
    const { keysPerRound, inFlightPerPartition } = this.#deps.pace;
    const groups = new Map<IncarnationId | null, Pending[]>();
    for (const key of left) {
      const to = targets === null ? null : (assignTarget({ ...type, name: key.name }, targets)?.incarnationId ?? null);
      const group = groups.get(to);
      if (group === undefined) groups.set(to, [key]);
      else group.push(key);
    }
    const claimedAt = targets === null ? null : claimInstant(this.#clock.now());
    const rounds: Round[] = [];
    for (const [to, keys] of [...groups].sort(([, a], [, b]) => b.length - a.length))
      for (let start = 0; start < keys.length && rounds.length < inFlightPerPartition; start += keysPerRound)
        rounds.push({ to, claimedAt, keys: keys.slice(start, start + keysPerRound) });
    const taken = new Set(rounds.flatMap(({ keys }) => keys));
    return { rounds, rest: left.filter((key) => !taken.has(key)) };
  }

  async #round(type: ActorType, round: Round) {
    const { keys, to, claimedAt } = round;
    const names = keys.map(({ name }) => name);
    const outcome = await this.#send(type, names, round);
    if (outcome === null) return { settled: [], again: keys };
    if (outcome.kind === "applied")
      return { settled: names.map((name) => this.#changed(type, name, { to, claimedAt }, null)), again: [] };
    const settled: Settled[] = [];
    const again: Pending[] = [];
    for (const key of keys) {
      const sent = { name: key.name, sent: [...key.sent, { to, claimedAt }] };
      const end = await this.#settle(type, sent, round, outcome.kind === "rejected");
      if (end === null) again.push(sent);
      else settled.push(end);
    }
    return { settled, again };
  }

  /** Settles one key of a round that was refused as a whole, or whose outcome is unknown; `null` = its target fell. */
  async #settle(type: ActorType, key: Pending, round: Round, rejected: boolean): Promise<Settled | null> {
    let note = rejected ? "the batch was refused" : "the outcome of the batch was unknown";
    for (let attempt = 0; attempt < SETTLE_TRIES; attempt += 1) {
      const row = await this.#ready.patiently(() => this.#deps.store.actor({ ...type, name: key.name }, "serial"));
      const known =
        rejected && row === null && attempt === 0
          ? this.#left(type, key.name, "moved", "its row was gone before")
          : this.#judge(type, key, row);
      if (known !== null) return known;
      const outcome = await this.#send(type, [key.name], round);
      if (outcome === null) return null;
      if (outcome.kind === "applied") return this.#changed(type, key.name, round, null);
      note = outcome.kind === "unknown" ? outcome.reason : "refused, owner not told";
    }
    return this.#left(type, key.name, "unknown", note);
  }

  /** After a kill: what was sent and not written down is read again before anything else is sent. */
  async #settleInFlight(type: ActorType): Promise<void> {
    const { inFlight } = this.#bookmark;
    if (inFlight.length === 0) return;
    const settled: Settled[] = [];
    for (const { names, to, claimedAt } of inFlight) {
      for (const name of names) {
        const row = await this.#ready.patiently(() => this.#deps.store.actor({ ...type, name }, "serial"));
        const known = this.#judge(type, { name, sent: [{ to, claimedAt }] }, row);
        if (known !== null) settled.push(known);
      }
    }
    /* Keys that still have the old owner are found again by the walk, which goes on behind the last saved name. */
    await this.#save({ ...this.#bookmark, inFlight: [] }, type, settled);
  }

  /** What a serial read says of a key we may have changed; `null` = still the dead owner's. */
  #judge(type: ActorType, { name, sent }: Pending, row: ActorRow | MalformedRow | null): Settled | null {
    if (row === null) {
      if (sent.some(({ to }) => to === null)) return this.#changed(type, name, RELEASED, "settled by a serial read");
      return this.#left(type, name, "moved", "its row is gone");
    }
    if (isMalformed(row)) return this.#left(type, name, "failed", row.reason);
    if (row.owner === null) return this.#left(type, name, "moved", "the row has no owner");
    if (sameIncarnation(row.owner, this.#params.owner)) return null;
    const owner = toIncarnationId(row.owner);
    const ours = sent.find(({ to, claimedAt }) => to === owner && claimedAt === row.claimedAt);
    if (ours !== undefined) return this.#changed(type, name, ours, "settled by a serial read");
    return this.#left(type, name, "moved", `owned by ${this.#named(owner)} by then`);
  }

  #changed(type: ActorType, name: string, change: Attempt, how: string | null): Settled {
    const { to, claimedAt } = change;
    this.#deps.onKey({ key: { ...type, name }, to, claimedAt });
    const given = to === null ? null : `given to ${this.#named(to)}`;
    const note = [given, how].filter((part) => part !== null).join(", ");
    return { outcome: this.#outcome(type, name, "applied", note === "" ? null : note), change: { to, claimedAt } };
  }

  #left(type: ActorType, name: string, outcome: TargetOutcome["outcome"], note: string): Settled {
    return { outcome: this.#outcome(type, name, outcome, note), change: null };
  }

  #outcome(type: ActorType, name: string, outcome: TargetOutcome["outcome"], note: string | null): TargetOutcome {
    return { key: actorTarget({ ...type, name }), outcome, note, at: this.#clock.now() };
  }

  #named(id: IncarnationId): string {
    const node = this.#params.targets?.find(({ incarnationId }) => incarnationId === id)?.node;
    return node === undefined ? id : `${node} (${id})`;
  }

  #owns(row: ActorRow | MalformedRow): row is ActorRow {
    return !isMalformed(row) && row.owner !== null && sameIncarnation(row.owner, this.#params.owner);
  }

  /**
   * Sends a round, judged once more in the very turn in which it is sent. A store that throws `upstream-unavailable` has
   * sent nothing: then it is looked at and sent anew. `null` = its target may be given nothing by now, and nothing was sent.
   */
  async #send(type: ActorType, names: readonly string[], { to, claimedAt }: Attempt): Promise<CasOutcome | null> {
    for (;;) {
      await this.#ready.untilNextRound();
      const targets = await this.#ready.untilReady();
      if (to !== null && targets?.every(({ incarnationId }) => incarnationId !== to) !== false) return null;
      try {
        const outcome = await this.#statement(type, names, to, claimedAt);
        await this.#ready.written();
        return outcome;
      } catch (cause) {
        if (!(cause instanceof OpsError) || cause.code !== "upstream-unavailable") throw cause;
        await this.#ready.unwritten(messageOf(cause));
      }
    }
  }

  #statement(
    type: ActorType,
    names: readonly string[],
    to: IncarnationId | null,
    claimedAt: EpochMs | null,
  ): Promise<CasOutcome> {
    const { store } = this.#deps;
    const { owner } = this.#params;
    const [only = ""] = names;
    const alone = names.length === 1;
    if (to === null)
      return alone ? store.release({ ...type, name: only }, owner) : store.releaseBatch(type, names, owner);
    const heir = parseIncarnationId(to);
    if (heir === null || claimedAt === null)
      throw new OpsError("invalid-input", `${to} is no incarnation to give keys to`);
    return alone
      ? store.claim({ ...type, name: only }, owner, heir, claimedAt)
      : store.claimBatch(type, names, owner, heir, claimedAt);
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

const RELEASED: Attempt = { to: null, claimedAt: null };
const toSent = ({ keys, to, claimedAt }: Round): SentRound => ({
  names: keys.map(({ name }) => name),
  to,
  claimedAt,
});
