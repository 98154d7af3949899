import { type Caller, sourceFor } from "#server/auth/caller.ts";
import type { Audience } from "#server/auth/permissions.ts";
import { dynflowStream, type EventActor } from "#server/contract/event.ts";
import { type PayloadPlace, valueAtPlace } from "#server/contract/mask-payload.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-payload.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import type { Operations } from "#server/operations/ports.ts";
import { toBase64 } from "./codec/base64.ts";
import type { ActionPayload, Decoded, PayloadValue, StepRow } from "./domain/model.ts";
import { missingAction } from "./missing-action.ts";
import { toChunkViews } from "./payload-chunks.ts";
import type { RawRow, RawRowRef } from "./ports.ts";
import { bytesOf, RAW_PAGE_BYTES, toRawView } from "./raw-view.ts";
import { audienceFor, type DynflowSource, maskedFor, observedAt } from "./source-view.ts";

/** As the journal names it. */
export const REVEAL_ACTION = "dynflow.plans.reveal";

type RevealPart = WireIn<typeof wire.revealInput>["part"];
interface Revealed {
  /** In words that give nothing away. */
  readonly path: string;
  readonly value: JsonValue;
}

/** Chunks by the page, rows as they are stored, and values that are masked, one by one and with a reason. */
export function createPayloadService(deps: {
  readonly sources: readonly DynflowSource[];
  readonly clock: Clock;
  readonly operations: Pick<Operations, "known" | "perform">;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { sources, clock, operations, masks = DEFAULT_MASK_RULES } = deps;

  async function rawOf(source: DynflowSource, input: RawAsked): Promise<RawRow> {
    const row = await source.store.raw(refOf(input));
    if (row === null) throw new OpsError("not-found", "There is no such row");
    return row;
  }

  return {
    async chunks(caller: Caller, input: WireIn<typeof wire.chunksInput>): WireOut<typeof wire.chunksOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      // The last one known is read again: it may end in the key of what the next begins with.
      const { action } = await actionOf(source, input, Math.max(0, input.after - 1));
      const last = action.chunks.at(-1)?.id ?? null;
      const chunks = toChunkViews(action.chunks, masks).filter(({ id }) => id > input.after);
      return {
        ...observedAt(askedAt, [source]),
        chunks: maskedFor(audienceFor(caller), chunks),
        next: action.chunksCut ? last : null,
      };
    },

    async raw(caller: Caller, input: WireIn<typeof wire.rawInput>): WireOut<typeof wire.rawOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const row = await rawOf(source, input);
      const schemaVersion = source.capabilities()?.schemaVersion ?? null;
      return { ...observedAt(askedAt, [source]), schemaVersion, ...toRawView(row, audienceFor(caller), masks) };
    },

    async rawBytes(caller: Caller, input: WireIn<typeof wire.rawBytesInput>): WireOut<typeof wire.rawBytesOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const { blob } = cellOf(await rawOf(source, input), input.column);
      const { bytes, withheld } = bytesOf(blob, masks);
      const { offset } = input;
      const part = bytes?.subarray(offset, offset + RAW_PAGE_BYTES) ?? null;
      const audience: Audience = audienceFor(caller);
      return {
        ...observedAt(askedAt, [source]),
        total: blob.length,
        offset,
        bytes: maskedFor(audience, part === null ? null : toBase64(part)),
        withheld,
      };
    },

    /** Answers what is masked, once, after the journal holds who asked for it and why. The journal never holds the value. */
    async reveal(caller: Caller, input: WireIn<typeof wire.revealInput>): WireOut<typeof wire.revealOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { planId, part, requestId } = input;
      if (operations.known(requestId) !== null) {
        throw new OpsError("conflict", "This was revealed already: a value is shown once for each request");
      }
      const { path, value } = await revealed(source, planId, part);
      const request = {
        requestId,
        facts: {
          action: REVEAL_ACTION,
          stream: dynflowStream(source.id),
          target: planId,
          expected: { part: part.kind, path, ...("stepId" in part ? { stepId: part.stepId } : {}) },
        },
        actor: toActor(caller, input.reason),
      };
      return operations.perform(
        request,
        async () => ({ journalId: requestId, path, value }),
        () => `${path} was shown once`,
      );
    },
  };

  async function revealed(source: DynflowSource, planId: string, part: RevealPart): Promise<Revealed> {
    switch (part.kind) {
      case "input":
      case "output": {
        const { action } = await actionOf(source, { planId, stepId: part.stepId });
        return at(part.kind, action[part.kind], part.place);
      }
      case "arguments": {
        const outline = await source.store.outline(planId);
        const delayed = outline?.plan.delayed ?? null;
        if (delayed === null) throw new OpsError("not-found", "The plan has no delayed row");
        return at("arguments", delayed.args, part.place);
      }
      case "error": {
        const step = await stepOf(source, planId, part.stepId);
        const error = step.error.ok ? step.error.value : null;
        if (error === null) throw new OpsError("not-found", `Step ${part.stepId} has no error`);
        const { exceptionClass, message, backtrace } = error;
        return { path: "error", value: { exceptionClass, message, backtrace: [...backtrace] } };
      }
      case "chunk": {
        const { action } = await actionOf(source, { planId, stepId: part.stepId }, part.chunkId - 1);
        const found = action.chunks.find(({ id }) => id === part.chunkId);
        if (found === undefined) throw new OpsError("not-found", `There is no chunk ${part.chunkId}`);
        return at(`chunk ${part.chunkId}`, found.chunk, []);
      }
      case "bytes": {
        const { blob } = cellOf(await rawOf(source, { ...part, planId }), part.column);
        if (blob.bytes === null) throw new OpsError("limit-exceeded", `${blob.length} bytes are more than is read`);
        return {
          path: `${part.row}${part.id === null ? "" : ` ${part.id}`}.${part.column}`,
          value: toBase64(blob.bytes),
        };
      }
    }
  }

  function at(name: string, payload: Decoded<PayloadValue>, place: PayloadPlace): Revealed {
    if (!payload.ok) throw new OpsError("refused", `It cannot be decoded: ${payload.reason}`);
    const found = valueAtPlace(masks, payload.value, place);
    if (found === null) throw new OpsError("conflict", "There is no longer a value at this place: it has changed");
    const inside = found.name === "" || found.name.startsWith("[") ? found.name : `.${found.name}`;
    return { path: `${name}${inside}`, value: found.value };
  }
}

interface RawAsked {
  readonly planId: string;
  readonly row: RawRowRef["row"];
  readonly id: number | null;
}

function refOf({ row, planId, id }: RawAsked): RawRowRef {
  if (row === "plan" || row === "delayed") return { row, planId };
  if (id === null) throw new OpsError("invalid-input", `Say which ${row}`);
  return { row, planId, id };
}

function cellOf(row: RawRow, column: string) {
  const cell = row.cells.find((each) => each.column === column);
  if (cell === undefined || cell.blob === null) {
    throw new OpsError("not-found", `${row.table} holds no bytes in ${column}`);
  }
  return { blob: cell.blob };
}

async function stepOf(source: DynflowSource, planId: string, stepId: number): Promise<StepRow> {
  const after = stepId === 0 ? null : stepId - 1;
  const [step] = await source.store.stepsPart({ planId, after, limit: 1 });
  if (step?.id !== stepId) throw new OpsError("not-found", `The plan has no step ${stepId}`);
  return step;
}

async function actionOf(
  source: DynflowSource,
  { planId, stepId }: { readonly planId: string; readonly stepId: number },
  chunksAfter = 0,
): Promise<{ readonly step: StepRow; readonly action: ActionPayload }> {
  const step = await stepOf(source, planId, stepId);
  const action = await source.store.action(planId, step.actionId, chunksAfter);
  return { step, action: action ?? missingAction(step.actionId) };
}

const toActor = (caller: Caller, reason: string): EventActor => ({
  user: caller.principal.id,
  role: caller.principal.role,
  address: caller.address,
  reason,
});
