/** The life of one action of an operator, as the journal tells it. Frozen; a test compares it with the phases of the fold. */
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import { OPERATION_PHASES } from "#server/contract/fold/operator-state.ts";
import { type Machine, machine, ownSource, ways } from "./machine.ts";

export const OPERATION_MACHINE: Machine<OperationPhase> = machine({
  kind: "operation",
  group: "Worldline",
  name: "action of an operator",
  title: "Life of an action",
  system: "operation",
  states: OPERATION_PHASES,
  means: {
    requested: "written down before anything is sent, with who asked, why and what they saw",
    executed: "sent, and the system has answered; what it has come to is not seen yet",
    failed: "it was not done: the system refused it, or it could not be sent",
    denied: "refused before it was written down as asked for: whoever asked may not",
    unknown: "sent, and nobody knows whether it was taken; only evidence settles it, it is never sent again by itself",
    verified: "a reader has seen what it was to bring about",
    unverified: "what it was to bring about was not seen in time",
  },
  transitions: ways<OperationPhase>([
    ["requested", "executed", "answered"],
    ["requested", "failed", "refused, or not sent"],
    ["requested", "unknown", "no answer, or ended midway"],
    ["executed", "verified", "seen by a reader"],
    ["executed", "unverified", "not seen in time"],
    ["unverified", "verified", "seen late"],
    ["unknown", "executed", "answered late"],
    ["unknown", "verified", "evidence that it was done"],
    ["unknown", "failed", "evidence that it was not"],
  ]),
  first: ["requested", "denied"],
  last: ["verified", "failed", "denied"],
  sources: [ownSource("server/operations/operations.ts, server/contract/fold/operator.ts")],
});
