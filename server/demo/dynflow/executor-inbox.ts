/**
 * The inbox of an executor: all waiting envelopes are taken, and deleted, before the first is decoded. One that Ruby
 * could not decode loses the whole batch, with one line in the log and no answer to anybody (seen).
 */
import type { Envelope } from "#server/dynflow/codec/envelope.ts";
import { decodeEnvelope, rubyRefusal } from "#server/dynflow/codec/envelope-decode.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { pullEnvelopes } from "./coordinator.ts";
import type { SqlExecutor } from "./sql-database.ts";

export interface ExecutorCounts {
  readonly decoded: number;
  /** Envelopes lost because one of their batch could not be decoded. */
  readonly lost: number;
}

export interface ExecutorInbox {
  /** Takes what is there. One pull after the other; never rejects: what failed is tried with the next. */
  pull(): Promise<void>;
  counts(): ExecutorCounts;
}

export function createExecutorInbox(options: {
  readonly worldId: string;
  readonly db: () => SqlExecutor;
  readonly log: Logger;
  readonly serve: (envelope: Envelope) => void;
}): ExecutorInbox {
  const { worldId, log } = options;
  let counts: ExecutorCounts = { decoded: 0, lost: 0 };
  let pulling: Promise<void> = Promise.resolve();

  async function take(): Promise<void> {
    const batch = await pullEnvelopes(options.db(), worldId);
    const refusals = batch.flatMap((bytes) => rubyRefusal(bytes) ?? []);
    if (refusals.length > 0) {
      counts = { ...counts, lost: counts.lost + batch.length };
      log.error("demo.executor.batch_lost", { worldId, envelopes: batch.length, refusals });
      return;
    }
    counts = { ...counts, decoded: counts.decoded + batch.length };
    for (const bytes of batch) {
      const decoded = decodeEnvelope(bytes);
      if (decoded.ok) options.serve(decoded.envelope);
    }
  }

  return {
    counts: () => counts,
    pull() {
      pulling = pulling.then(take).catch((cause: unknown) => log.warn("demo.executor.not_pulled", { worldId, cause }));
      return pulling;
    },
  };
}
