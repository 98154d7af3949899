"use client";
import { memo, useMemo } from "react";
import type { Zone } from "#components/ui/format.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { LANE_WORDS, LANES } from "#server/contract/view/lanes.ts";
import type { Mark } from "#server/contract/wire/journal.ts";
import { type Span, type TimeScale, tickInstants, tickWords, timeScale } from "./bar-scale.ts";
import { gapsOf, type LaneGeometry, laneY, tickPaths, WEIGHTS } from "./lane-marks.ts";

/** What is known to have happened within the bar. */
export interface Happened {
  /** Oldest first. */
  readonly events: readonly JournalEvent[];
  /** Where no events are at hand: only what stands out. */
  readonly marks: readonly Mark[];
  /** Before it nothing is kept, or nothing was recorded: which of the two, and in words. */
  readonly begins: { readonly at: number; readonly words: string } | null;
  /** From here on nothing is heard; `null` = the feed is live. */
  readonly lostSince: number | null;
}

interface TrackProps {
  readonly width: number;
  readonly span: Span;
  readonly zone: Zone;
  readonly happened: Happened;
  /** The instant that is shown, and the one that it is compared with. */
  readonly cursor: number;
  readonly other: number | null;
  readonly past: boolean;
}

const NARROW_PX = 520;
const BAR_PX = 63;
const NARROW_BAR_PX = 43;

/** Where the line lies within so many pixels. */
export function trackScale(span: Span, width: number): TimeScale {
  const narrow = width < NARROW_PX;
  return timeScale(span, narrow ? 10 : 72, Math.max(narrow ? 20 : 82, width - (narrow ? 18 : 32)));
}

/** One lane a kind of source: tick = event, wider amber or red = attention or failure, ▲ = an operator acted. */
export function Track({ width, span, zone, happened, cursor, other, past }: TrackProps) {
  const narrow = width < NARROW_PX;
  const height = narrow ? NARROW_BAR_PX : BAR_PX;
  const scale = useMemo(() => trackScale(span, width), [span, width]);
  const geometry = narrow ? NARROW_GEOMETRY : GEOMETRY;
  const bottom = geometry.top + LANES.length * geometry.laneHeight;
  const x = scale.toX(cursor);
  return (
    <svg width={width} height={height} aria-hidden="true">
      <Ground scale={scale} geometry={geometry} narrow={narrow} zone={zone} height={height} />
      <Marks scale={scale} geometry={geometry} happened={happened} />
      {past && x < scale.right && (
        <rect className="future" x={x} y="0" width={scale.right - x} height={bottom + 2} fill="url(#hatch)" />
      )}
      {other !== null && <line className="other" x1={scale.toX(other)} x2={scale.toX(other)} y1="0" y2={height} />}
      <line className="cursor" x1={x} x2={x} y1="0" y2={height} />
      <path className="cursor-head" d={`M${x - 4.5} 0h9L${x} 8z`} />
    </svg>
  );
}

const GEOMETRY: LaneGeometry = { top: 6, laneHeight: 10 };
const NARROW_GEOMETRY: LaneGeometry = { top: 4, laneHeight: 6 };

interface GroundProps {
  readonly scale: TimeScale;
  readonly geometry: LaneGeometry;
  readonly narrow: boolean;
  readonly zone: Zone;
  readonly height: number;
}

const Ground = memo(function Ground({ scale, geometry, narrow, zone, height }: GroundProps) {
  return (
    <>
      {LANES.map((lane) => {
        const y = laneY(lane, geometry);
        return (
          <g key={lane}>
            {!narrow && (
              <text className="lane-name" x="8" y={y + 3}>
                {LANE_WORDS[lane]}
              </text>
            )}
            <line className="lane-line" x1={scale.left} x2={scale.right} y1={y} y2={y} />
          </g>
        );
      })}
      {tickInstants(scale).map((at) => (
        <text key={at} x={scale.toX(at)} y={height - 4} textAnchor="middle">
          {tickWords(at, scale.to - scale.from, zone)}
        </text>
      ))}
    </>
  );
});

interface MarksProps {
  readonly scale: TimeScale;
  readonly geometry: LaneGeometry;
  readonly happened: Happened;
}

const WORDS_PX = 120;

/** Everything that stands still while the cursor moves. */
const Marks = memo(function Marks({ scale, geometry, happened }: MarksProps) {
  const { events, marks, begins, lostSince } = happened;
  const paths = tickPaths(events, marks, scale, geometry);
  const bottom = geometry.top + LANES.length * geometry.laneHeight;
  const hatched = (from: number, to: number, words: string, y = geometry.top, height = bottom - geometry.top) => (
    <rect
      key={`${words} ${from}`}
      className="gap"
      x={scale.toX(from)}
      y={y}
      width={Math.max(2, scale.toX(to) - scale.toX(from))}
      height={height}
      fill="url(#hatch)"
    >
      <title>{words}</title>
    </rect>
  );
  const unknownPx = begins === null ? 0 : scale.toX(begins.at) - scale.left;
  return (
    <>
      {begins !== null && unknownPx > 1 && hatched(scale.from, begins.at, begins.words)}
      {gapsOf(events, marks, scale).map(({ from, to, lane, words }) =>
        lane === null
          ? hatched(from, to, words)
          : hatched(from, to, words, laneY(lane, geometry) - geometry.laneHeight * 0.4, geometry.laneHeight * 0.8),
      )}
      {WEIGHTS.map((weight) => (
        <path
          key={weight}
          className={weight === "operator" ? "operator" : `tick ${weight}`}
          d={paths.get(weight) ?? ""}
        />
      ))}
      {lostSince !== null && hatched(lostSince, scale.to, "not heard")}
      {begins !== null && unknownPx > WORDS_PX && (
        <text className="begins" x={scale.left + unknownPx / 2} y={(geometry.top + bottom) / 2 + 3} textAnchor="middle">
          {begins.words}
        </text>
      )}
    </>
  );
});
