"use client";
import { memo } from "react";
import { formatClock, plural, type Zone } from "#components/ui/format.ts";
import { eventWords, LANES, type Lane, laneOf } from "#server/contract/view/event-words.ts";
import type { RecentEvents } from "./recent-join.ts";
import { type TimeScale, tickInstants, timeScale } from "./time-scale.ts";

interface TimeTrackProps {
  readonly width: number;
  readonly now: number;
  readonly zone: Zone;
  readonly recent: RecentEvents | undefined;
  /** Since when nothing is heard; `null` = the feed is live. */
  readonly lostSince: number | null;
}

const NARROW_PX = 520;
const BAR_PX = 63;
const NARROW_BAR_PX = 43;

interface Geometry {
  readonly height: number;
  readonly laneHeight: number;
  readonly top: number;
}

/** One lane a kind of source: tick = event, wider amber or red = attention or failure, ▲ = an operator acted. */
export function TimeTrack({ width, now, zone, recent, lostSince }: TimeTrackProps) {
  const narrow = width < NARROW_PX;
  const geometry: Geometry = narrow
    ? { height: NARROW_BAR_PX, laneHeight: 8, top: 4 }
    : { height: BAR_PX, laneHeight: 13, top: 6 };
  const scale = timeScale({ from: narrow ? 10 : 72, to: width - (narrow ? 18 : 32), now });
  const right = scale.toX(now);
  const bottom = geometry.top + LANES.length * geometry.laneHeight;
  const heardFrom = recent === undefined ? right : scale.toX(recent.knownFrom);
  return (
    <svg width={width} height={geometry.height} role="img" aria-label={summary(recent)}>
      {LANES.map((lane, index) => {
        const y = geometry.top + (index + 0.5) * geometry.laneHeight;
        return (
          <g key={lane}>
            {!narrow && (
              <text className="lane-name" x="8" y={y + 3}>
                {lane}
              </text>
            )}
            <line className="lane-line" x1={scale.left} x2={right} y1={y} y2={y} />
          </g>
        );
      })}
      {heardFrom > scale.left + 1 && (
        <rect
          x={scale.left}
          y={geometry.top}
          width={heardFrom - scale.left}
          height={bottom - geometry.top}
          fill="url(#hatch)"
        >
          <title>not read</title>
        </rect>
      )}
      <Ticks recent={recent} scale={scale} geometry={geometry} />
      {lostSince !== null && (
        <rect
          x={scale.toX(lostSince)}
          y={geometry.top}
          width={Math.max(0, right - scale.toX(lostSince))}
          height={bottom - geometry.top}
          fill="url(#hatch)"
        >
          <title>not heard</title>
        </rect>
      )}
      {tickInstants(scale).map((at) => (
        <text key={at} x={scale.toX(at)} y={geometry.height - 4} textAnchor="middle">
          {formatClock(at, zone).slice(0, 5)}
        </text>
      ))}
      <line className="cursor" x1={right} x2={right} y1="0" y2={geometry.height} />
      <path className="cursor-head" d={`M${right - 4.5} 0h9L${right} 8z`} />
    </svg>
  );
}

interface TicksProps {
  readonly recent: RecentEvents | undefined;
  readonly scale: TimeScale;
  readonly geometry: Geometry;
}

/** All ticks of one lane and weight as one path: a thousand events cost a dozen elements. */
const Ticks = memo(function Ticks({ recent, scale, geometry }: TicksProps) {
  if (recent === undefined) return null;
  const paths = new Map<string, string>();
  for (const event of recent.events) {
    const lane = laneOf(event);
    if (lane === null || event.observedAt < scale.start) continue;
    const y = geometry.top + (LANES.indexOf(lane) + 0.5) * geometry.laneHeight;
    const kind = weightOf(event, lane);
    paths.set(kind, (paths.get(kind) ?? "") + mark(kind, scale.toX(event.observedAt), y, geometry.laneHeight));
  }
  return (
    <>
      {["plain", "attention", "failed", "operator"].map((kind) => (
        <path key={kind} className={kind === "operator" ? "operator" : `tick ${kind}`} d={paths.get(kind) ?? ""} />
      ))}
    </>
  );
});

function weightOf(event: RecentEvents["events"][number], lane: Lane): string {
  if (lane === "operators") return event.kind === "op.requested" ? "operator" : "plain";
  const { tone } = eventWords(event);
  return tone === "failed" || tone === "attention" ? tone : "plain";
}

function mark(kind: string, x: number, y: number, laneHeight: number): string {
  const half = laneHeight * 0.3;
  if (kind === "operator") return `M${x.toFixed(1)} ${y - half - 1}l${half + 1} ${half * 2 + 1}h${-2 * (half + 1)}z`;
  const width = kind === "failed" ? 3 : kind === "attention" ? 2 : 1;
  return `M${(x - width / 2).toFixed(1)} ${(y - half).toFixed(1)}h${width}v${(half * 2).toFixed(1)}h${-width}z`;
}

function summary(recent: RecentEvents | undefined): string {
  if (recent === undefined) return "Events of the last hour: reading";
  const failed = recent.events.filter((event) => eventWords(event).tone === "failed").length;
  return `${plural(recent.events.length, "event")} in the last hour, ${plural(failed, "failure")} among them`;
}
