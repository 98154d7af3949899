import { randomInt } from "node:crypto";
import { erpcOutcome, ioAnswer, rexOutcome, spawnFailure } from "#server/dna/codec/dist/answers.ts";
import {
  type DistMessage,
  decodeMessage,
  encodeCall,
  encodeDemonitor,
  encodeKill,
  encodeRexCall,
  encodeSend,
  encodeUnlinkAck,
  type SpawnedCall,
} from "#server/dna/codec/dist/control.ts";
import { DIST_FLAG } from "#server/dna/codec/dist/flags.ts";
import { TICK } from "#server/dna/codec/dist/frames.ts";
import { AtomTable } from "#server/dna/codec/etf/atom-table.ts";
import type { PidTerm, ReferenceTerm, Term } from "#server/dna/codec/etf/term.ts";
import type { MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { CallsUnderWay } from "./calls-under-way.ts";
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
import type { RemoteCall } from "./remote-nodes.ts";

const WATCHES_PER_CONFIRM = 8;
/** A timer of ours that is later says that we were not at work ourselves. */
const LATE_MAX_MS = 500;

/** Why a connection is over. */
export interface ConnectionEnd {
  /** `closed` = by us, in order; `lost` = it broke, or the node is silent. */
  readonly kind: "closed" | "lost";
  readonly reason: string;
}

/** One open connection with a node. */
export interface NodeConnection {
  readonly node: string;
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
  private readonly options: Pick<DistOptions, "name" | "clock" | "log">;
  private readonly dialled: Dialled;
  private readonly events: ConnectionEvents;
  private readonly self: PidTerm;
  private readonly calls: CallsUnderWay;
  private readonly atoms = new AtomTable();
  private readonly over = new AbortController();
  private readonly seed = randomInt(0, 2 ** 32);
  private sequence = 0;
  private watching = false;
  private heardAt: MonotonicMs;
  private saidAt: MonotonicMs;

  constructor(options: Pick<DistOptions, "name" | "clock" | "log">, dialled: Dialled, events: ConnectionEvents) {
    this.options = options;
    this.dialled = dialled;
    this.events = events;
    this.node = dialled.peer.name;
    this.self = { type: "pid", node: options.name, id: 1, serial: 0, creation: dialled.creation };
    this.heardAt = options.clock.monotonic();
    this.saidAt = this.heardAt;
    this.calls = new CallsUnderWay({
      node: this.node,
      clock: options.clock,
      endOnNode: (process, reference) => this.endOnNode(process, reference),
      idle: () => void (this.isOver || events.idle()),
    });
  }

  get isOver(): boolean {
    return this.over.signal.aborted;
  }

  get idleSince(): MonotonicMs | null {
    return this.calls.idleSince;
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

  async call(call: RemoteCall, deadline: Deadline): Promise<Term> {
    const what = `${call.module}:${call.function}/${call.args.length}`;
    const refusal = this.whyNot();
    if (refusal !== null) throw refusal;
    if (deadline.signal.aborted) throw deadline.error(this.node, what, false);
    const reference = this.nextReference();
    const bytes = this.written({ reference, self: this.self, ...call });
    const answer = this.calls.begin(reference, what, deadline);
    this.send(bytes);
    void this.watch();
    return answer;
  }

  end(end: ConnectionEnd): void {
    if (this.isOver) return;
    this.over.abort();
    this.dialled.socket.destroy();
    const reason = `${this.node}: the connection is over, and with it the answer (${end.reason})`;
    this.calls.failAll(new OpsError("upstream-unavailable", reason, { details: { sent: true } }));
    this.events.ended(end);
  }

  private whyNot(): OpsError | null {
    const because = (code: "upstream-unavailable" | "limit-exceeded", reason: string): OpsError =>
      new OpsError(code, `${this.node}: ${reason}`, { details: { sent: false } });
    if (this.isOver) return because("upstream-unavailable", "the connection is over");
    if (this.calls.size >= PENDING_MAX) {
      return because("limit-exceeded", `${PENDING_MAX} calls wait for their answer already`);
    }
    if (this.dialled.socket.writableLength <= UNSENT_MAX_BYTES) return null;
    return because("limit-exceeded", `takes nothing, and ${UNSENT_MAX_BYTES} bytes wait already`);
  }

  private written(call: SpawnedCall): Uint8Array {
    try {
      return this.confirms() ? encodeCall(call) : encodeRexCall(call);
    } catch (cause) {
      throw new OpsError("invalid-input", messageOf(cause), { cause, details: { sent: false } });
    }
  }

  /** Distinct for as long as a connection can last; the first word stays within the 18 bits that old nodes keep. */
  private nextReference(): ReferenceTerm {
    this.sequence += 1;
    const words = [this.sequence % 2 ** 18, Math.floor(this.sequence / 2 ** 18), this.seed];
    return { type: "reference", node: this.options.name, creation: this.dialled.creation, words };
  }

  private send(bytes: Uint8Array): void {
    if (this.isOver) return;
    this.saidAt = this.options.clock.monotonic();
    this.dialled.socket.write(bytes);
  }

  /** Whether it slept about as long as it meant to: after a pause of our own, bytes may be there that we have not read. */
  private async slept(ms: number): Promise<boolean> {
    const { clock } = this.options;
    const startedAt = clock.monotonic();
    await clock.sleep(ms, this.over.signal).catch(() => undefined);
    return clock.monotonic() - startedAt < ms + LATE_MAX_MS;
  }

  /** Speaks when we have been silent, and ends a connection on which the node is. */
  private async tick(): Promise<void> {
    while (!this.isOver) {
      const timely = await this.slept(TICK_MS);
      const now = this.options.clock.monotonic();
      if (timely && now - this.heardAt >= SILENCE_MAX_MS) this.unheard(now - this.heardAt);
      else if (now - this.saidAt >= TICK_MS) this.send(TICK);
    }
  }

  /** As long as a call is not confirmed: a node that does not send a byte meanwhile is left. */
  private async watch(): Promise<void> {
    if (this.watching || !this.confirms()) return;
    this.watching = true;
    for (;;) {
      const timely = await this.slept(CONFIRM_TIMEOUT_MS / WATCHES_PER_CONFIRM);
      const since = this.calls.unconfirmedSince();
      if (since === null || this.isOver) break;
      const silentMs = this.options.clock.monotonic() - Math.max(this.heardAt, since);
      if (timely && silentMs >= CONFIRM_TIMEOUT_MS) this.silent(silentMs);
    }
    this.watching = false;
  }

  private confirms(): boolean {
    return (this.dialled.flags & DIST_FLAG.spawn) !== 0n;
  }

  /** A node of a long tick time may be silent for that long and be well: where nobody waits, nothing is said of it. */
  private unheard(silentMs: number): void {
    if (this.calls.waiting > 0) this.silent(silentMs);
    else this.end({ kind: "closed", reason: "silent, and nobody needs it" });
  }

  private silent(silentMs: number): void {
    this.end({ kind: "lost", reason: `not a byte of the node for ${(silentMs / 1_000).toFixed(1)} s` });
  }

  private frame(frame: Uint8Array): void {
    if (this.isOver) return;
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
      this.calls.failAll(told);
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
        this.calls.answered(message.reference, erpcOutcome(message.reference, message.reason));
        break;
      case "down-unreadable":
        this.calls.answered(message.reference, withNode(this.node, message.cause));
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
    if (typeof result === "object" && result.type === "pid") this.calls.confirmed(reference, result);
    else this.calls.answered(reference, { kind: "lost", reason: spawnFailure(result), started: false });
  }

  /** A message to our process: somebody prints by us, or `rex` answers. */
  private told(message: Term): void {
    const print = ioAnswer(message);
    if (print !== null) this.send(encodeSend(print.to, print.answer));
    const [tag, answer] = typeof message === "object" && message.type === "tuple" ? message.items : [];
    if (typeof tag === "object" && tag.type === "reference" && answer !== undefined) {
      this.calls.answered(tag, rexOutcome(answer));
    }
  }

  private endOnNode(process: PidTerm, reference: ReferenceTerm): void {
    this.send(encodeDemonitor(this.self, process, reference));
    this.send(encodeKill(this.self, process));
  }
}

const withNode = (node: string, cause: OpsError): OpsError =>
  new OpsError(cause.code, `${node}: ${cause.message}`, { cause, details: { ...cause.details, sent: true } });
