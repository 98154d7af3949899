import type { CallOutcome } from "#server/dna/codec/dist/answers.ts";
import type { PidTerm, ReferenceTerm, Term } from "#server/dna/codec/etf/term.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Deadline } from "./deadline.ts";
import { raisedError } from "./raised.ts";

interface UnderWay {
  readonly reference: ReferenceTerm;
  readonly sentAt: MonotonicMs;
  readonly settle: (outcome: CallOutcome | OpsError) => void;
  /** What carries it out on the node, as soon as it has told. */
  process: PidTerm | null;
  /** Nobody waits any more; it is ended on the node as soon as its process is known. */
  givenUp: boolean;
}

export interface CallsUnderWayOptions {
  readonly node: string;
  readonly clock: Clock;
  /** A call that was given up runs in this process on the node: it is to be ended there. */
  readonly endOnNode: (process: PidTerm, reference: ReferenceTerm) => void;
  /** Nobody waits for an answer any more. */
  readonly idle: () => void;
}

/** The calls of one connection, from the moment they are sent until nothing of them is left, here or on the node. */
export class CallsUnderWay {
  /** Since when nobody waits; `null` = somebody does. */
  idleSince: MonotonicMs | null;
  private readonly options: CallsUnderWayOptions;
  private readonly calls = new Map<string, UnderWay>();
  private waitingCount = 0;

  constructor(options: CallsUnderWayOptions) {
    this.options = options;
    this.idleSince = options.clock.monotonic();
  }

  /** Those given up and not ended yet among them. */
  get size(): number {
    return this.calls.size;
  }

  /** Those whose answer somebody waits for. */
  get waiting(): number {
    return this.waitingCount;
  }

  /** The oldest call was sent at this instant, and the node has not confirmed it; `null` = all are confirmed. */
  unconfirmedSince(): MonotonicMs | null {
    for (const { process, sentAt } of this.calls.values()) if (process === null) return sentAt;
    return null;
  }

  /** A call that is being sent now. Its promise rejects at its deadline at the latest. */
  begin(reference: ReferenceTerm, what: string, deadline: Deadline): Promise<Term> {
    const { node, clock } = this.options;
    const key = keyOf(reference);
    return new Promise((resolve, reject) => {
      const onOver = (): void => this.giveUp(key, deadline.error(node, what, true));
      const settle = (outcome: CallOutcome | OpsError): void => {
        deadline.signal.removeEventListener("abort", onOver);
        this.waitingCount -= 1;
        if (this.waitingCount === 0) this.nobodyWaits();
        if (outcome instanceof OpsError) reject(outcome);
        else if (outcome.kind === "value") resolve(outcome.value);
        else reject(raisedError(node, what, outcome));
      };
      deadline.signal.addEventListener("abort", onOver, { once: true });
      this.calls.set(key, { reference, sentAt: clock.monotonic(), settle, process: null, givenUp: false });
      this.waitingCount += 1;
      this.idleSince = null;
    });
  }

  /** The node has told which process carries it out. */
  confirmed(reference: ReferenceTerm, process: PidTerm): void {
    const call = this.calls.get(keyOf(reference));
    if (call === undefined) return;
    call.process = process;
    if (call.givenUp) this.end(call);
  }

  /** Ignored when it is not ours, or was given up: its end has crossed with ours then. */
  answered(reference: ReferenceTerm, outcome: CallOutcome | OpsError): void {
    const key = keyOf(reference);
    const call = this.calls.get(key);
    this.calls.delete(key);
    if (call !== undefined && !call.givenUp) call.settle(outcome);
  }

  /** Rejects all that wait; nothing of them can be ended on the node any more. */
  failAll(error: OpsError): void {
    const waiting = [...this.calls.values()].filter(({ givenUp }) => !givenUp);
    this.calls.clear();
    for (const call of waiting) call.settle(error);
  }

  private nobodyWaits(): void {
    this.idleSince = this.options.clock.monotonic();
    this.options.idle();
  }

  private giveUp(key: string, cause: OpsError): void {
    const call = this.calls.get(key);
    if (call === undefined || call.givenUp) return;
    call.givenUp = true;
    call.settle(cause);
    this.end(call);
  }

  private end({ process, reference }: UnderWay): void {
    if (process === null) return;
    this.calls.delete(keyOf(reference));
    this.options.endOnNode(process, reference);
  }
}

const keyOf = ({ node, creation, words }: ReferenceTerm): string => `${words.join(".")}.${creation}.${node}`;
