import { OPERATOR_STREAM, type OperationFacts } from "#server/contract/event.ts";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { OperationRequest, Operations } from "./ports.ts";

/** An event of the journal is no place for a dump. */
const UPSTREAM_MAX_CHARS = 20_000;

export function createOperations(deps: {
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "operator">;
  readonly clock: Clock;
}): Operations {
  const { recorder, view, clock } = deps;

  async function request({ requestId, facts, actor }: OperationRequest): Promise<void> {
    const body: OperationFacts = { ...facts, found: null };
    await recorder.record(OPERATOR_STREAM, [
      { id: requestId, kind: "op.requested", subject: facts.target, occurredAt: clock.now(), actor, body },
    ]);
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
