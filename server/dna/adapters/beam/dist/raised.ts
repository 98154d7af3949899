import { type CallOutcome, reasonName } from "#server/dna/codec/dist/answers.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { RemoteException } from "./remote-nodes.ts";

/** A call that gave no value, as an error. What was raised may hold an actor's data: the message has its name only. */
export function raisedError(node: string, what: string, outcome: Exclude<CallOutcome, { kind: "value" }>): OpsError {
  if (outcome.kind === "raised") {
    const words = `${node}: ${what} raised ${outcome.class} ${reasonName(outcome.reason)}`;
    return new RemoteException(outcome.class, outcome.reason, words);
  }
  const words = outcome.started ? "was ended before it was through" : "could not be started";
  return new OpsError("upstream-unavailable", `${node}: ${what} ${words}`, {
    details: { sent: outcome.started, reason: outcome.reason },
  });
}
