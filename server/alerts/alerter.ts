/**
 * Tells sinks what needs a person. It goes by levels, not by edges: again and again what a sink was told is compared
 * with what is so, and the difference is told. A sink that was away for an hour is told what is open when it is back, in
 * the order of how bad it is, and nothing waits in a queue meanwhile.
 */
import type { SinkState } from "#server/contract/alerts.ts";
import { CONSOLE_STREAM, type EventDraft, type StreamName } from "#server/contract/event.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { maskFolds } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { attention } from "#server/contract/view/attention.ts";
import type { Patience } from "#server/contract/view/attention-patience.ts";
import type { Need } from "#server/contract/view/need.ts";
import { type Clock, type EpochMs, type MonotonicMs, toIso } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { type Sighting, type SinkRules, sightingsAfter, type Telling, tellings, withinRoom } from "./domain/telling.ts";
import { type AlertSink, isNotTaken, type Notice } from "./ports.ts";
import { TOLD_MAX, type ToldBook } from "./told-book.ts";

const ROUND_MS = 1_000;
/** In one message. */
const NOTICES_MAX = 50;
const BACK_OFF_FIRST_MS = 5_000;
const BACK_OFF_MAX_MS = 5 * 60_000;

/** A configured place that alerts go to. */
export interface SinkSeat {
  readonly id: string;
  readonly rules: SinkRules;
  readonly sink: AlertSink;
  /** `null` = it is sent no sign of life. */
  readonly aliveEveryMs: number | null;
}

/** How a sink stands, for the screens. */
export interface SinkStanding {
  readonly id: string;
  readonly state: SinkState | null;
  readonly reason: string | null;
  readonly lastToldAt: EpochMs | null;
  readonly lastAliveAt: EpochMs | null;
  readonly notices: number;
  readonly failures: number;
}

export interface Alerter {
  standings(): readonly SinkStanding[];
  /** Until aborted. Rejects with the signal's reason alone. */
  run(signal: AbortSignal): Promise<void>;
}

interface Line {
  readonly seat: SinkSeat;
  state: SinkState | null;
  reason: string | null;
  lastToldAt: EpochMs | null;
  lastAliveAt: EpochMs | null;
  aliveDueAt: MonotonicMs | null;
  restUntil: MonotonicMs | null;
  restMs: number;
  notices: number;
  failures: number;
}

export interface AlerterDeps {
  readonly seats: readonly SinkSeat[];
  readonly book: ToldBook;
  readonly view: FoldView;
  readonly recorder: Recorder;
  /** Whether what is seen is remembered: without a journal nothing is told, and no sign of life is sent. */
  readonly isRecording: () => boolean;
  readonly clock: Clock;
  readonly masks: MaskRules;
  /** How long a plan may wait; the usual when left out. */
  readonly patience?: Patience;
  readonly log: Logger;
}

export function createAlerter(deps: AlerterDeps): Alerter {
  const { seats, book, view, clock, masks, log } = deps;
  const lines = seats.map(lineOf);
  let sightings: ReadonlyMap<string, Sighting> = new Map();

  async function journal(draft: EventDraft): Promise<void> {
    try {
      await deps.recorder.record(CONSOLE_STREAM, [draft]);
    } catch (cause) {
      log.error("alerts.not_recorded", { kind: draft.kind, cause: messageOf(cause) });
    }
  }

  async function stands(line: Line, to: SinkState, reason: string | null): Promise<void> {
    const from = line.state;
    line.state = to;
    line.reason = reason;
    if (from === to) return;
    const body = { from, to, reason };
    await journal({ kind: "alert.sink.changed", subject: line.seat.id, occurredAt: clock.now(), body });
  }

  async function tellOne(line: Line, telling: readonly Telling[], signal: AbortSignal): Promise<void> {
    const { seat } = line;
    const now = clock.now();
    const ids = await book.begin(seat.id, telling);
    const notices = telling.map((one, index) => noticeOf(one, ids[index] ?? ""));
    try {
      await seat.sink.tell({ type: "notices", sentAt: toIso(now), notices }, signal);
    } catch (cause) {
      if (isNotTaken(cause)) await book.notTaken(seat.id, telling);
      throw cause;
    }
    await book.finish(seat.id, telling);
    line.lastToldAt = now;
    line.notices += telling.length;
    for (const one of telling) await journal(toldDraft(seat.id, one, now));
  }

  async function serve(line: Line, folds: Folds, needs: readonly Need[], signal: AbortSignal): Promise<void> {
    if (line.restUntil !== null && clock.monotonic() < line.restUntil) return;
    const told = book.of(line.seat.id);
    const inDoubt = book.inDoubt(line.seat.id);
    const situation = {
      ...{ needs, told, inDoubt, sightings, blind: blindStreams(folds) },
      silences: Object.values(view.operator().silences),
      now: clock.now(),
      monotonic: clock.monotonic(),
    };
    const due = withinRoom(tellings(line.seat.rules, situation), situation, TOLD_MAX).slice(0, NOTICES_MAX);
    const isAliveDue = line.aliveDueAt !== null && clock.monotonic() >= line.aliveDueAt;
    try {
      await book.forget(line.seat.id, new Set(needs.map(({ id }) => id)));
      if (due.length === 0 && !isAliveDue) return;
      if (due.length > 0) await tellOne(line, due, signal);
      if (isAliveDue) await tellAlive(line, signal);
      line.restUntil = null;
      line.restMs = BACK_OFF_FIRST_MS;
      await stands(line, "ok", null);
    } catch (cause) {
      signal.throwIfAborted();
      line.failures += 1;
      line.restUntil = later(clock.monotonic(), line.restMs);
      line.restMs = Math.min(line.restMs * 2, BACK_OFF_MAX_MS);
      log.warn("alerts.not_taken", { sink: line.seat.id, cause: messageOf(cause) });
      await stands(line, "failing", messageOf(cause));
    }
  }

  async function tellAlive(line: Line, signal: AbortSignal): Promise<void> {
    const everyMs = line.seat.aliveEveryMs ?? 0;
    const now = clock.now();
    const open = book.of(line.seat.id).size;
    await line.seat.sink.tell(
      { type: "alive", sentAt: toIso(now), open, everySeconds: Math.round(everyMs / 1_000) },
      signal,
    );
    line.lastAliveAt = now;
    line.aliveDueAt = later(clock.monotonic(), everyMs);
  }

  return {
    standings: () => lines.map(standingOf),
    async run(signal) {
      if (seats.length === 0) return;
      await book.load(seats.map(({ id }) => id));
      sightings = new Map();
      // Each in a lane of its own: one that does not answer keeps nothing from the others.
      const busy = new Map<Line, Promise<void>>();
      try {
        for (;;) {
          if (deps.isRecording()) {
            const folds = maskFolds(view.folds(), "operator", masks);
            const needs = attention(folds, clock.now(), deps.patience);
            const asked = lines.flatMap(({ seat }) => [...book.of(seat.id).keys(), ...book.inDoubt(seat.id).keys()]);
            sightings = sightingsAfter(sightings, needs, asked, clock.monotonic());
            for (const line of lines) {
              if (busy.has(line)) continue;
              const done = serve(line, folds, needs, signal).finally(() => busy.delete(line));
              busy.set(line, done);
              done.catch((cause: unknown) => {
                if (!signal.aborted) log.error("alerts.round_failed", { cause: messageOf(cause) });
              });
            }
          }
          await clock.sleep(ROUND_MS, signal);
        }
      } finally {
        await Promise.allSettled(busy.values());
      }
    },
  };
}

const later = (from: MonotonicMs, ms: number): MonotonicMs => (from + ms) as MonotonicMs;

function lineOf(seat: SinkSeat): Line {
  return {
    seat,
    state: null,
    reason: null,
    lastToldAt: null,
    lastAliveAt: null,
    aliveDueAt: seat.aliveEveryMs === null ? null : (0 as MonotonicMs),
    restUntil: null,
    restMs: BACK_OFF_FIRST_MS,
    notices: 0,
    failures: 0,
  };
}

const standingOf = ({ seat, state, reason, lastToldAt, lastAliveAt, notices, failures }: Line): SinkStanding => ({
  id: seat.id,
  state,
  reason,
  lastToldAt,
  lastAliveAt,
  notices,
  failures,
});

/** Sources that are not up tell nothing: neither that something is so, nor that it is over. */
function blindStreams(folds: Folds): ReadonlySet<StreamName> {
  return new Set(
    Object.entries(folds).flatMap(([stream, fold]) =>
      fold.family === "operator" || fold.family === "console" || fold.source.state === "up" ? [] : [stream],
    ),
  );
}

function noticeOf({ what, finding, need, before }: Telling, id: string): Notice {
  const about = need ?? before;
  if (about === null) throw new Error("a notice is about something that was there or is");
  return {
    id,
    what,
    finding,
    kind: about.kind,
    severity: about.severity,
    stream: about.stream,
    target: about.target,
    title: about.title,
    detail: need?.detail ?? "",
    remedy: need?.remedy ?? null,
    since: need === null || need.since === null ? null : toIso(need.since),
    count: need?.count ?? 0,
    acknowledgedBy: need?.acknowledged?.by ?? null,
  };
}

function toldDraft(sink: string, { what, finding, need, before }: Telling, now: EpochMs): EventDraft {
  const { kind, stream, severity } = need ?? before ?? { kind: "", stream: CONSOLE_STREAM, severity: "attention" };
  const body = { what, finding, kind, stream, severity };
  return { kind: "alert.told", subject: sink, occurredAt: now, synthetic: true, body };
}
