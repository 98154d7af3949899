import {
  atom,
  isAtom,
  kindOf,
  type PidTerm,
  type ReferenceTerm,
  type Term,
  tagged,
  tuple,
} from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";

/** What became of one remote call. */
export type CallOutcome =
  | { readonly kind: "value"; readonly value: Term }
  | { readonly kind: "raised"; readonly class: "error" | "exit" | "throw"; readonly reason: Term }
  /** The process that carried it out was ended by somebody, or never started. */
  | { readonly kind: "lost"; readonly reason: string; readonly started: boolean };

/** References are the same when all of them is. */
export const sameReference = (a: ReferenceTerm, b: ReferenceTerm): boolean =>
  a.node === b.node && a.creation === b.creation && a.words.join(".") === b.words.join(".");

/**
 * Reads the reason with which `erpc:execute_call/4` ended.
 * Source: Erlang/OTP 25 lib/kernel/src/erpc.erl (execute_call/4).
 */
export function erpcOutcome(call: ReferenceTerm, reason: Term): CallOutcome {
  const items = typeof reason === "object" && reason.type === "tuple" ? reason.items : [];
  const [mark, how, value] = items;
  const ours = typeof mark === "object" && mark.type === "reference" && sameReference(mark, call);
  if (ours && value !== undefined) {
    if (isAtom(how, "return")) return { kind: "value", value };
    for (const raised of ["error", "exit", "throw"] as const) {
      if (isAtom(how, raised)) return { kind: "raised", class: raised, reason: value };
    }
  }
  return { kind: "lost", reason: reasonName(reason), started: !isAtom(reason, "noproc") };
}

/** Reads the answer of `rex`: it does not tell a thrown value from a returned one. */
export function rexOutcome(answer: Term): CallOutcome {
  const bad = tagged(answer, "badrpc", 2)?.[1];
  if (bad === undefined) return { kind: "value", value: answer };
  const exit = tagged(bad, "EXIT", 2)?.[1];
  if (exit === undefined) return { kind: "raised", class: "exit", reason: bad };
  const pair = typeof exit === "object" && exit.type === "tuple" && exit.items.length === 2 ? exit.items[0] : undefined;
  return { kind: "raised", class: "error", reason: pair ?? exit };
}

/** A process on the node prints by us, as its group leader: whom to answer, and what. `null` = it is something else. */
export function ioAnswer(message: Term): { readonly to: PidTerm; readonly answer: Term } | null {
  const request = tagged(message, "io_request", 4);
  const [, from, replyAs, what] = request ?? [];
  if (typeof from !== "object" || from.type !== "pid" || replyAs === undefined || what === undefined) return null;
  const kind = typeof what === "object" && what.type === "tuple" ? what.items[0] : undefined;
  const writes = isAtom(kind, "put_chars") || isAtom(kind, "requests");
  return {
    to: from,
    answer: tuple(atom("io_reply"), replyAs, writes ? atom("ok") : tuple(atom("error"), atom("enotsup"))),
  };
}

/** Why a spawn was not carried out: its answer is an atom then. @throws OpsError `upstream-malformed` */
export function spawnFailure(result: Term): string {
  if (typeof result === "object" && result.type === "atom") return result.name;
  throw new OpsError(
    "upstream-malformed",
    "Erlang distribution: a spawn that was answered by neither a process nor a reason",
  );
}

/** The atom that a reason is, or begins with, else what kind of term it is: the rest may hold an actor's data. */
export function reasonName(reason: Term): string {
  const first = typeof reason === "object" && reason.type === "tuple" ? reason.items[0] : reason;
  if (typeof first === "object" && first.type === "atom") return first.name;
  return `(${kindOf(reason)})`;
}
