import { type Caller, visibleStreams } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { type EventDraft, MASKED, type StreamName } from "#server/contract/event.ts";
import { own } from "#server/contract/fold/record.ts";
import { seesStream } from "#server/contract/visibility.ts";
import type * as wire from "#server/contract/wire/alerts.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import { type Clock, type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { Operations } from "#server/operations/ports.ts";
import { tellEvent, toEventActor } from "#server/operations/tell.ts";
import type { Alerter, SinkSeat } from "./alerter.ts";
import type { ToldBook } from "./told-book.ts";

export const SILENCE_ACTION = "alerts.silence";
export const UNSILENCE_ACTION = "alerts.unsilence";
export const TEST_ACTION = "alerts.test";

const MINUTE_MS = 60_000;
const TEST_TIMEOUT_MS = 20_000;

/** A sink as it is shown: nothing of its address but the host. */
export interface ShownSeat extends SinkSeat {
  readonly title: string;
  readonly host: string;
  readonly signed: boolean;
}

export interface AlertsDeps {
  readonly seats: readonly ShownSeat[];
  readonly alerter: Pick<Alerter, "standings">;
  readonly book: Pick<ToldBook, "of">;
  readonly view: FoldView;
  readonly recorder: Recorder;
  readonly operations: Operations;
  /** Who tells instead of this console; `null` = it does. */
  readonly toldBy: () => string | null;
  readonly clock: Clock;
}

/** Whom findings are told, how that goes, and what is silenced. */
export function createAlertsService(deps: AlertsDeps) {
  const { seats, alerter, book, view, operations, clock } = deps;

  function silenceable(caller: Caller, stream: StreamName | null): void {
    const visible = visibleStreams(caller.principal);
    if (stream === null ? visible === "all" : seesStream(visible, stream)) return;
    const message = stream === null ? "Name a source: you see only some of them" : `No source of ${stream}`;
    throw new OpsError(stream === null ? "invalid-input" : "not-found", message);
  }

  return {
    async list(caller: Caller): WireOut<typeof wire.alertsOutput> {
      const standings = new Map(alerter.standings().map((standing) => [standing.id, standing]));
      const hidden = audienceOf(caller.principal) === "public";
      const sinks = seats.map((seat): WireShape<typeof wire.sinkView> => {
        const { id, title, host, signed, rules, aliveEveryMs } = seat;
        const standing = standings.get(id);
        return {
          ...{ id, title, host, signed, aliveEveryMs },
          kinds: [...rules.kinds],
          least: rules.least,
          sources: [...rules.sources],
          settleMs: rules.settleMs,
          state: standing?.state ?? null,
          reason: standing?.reason == null ? null : hidden ? MASKED : standing.reason,
          lastToldAt: isoOrNull(standing?.lastToldAt ?? null),
          lastAliveAt: isoOrNull(standing?.lastAliveAt ?? null),
          notices: standing?.notices ?? 0,
          failures: standing?.failures ?? 0,
          open: book.of(id).size,
        };
      });
      return { asOf: toIso(clock.now()), sinks, toldBy: deps.toldBy() };
    },

    /** One event, and nothing is sent anywhere: it is certain when it is journalled. */
    async silence(caller: Caller, input: WireIn<typeof wire.silenceInput>): WireOut<typeof wire.silenceOutput> {
      const { kind, stream, finding, minutes, requestId } = input;
      silenceable(caller, stream);
      const known = own(view.operator().silences, requestId);
      if (operations.known(requestId) !== null) {
        const until = known?.until ?? clock.now();
        return { journalId: requestId, phase: "verified", note: "It had been silenced already", until: toIso(until) };
      }
      const until = epochMs(clock.now() + minutes * MINUTE_MS);
      const target = finding ?? kind ?? "everything";
      const operation = {
        requestId,
        actor: toEventActor(caller, input.reason),
        facts: { action: SILENCE_ACTION, stream, target, expected: { minutes } },
      };
      const body = { kind, stream, finding, until };
      const draft: EventDraft = { kind: "alert.silenced", subject: requestId, occurredAt: clock.now(), body };
      await tellEvent(deps, operation, draft, `until ${toIso(until)}`);
      return { journalId: requestId, phase: "verified", note: null, until: toIso(until) };
    },

    async unsilence(caller: Caller, input: WireIn<typeof wire.unsilenceInput>): WireOut<typeof wire.unsilenceOutput> {
      const { silenceId, expectedUntil, requestId } = input;
      if (operations.known(requestId) !== null) return { journalId: requestId, phase: "verified", note: null };
      const silence = own(view.operator().silences, silenceId);
      if (silence === undefined) throw new OpsError("conflict", "It is silenced no more");
      silenceable(caller, silence.stream);
      if (toIso(silence.until) !== expectedUntil) throw new OpsError("conflict", "It lasts to another time by now");
      const operation = {
        requestId,
        actor: toEventActor(caller, input.reason),
        facts: {
          action: UNSILENCE_ACTION,
          stream: silence.stream,
          target: silenceId,
          expected: { until: expectedUntil },
        },
      };
      const body = { stream: silence.stream };
      const draft: EventDraft = { kind: "alert.unsilenced", subject: silenceId, occurredAt: clock.now(), body };
      await tellEvent(deps, operation, draft, "it is told again");
      return { journalId: requestId, phase: "verified", note: null };
    },

    /** Sends one message that says it is a test. */
    async test(caller: Caller, input: WireIn<typeof wire.alertTestInput>): WireOut<typeof wire.alertTestOutput> {
      const { sink, requestId } = input;
      const seat = seats.find(({ id }) => id === sink);
      if (seat === undefined) throw new OpsError("not-found", `No sink ${sink}`);
      const known = operations.known(requestId);
      if (known !== null) return { journalId: requestId, phase: "requested", note: "It had been asked for already" };
      const operation = {
        requestId,
        actor: toEventActor(caller, input.reason),
        facts: { action: TEST_ACTION, stream: null, target: sink, expected: {} },
      };
      await operations.request(operation);
      try {
        const signal = AbortSignal.timeout(TEST_TIMEOUT_MS);
        await seat.sink.tell({ type: "test", sentAt: toIso(clock.now()), by: caller.principal.id }, signal);
      } catch (cause) {
        await operations.settle(operation, "failed", messageOf(cause));
        throw cause;
      }
      await operations.settle(operation, "verified", `${seat.host} took it`);
      return { journalId: requestId, phase: "verified", note: `${seat.host} took it` };
    },
  };
}

const isoOrNull = (at: EpochMs | null): string | null => (at === null ? null : toIso(at));
