/** A console that acts on a real database: journal and state in memory, everything else as in production. */
import { randomUUID } from "node:crypto";
import { dynflowStream, type EventActor } from "#server/contract/event.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { type ClientWorld, openClientWorld } from "./client-world-runner.ts";
import { protocolOf } from "./domain/protocol.ts";
import { createMemoryJournal, createMemoryStateStore } from "./follower.test-kit.ts";
import { createPlanActions, type PlanActions } from "./plan-actions.ts";
import type { DynflowMailbox, DynflowStore } from "./ports.ts";

const SOURCE = "tested";
const POLL_MS = 25;
const PATIENCE_MS = 90_000;

export const TESTER: EventActor = { user: "ann", role: "operator", address: "127.0.0.1", reason: "a test of actions" };
export const clock = createSystemClock();

export interface ActingSide {
  readonly store: DynflowStore;
  readonly openMailbox: () => Promise<DynflowMailbox>;
  /** As configured; `null` = decided by the schema. */
  readonly release: string | null;
  readonly cancellable: readonly string[];
}

export interface ActingConsole {
  readonly actions: PlanActions;
  readonly world: ClientWorld;
  readonly mailbox: DynflowMailbox;
  /** What the journal holds of one request, in order: `op.requested`, … */
  phases(requestId: string): readonly string[];
  stop(): Promise<void>;
}

let requests = 0;
/** A request id that no test of this process has used. */
export const newRequestId = (): string => `01KAS${String(++requests).padStart(21, "0")}`;

/** Waits until something is so; fails, naming it, when it does not come to be. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = clock.monotonic() + PATIENCE_MS;
  while (!(await holds())) {
    if (clock.monotonic() > end) throw new Error(`not within ${PATIENCE_MS / 1_000} s: ${what}`);
    await clock.sleep(POLL_MS);
  }
}

/** Registers a world of its own; ends, and leaves no trace, with `stop`. */
export async function openConsole({ store, openMailbox, release, cancellable }: ActingSide): Promise<ActingConsole> {
  const { schemaVersion, notify } = await store.capabilities();
  const protocol = protocolOf(schemaVersion, release);
  const mailbox = await openMailbox();
  const journal = createMemoryJournal(clock);
  const state = createMemoryStateStore();
  const world = await openClientWorld({
    sourceId: SOURCE,
    mailbox,
    state,
    clock,
    log: silentLogger,
    notifies: notify,
    hostname: "worldline-test",
    pid: process.pid,
    newWorldId: randomUUID,
    encoding: protocol.encoding,
  });
  const actions = createPlanActions({
    sourceId: SOURCE,
    store,
    world,
    state,
    operations: createOperations({ recorder: journal.recorder, view: journal.view, clock }),
    recorder: journal.recorder,
    view: journal.view,
    clock,
    log: silentLogger,
    cancellable,
    refusal: (needs) => (needs === undefined ? protocol.refusal : protocol.refusalOf(needs)),
    look: () => undefined,
    evident: () => undefined,
    onVerdict: async () => undefined,
  });
  await actions.load();
  const abort = new AbortController();
  const ended = Promise.all([world.run(abort.signal), actions.run(abort.signal)]);
  await until("our world is registered", async () => world.worldId() !== null);
  return {
    actions,
    world,
    mailbox,
    phases: (requestId) =>
      journal.events
        .filter((event) => event.stream !== dynflowStream(SOURCE))
        .filter((event) => event.id === requestId || event.causedBy === requestId)
        .map((event) => event.kind),
    async stop() {
      abort.abort();
      await ended;
      await mailbox.close();
    },
  };
}
