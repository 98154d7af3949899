"use client";
import { useEffect, useRef } from "react";
import { formatCoarseAgeMs, formatInstant, plural, zoneName } from "#components/ui/format.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { markOf } from "#server/contract/view/marks.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { SPANS, type Span, type TimeScale } from "./bar-scale.ts";
import { clampInstant } from "./clamp-instant.ts";
import { type Happened, Track, trackScale } from "./track.tsx";
import { useMoves, useTravel, useWay } from "./use-travel.ts";

interface SliderProps {
  readonly width: number;
  readonly span: Span;
  readonly now: EpochMs;
  /** Where the cursor stands; `null` = live. */
  readonly at: EpochMs | null;
  readonly other: EpochMs | null;
  /** The first instant that can be gone to, as far as it is known. */
  readonly first: EpochMs | null;
  readonly happened: Happened;
  readonly onZoom: (spanMs: number) => void;
  readonly onPan: (byMs: number) => void;
}

interface Dragging {
  readonly left: number;
  readonly scale: TimeScale;
}

/** Let go this close to the present, in pixels, it is live. */
const LIVE_PX = 4;

/** The track as a slider: drag it, turn the wheel over it, or move it by keys. */
export function Slider({ width, span, now, at, other, first, happened, onZoom, onPan }: SliderProps) {
  const { zone } = usePreferences();
  const way = useWay();
  const { wanted, loaded } = useTravel();
  const { goTo, commit, live } = useMoves();
  const ref = useRef<HTMLDivElement>(null);
  const dragging = useRef<Dragging | null>(null);
  const scale = trackScale(span, width);
  const past = at !== null;
  const cursor = at ?? now;
  useEffect(() => way.traveller.look(span), [way, span]);
  useWheel(ref, span, onZoom, onPan);

  // The drawing may change under a pointer that drags: what it was when the pointer went down holds until it goes up.
  const held = (event: React.PointerEvent): Dragging =>
    dragging.current ?? { left: event.currentTarget.getBoundingClientRect().left, scale };
  const instantAt = (event: React.PointerEvent) => {
    const drawn = held(event);
    return clampInstant(drawn.scale.toInstant(event.clientX - drawn.left), first, now);
  };
  const isPresent = (event: React.PointerEvent) => {
    const drawn = held(event);
    return drawn.scale.toX(now) - (event.clientX - drawn.left) < LIVE_PX;
  };
  return (
    <>
      <div
        ref={ref}
        className="slider"
        role="slider"
        tabIndex={0}
        aria-label="Instant that is shown"
        aria-orientation="horizontal"
        aria-valuemin={Math.floor(span.from / 1_000)}
        aria-valuemax={Math.ceil(span.to / 1_000)}
        aria-valuenow={Math.round(cursor / 1_000)}
        aria-valuetext={
          past
            ? `As of ${formatInstant(cursor, zone, now)} ${zoneName(zone, cursor)}, ${formatCoarseAgeMs(now - cursor)} ago`
            : "Live"
        }
        aria-keyshortcuts="ArrowLeft ArrowRight Shift+ArrowLeft Shift+ArrowRight Home End Space"
        aria-describedby="time-summary"
        data-wanted={at ?? ""}
        data-loaded={loaded}
        onPointerEnter={(event) => {
          if (wanted === null && event.pointerType === "mouse") way.traveller.warm(instantAt(event));
        }}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          if (!past && isPresent(event)) return;
          dragging.current = held(event);
          event.currentTarget.setPointerCapture(event.pointerId);
          goTo(instantAt(event));
        }}
        onPointerMove={(event) => {
          if (dragging.current !== null) way.traveller.seek(instantAt(event));
        }}
        onPointerUp={(event) => {
          if (dragging.current === null) return;
          if (isPresent(event)) live();
          else commit();
          dragging.current = null;
        }}
        onPointerCancel={() => {
          dragging.current = null;
          commit();
        }}
      >
        <Track width={width} span={span} zone={zone} happened={happened} cursor={cursor} other={other} past={past} />
      </div>
      <span id="time-summary" className="vh">
        {summary(happened, span)}
      </span>
    </>
  );
}

function summary({ events }: Happened, span: Span): string {
  const words = SPANS.find(({ ms }) => ms === span.to - span.from)?.words ?? "this span";
  const needs = events.filter((event) => markOf(event) === "need").length;
  return `${plural(events.length, "event")} at hand within ${words}, ${needs} of them needed a person`;
}

/** Sideways it moves the span, with Ctrl (or pinched) it zooms; listened to by hand, because React's wheel is passive. */
function useWheel(
  ref: React.RefObject<HTMLDivElement | null>,
  span: Span,
  onZoom: (spanMs: number) => void,
  onPan: (byMs: number) => void,
): void {
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const turn = (event: WheelEvent) => {
      const spanMs = span.to - span.from;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const index = SPANS.findIndex(({ ms }) => ms === spanMs);
        const next = SPANS[index + Math.sign(event.deltaY)];
        if (next !== undefined) onZoom(next.ms);
      } else if (event.deltaX !== 0 || event.shiftKey) {
        event.preventDefault();
        const px = event.deltaX === 0 ? event.deltaY : event.deltaX;
        onPan((px / Math.max(1, element.clientWidth)) * spanMs);
      }
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  }, [ref, span, onZoom, onPan]);
}
