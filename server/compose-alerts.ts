import { hostname } from "node:os";
import { ulid } from "ulid";
import { createWebhookSink } from "#server/alerts/adapters/webhook/webhook-sink.ts";
import { createAlerter } from "#server/alerts/alerter.ts";
import { createAlertsService, type ShownSeat } from "#server/alerts/service.ts";
import { createToldBook } from "#server/alerts/told-book.ts";
import type { Configuration } from "#server/config/model.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { LiveRecorder } from "#server/live/recorder.ts";
import type { Operations } from "#server/operations/ports.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

/** Whom findings are told, with the work of telling them. */
export function composeAlerts(deps: {
  readonly configuration: Configuration;
  readonly recorder: LiveRecorder;
  readonly state: StateStore;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly masks: MaskRules;
  readonly log: Logger;
}) {
  const { configuration, recorder, state, clock, masks, log } = deps;
  const origin = configuration.listen.publicOrigin ?? hostname();
  // Whoever checks a signature has the time of the world, whatever a demo's clock says.
  const realTime = createSystemClock();
  const seats = configuration.alerts.map((sink): ShownSeat => {
    const { id, title, kinds, least, sources, settleMs, aliveEveryMs } = sink;
    const url = sink.url.reveal();
    return {
      id,
      title,
      host: new URL(url).host,
      signed: sink.key !== null,
      rules: { kinds, least, sources, settleMs },
      sink: createWebhookSink({ url, key: sink.key?.reveal() ?? null, origin }, realTime),
      aliveEveryMs,
    };
  });
  const book = createToldBook(state, log, ulid);
  const isRecording = () => recorder.journalStatus().ok;
  const alerter = createAlerter({
    seats,
    book,
    view: recorder,
    recorder,
    isRecording,
    clock,
    masks,
    log,
    patience: configuration.limits,
  });
  const toldBy = () => {
    const { follows } = recorder.journalStatus();
    return follows === undefined ? null : (follows.holder ?? "nobody at present");
  };
  return { alerter, service: createAlertsService({ ...deps, seats, alerter, book, view: recorder, toldBy }) };
}
