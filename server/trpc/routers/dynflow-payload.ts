import * as wire from "#server/contract/wire/dynflow-payload.ts";
import { atOnce } from "#server/trpc/at-once.ts";
import { permitted } from "#server/trpc/init.ts";

const read = permitted("plans:read");

/** What actions hold: chunks by the page, rows as they are stored, values that are masked. */
export const dynflowPayloadProcedures = {
  /** Output chunks of the action of a step, a page at a time; masked for viewers. */
  chunks: read
    .input(wire.chunksInput)
    .output(atOnce(wire.chunksOutput))
    .query(({ ctx, input }) => ctx.services.dynflowPayload.chunks(ctx.caller, input)),
  /** A row as it is stored, column by column. */
  raw: read
    .input(wire.rawInput)
    .output(atOnce(wire.rawOutput))
    .query(({ ctx, input }) => ctx.services.dynflowPayload.raw(ctx.caller, input)),
  /** More bytes of one column. */
  rawBytes: read
    .input(wire.rawBytesInput)
    .output(wire.rawBytesOutput)
    .query(({ ctx, input }) => ctx.services.dynflowPayload.rawBytes(ctx.caller, input)),
  /** Shows once what is masked. Who asked for what, and why, is in the journal before it is answered; the value never is. */
  reveal: permitted("payloads:reveal")
    .input(wire.revealInput)
    .output(atOnce(wire.revealOutput))
    .mutation(({ ctx, input }) => ctx.services.dynflowPayload.reveal(ctx.caller, input)),
};
