import { type Caller, visibleStreams } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { maskText } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { seesStream } from "#server/contract/visibility.ts";
import type * as wire from "#server/contract/wire/admin-readers.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { toEventActor, toResultPhase } from "#server/operations/tell.ts";
import type { ConsolePart, PartFacts, PartKeeper } from "./readers.ts";

export const RESTART_ACTION = "admin.readers.restart";

interface ReadersDeps {
  readonly parts: readonly Pick<ConsolePart, "name" | "title" | "stream">[];
  readonly keeper: PartKeeper;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Logger;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}

/** The parts that act on their own, and the restart of one that is parked. */
export function createReadersService(deps: ReadersDeps) {
  const { parts, keeper, operations, clock, log, masks } = deps;

  const visibleParts = ({ principal }: Caller): ReadersDeps["parts"] =>
    parts.filter(({ stream }) => stream === null || seesStream(visibleStreams(principal), stream));

  /** Of a console that follows another nothing runs. */
  const factsOf = (name: string): PartFacts =>
    keeper.list().find((facts) => facts.name === name) ?? {
      name,
      state: "stopped",
      since: clock.now(),
      failures: 0,
      reason: null,
      restarts: 0,
    };

  /** What it came to is journalled when it is known; the answer does not wait for it. */
  async function verify(operation: OperationRequest, steady: Promise<boolean>): Promise<void> {
    try {
      const isSteady = await steady;
      const { name, reason } = factsOf(operation.facts.target);
      await (isSteady
        ? operations.settle(operation, "verified", `${name} runs steadily`)
        : operations.settle(operation, "unverified", `it has failed again: ${reason ?? "the console stopped"}`));
    } catch (cause) {
      log.error("console.part.restart_not_verified", { part: operation.facts.target, cause });
    }
  }

  return {
    async readers(caller: Caller): WireOut<typeof wire.readersOutput> {
      const audience = audienceOf(caller.principal);
      const readers = visibleParts(caller).map(({ name, title, stream }) => {
        const { state, since, failures, reason, restarts } = factsOf(name);
        const said = reason === null ? null : maskText(reason, audience, masks);
        return { name, title, stream, state, since: toIso(since), failures, reason: said, restarts };
      });
      return { asOf: toIso(clock.now()), readers };
    },

    /** Sends nothing to any system: what the part does when it runs it did before. */
    async restartReader(
      caller: Caller,
      input: WireIn<typeof wire.readerRestartInput>,
    ): WireOut<typeof wire.readerRestartOutput> {
      const { name, requestId, expectedState } = input;
      const known = operations.known(requestId);
      if (known !== null) {
        const note = typeof known.found === "string" ? known.found : null;
        return { journalId: requestId, phase: toResultPhase(known.phase), note };
      }
      const part = visibleParts(caller).find((each) => each.name === name);
      if (part === undefined) throw new OpsError("not-found", `No part ${name}`);
      const { state } = factsOf(name);
      if (state !== expectedState) throw new OpsError("conflict", `It is ${state} by now`);
      if (state !== "parked") throw new OpsError("conflict", `It is ${state}: only a parked one can be restarted`);
      const operation: OperationRequest = {
        requestId,
        actor: toEventActor(caller, input.reason),
        facts: { action: RESTART_ACTION, stream: part.stream, target: name, expected: { state: expectedState } },
      };
      const { steady } = await operations.perform(
        operation,
        async () => keeper.restart(name),
        () => "started again",
      );
      void verify(operation, steady);
      return { journalId: requestId, phase: "executed", note: "started again; whether it runs steadily is told soon" };
    },
  };
}
