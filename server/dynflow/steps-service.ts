import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { flowTokens } from "#server/contract/view/flow-tokens.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-steps.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Decoded, Flow } from "./domain/model.ts";
import { type DynflowSource, observedAt } from "./source-view.ts";
import { toStepsPart } from "./steps-compact.ts";

/** Flows and steps of large plans, in parts of a bounded size: none of them holds the loop up. */
export function createStepsService(deps: { readonly sources: readonly DynflowSource[]; readonly clock: Clock }) {
  const { sources, clock } = deps;
  return {
    async flows(caller: Caller, input: WireIn<typeof wire.flowsInput>): WireOut<typeof wire.flowsOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const row = await source.store.planRow(input.planId);
      if (row === null) throw new OpsError("not-found", `No plan ${input.planId} in ${source.id}`);
      const stepIds = row.stepIds.ok ? row.stepIds.value : [];
      return {
        ...observedAt(askedAt, [source]),
        runFlow: toTokens(row.runFlow),
        finalizeFlow: toTokens(row.finalizeFlow),
        stepIds: isAscending(stepIds) ? null : [...stepIds],
        stepCount: stepIds.length,
      };
    },

    async stepsCompact(
      caller: Caller,
      input: WireIn<typeof wire.stepsCompactInput>,
    ): WireOut<typeof wire.stepsCompactOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { planId, after, limit } = input;
      const askedAt = clock.now();
      const steps = await source.store.stepsPart({ planId, after, limit });
      const last = steps.at(-1);
      return {
        ...observedAt(askedAt, [source]),
        part: toStepsPart(steps),
        next: steps.length < limit || last === undefined ? null : last.id,
      };
    },
  };
}

const toTokens = (flow: Decoded<Flow>) =>
  flow.ok ? { tokens: flowTokens(flow.value) } : { unreadable: flow.reason, bytes: flow.bytes };

const isAscending = (ids: readonly number[]): boolean => ids.every((id, index) => id > (ids[index - 1] ?? -1));
