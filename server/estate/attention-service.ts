import { type Caller, sourceFor, visibleStreams } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { dnaStream, dynflowStream, type EventDraft, hafStream, ingestStream } from "#server/contract/event.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { maskFolds } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { attention } from "#server/contract/view/attention.ts";
import type { Patience } from "#server/contract/view/attention-patience.ts";
import { type Need, sourceOf } from "#server/contract/view/need.ts";
import { visibleFolds } from "#server/contract/visibility.ts";
import type * as wire from "#server/contract/wire/attention.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import { type Clock, epochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { tellEvent, toEventActor } from "#server/operations/tell.ts";
import type { Estate } from "./service.ts";

export const ACKNOWLEDGE_ACTION = "attention.acknowledge";
export const RELEASE_ACTION = "attention.release";
const MINUTE_MS = 60_000;

interface AttentionDeps {
  readonly estate: Pick<Estate, "dna" | "dynflow" | "haf" | "ingest">;
  readonly view: FoldView;
  readonly recorder: Recorder;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly masks: MaskRules;
  /** As configured; left out = the usual. */
  readonly patience?: Patience;
}

/** What needs a person, and who has taken what on. */
export function createAttentionService(deps: AttentionDeps) {
  const { estate, view, recorder, operations, clock, masks } = deps;
  const gateways = estate.ingest === null ? [] : [estate.ingest];
  const everySource = [...estate.dynflow, ...estate.dna, ...estate.haf, ...gateways];

  const foldsFor = ({ principal }: Caller): Folds =>
    maskFolds(visibleFolds(visibleStreams(principal), view.folds()), audienceOf(principal), masks);

  const needsFor = (caller: Caller): readonly Need[] => attention(foldsFor(caller), clock.now(), deps.patience);

  function needOf(caller: Caller, finding: string): Need {
    const found = needsFor(caller).find(({ id }) => id === finding);
    if (found === undefined) throw new OpsError("conflict", "It needs nobody any more");
    return found;
  }

  const told = (operation: OperationRequest, draft: EventDraft, found: string): Promise<void> =>
    tellEvent({ operations, recorder }, operation, draft, found);

  return {
    async list(caller: Caller, input: WireIn<typeof wire.attentionInput>): WireOut<typeof wire.attentionOutput> {
      const asked = input.source === undefined ? null : sourceFor(caller, everySource, input.source);
      const streams =
        asked === null
          ? null
          : [dynflowStream, dnaStream, hafStream, ingestStream].map((streamOf) => streamOf(asked.id));
      const needs = needsFor(caller).filter(({ stream }) => streams === null || streams.includes(stream));
      return { asOf: toIso(clock.now()), faults: faultsOf(foldsFor(caller), streams), needs: needs.map(toNeedView) };
    },

    /** One event, and nothing is sent anywhere: it is certain when it is journalled. */
    async acknowledge(
      caller: Caller,
      input: WireIn<typeof wire.acknowledgeInput>,
    ): WireOut<typeof wire.acknowledgeOutput> {
      const { finding, expectedSeverity, expectedCount, minutes, requestId } = input;
      const known = operations.known(requestId);
      const taken = view.operator().acknowledgements[finding];
      if (known !== null) {
        const until = taken === undefined ? clock.now() : taken.until;
        return { journalId: requestId, phase: "verified", note: "It had been taken on already", until: toIso(until) };
      }
      const need = needOf(caller, finding);
      if (need.severity === "failed" && expectedSeverity !== "failed") {
        throw new OpsError("conflict", "It has become worse since you looked");
      }
      const { stream, severity, count } = need;
      const until = epochMs(clock.now() + minutes * MINUTE_MS);
      const expected = { severity: expectedSeverity, count: expectedCount, minutes };
      const operation = {
        requestId,
        actor: toEventActor(caller, input.reason),
        facts: { action: ACKNOWLEDGE_ACTION, stream, target: finding, expected },
      };
      const body = { finding, stream, severity, count, until };
      const draft: EventDraft = { kind: "attention.acknowledged", subject: finding, occurredAt: clock.now(), body };
      await told(operation, draft, `until ${toIso(until)}`);
      return { journalId: requestId, phase: "verified", note: null, until: toIso(until) };
    },

    async release(caller: Caller, input: WireIn<typeof wire.releaseInput>): WireOut<typeof wire.releaseOutput> {
      const { finding, expectedBy, requestId } = input;
      if (operations.known(requestId) !== null) return { journalId: requestId, phase: "verified", note: null };
      const { stream, acknowledged } = needOf(caller, finding);
      if (acknowledged === undefined || acknowledged === null) throw new OpsError("conflict", "Nobody has it any more");
      if (acknowledged.by !== expectedBy) {
        throw new OpsError("conflict", `${acknowledged.by ?? "Somebody else"} has it by now`);
      }
      const operation = {
        requestId,
        actor: toEventActor(caller, input.reason),
        facts: { action: RELEASE_ACTION, stream, target: finding, expected: { by: expectedBy } },
      };
      const body = { finding, stream };
      const draft: EventDraft = { kind: "attention.released", subject: finding, occurredAt: clock.now(), body };
      await told(operation, draft, "nobody has it any more");
      return { journalId: requestId, phase: "verified", note: null };
    },
  };
}

function faultsOf(folds: Folds, streams: readonly string[] | null) {
  return Object.entries(folds).flatMap(([stream, fold]) => {
    if (fold.family === "operator" || fold.family === "console") return [];
    if (fold.source.state === "up" || (streams !== null && !streams.includes(stream))) return [];
    const { state, since, reason } = fold.source;
    const message = reason ?? (state === "starting" ? "not read yet" : "down");
    return [{ source: sourceOf(stream), message, since: since === 0 ? null : toIso(since) }];
  });
}

function toNeedView(need: Need): WireShape<typeof wire.needView> {
  const { id, kind, severity, stream, target, title, detail, since, count, remedy, offer, acknowledged } = need;
  return {
    id,
    kind,
    severity,
    stream,
    target,
    title,
    detail,
    since: since === null ? null : toIso(since),
    count,
    remedy: remedy ?? null,
    offer: offer === undefined ? null : { verb: offer.verb, planIds: [...offer.planIds] },
    acknowledged:
      acknowledged === undefined || acknowledged === null
        ? null
        : { ...acknowledged, at: toIso(acknowledged.at), until: toIso(acknowledged.until) },
  };
}
