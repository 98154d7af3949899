/** What tests of commands on one plan stand on. */
import type { EventActor } from "#server/contract/event.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createMemoryMail } from "./client-world.test-kit.ts";
import { openClientWorld } from "./client-world-runner.ts";
import type { Reply } from "./codec/envelope.ts";
import type { StepRow } from "./domain/model.ts";
import type { RequestType } from "./domain/protocol.ts";
import { createMemoryDynflow, createMemoryJournal, createMemoryStateStore, planOf } from "./follower.test-kit.ts";
import { createPlanActions } from "./plan-actions.ts";

export const US = "11111111-1111-4111-8111-111111111111";
export const EXECUTOR = "22222222-2222-4222-8222-222222222222";
export const PLAN = "33333333-3333-4333-8333-333333333333";
export const ACTOR: EventActor = { user: "ann", role: "operator", address: "127.0.0.1", reason: "the disk was full" };
export const ULID = "01KAS0000000000000000000A1";

const stops: (() => Promise<void>)[] = [];
/** Ends every console of the test; call it after each. */
export async function endConsoles(): Promise<void> {
  for (const stop of stops.splice(0)) await stop();
}

export type Steps = readonly (Partial<StepRow> & { readonly id: number })[];

/** One plan, executors whose answers a test gives, and a console that acts on them; all in memory. */
export function universe() {
  const clock = createManualClock();
  const journal = createMemoryJournal(clock);
  const dynflow = createMemoryDynflow(clock);
  const mail = createMemoryMail();
  const state = createMemoryStateStore();
  addExecutor(EXECUTOR);

  function addExecutor(id: string, active = true): void {
    const data = { ok: true, value: { id, active, meta: { hostname: id } } } as const;
    dynflow.setRecord({ class: "Dynflow::Coordinator::ExecutorWorld", id, ownerId: null, data });
  }
  /** Messages that this database's worlds do not understand. */
  const refused = new Set<RequestType>();
  const lock = (name: string, requestId = "them-1"): void =>
    dynflow.setRecord({
      class: `Dynflow::Coordinator::${name}`,
      id: `execution-plan:${PLAN}`,
      ownerId: `world:${EXECUTOR}`,
      data: { ok: true, value: { world_id: EXECUTOR, execution_plan_id: PLAN, request_id: requestId } },
    });
  const put = (planState: string, steps: Steps, result = "error") =>
    dynflow.setPlan(planOf(PLAN, { state: planState, result }, steps));
  const serve = (reply: (type: string, stepId: number | null) => readonly Reply[] | null): void =>
    mail.serve(EXECUTOR, ({ message }) =>
      message.type === "Ping"
        ? [{ type: "Pong" }]
        : reply(message.type, message.type === "Event" ? message.stepId : null),
    );

  /** What was told to be at work on a plan, and what had been journalled of actions by then. */
  const evident: { readonly planId: string; readonly operationId: string; readonly journalled: readonly string[] }[] =
    [];

  /** One life of the console over the same journal, state and database; `refusal` = why it may not act at all. */
  async function live(refusal: string | null = null) {
    const world = await openClientWorld({
      sourceId: "foreman",
      mailbox: mail.mailbox,
      state,
      clock,
      log: silentLogger,
      notifies: true,
      hostname: "ops",
      pid: 1,
      newWorldId: () => US,
    });
    const operations = createOperations({ recorder: journal.recorder, view: journal.view, clock });
    const actions = createPlanActions({
      sourceId: "foreman",
      store: dynflow.store,
      world,
      state,
      operations,
      recorder: journal.recorder,
      view: journal.view,
      clock,
      log: silentLogger,
      cancellable: ["Actions::Safe"],
      refusal: (needs) => (needs !== undefined && refused.has(needs) ? `${needs} is not understood here` : refusal),
      look: () => undefined,
      evident: (planId, operationId) => void evident.push({ planId, operationId, journalled: ops() }),
      onVerdict: async () => undefined,
    });
    await actions.load();
    const abort = new AbortController();
    const ended = Promise.all([world.run(abort.signal), actions.run(abort.signal)]);
    let stopped = false;
    const stop = async () => {
      if (stopped) return;
      stopped = true;
      abort.abort();
      await ended;
    };
    stops.push(stop);
    await clock.advance(10);
    return { actions, world, stop };
  }
  const ops = () => journal.kinds().filter((kind) => kind.startsWith("op."));
  const count = (call: string) => mail.calls.filter((each) => each === call).length;
  return { clock, journal, dynflow, mail, state, live, put, lock, addExecutor, serve, ops, count, refused, evident };
}

/** Lets time pass until a promise has settled. */
export async function passing<T>(clock: { advance(ms: number): Promise<void> }, promise: Promise<T>): Promise<T> {
  let settled = false;
  const end = promise.finally(() => {
    settled = true;
  });
  end.catch(() => undefined);
  for (let round = 0; round < 400 && !settled; round += 1) await clock.advance(50);
  return end;
}
