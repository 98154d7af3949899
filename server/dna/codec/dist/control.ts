import { decodeTermAt, type EtfDecodeOptions } from "#server/dna/codec/etf/decode.ts";
import { TermWriter } from "#server/dna/codec/etf/encode.ts";
import { atom, list, type PidTerm, type ReferenceTerm, type Term, tuple } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";

/**
 * Messages between connected nodes: a control tuple, and for some a second term.
 * Source: Erlang/OTP 25 erts/doc/src/erl_dist_protocol.xml, "Protocol between Connected Nodes".
 */
const PASS_THROUGH = 112;
const OPERATION = {
  send: 2,
  regSend: 6,
  demonitor: 20,
  monitorExit: 21,
  sendSender: 22,
  exit2Payload: 26,
  monitorExitPayload: 28,
  spawnRequest: 29,
  spawnReply: 31,
  aliasSend: 33,
  unlinkId: 35,
  unlinkIdAck: 36,
} as const;

export type DistMessage =
  | { readonly kind: "tick" }
  | { readonly kind: "send"; readonly to: PidTerm; readonly message: Term }
  | { readonly kind: "send-alias"; readonly alias: ReferenceTerm; readonly message: Term }
  | { readonly kind: "send-name"; readonly name: string; readonly message: Term }
  /** A process that we watch has ended; for `erpc` the reason carries the result. */
  | { readonly kind: "down"; readonly reference: ReferenceTerm; readonly reason: Term }
  /** The same, with a reason that is over a limit or none: that call has failed, the connection has not. */
  | { readonly kind: "down-unreadable"; readonly reference: ReferenceTerm; readonly cause: OpsError }
  /** What became of a spawn: the process, or an atom that says why there is none. */
  | { readonly kind: "spawned"; readonly reference: ReferenceTerm; readonly result: Term }
  | { readonly kind: "unlink"; readonly id: Term; readonly from: Term; readonly to: Term }
  /** Links and monitors on us, exits to us: known, and nothing is to be done. */
  | { readonly kind: "other"; readonly operation: number };

/**
 * One frame, without its length.
 * @throws OpsError `upstream-malformed` or `limit-exceeded`
 */
export function decodeMessage(frame: Uint8Array, options: EtfDecodeOptions = {}): DistMessage {
  if (frame.length === 0) return { kind: "tick" };
  if (frame[0] !== PASS_THROUGH) throw malformed(`a frame of type ${frame[0]}`);
  const control = decodeTermAt(frame, 1, options);
  let end = control.end;
  const second = (): Term => {
    const decoded = decodeTermAt(frame, end, options);
    end = decoded.end;
    return decoded.term;
  };
  const message = meaning(control.term, second);
  if (message.kind !== "other" && message.kind !== "down-unreadable" && end !== frame.length)
    throw malformed("bytes after a message");
  return message;
}

function meaning(control: Term, second: () => Term): DistMessage {
  if (typeof control !== "object" || control.type !== "tuple") throw malformed("a control message that is no tuple");
  const [operation, a, b, c, d] = control.items;
  if (typeof operation !== "number") throw malformed("a control message without its number");
  switch (operation) {
    case OPERATION.send:
    case OPERATION.sendSender:
      return { kind: "send", to: pid(b), message: second() };
    case OPERATION.aliasSend:
      return { kind: "send-alias", alias: reference(b), message: second() };
    case OPERATION.regSend:
      return { kind: "send-name", name: name(c), message: second() };
    case OPERATION.monitorExit:
      return { kind: "down", reference: reference(c), reason: present(d) };
    case OPERATION.monitorExitPayload:
      return down(reference(c), second);
    case OPERATION.spawnReply:
      return { kind: "spawned", reference: reference(a), result: present(d) };
    case OPERATION.unlinkId:
      return { kind: "unlink", id: present(a), from: present(b), to: present(c) };
    default:
      return { kind: "other", operation };
  }
}

function down(call: ReferenceTerm, reason: () => Term): DistMessage {
  try {
    return { kind: "down", reference: call, reason: reason() };
  } catch (cause) {
    if (cause instanceof OpsError) return { kind: "down-unreadable", reference: call, cause };
    throw cause;
  }
}

function present(term: Term | undefined): Term {
  if (term === undefined) throw malformed("a control message that is too short");
  return term;
}

function pid(term: Term | undefined): PidTerm {
  if (typeof term === "object" && term.type === "pid") return term;
  throw malformed("no process where one belongs");
}

function reference(term: Term | undefined): ReferenceTerm {
  if (typeof term === "object" && term.type === "reference") return term;
  throw malformed("no reference where one belongs");
}

function name(term: Term | undefined): string {
  if (typeof term === "object" && term.type === "atom") return term.name;
  throw malformed("no name where one belongs");
}

const malformed = (what: string): OpsError => new OpsError("upstream-malformed", `Erlang distribution: ${what}`);

/** A frame with its length, ready to be sent. */
function encodeMessage(control: Term, message?: Term): Uint8Array {
  const writer = new TermWriter();
  writer.u32(0);
  writer.u8(PASS_THROUGH);
  writer.versioned(control);
  if (message !== undefined) writer.versioned(message);
  const bytes = writer.bytes();
  new DataView(bytes.buffer).setUint32(0, bytes.length - 4);
  return bytes;
}

const UNUSED = atom("");

export interface SpawnedCall {
  /** Of this call alone: names the request, its monitor and its result. */
  readonly reference: ReferenceTerm;
  /** Our one process: asks, and is the group leader of what is spawned. */
  readonly self: PidTerm;
  readonly module: string;
  readonly function: string;
  readonly args: readonly Term[];
}

/**
 * `erpc` by hand: spawns `erpc:execute_call/4` and watches it; it ends with the result as its reason.
 * Source: Erlang/OTP 25 lib/kernel/src/erpc.erl (call/5, execute_call/4).
 */
export const encodeCall = (call: SpawnedCall): Uint8Array =>
  encodeMessage(
    tuple(
      OPERATION.spawnRequest,
      call.reference,
      call.self,
      call.self,
      tuple(atom("erpc"), atom("execute_call"), 4),
      list([atom("monitor")]),
    ),
    list([call.reference, atom(call.module), atom(call.function), list(call.args)]),
  );

/**
 * The same by the older `rpc`: a `gen_server` call to the process `rex`, for nodes that cannot be asked to spawn. It cannot
 * be ended when it is given up.
 * Source: Erlang/OTP 25 lib/kernel/src/rpc.erl (handle_call).
 */
export const encodeRexCall = (call: SpawnedCall): Uint8Array =>
  encodeMessage(
    tuple(OPERATION.regSend, call.self, UNUSED, atom("rex")),
    tuple(
      atom("$gen_call"),
      tuple(call.self, call.reference),
      tuple(atom("call"), atom(call.module), atom(call.function), list(call.args), call.self),
    ),
  );

/** No longer watch what was spawned for a call. */
export const encodeDemonitor = (self: PidTerm, watched: PidTerm, call: ReferenceTerm): Uint8Array =>
  encodeMessage(tuple(OPERATION.demonitor, self, watched, call));

/** End a process whatever it does. */
export const encodeKill = (self: PidTerm, to: PidTerm): Uint8Array =>
  encodeMessage(tuple(OPERATION.exit2Payload, self, to), atom("kill"));

export const encodeSend = (to: PidTerm, message: Term): Uint8Array =>
  encodeMessage(tuple(OPERATION.send, UNUSED, to), message);

/** Confirms that a link on us is gone; the other side waits for it. */
export const encodeUnlinkAck = (id: Term, from: Term, to: Term): Uint8Array =>
  encodeMessage(tuple(OPERATION.unlinkIdAck, id, to, from));
