import { OPERATOR_STREAM, type OperationFacts } from "#server/contract/event.ts";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { OPEN_GATE, type RequestGate } from "./gate.ts";
import type { OperationRequest, Operations } from "./ports.ts";

/** An event of the journal is no place for a dump. */
const UPSTREAM_MAX_CHARS = 20_000;

export function createOperations(deps: {
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "operator">;
  readonly clock: Clock;
  /** Asked before anything is journalled. */
  readonly gate?: RequestGate;
}): Operations {
  const { recorder, view, clock, gate = OPEN_GATE } = deps;

  async function request(asked: OperationRequest): Promise<void> {
    const { requestId, facts, actor } = asked;
    const along = gate.pass(asked);
    const body: OperationFacts = { ...facts, found: null };
    try {
      await recorder.record(OPERATOR_STREAM, [
        { id: requestId, kind: "op.requested", subject: facts.target, occurredAt: clock.now(), actor, body },
        ...along,
      ]);
    } finally {
      gate.done(asked);
    }
  }

  async function settle(
    { requestId, facts, actor }: OperationRequest,
    phase: OperationPhase,
    found: string | null,
    upstream?: string,
  ): Promise<void> {
    const whole = upstream === undefined ? {} : { upstream: upstream.slice(0, UPSTREAM_MAX_CHARS) };
    const body: OperationFacts = { ...facts, found, ...whole };
    await recorder.record(OPERATOR_STREAM, [
      { kind: `op.${phase}`, subject: facts.target, occurredAt: clock.now(), causedBy: requestId, actor, body },
    ]);
  }

  return {
    known: (requestId) => view.operator().operations.find((operation) => operation.id === requestId) ?? null,
    request,
    settle,
    async perform(operation, act, found) {
      await request(operation);
      let result: Awaited<ReturnType<typeof act>>;
      try {
        result = await act();
      } catch (cause) {
        await settle(operation, "failed", messageOf(cause));
        throw cause;
      }
      await settle(operation, "executed", found(result));
      return result;
    },
    async deny(facts, actor) {
      await recorder.record(OPERATOR_STREAM, [
        { kind: "op.denied", subject: facts.target, occurredAt: clock.now(), actor, body: facts },
      ]);
    },
  };
}
