import { randomInt } from "node:crypto";
import { type CallOutcome, erpcOutcome, ioAnswer, rexOutcome, spawnFailure } from "#server/dna/codec/dist/answers.ts";
import {
  type DistMessage,
  decodeMessage,
  encodeCall,
  encodeDemonitor,
  encodeKill,
  encodeRexCall,
  encodeSend,
  encodeUnlinkAck,
} from "#server/dna/codec/dist/control.ts";
import { DIST_FLAG } from "#server/dna/codec/dist/flags.ts";
import { TICK } from "#server/dna/codec/dist/frames.ts";
import { AtomTable } from "#server/dna/codec/etf/atom-table.ts";
import type { PidTerm, ReferenceTerm, Term } from "#server/dna/codec/etf/term.ts";
import type { MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Deadline } from "./deadline.ts";
import type { Dialled } from "./dial.ts";
import {
  CONFIRM_TIMEOUT_MS,
  type DistOptions,
  PENDING_MAX,
  SILENCE_MAX_MS,
  TICK_MS,
  UNSENT_MAX_BYTES,
} from "./options.ts";
import { raisedError } from "./raised.ts";
import type { RemoteCall } from "./remote-nodes.ts";

const WATCHES_PER_CONFIRM = 8;

/** Why a connection is over. */
export interface ConnectionEnd {
  /** `closed` = by us, in order; `lost` = it broke, or the node is silent. */
  readonly kind: "closed" | "lost";
  readonly reason: string;
}

/** One open connection with a node. */
export interface NodeConnection {
  readonly node: string;
  /** Answers that are waited for. */
  readonly pending: number;
  readonly isOver: boolean;
  /** Since when nobody waits; `null` = somebody does. */
  readonly idleSince: MonotonicMs | null;
  /** Sends a call at once. Throws as `RemoteNodes.call` does. */
  call(call: RemoteCall, deadline: Deadline): Promise<Term>;
  /** Calls that wait reject. */
  end(end: ConnectionEnd): void;
}

export interface ConnectionEvents {
  /** Once, whoever ended it. */
  ended(end: ConnectionEnd): void;
  /** Nobody waits for an answer any more. */
  idle(): void;
}

interface Pending {
  readonly reference: ReferenceTerm;
  readonly sentAt: MonotonicMs;
  readonly settle: (outcome: CallOutcome | OpsError) => void;
  /** What carries it out on the node, as soon as it has told. */
  process: PidTerm | null;
  /** Nobody waits any more; it is ended on the node as soon as its process is known. */
  givenUp: boolean;
}

/** Serves one connection until its end. */
export function serveConnection(
  options: Pick<DistOptions, "name" | "clock" | "log">,
  dialled: Dialled,
  events: ConnectionEvents,
): NodeConnection {
  const connection = new Connection(options, dialled, events);
  connection.start();
  return connection;
}

class Connection implements NodeConnection {
  readonly node: string;
  idleSince: MonotonicMs | null;
  private readonly options: Pick<DistOptions, "name" | "clock" | "log">;
  private readonly dialled: Dialled;
  private readonly events: ConnectionEvents;
  private readonly self: PidTerm;
  private readonly atoms = new AtomTable();
  private readonly calls = new Map<string, Pending>();
  private readonly over = new AbortController();
  private readonly seed = randomInt(0, 2 ** 32);
  private sequence = 0;
  private waiting = 0;
  private watching = false;
  private heardAt: MonotonicMs;
  private saidAt: MonotonicMs;

  constructor(options: Pick<DistOptions, "name" | "clock" | "log">, dialled: Dialled, events: ConnectionEvents) {
    this.options = options;
    this.dialled = dialled;
    this.events = events;
    this.node = dialled.peer.name;
    this.self = { type: "pid", node: options.name, id: 1, serial: 0, creation: dialled.creation };
    const now = options.clock.monotonic();
    [this.heardAt, this.saidAt, this.idleSince] = [now, now, now];
  }

  get isOver(): boolean {
    return this.over.signal.aborted;
  }

  get pending(): number {
    return this.waiting;
  }

  start(): void {
    const { socket } = this.dialled;
    socket.on("error", (cause) => this.end({ kind: "lost", reason: messageOf(cause) }));
    socket.on("close", () => this.end({ kind: "lost", reason: "the node closed the connection" }));
    socket.on("data", () => {
      this.heardAt = this.options.clock.monotonic();
    });
    this.dialled.receive(
      (frame) => this.frame(frame),
      (cause) => this.broken(cause),
    );
    void this.tick();
    if (socket.destroyed) this.end({ kind: "lost", reason: "the node closed the connection" });
  }

  call(call: RemoteCall, deadline: Deadline): Promise<Term> {
    return new Promise((resolve, reject) => {
      const what = `${call.module}:${call.function}/${call.args.length}`;
      const refusal = this.whyNot();
      if (refusal !== null) return reject(refusal);
      if (deadline.signal.aborted) return reject(deadline.error(this.node, what, false));
      const reference = this.nextReference();
      const key = keyOf(reference);
      const { spawn } = DIST_FLAG;
      const spawned = { reference, self: this.self, ...call };
      const bytes = this.dialled.flags & spawn ? encodeCall(spawned) : encodeRexCall(spawned);
      const onOver = (): void => this.giveUp(key, deadline.error(this.node, what, true));
      const pending: Pending = {
        reference,
        sentAt: this.options.clock.monotonic(),
        process: null,
        givenUp: false,
        settle: (outcome) => {
          deadline.signal.removeEventListener("abort", onOver);
          this.waiting -= 1;
          if (this.waiting === 0) this.idle();
          if (outcome instanceof OpsError) reject(outcome);
          else if (outcome.kind === "value") resolve(outcome.value);
          else reject(raisedError(this.node, what, outcome));
        },
      };
      deadline.signal.addEventListener("abort", onOver, { once: true });
      this.calls.set(key, pending);
      this.waiting += 1;
      this.idleSince = null;
      this.send(bytes);
      void this.watch();
    });
  }

  end(end: ConnectionEnd): void {
    if (this.over.signal.aborted) return;
    this.over.abort();
    this.dialled.socket.destroy();
    const reason = `${this.node}: the connection is over, and with it the answer (${end.reason})`;
    this.rejectAll(() => new OpsError("upstream-unavailable", reason, { details: { sent: true } }));
    this.events.ended(end);
  }

  private idle(): void {
    this.idleSince = this.options.clock.monotonic();
    if (!this.over.signal.aborted) this.events.idle();
  }

  private whyNot(): OpsError | null {
    const not = { details: { sent: false } };
    if (this.over.signal.aborted)
      return new OpsError("upstream-unavailable", `${this.node}: the connection is over`, not);
    if (this.calls.size >= PENDING_MAX) {
      return new OpsError("limit-exceeded", `${this.node}: ${PENDING_MAX} calls wait for their answer already`, not);
    }
    if (this.dialled.socket.writableLength <= UNSENT_MAX_BYTES) return null;
    return new OpsError(
      "limit-exceeded",
      `${this.node}: takes nothing, and ${UNSENT_MAX_BYTES} bytes wait already`,
      not,
    );
  }

  /** Distinct for as long as a connection can last; the first word stays within the 18 bits that old nodes keep. */
  private nextReference(): ReferenceTerm {
    this.sequence += 1;
    const words = [this.sequence % 2 ** 18, Math.floor(this.sequence / 2 ** 18), this.seed];
    return { type: "reference", node: this.options.name, creation: this.dialled.creation, words };
  }

  private send(bytes: Uint8Array): void {
    if (this.over.signal.aborted) return;
    this.saidAt = this.options.clock.monotonic();
    this.dialled.socket.write(bytes);
  }

  /** Speaks when we have been silent, and ends a connection on which the node is. */
  private async tick(): Promise<void> {
    const { clock } = this.options;
    while (!this.over.signal.aborted) {
      await clock.sleep(TICK_MS, this.over.signal).catch(() => undefined);
      const now = clock.monotonic();
      if (now - this.heardAt >= SILENCE_MAX_MS) this.unheard(now - this.heardAt);
      else if (now - this.saidAt >= TICK_MS) this.send(TICK);
    }
  }

  /** A node of a long tick time may be silent for that long and be well: where nobody waits, nothing is said of it. */
  private unheard(silentMs: number): void {
    if (this.waiting > 0) this.silent(silentMs);
    else this.end({ kind: "closed", reason: "silent, and nobody needs it" });
  }

  private silent(silentMs: number): void {
    this.end({ kind: "lost", reason: `not a byte of the node for ${(silentMs / 1_000).toFixed(1)} s` });
  }

  private frame(frame: Uint8Array): void {
    if (this.over.signal.aborted) return;
    try {
      this.message(decodeMessage(frame, { atoms: this.atoms }));
    } catch (cause) {
      this.broken(cause);
    }
  }

  /** What comes next cannot be told from what came: there is nothing to be read on this connection any more. */
  private broken(cause: unknown): void {
    if (cause instanceof OpsError && cause.code === "limit-exceeded") {
      const told = new OpsError("limit-exceeded", `${this.node}: ${cause.message}`, { cause, details: { sent: true } });
      this.rejectAll(() => told);
    }
    this.end({ kind: "lost", reason: messageOf(cause) });
  }

  private message(message: DistMessage): void {
    switch (message.kind) {
      case "tick":
        this.send(TICK);
        break;
      case "spawned":
        this.spawned(message.reference, message.result);
        break;
      case "down":
        this.answered(keyOf(message.reference), erpcOutcome(message.reference, message.reason));
        break;
      case "down-unreadable":
        this.answered(keyOf(message.reference), withNode(this.node, message.cause));
        break;
      case "send":
        this.told(message.message);
        break;
      case "unlink":
        this.send(encodeUnlinkAck(message.id, message.from, message.to));
        break;
      default:
      // Links, monitors and exits of ours: we have one process, which never ends before the connection does.
    }
  }

  private spawned(reference: ReferenceTerm, result: Term): void {
    const pending = this.calls.get(keyOf(reference));
    if (pending === undefined) return;
    if (typeof result !== "object" || result.type !== "pid") {
      this.answered(keyOf(reference), { kind: "lost", reason: spawnFailure(result), started: false });
      return;
    }
    pending.process = result;
    if (pending.givenUp) this.endOnNode(keyOf(reference), pending);
  }

  private answered(key: string, outcome: CallOutcome | OpsError): void {
    const pending = this.calls.get(key);
    if (pending === undefined) return; // given up, and its end crossed with ours
    this.calls.delete(key);
    if (!pending.givenUp) pending.settle(outcome);
  }

  /** A message to our process: somebody prints by us, or `rex` answers. */
  private told(message: Term): void {
    const print = ioAnswer(message);
    if (print !== null) this.send(encodeSend(print.to, print.answer));
    const [tag, answer] = typeof message === "object" && message.type === "tuple" ? message.items : [];
    if (typeof tag === "object" && tag.type === "reference" && answer !== undefined)
      this.answered(keyOf(tag), rexOutcome(answer));
  }

  private giveUp(key: string, cause: OpsError): void {
    const pending = this.calls.get(key);
    if (pending === undefined || pending.givenUp) return;
    pending.givenUp = true;
    pending.settle(cause);
    if (pending.process !== null) this.endOnNode(key, pending);
  }

  /** As long as a call is not confirmed: a node that does not send a byte meanwhile is ended with. */
  private async watch(): Promise<void> {
    if (this.watching || !this.confirms()) return;
    this.watching = true;
    const { clock } = this.options;
    for (;;) {
      await clock.sleep(CONFIRM_TIMEOUT_MS / WATCHES_PER_CONFIRM, this.over.signal).catch(() => undefined);
      const oldest = [...this.calls.values()].find(({ process }) => process === null);
      if (oldest === undefined || this.over.signal.aborted) break;
      const silentMs = clock.monotonic() - Math.max(this.heardAt, oldest.sentAt);
      if (silentMs >= CONFIRM_TIMEOUT_MS) this.silent(silentMs);
    }
    this.watching = false;
  }

  private confirms(): boolean {
    return (this.dialled.flags & DIST_FLAG.spawn) !== 0n;
  }

  private endOnNode(key: string, { process, reference }: Pending): void {
    if (process === null) return;
    this.calls.delete(key);
    this.send(encodeDemonitor(this.self, process, reference));
    this.send(encodeKill(this.self, process));
  }

  private rejectAll(error: () => OpsError): void {
    const waiting = [...this.calls.values()].filter(({ givenUp }) => !givenUp);
    this.calls.clear();
    for (const pending of waiting) pending.settle(error());
  }
}

const keyOf = ({ node, creation, words }: ReferenceTerm): string => `${words.join(".")}.${creation}.${node}`;

const withNode = (node: string, cause: OpsError): OpsError =>
  new OpsError(cause.code, `${node}: ${cause.message}`, { cause, details: { ...cause.details, sent: true } });
