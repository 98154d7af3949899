/** One client of the feed: what may be written to it now. */
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";

/** Where the bytes go. Nothing here throws. */
export interface LiveSink {
  write(frame: Uint8Array): void;
  /** Bytes written that have not left yet. */
  bufferedBytes(): number;
  close(): void;
}

/** A client that has not taken its bytes for so long is let go; it comes back with its cursor. */
const STUCK_AFTER_MS = 60_000;

export interface Subscriber {
  isCurrent(): boolean;
  isClosed(): boolean;
  /** The first frame; from here on it is current. */
  begin(frame: Uint8Array): void;
  /** Writes to a client that is current; one with too much waiting falls behind instead, and this is `false`. */
  offer(frame: Uint8Array): boolean;
  /** Behind, and everything has left: a snapshot makes it current again. */
  isDrained(): boolean;
  /** Behind for too long. */
  isStuck(): boolean;
  finish(lastFrame: Uint8Array | null): void;
}

type State =
  | { readonly kind: "joining" | "current" | "closed" }
  | { readonly kind: "behind"; readonly since: MonotonicMs };

export function createSubscriber(sink: LiveSink, bufferedBytesMax: number, clock: Clock): Subscriber {
  let state: State = { kind: "joining" };
  return {
    isCurrent: () => state.kind === "current",
    isClosed: () => state.kind === "closed",
    begin(frame) {
      if (state.kind === "closed") return;
      state = { kind: "current" };
      sink.write(frame);
    },
    offer(frame) {
      if (state.kind !== "current") return true;
      if (sink.bufferedBytes() > bufferedBytesMax) {
        state = { kind: "behind", since: clock.monotonic() };
        return false;
      }
      sink.write(frame);
      return true;
    },
    isDrained: () => state.kind === "behind" && sink.bufferedBytes() === 0,
    isStuck: () => state.kind === "behind" && clock.monotonic() - state.since > STUCK_AFTER_MS,
    finish(lastFrame) {
      if (state.kind === "closed") return;
      state = { kind: "closed" };
      if (lastFrame !== null) sink.write(lastFrame);
      sink.close();
    },
  };
}
