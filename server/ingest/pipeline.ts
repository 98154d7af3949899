/** The way from an accepted batch to every receiver, as one thing: started, read again, asked how it stands, ended. */
import type { PipelineFacts } from "#server/contract/agents.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { GatewayFigures } from "./agent-figures.ts";
import { BODY_SCHEMAS } from "./domain/body-schemas.ts";
import { CHANGE_KINDS, routingOf, ruleFaults } from "./domain/routing.ts";
import { createIntake, type GatewayIntake } from "./intake.ts";
import type { AgentChange, AgentWatch, Intake, Receiver, ReceiverHealth, Spool } from "./ports.ts";
import { createRates } from "./rates.ts";
import { createReceiverSlot, type ReceiverSlot } from "./receiver-slot.ts";
import { createSequenceBook } from "./sequence-book.ts";
import type { PipelineSettings, ReceiverSettings } from "./settings.ts";

const TURN_EVERY_MS = 1_000;
/** A number that has not come so long after those behind it is a gap. */
const GAP_AFTER_MS = 5_000;
const WINDOWS_A_TURN_MAX = 1_000;

export interface PipelineOptions {
  readonly settings: PipelineSettings;
  readonly inactiveAfterMs: number;
  /** The doors of the older protocol are open. */
  readonly poa: boolean;
  readonly spool: Spool;
  open(settings: ReceiverSettings): Promise<Receiver>;
  readonly watch: Pick<AgentWatch, "counted">;
  /** No other gateway takes in what these agents send: then a number below the first one heard is missing. */
  readonly alone: boolean;
  readonly clock: Clock;
  /** 0 to 1, for back-off. */
  chance(): number;
  readonly log: Logger;
  /** Of one call of a receiver; 30 s unless told. */
  readonly timeoutMs?: number;
}

export interface Pipeline {
  readonly intake: Intake;
  /** To every receiver whose route names the state; `forgotten` to all of them. Never blocks. */
  agentChanged(change: AgentChange): void;
  health(): readonly ReceiverHealth[];
  figures(): Pick<GatewayFigures, "pipeline" | "receivers" | "types">;
  /**
   * Other types, receivers and routes from now on; nothing that waits is lost, and a receiver that is not configured any
   * more first gets what waits for it.
   *
   * @throws OpsError `invalid-input` with every fault as a reason: then all stays as it was
   */
  reload(settings: PipelineSettings): Promise<void>;
  /** Delivers until aborted, what is in hand to its end. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** Every fault of the settings, as one line each; empty = none. */
export const pipelineFaults = (settings: PipelineSettings): readonly string[] => [
  ...ruleFaults(settings, BODY_SCHEMAS).map(({ path, what }) => `${path}: ${what}`),
  ...settings.receivers
    .filter(({ id }, index) => settings.receivers.findIndex((other) => other.id === id) !== index)
    .map(({ id }) => `receivers.${id}: there are two of this name`),
];

interface Running {
  readonly slot: ReceiverSlot;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Nothing is delivered before `run`.
 *
 * @throws OpsError `invalid-input` with every fault of the settings; `upstream-unavailable` when the spool cannot be read
 */
export async function createPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { spool, clock, log, watch } = options;
  refuseFaults(options.settings);
  const book = createSequenceBook(
    (await spool.seen()).filter(({ agentId }) => agentId !== ""),
    options.alone,
  );
  const accepted = createRates();
  const delivered = createRates();
  const deliveredBefore = new Map<string, number>();
  let settings = options.settings;
  let routing = routingOf(settings.types, settings.routes);
  let slots = new Map(settings.receivers.map((one) => [one.id, openSlot(one)]));
  /** Not configured any more, but not empty either. */
  const leaving = new Set<Running>();
  const running = new Map<string, Running>();
  let life: AbortSignal | null = null;
  let reloading: Promise<void> = Promise.resolve();

  const intake: GatewayIntake = createIntake({
    routing: () => routing,
    slot: (id) => slots.get(id) ?? null,
    slots: () => [...slots.values()],
    spool,
    book,
    facts: () => factsOf(settings, options),
    counted: (type, items) => accepted.count(type, items),
    log,
  });

  function openSlot(one: ReceiverSettings): ReceiverSlot {
    return createReceiverSlot({
      settings: one,
      open: () => options.open(one),
      spool,
      clock,
      log: log.child({ receiver: one.id }),
      chance: options.chance,
      onRoom: () => intake.room(),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  }

  function start(slot: ReceiverSlot, signal: AbortSignal): Running {
    const abort = new AbortController();
    const ended = slot.run(AbortSignal.any([signal, abort.signal])).then(() => slot.close());
    return { slot, abort, ended };
  }

  async function change(next: PipelineSettings): Promise<void> {
    refuseFaults(next);
    const before = slots;
    const kept = new Map<string, ReceiverSlot>();
    for (const one of next.receivers) {
      const known = before.get(one.id);
      kept.set(one.id, known !== undefined && isSame(known.settings, one) ? known : openSlot(one));
    }
    // From here on batches go by the new routes; what waits on disk for a name is its successor's.
    await intake.between(() => {
      settings = next;
      routing = routingOf(next.types, next.routes);
      slots = kept;
    });
    // One that was on its way out and is wanted again is not to deliver beside the one that comes.
    for (const old of [...leaving]) {
      const successor = kept.get(old.slot.settings.id);
      if (successor === undefined) continue;
      leaving.delete(old);
      await succeed(old, old.slot, successor);
    }
    for (const [id, slot] of before) {
      const successor = kept.get(id);
      if (successor === slot) continue;
      const old = running.get(id);
      running.delete(id);
      if (successor === undefined) leave(id, old, slot);
      else await succeed(old, slot, successor);
    }
    for (const [id, slot] of kept) if (life !== null && !running.has(id)) running.set(id, start(slot, life));
    intake.room();
    log.info("ingest.pipeline.reloaded", { receivers: kept.size, types: next.types.length });
  }

  /** Never rejects: the receivers behind it have to be started whatever becomes of what this one held in memory. */
  async function succeed(old: Running | undefined, slot: ReceiverSlot, successor: ReceiverSlot): Promise<void> {
    const { id, overflow } = successor.settings;
    old?.abort.abort(new OpsError("cancelled", "The receiver is configured anew"));
    await old?.ended;
    const waiting = slot.takeOver();
    if (overflow !== "block") successor.push(waiting);
    else if (waiting.length > 0) {
      await spool.append([{ receivers: [id], items: waiting }], NOBODY, clock.now()).catch((cause: unknown) => {
        log.error("ingest.receiver.lost", { receiver: id, items: waiting.length, cause: messageOf(cause) });
      });
    }
  }

  function leave(id: string, old: Running | undefined, slot: ReceiverSlot): void {
    if (old !== undefined) leaving.add(old);
    else if (slot.queued() > 0) log.warn("ingest.receiver.left", { receiver: id, queued: slot.queued() });
  }

  function letGo(): void {
    for (const one of leaving) {
      if (one.slot.queued() > 0) continue;
      leaving.delete(one);
      one.abort.abort(new OpsError("cancelled", "The receiver is not configured any more"));
    }
  }

  async function turn(elapsedMs: number): Promise<void> {
    for (const [id, slot] of slots) {
      const total = slot.delivered();
      delivered.count(id, Math.max(0, total - (deliveredBefore.get(id) ?? 0)));
      deliveredBefore.set(id, total);
    }
    accepted.turn(elapsedMs);
    delivered.turn(elapsedMs);
    for (const counts of book.news(clock.now() - GAP_AFTER_MS)) watch.counted(counts);
    letGo();
    await intake.probe();
    // At once, so that they share a commit.
    await Promise.all(book.unsaved(WINDOWS_A_TURN_MAX).map((seen) => spool.append([], seen, clock.now())));
  }

  async function turns(signal: AbortSignal): Promise<void> {
    let before = clock.monotonic();
    while (!signal.aborted) {
      try {
        await clock.sleep(TURN_EVERY_MS, signal);
        const now = clock.monotonic();
        await turn(now - before);
        before = now;
      } catch (cause) {
        if (!signal.aborted) log.warn("ingest.pipeline.turn-failed", { cause: messageOf(cause) });
      }
    }
  }

  function health(): readonly ReceiverHealth[] {
    const known = [...slots.values(), ...[...leaving].map(({ slot }) => slot)].map((slot) => slot.health());
    const names = new Set(known.map(({ id }) => id));
    const orphans = spool.backlogs().filter(({ receiver, items }) => items > 0 && !names.has(receiver));
    return [...known, ...orphans.map(({ receiver, items }) => orphanHealth(receiver, items))];
  }

  return {
    intake,
    agentChanged(agentChange) {
      const { agentId, to } = agentChange;
      if (to === "forgotten") {
        book.forget(agentId);
        void spool.forget(agentId).catch((cause: unknown) => {
          log.warn("ingest.spool.forget-failed", { cause: messageOf(cause) });
        });
        for (const slot of slots.values()) slot.tell(agentChange);
        return;
      }
      const kind = CHANGE_KINDS.find((one) => one === to);
      if (kind === undefined) return;
      // Whose numbers are told as those of now has to know who is not there now, whatever is routed to it.
      const always =
        to === "inactive" || to === "left" ? settings.receivers.filter(({ use }) => use === "prometheus") : [];
      const told = new Set([...routing.changeReceivers(kind), ...always.map(({ id }) => id)]);
      for (const id of told) slots.get(id)?.tell(agentChange);
    },
    health,
    figures: () => ({
      pipeline: factsOf(settings, options),
      receivers: Object.fromEntries(
        health().map(({ id, state, reason, queued, capacity, lagMs, dropped, deadLettered }) => [
          id,
          { ...{ state, reason, queued, capacity, lagMs, dropped, deadLettered }, perSecond: delivered.of(id) },
        ]),
      ),
      types: Object.fromEntries(settings.types.map(({ type }) => [type, { perSecond: accepted.of(type) }])),
    }),
    reload(next) {
      const turnOf = reloading.then(() => change(next));
      reloading = turnOf.catch(() => undefined);
      return turnOf;
    },
    async run(signal) {
      life = signal;
      for (const [id, slot] of slots) if (!running.has(id)) running.set(id, start(slot, signal));
      await turns(signal);
      await reloading;
      await Promise.all([...running.values(), ...leaving].map(({ ended }) => ended));
    },
  };
}

/** A boot that no agent has. */
const NOBODY = { agentId: "", bootId: "", window: "[0,[]]" };

function refuseFaults(settings: PipelineSettings): void {
  const faults = pipelineFaults(settings);
  if (faults.length === 0) return;
  throw new OpsError("invalid-input", `Types, receivers and routes do not fit: ${faults[0]}`, { reasons: faults });
}

/** Secrets are compared by what they hold. */
const isSame = (a: ReceiverSettings, b: ReceiverSettings): boolean => textOf(a) === textOf(b);
const textOf = (settings: ReceiverSettings): string =>
  JSON.stringify(settings, (_, value: unknown) =>
    typeof value === "object" && value !== null && "reveal" in value && typeof value.reveal === "function"
      ? String(value.reveal())
      : value,
  );

function factsOf(settings: PipelineSettings, { inactiveAfterMs, poa }: PipelineOptions): PipelineFacts {
  return {
    types: settings.types.map(({ type, kinds }) => ({ type, kinds: [...kinds] })),
    receivers: settings.receivers.map(({ id, use, overflow, queue }) => ({ id, use, overflow, capacity: queue })),
    routes: settings.routes.map(({ types, kinds, to }) => ({ types: [...types], kinds: [...kinds], to: [...to] })),
    inactiveAfterMs,
    poa,
  };
}

/** Something waits on disk for a name that is configured nowhere: it stays until the name comes back. */
const orphanHealth = (id: string, queued: number): ReceiverHealth => ({
  id,
  use: "sqlite-table",
  overflow: "block",
  state: "stopped",
  reason: "It is not configured any more, and this much waits for it",
  ...{ queued, capacity: queued, lagMs: 0, delivered: 0, dropped: 0, deadLettered: 0 },
});
