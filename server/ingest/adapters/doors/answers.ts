import type { RefusedItem } from "#server/ingest/codec/calls.ts";
import type { IntakeAnswer } from "#server/ingest/ports.ts";
import type { CallAnswer } from "./calls-v1.ts";
import { Refusal } from "./refusal.ts";

const UNAVAILABLE_RETRY_MS = 2_000;

/**
 * What an agent is told of its items: 202 for what was taken, 422 when none of them can ever be, 429 and 503 when it
 * has to come again.
 *
 * @throws Refusal 429 and 503
 */
export function answerOf(taken: IntakeAnswer, refused: readonly RefusedItem[]): CallAnswer {
  switch (taken.kind) {
    case "taken": {
      const rejected = [...taken.rejected, ...refused].sort((a, b) => a.seq - b.seq);
      const none = taken.accepted + taken.duplicates === 0 && rejected.length > 0;
      const { accepted, duplicates, credit } = taken;
      return { status: none ? 422 : 202, body: { accepted, duplicates, rejected, credit } };
    }
    case "full":
      throw new Refusal(429, { error: "full", credit: 0 }, { retryAfterMs: taken.retryAfterMs });
    case "unavailable":
      throw new Refusal(503, { error: "unavailable", reason: taken.reason }, { retryAfterMs: UNAVAILABLE_RETRY_MS });
  }
}
