import type { Term } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type ClosedCall, callName } from "./closed-list.ts";
import { RemoteException, type RemoteNodes } from "./dist/remote-nodes.ts";
import { UnreadableTerm } from "./reading.ts";

/** One call of the closed list, with the decoder of its answer. */
export interface Asked<T> {
  readonly call: ClosedCall;
  readonly args: readonly Term[];
  /** Throws `UnreadableTerm` when the answer has another shape. */
  readonly read: (answer: Term) => T;
  /** Answers what was raised on the node instead of failing; `undefined` = it does not concern it. */
  readonly raised?: (exception: RemoteException) => T | undefined;
  /** Instead of the call's own. */
  readonly timeoutMs?: number;
}

/**
 * Asks one node.
 *
 * @throws OpsError `refused` the node lacks the function, or the link waits; `upstream-malformed` an answer of another
 * shape, or raised on the node; `upstream-unavailable`, `limit-exceeded` as of the link
 */
export type Ask = <T>(node: string, asked: Asked<T>) => Promise<T>;

export function createAsk(remote: RemoteNodes): Ask {
  return async (node, { call, args, read, raised, timeoutMs }) => {
    if (args.length !== call.arity) throw new Error(`${callName(call)} is called with ${args.length}`);
    let answer: Term;
    try {
      answer = await remote.call(
        node,
        { module: call.module, function: call.function, args },
        { timeoutMs: timeoutMs ?? call.timeoutMs },
      );
    } catch (cause) {
      if (!(cause instanceof RemoteException)) throw cause;
      const instead = raised?.(cause);
      if (instead !== undefined) return instead;
      throw inOurWords(node, call, cause);
    }
    try {
      return read(answer);
    } catch (cause) {
      if (!(cause instanceof UnreadableTerm)) throw cause;
      const message = `${node} answered ${callName(call)} in another shape: ${cause.message}`;
      throw new OpsError("upstream-malformed", message, { cause });
    }
  };
}

/** What was raised may hold an application's state: its kind is told, its content goes to the log with the cause. */
function inOurWords(node: string, call: ClosedCall, cause: RemoteException): OpsError {
  const name = callName(call);
  const reason = reasonName(cause);
  if (reason === "undef") return new OpsError("refused", `${node} has no ${name}`, { cause });
  if (reason === "noproc") {
    return new OpsError("upstream-unavailable", `${name} on ${node}: what it asks is not running there now`, { cause });
  }
  return new OpsError("upstream-malformed", `${node} raised ${cause.class} ${reason} in ${name}`, { cause });
}

/** The atom of a reason, or the first of its tuple: `badarg`, `noproc`, `timeout`. */
export function reasonName({ reason }: RemoteException): string {
  const first = typeof reason === "object" && reason.type === "tuple" ? reason.items[0] : reason;
  return typeof first === "object" && first.type === "atom" ? first.name : "an exception";
}
