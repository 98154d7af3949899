import { actorTarget } from "#server/contract/actor-key.ts";
import type { EventActor } from "#server/contract/event.ts";
import type { JobEnd, JobKind, JobWork, TargetOutcome, TargetOutcomeKind } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Operations } from "#server/operations/ports.ts";
import { settleJobRequest, toJobActor } from "#server/operations/tell.ts";
import type { BeamInstance, BeamStopOutcome, DnaBeam } from "./beam-ports.ts";
import {
  type ActorKey,
  type Incarnation,
  parseIncarnationId,
  sameIncarnation,
  toIncarnationId,
} from "./domain/identity.ts";
import { type DnaStore, isMalformed } from "./ports.ts";
import { askRegistry, STOP_LANDED_MS } from "./stop-verify.ts";
import { NO_EVALUATE, outcomeWords, SAFE_STOP_DEADLINE_MS, STOP_ACTION } from "./stop-words.ts";

/** At most so many a second, and an end at the first five that are busy. */
export const STOPS_PER_SECOND = 100;
export const BUSY_MAX = 5;
/** The node is asked who it is when the last good look is older than this. */
const RECHECK_MS = 2_000;
/** Pause before a look that failed is tried again. */
const RETRY_MS = 1_000;
const PAGE_TARGETS = 200;

/** What a target is called from the moment before anything is sent. */
export const STOPPING_NOTE = "being stopped; should the console have ended meanwhile, the node's registry will tell";

/** One instance as it was listed for the preview. */
export interface StopTarget {
  readonly namespace: string;
  readonly moduleId: number;
  readonly name: string;
  readonly partition: number;
  readonly ref: string;
}

export interface StopParams {
  readonly sourceId: string;
  readonly incarnation: string;
  readonly node: string;
  readonly force: boolean;
  readonly actor: EventActor;
}

export const stopParams = ({ actor, ...params }: StopParams): JsonObject => ({
  ...params,
  actor: toJobActor(actor),
});

/** How a source is reached by the job; `beam` is `null` when its nodes cannot be asked any more. */
export interface StopSource {
  readonly act: boolean;
  readonly store: Pick<DnaStore, "actor">;
  readonly beam: DnaBeam | null;
}

/**
 * Stops instances of one node that were frozen before, one after the other. Each is at most sent once, whatever happens to
 * the console: what may have been sent is settled by the registry of the node, and never sent again.
 */
export function createStopKind(deps: {
  readonly sourceOf: (sourceId: string) => StopSource | null;
  readonly operations: Pick<Operations, "known" | "settle">;
  readonly clock: Clock;
  readonly log: Logger;
}): JobKind {
  return {
    kind: STOP_ACTION,
    async run(work): Promise<JobEnd> {
      const params = work.params as unknown as StopParams;
      const source = deps.sourceOf(params.sourceId);
      const owner = parseIncarnationId(params.incarnation);
      const refusal = refusalOf(source, params);
      if (source === null || source.beam === null || owner === null || refusal !== null)
        return { state: "failed", note: refusal ?? "The job's parameters on disk are not those of a stop" };
      const end = await createStopRun({ ...deps, work, params, owner, store: source.store, beam: source.beam }).run();
      if (!work.signal.aborted) await verify(work, end);
      return end;
    },
  };

  /** The request for the whole is verified when every instance has ended. */
  async function verify(work: JobWork, end: JobEnd): Promise<void> {
    const { requestId } = work.facts;
    const { applied, total } = work.counts();
    const found = end.note ?? `All ${applied} instances were ended`;
    await settleJobRequest(
      deps,
      { job: work.id, requestId, verified: applied === total, found },
      "dna.stop.not_verified",
    );
  }
}

function refusalOf(source: StopSource | null, { sourceId, force }: StopParams): string | null {
  if (source === null || !source.act) return `The source ${sourceId} does not act any more`;
  if (source.beam === null) return `The nodes of ${sourceId} cannot be asked any more`;
  return force || source.beam.evaluate ? null : NO_EVALUATE;
}

interface RunDeps {
  readonly work: JobWork;
  readonly params: StopParams;
  readonly owner: Incarnation;
  readonly store: Pick<DnaStore, "actor">;
  readonly beam: DnaBeam;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Nothing more is stopped: the reason is told with the end. */
class Stopped extends Error {}

type Told = readonly [outcome: TargetOutcomeKind, note: string | null];

function createStopRun({ work, params, owner, store, beam, clock, log }: RunDeps) {
  const { signal } = work;
  const { node, force } = params;
  const slotMs = 1_000 / STOPS_PER_SECOND;
  let nextSlot = Number.NEGATIVE_INFINITY;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let at = startOf(work.bookmark);
  let busy = busyOf(work.bookmark);

  async function run(): Promise<JobEnd> {
    try {
      for (;;) {
        const page = await work.frozen(at, PAGE_TARGETS);
        for (const target of page) await one(target as unknown as StopTarget);
        if (page.length < PAGE_TARGETS) break;
      }
    } catch (cause) {
      if (!(cause instanceof Stopped)) throw cause;
      return { state: "stopped", note: `${cause.message}. ${countsOf(work)}` };
    }
    work.pace({ walked: at, walkedAll: true });
    const { applied, total } = work.counts();
    return { state: "done", note: applied === total ? null : countsOf(work) };
  }

  async function one(target: StopTarget): Promise<void> {
    if (busy >= BUSY_MAX) throw new Stopped(`${BUSY_MAX} of them are busy: the others are left alone`);
    signal.throwIfAborted();
    const known = await work.outcome(keyOf(target));
    if (known === null) await stop(target);
    else if (known.note === STOPPING_NOTE) await settleBySight(target);
    at += 1;
    work.pace({ walked: at, walkedAll: false });
  }

  async function stop(target: StopTarget): Promise<void> {
    await sameNode();
    const reason = await movedReason(target);
    if (reason !== null) {
      await note(target, ["moved", reason]);
      return;
    }
    await slot();
    await note(target, ["unknown", STOPPING_NOTE], at);
    const outcome = await send(target);
    const told = toldOf(outcome);
    if (outcome.kind === "busy") busy += 1;
    if (outcome.kind === "unknown") {
      log.info("dna.stop.unknown", { job: work.id, key: keyOf(target), reason: outcome.reason });
      await settleBySight(target);
    } else await note(target, told);
  }

  /** What throws has sent nothing: then the node is looked at again, and it is sent anew. */
  async function send(target: StopTarget): Promise<BeamStopOutcome> {
    for (let tries = 0; ; tries += 1) {
      if (tries > 0) await sameNode();
      try {
        const instance = instanceOf(target);
        const outcome = await (force
          ? beam.stopForced(node, instance)
          : beam.stopSafe(node, instance, SAFE_STOP_DEADLINE_MS));
        if (tries > 0) await work.setWaiting(null);
        return outcome;
      } catch (cause) {
        if (!(cause instanceof OpsError) || !WAITED_FOR.has(cause.code)) throw cause;
        await work.setWaiting(`${node} cannot be reached: ${messageOf(cause)}`);
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  /** What may have been sent: the registry tells, for as long as the stop could still be on its way. */
  async function settleBySight(target: StopTarget): Promise<void> {
    const seen = { node, owner: params.incarnation, ref: target.ref };
    const since = clock.monotonic();
    for (;;) {
      const word = await askRegistry(beam, seen, toKey(target));
      if (word.kind === "ended") return note(target, ["applied", word.found]);
      const landed = clock.monotonic() - since >= STOP_LANDED_MS;
      if (word.kind === "same" && landed)
        return note(target, ["failed", "the same instance still runs: it is not sent again by itself"]);
      if (word.kind === "not-read") await work.setWaiting(`the registry of ${node} cannot be read: ${word.reason}`);
      await clock.sleep(RETRY_MS, signal);
      if (word.kind === "not-read") await work.setWaiting(null);
    }
  }

  /** The node is the incarnation whose instances were listed. */
  async function sameNode(): Promise<void> {
    while (clock.monotonic() - checkedAt >= RECHECK_MS) {
      const startedAt = clock.monotonic();
      const identity = await patiently(`${node} does not answer`, () => beam.identity(node));
      if (!sameIncarnation(identity, owner))
        throw new Stopped(`${node} is incarnation ${toIncarnationId(identity)} by now: what was listed has ended`);
      checkedAt = startedAt;
    }
  }

  /** Why this target is not what it was; `null` = it is, and its row is the node's. */
  async function movedReason(target: StopTarget): Promise<string | null> {
    const row = await patiently("the register cannot be read", () => store.actor(toKey(target), "quorum"));
    if (row === null) return "the register has no row for it";
    if (isMalformed(row)) return `its row cannot be read: ${row.reason}`;
    if (row.owner === null || !sameIncarnation(row.owner, owner))
      return row.owner === null ? "its row has no owner" : `the register says ${toIncarnationId(row.owner)} owns it`;
    return null;
  }

  /** Reads are repeated until they succeed, saying what is waited for. */
  async function patiently<T>(what: string, read: () => Promise<T>): Promise<T> {
    let waited = false;
    for (;;) {
      signal.throwIfAborted();
      try {
        const value = await read();
        if (waited) await work.setWaiting(null);
        return value;
      } catch (cause) {
        if (!(cause instanceof OpsError) || !WAITED_FOR.has(cause.code)) throw cause;
        waited = true;
        await work.setWaiting(`${what}: ${messageOf(cause)}`);
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  /** Durable before it resolves. @param next where a later life begins; behind this target once it is settled */
  function note(target: StopTarget, [outcome, words]: Told, next = at + 1): Promise<void> {
    const told: TargetOutcome = { key: keyOf(target), outcome, note: words, at: clock.now() };
    return work.checkpoint({ outcomes: [told], bookmark: { next, busy } });
  }

  /** Takes the next slot of the pace and waits for it. */
  async function slot(): Promise<void> {
    const now = clock.monotonic();
    nextSlot = Math.max(now, nextSlot + slotMs);
    if (nextSlot > now) await clock.sleep(nextSlot - now, signal);
    signal.throwIfAborted();
  }

  return { run };
}

const WAITED_FOR: ReadonlySet<string> = new Set(["upstream-unavailable", "refused"]);

function toldOf(outcome: BeamStopOutcome): Told {
  switch (outcome.kind) {
    case "stopped":
      return ["applied", null];
    case "busy":
      return ["failed", outcomeWords(outcome)];
    case "moved":
      return ["moved", outcome.detail];
    case "unknown":
      return ["unknown", outcome.reason];
    default:
      return outcome satisfies never;
  }
}

const toKey = ({ namespace, moduleId, name }: StopTarget): ActorKey => ({ namespace, moduleId, name });
const keyOf = (target: StopTarget): string => actorTarget(target);
const instanceOf = (target: StopTarget): BeamInstance => ({
  key: toKey(target),
  partition: target.partition,
  ref: target.ref,
});

function numberIn(bookmark: JsonValue, name: "next" | "busy"): number {
  if (typeof bookmark !== "object" || bookmark === null || Array.isArray(bookmark)) return 0;
  const found = (bookmark as JsonObject)[name];
  return typeof found === "number" ? found : 0;
}
const startOf = (bookmark: JsonValue): number => numberIn(bookmark, "next");
const busyOf = (bookmark: JsonValue): number => numberIn(bookmark, "busy");

function countsOf(work: JobWork): string {
  const { total, applied, moved, failed, unknown } = work.counts();
  const left = total - applied - moved - failed - unknown;
  return [
    `${applied} of ${total} were ended`,
    ...(moved === 0 ? [] : [`${moved} had moved`]),
    ...(failed === 0 ? [] : [`${failed} still run`]),
    ...(unknown === 0 ? [] : [`${unknown} not known`]),
    ...(left <= 0 ? [] : [`${left} were left alone`]),
  ].join(", ");
}
