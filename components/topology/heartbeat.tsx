"use client";
import { useRef } from "react";
import { formatAgeMs } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold, useNow } from "#components/ui/live.ts";
import { useWidth } from "#components/ui/width.ts";
import { lookOf } from "#server/kernel/states.ts";
import { type Beat, beatPath, LATE_AFTER_MS, SILENT_AFTER_MS } from "./heartbeat-path.ts";

const HEIGHT = 84;
const LEFT = 30;
const SPAN_MS = 120_000;
const KEPT = 120;
/** Less than this between two lines, and what is written at them would run into each other. */
const LABEL_ROOM_PX = 12;

interface HeartbeatProps {
  readonly stream: string;
  readonly incarnation: string;
  readonly word: string;
}

/** Silence against time: a sawtooth while it beats, a line that goes on climbing when it stops. */
export function Heartbeat({ stream, incarnation, word }: HeartbeatProps) {
  const now = useNow();
  const past = useIsPast();
  const sample = useFold((state) => {
    const of = state.samples[stream];
    const node = of?.nodes?.[incarnation];
    return of === undefined || node === undefined ? null : { asOf: of.asOf, silentMs: node.silentMs };
  });
  const beats = useBeats(sample ?? null);
  const [ref, width] = useWidth<HTMLDivElement>();
  const last = beats.at(-1);
  if (past)
    return (
      <p className="small t3">
        <span className="unk">not kept</span> Heartbeats are samples: what was judged from them is.
      </p>
    );
  if (last === undefined || now === null) return <p className="small t3">No sample of its heartbeat yet.</p>;
  const silentMs = last.silentMs + Math.max(0, now - last.at);
  const topMs = Math.max(22_000, ...beats.map((beat) => beat.silentMs * 1.1));
  const toX = (at: number) => LEFT + Math.max(0, (at - (now - SPAN_MS)) / SPAN_MS) * ((width ?? 0) - LEFT - 4);
  const toY = (ms: number) => HEIGHT - 12 - (Math.min(ms, topMs) / topMs) * (HEIGHT - 20);
  const { tone } = lookOf("node", word);
  // After minutes of silence the limits lie close together at the foot: then only the upper one is named, then none.
  const apart = toY(LATE_AFTER_MS) - toY(SILENT_AFTER_MS) >= LABEL_ROOM_PX;
  const above = toY(0) - toY(SILENT_AFTER_MS) >= LABEL_ROOM_PX;
  return (
    <div ref={ref}>
      {width !== null && (
        <svg
          className={`beat t-${tone}`}
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`No change of its heartbeat for ${formatAgeMs(silentMs)}; late at 10 s, silent at 20 s`}
        >
          <Threshold
            y={toY(LATE_AFTER_MS)}
            width={width}
            named={apart}
            seconds="10"
            text="late, peers may judge it dead"
          />
          <Threshold y={toY(SILENT_AFTER_MS)} width={width} named={above} seconds="20" text="silent" />
          <text className="m" x={LEFT - 4} y={toY(0) + 3} textAnchor="end">
            0 s
          </text>
          <path className="base" d={`M${LEFT} ${toY(0)}H${width}`} />
          <path className="line" d={beatPath([...beats, { at: now, silentMs }], toX, toY, now - SPAN_MS)} />
          <circle cx={toX(now)} cy={toY(silentMs)} r="2.5" />
        </svg>
      )}
    </div>
  );
}

interface ThresholdProps {
  readonly y: number;
  readonly width: number;
  readonly named: boolean;
  readonly seconds: string;
  readonly text: string;
}

function Threshold({ y, width, named, seconds, text }: ThresholdProps) {
  return (
    <>
      <path className="th" d={`M${LEFT} ${y}H${width}`} />
      {named && (
        <>
          <text className="m" x={LEFT - 4} y={y + 3} textAnchor="end">
            {seconds}
          </text>
          <text x={LEFT + 4} y={y - 3}>
            {text}
          </text>
        </>
      )}
    </>
  );
}

/** What was sampled since the drawer is open: samples are not kept anywhere else. */
function useBeats(sample: { readonly asOf: number; readonly silentMs: number } | null): readonly Beat[] {
  const kept = useRef<readonly Beat[]>([]);
  if (sample !== null && kept.current.at(-1)?.at !== sample.asOf)
    kept.current = [...kept.current, { at: sample.asOf, silentMs: sample.silentMs }].slice(-KEPT);
  return kept.current;
}
