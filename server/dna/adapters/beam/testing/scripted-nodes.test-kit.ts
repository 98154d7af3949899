import { type RemoteCall, RemoteException, type RemoteNodes } from "#server/dna/adapters/beam/dist/remote-nodes.ts";
import { atom, type Term } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";

type Answer = Term | Error | ((args: readonly Term[]) => Term);

export interface ScriptedNodes extends RemoteNodes {
  /** What was called, as `module:function`, in order. */
  readonly calls: string[];
  /** Puts another answer in place. */
  answer(name: string, answer: Answer): void;
}

/** A node that answers each function as a test says, and raises `undef` for every other. */
export function createScriptedNodes(answers: Readonly<Record<string, Answer>>): ScriptedNodes {
  const script = new Map(Object.entries(answers));
  const calls: string[] = [];
  return {
    calls,
    answer: (name, answer) => void script.set(name, answer),
    async call(_node: string, call: RemoteCall): Promise<Term> {
      const name = `${call.module}:${call.function}`;
      calls.push(name);
      const answer = script.get(name) ?? raised("error", atom("undef"));
      if (answer instanceof Error) throw answer;
      return typeof answer === "function" ? answer(call.args) : answer;
    },
    link: () => ({ kind: "connected", otpRelease: "25" }),
    registration: async () => ({ kind: "registered", port: 9_100 }),
    close: async () => undefined,
  };
}

export const raised = (how: "error" | "exit" | "throw", reason: Term): RemoteException =>
  new RemoteException(how, reason, "raised on the node: canary-of-application-state");

/** The connection broke behind the request. */
export const lost = (): OpsError =>
  new OpsError("upstream-unavailable", "the connection is over, and with it the answer", { details: { sent: true } });

/** There was none to send it by. */
export const unsent = (): OpsError =>
  new OpsError("upstream-unavailable", "nobody listens", { details: { sent: false } });
