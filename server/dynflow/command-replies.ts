import type { Clock } from "#server/kernel/clock.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import type { Reply } from "./codec/envelope.ts";

/** A reply, and which of the requests it answers. */
export interface Arrived {
  readonly index: number;
  readonly reply: Reply;
}

/** Replies to these requests, one after the other in the order of their arrival. */
export function awaitRepliesTo(world: Pick<ClientWorld, "onReply">, requestIds: readonly string[], clock: Clock) {
  const arrived: Arrived[] = [];
  let wake: (() => void) | null = null;
  const ends = requestIds.map((requestId, index) =>
    world.onReply(requestId, (reply) => {
      arrived.push({ index, reply });
      wake?.();
    }),
  );
  return {
    /** The next reply; `null` when none came in time. */
    async next(timeoutMs: number): Promise<Arrived | null> {
      const early = arrived.shift();
      if (early !== undefined) return early;
      if (timeoutMs <= 0) return null;
      const timer = new AbortController();
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([woken, clock.sleep(timeoutMs, timer.signal).catch(() => undefined)]);
      timer.abort();
      wake = null;
      return arrived.shift() ?? null;
    },
    /** A reply that is there already, without waiting. */
    takeArrived: (): Arrived | null => arrived.shift() ?? null,
    end(): void {
      for (const end of ends) end();
    },
  };
}
