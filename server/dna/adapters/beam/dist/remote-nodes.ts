import type { BeamLink, BeamRegistration } from "#server/dna/beam-ports.ts";
import type { Term } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";

export interface RemoteCall {
  /** As on the wire: Elixir's modules with their prefix (`Elixir.Dna.Server.Cluster`). */
  readonly module: string;
  readonly function: string;
  readonly args: readonly Term[];
}

export interface RemoteCallOptions {
  /** For all of it: waiting for a place, connecting, asking, answering. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Calls of functions on BEAM nodes over Erlang distribution: one connection a node, made when something is asked and
 * closed when nothing has been for a while. Which functions may be called is not decided here: `DnaBeam` has the closed
 * list, and nothing else may hold one of these.
 */
export interface RemoteNodes {
  /**
   * Calls a function and gives its value. A call that is given up (time-out, signal) is ended on the node too: no process
   * stays behind there.
   *
   * @throws RemoteException what the function raised on the node (`undef` when it is not there)
   * @throws OpsError `upstream-unavailable` no connection, lost connection, no answer in time; `refused` the link waits
   * before it tries again, nothing was tried; `limit-exceeded` an answer over the cap, or too many waiting;
   * `upstream-malformed` bytes that are no answer; `cancelled` by the signal. {@link neverSent} tells whether it may have
   * been carried out.
   */
  call(node: string, call: RemoteCall, options: RemoteCallOptions): Promise<Term>;
  /** How we stand with a node; asks nobody. */
  link(node: string): BeamLink;
  /** Asks the port mapper of the node's host. A time-out is `unknown`: it proves nothing. */
  registration(node: string): Promise<BeamRegistration>;
  /** Ends every connection; calls that wait reject. */
  close(): Promise<void>;
}

/** Raised on the node by the function that was called, or for want of it. It was carried out up to there. */
export class RemoteException extends OpsError {
  readonly class: "error" | "exit" | "throw";
  /** As raised; `undef` and the like are atoms. */
  readonly reason: Term;

  constructor(raised: "error" | "exit" | "throw", reason: Term, message: string) {
    super("upstream-malformed", message);
    this.name = "RemoteException";
    this.class = raised;
    this.reason = reason;
  }
}

/** A call that cannot have been carried out: it failed before anything of it was sent. Where this is false it is not known. */
export const neverSent = (cause: unknown): boolean => cause instanceof OpsError && cause.details.sent === false;
