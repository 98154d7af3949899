import type { TestBeam } from "#scripts/testing/beam.ts";
import { RemoteException, type RemoteNodes } from "#server/dna/adapters/beam/dist/remote-nodes.ts";
import { decodeTerm } from "#server/dna/codec/etf/decode.ts";
import { encodeTerm } from "#server/dna/codec/etf/encode.ts";
import { list, type Term, tagged } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";

/** Calls on one test node by Erlang's own `erl_call`: another client, another transport, the same answers. */
export function createErlCallNodes(node: TestBeam): RemoteNodes {
  return {
    async call(name, call) {
      if (name !== node.name) throw new OpsError("upstream-unavailable", `${name} is not the node of the test`);
      return erlCallApply(node, call.module, call.function, call.args);
    },
    link: () => ({ kind: "connected", otpRelease: null }),
    async registration(name) {
      const port = node.epmd?.names().get(name.split("@")[0] ?? "");
      return port === undefined ? { kind: "not-registered" } : { kind: "registered", port };
    },
    close: async () => undefined,
  };
}

/**
 * The value of a function on a node, arguments and answer in the external term format.
 *
 * @throws RemoteException what it raised
 */
export function erlCallApply(node: TestBeam, module: string, name: string, args: readonly Term[]): Term {
  const packed = Buffer.from(encodeTerm(list(args))).toString("base64");
  const applied = `apply('${module}', '${name}', binary_to_term(base64:decode("${packed}")))`;
  const answer = decodeTerm(node.erlCallTerm(`try {ok, ${applied}} catch C:R -> {C, R} end`));
  const value = tagged(answer, "ok", 2)?.[1];
  if (value !== undefined) return value;
  for (const raised of ["error", "exit", "throw"] as const) {
    const reason = tagged(answer, raised, 2)?.[1];
    if (reason !== undefined) throw new RemoteException(raised, reason, `${module}:${name} raised ${raised}`);
  }
  throw new Error(`erl_call answered neither a value nor what was raised`);
}
