"use client";
import { useEffect, useMemo, useState } from "react";
import { useInstants } from "#components/ui/instants.ts";
import { useLive, useLiveNow } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useWidth } from "#components/ui/width.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { liveEnd, SPANS, type Span, spanAround, zoomed } from "./bar-scale.ts";
import { Slider } from "./slider.tsx";
import { TimeControls } from "./time-controls.tsx";
import { TravelEngine } from "./travel-engine.tsx";
import { TravelKeys } from "./travel-keys.tsx";
import { useFirst, useHappened } from "./use-happened.ts";
import { useTravel } from "./use-travel.ts";

const GoToInstant = onDemand(() => import("./go-to-instant.tsx").then((module) => module.GoToInstant));

const FIRST_SPAN_MS = SPANS[1].ms;

/** The moving part of the time bar: the track with its cursor, the controls, and what keeps the address in step. */
export function TimeTravel() {
  const now = useLiveNow();
  return (
    <>
      <TravelEngine />
      {now === null ? <div className="track" /> : <Bar now={now} />}
    </>
  );
}

function Bar({ now }: { readonly now: EpochMs }) {
  const live = useLive();
  const { at: inAddress, with: other } = useInstants();
  const { wanted } = useTravel();
  const [ref, width] = useWidth<HTMLDivElement>();
  const [asking, setAsking] = useState(false);
  const at = wanted ?? inAddress;
  const { span, zoom, pan } = useSpan(now, at);
  const happened = useHappened(span, live.phase === "live" ? null : live.since);
  const first = useFirst(span);
  return (
    <>
      <div className="track" ref={ref}>
        {width !== null && (
          <Slider
            width={width}
            span={span}
            now={now}
            at={at}
            other={other}
            first={first}
            happened={happened}
            onZoom={zoom}
            onPan={pan}
          />
        )}
      </div>
      <TimeControls span={span} at={at} now={now} onZoom={zoom} onAsk={() => setAsking(true)} />
      <TravelKeys at={at} now={now} first={first} />
      {asking && <GoToInstant at={at} now={now} onClose={() => setAsking(false)} />}
    </>
  );
}

/** What the bar shows: live it moves with time; in the past it stands, unless the cursor leaves it. */
function useSpan(now: EpochMs, at: EpochMs | null) {
  const [spanMs, setSpanMs] = useState<number>(FIRST_SPAN_MS);
  const [standing, setStanding] = useState<Span | null>(null);
  const end = liveEnd(now, spanMs);
  const moving = useMemo<Span>(() => ({ from: end - spanMs, to: end }), [end, spanMs]);
  const shown = at === null ? moving : spanAround(standing ?? moving, at, now);
  useEffect(() => setStanding(at === null ? null : shown), [at, shown]);
  return {
    span: shown,
    zoom(ms: number) {
      setSpanMs(ms);
      if (at !== null) setStanding(zoomed(shown, ms, at, now));
    },
    pan(byMs: number) {
      if (at === null) return;
      const to = Math.min(liveEnd(now, spanMs), shown.to + byMs);
      const next = { from: to - spanMs, to };
      // The cursor stays in view: it says what is on the screens.
      if (next.from <= at && at <= next.to) setStanding(next);
    },
  };
}
