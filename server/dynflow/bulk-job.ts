import type { EventActor } from "#server/contract/event.ts";
import type { JobEnd, JobKind, JobWork, TargetOutcome } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Operations } from "#server/operations/ports.ts";
import { settleJobRequest, toJobActor } from "#server/operations/tell.ts";
import type { BulkCommands, PlanVerb, SeenPlan, TargetVerdict } from "./commands.ts";

/** Plans whose outcome is awaited at once; each is one message at an executor. */
const IN_FLIGHT_MAX = 10;
/** Pause before a look that failed is tried again. */
const RETRY_MS = 1_000;
/** What a pause waits for answers to what was sent. */
const LANDING_MS = 1_500;
/** Frozen targets read at once. */
const PAGE_TARGETS = 200;

/**
 * What a target is called from the moment before anything is sent. Found again after a kill, with nothing tracked for it, it
 * says that the console ended between the two: nothing was sent.
 */
export const SENDING_NOTE =
  "being sent; should the console have ended meanwhile, the plan's lock, its rows or a late reply will tell";

export interface BulkParams {
  readonly sourceId: string;
  readonly verb: PlanVerb;
  readonly plansPerSecond: number;
  readonly actor: EventActor;
}

export const bulkParams = ({ sourceId, verb, plansPerSecond, actor }: BulkParams): JsonObject => ({
  sourceId,
  verb,
  plansPerSecond,
  actor: toJobActor(actor),
});

/** One command on each plan of a frozen set: at most one effect a plan, whatever happens to the console. */
export function createBulkKind(
  verb: PlanVerb,
  deps: {
    /** `null` = no such source; `bulk` is `null` while nothing can be sent to it. */
    readonly sourceOf: (sourceId: string) => { bulk(): BulkCommands | null; refusal(): string | null } | null;
    readonly operations: Pick<Operations, "known" | "settle">;
    readonly clock: Clock;
    readonly log: Logger;
  },
): JobKind {
  return {
    kind: `dynflow.plans.${verb}`,
    async run(work): Promise<JobEnd> {
      const params = work.params as unknown as BulkParams;
      const source = deps.sourceOf(params.sourceId);
      if (source === null) return { state: "failed", note: `The source ${params.sourceId} does not act any more` };
      const end = await createBulkRun({ ...deps, work, params, source }).run();
      if (!work.signal.aborted) await verify(work, end.note);
      return end;
    },
  };

  /** The operator's request for the whole is verified when every plan was acted on, else it says what was not. */
  async function verify(work: JobWork, note: string | null): Promise<void> {
    const { requestId } = work.facts;
    const { applied, total } = work.counts();
    const found = note ?? `All ${applied} plans were acted on`;
    await settleJobRequest(
      deps,
      { job: work.id, requestId, verified: applied === total, found },
      "dynflow.bulk.not_verified",
    );
  }
}

interface RunDeps {
  readonly work: JobWork;
  readonly params: BulkParams;
  readonly source: { bulk(): BulkCommands | null; refusal(): string | null };
  readonly clock: Clock;
  readonly log: Logger;
}

/** One run from a bookmark to the end, a pause or a stop. */
function createBulkRun({ work, params, source, clock, log }: RunDeps) {
  const { signal } = work;
  const inFlight = new Map<number, Promise<void>>();
  const slotMs = 1_000 / params.plansPerSecond;
  let nextSlot = Number.NEGATIVE_INFINITY;
  let begun = 0;
  let failure: unknown = null;

  /** The first target that is not done with: after a kill everything from there on is looked at again. */
  const lowest = (): number => Math.min(begun, ...inFlight.keys());
  const bookmark = (): JsonValue => ({ next: lowest() });

  const save = (outcomes: readonly TargetOutcome[]): Promise<void> =>
    work.checkpoint({ outcomes, bookmark: bookmark() });
  const told = (key: string, { outcome, note }: TargetVerdict): TargetOutcome => ({
    key,
    outcome,
    note,
    at: clock.now(),
  });

  async function run(): Promise<JobEnd> {
    begun = startOf(work.bookmark);
    try {
      for (;;) {
        const page = await work.frozen(begun, PAGE_TARGETS);
        for (const target of page) {
          await room();
          await beginOne(target as unknown as SeenPlan);
        }
        if (page.length < PAGE_TARGETS) break;
      }
    } finally {
      await landed();
    }
    if (failure !== null) throw failure;
    await save([]);
    work.pace({ walked: begun, walkedAll: true });
    return { state: "done", note: endNote(work) };
  }

  /** A pause, or a stop of the console, does not wait for every answer: what was sent is settled all the same. */
  async function landed(): Promise<void> {
    const all = Promise.all(inFlight.values());
    if (!signal.aborted) {
      await all;
      return;
    }
    const patience = new AbortController();
    await Promise.race([all, clock.sleep(LANDING_MS, patience.signal).catch(() => undefined)]);
    patience.abort();
  }

  async function room(): Promise<void> {
    while (inFlight.size >= IN_FLIGHT_MAX) await Promise.race(inFlight.values());
    if (failure !== null) throw failure;
    signal.throwIfAborted();
  }

  async function beginOne(seen: SeenPlan): Promise<void> {
    const index = begun;
    if (await isDone(seen)) {
      begun += 1;
      return;
    }
    const commands = await ready();
    await slot();
    const end = actPatiently(commands, seen)
      .catch((cause: unknown) => {
        if (!signal.aborted) failure ??= cause;
      })
      .finally(() => inFlight.delete(index));
    inFlight.set(index, end);
    begun += 1;
    work.pace({ walked: begun, walkedAll: false });
  }

  /**
   * What an earlier life did to this target. A message that may have been sent is never sent again. What is open is asked
   * first: it is forgotten only after its verdict is written down, so that a verdict that is read after is the last.
   */
  async function isDone({ planId }: SeenPlan): Promise<boolean> {
    const open = (await opened()).isOpen(work.id, planId);
    const known = await work.outcome(planId);
    return open || (known !== null && (known.outcome !== "unknown" || known.note !== SENDING_NOTE));
  }

  async function actPatiently(first: BulkCommands, seen: SeenPlan): Promise<void> {
    for (let commands = first; ; commands = await ready()) {
      let sending = false;
      const begin = async () => {
        signal.throwIfAborted();
        await save([told(seen.planId, { outcome: "unknown", note: SENDING_NOTE })]);
        sending = true;
      };
      try {
        const target = { jobId: work.id, verb: params.verb, seen, actor: params.actor, causedBy: work.facts.requestId };
        const verdict = await commands.act(target, begin);
        // What was sent has told its verdict already, and may have told more by now.
        if (!sending || verdict.outcome === "moved") await save([told(seen.planId, verdict)]);
        return;
      } catch (cause) {
        if (signal.aborted) return;
        if (sending || !(cause instanceof OpsError)) throw cause;
        log.info("dynflow.bulk.waits", { job: work.id, planId: seen.planId, cause });
        await wait(messageOf(cause));
      }
    }
  }

  /** Waits, saying why, until something can be sent. */
  async function ready(): Promise<BulkCommands> {
    for (;;) {
      const commands = await opened();
      const reason = await commands.waitingFor(params.verb, work.facts.requestId);
      if (reason === null) {
        await work.setWaiting(null);
        return commands;
      }
      await wait(reason);
    }
  }

  async function opened(): Promise<BulkCommands> {
    for (;;) {
      signal.throwIfAborted();
      const commands = source.bulk();
      if (commands !== null) return commands;
      await wait(source.refusal() ?? "Worldline's own world is not open at present");
    }
  }

  async function wait(note: string): Promise<void> {
    signal.throwIfAborted();
    await work.setWaiting(note);
    await clock.sleep(RETRY_MS, signal);
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

function startOf(bookmark: JsonValue): number {
  if (typeof bookmark !== "object" || bookmark === null || !("next" in bookmark)) return 0;
  return typeof bookmark.next === "number" ? bookmark.next : 0;
}

function endNote(work: JobWork): string | null {
  const { moved, failed, unknown } = work.counts();
  const parts = [
    ...(moved === 0 ? [] : [`${moved} had changed and were left alone`]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(unknown === 0 ? [] : [`${unknown} not known yet`]),
  ];
  return parts.length === 0 ? null : parts.join(", ");
}
