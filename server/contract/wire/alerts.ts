import { z } from "zod";
import { NEED_KINDS } from "#server/kernel/need-kinds.ts";
import { instant, maskable, mutationResult, reason, requestId } from "./common.ts";

export const sinkView = z.object({
  id: z.string(),
  title: z.string(),
  /** Host that is posted to; the rest of the address may be a secret. */
  host: z.string(),
  signed: z.boolean(),
  /** Empty = all. */
  kinds: z.array(z.string()),
  least: z.enum(["attention", "failed"]),
  sources: z.array(z.string()),
  settleMs: z.number(),
  /** `null` = it is sent no sign of life. */
  aliveEveryMs: z.number().nullable(),
  /** `null` = not used since the start of this console. */
  state: z.enum(["ok", "failing"]).nullable(),
  reason: maskable(z.string()).nullable(),
  lastToldAt: instant.nullable(),
  lastAliveAt: instant.nullable(),
  /** Since the start of this console. */
  notices: z.number(),
  failures: z.number(),
  /** Findings that it was told and that are not over. */
  open: z.number(),
});
export type SinkView = z.infer<typeof sinkView>;

export const alertsOutput = z.object({
  asOf: instant,
  sinks: z.array(sinkView),
  /** `null` = this console tells: it writes the journal. Else who does. */
  toldBy: z.string().nullable(),
});

/** A silence may last so long. */
export const SILENCE_MINUTES = { min: 5, max: 7 * 24 * 60 } as const;

export const silenceInput = z.object({
  /** Kind of finding; `null` = whatever it is. */
  kind: z.enum(NEED_KINDS).nullable(),
  /** Stream of one source; `null` = of all. */
  stream: z.string().max(100).nullable(),
  /** Id of one finding. */
  finding: z.string().min(1).max(2_000).nullable(),
  minutes: z.number().int().min(SILENCE_MINUTES.min).max(SILENCE_MINUTES.max),
  reason,
  requestId,
});
export const silenceOutput = mutationResult.extend({ until: instant });

export const unsilenceInput = z.object({
  silenceId: z.string().min(1).max(100),
  /** Until when it was to last, as the operator saw. */
  expectedUntil: instant,
  reason,
  requestId,
});
export const unsilenceOutput = mutationResult;

export const alertTestInput = z.object({ sink: z.string().min(1).max(64), reason, requestId });
export const alertTestOutput = mutationResult;
