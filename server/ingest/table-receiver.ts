/** The receiver that stores everything in a table of points. */
import type { Clock } from "#server/kernel/clock.ts";
import type { MetricStore, Receiver } from "./ports.ts";

const EXPIRE_EVERY_MS = 600_000;

export function createTableReceiver(store: MetricStore, clock: Clock): Receiver {
  let expiredAt = Number.NEGATIVE_INFINITY;
  return {
    async receive(batch, signal) {
      await store.write(batch, signal);
      const now = clock.monotonic();
      if (now - expiredAt < EXPIRE_EVERY_MS) return;
      expiredAt = now;
      // As long as something is left it goes on with each list, so that it keeps up with whatever comes.
      if (await store.expire(clock.now())) expiredAt = Number.NEGATIVE_INFINITY;
    },
    // The table holds what was measured; who was silent when is in the journal.
    agentChanged: async () => undefined,
    flush: async () => undefined,
    close: () => store.close(),
  };
}
