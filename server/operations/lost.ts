import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView } from "#server/live/ports.ts";
import type { Operations } from "./ports.ts";

/** Commands to Dynflow are settled by evidence, by those who sent them. */
const SETTLED_ELSEWHERE = "dynflow.";
/** But this sends nothing: whether the value was shown is all there is to know. */
const SENDS_NOTHING = "dynflow.plans.reveal";
const LOST = "The console ended before it could write down what became of it";

/**
 * Says of every request that an earlier life of the console left open that its outcome is unknown: it may have been
 * carried out. To be called before anything new can be requested. Never rejects.
 */
export async function closeLost(deps: {
  readonly view: Pick<FoldView, "operator">;
  readonly operations: Pick<Operations, "settle">;
  readonly log: Logger;
}): Promise<void> {
  for (const { id: requestId, phase, actor, action, stream, target, expected } of deps.view.operator().operations) {
    if (phase !== "requested" || actor === null) continue;
    if (action.startsWith(SETTLED_ELSEWHERE) && action !== SENDS_NOTHING) continue;
    const request = { requestId, actor, facts: { action, stream, target, expected } };
    try {
      await deps.operations.settle(request, "unknown", LOST);
    } catch (cause) {
      deps.log.error("operations.not_closed", { requestId, cause: messageOf(cause) });
    }
  }
}
