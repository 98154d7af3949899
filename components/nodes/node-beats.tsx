"use client";
import { useQuery } from "@tanstack/react-query";
import { formatAgeMs, formatNumber, parseInstant, plural } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useNow } from "#components/ui/live.ts";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import { useWidth } from "#components/ui/width.ts";
import type { NodeBeatsOutput } from "#server/contract/wire/dna-node-beats.ts";
import { type ChartBox, type ChartPoint, linePath, roundMax, xOf, yOf } from "./beat-chart.ts";

const EVERY_MS = 5_000;
const PERIOD_MS = 5_000;
const LATE_MS = 10_000;
const BEATS_HEIGHT = 132;
const LOAD_HEIGHT = 84;
const LEFT = 34;
const RIGHT = 52;
const LOAD_MIN = 1;

interface NodeBeatsProps {
  readonly source: string;
  readonly incarnation: string;
}

export function useBeats({ source, incarnation }: NodeBeatsProps) {
  const past = useIsPast();
  return useQuery(
    useTRPC().dna.nodes.beats.queryOptions({ source, incarnation }, { refetchInterval: EVERY_MS, enabled: !past }),
  );
}

/** The last 120 beats: how far apart, by which clock, and the load that came with them. */
export function NodeBeats(props: NodeBeatsProps) {
  const past = useIsPast();
  const query = useBeats(props);
  if (past)
    return (
      <Section title="Beats">
        <OnlyNow>Beats and loads are samples: what was judged from them is in the history below.</OnlyNow>
      </Section>
    );
  return (
    <QueryWidget query={query} what="the beats" rows={5}>
      {(beats) => <Charts beats={beats} />}
    </QueryWidget>
  );
}

function Charts({ beats }: { readonly beats: NodeBeatsOutput }) {
  const now = useNow();
  const points = beats.beats.map(({ at, ownMs, databaseMs, load }) => ({
    at: Date.parse(at),
    value: databaseMs ?? ownMs,
    load,
  }));
  const [first, last] = [points[0], points.at(-1)];
  const since = parseInstant(beats.since);
  if (first === undefined || last === undefined)
    return (
      <Section title="Beats">
        <Empty title="No beat was seen yet.">
          {since === null ? (
            "This console has not read its row since it started."
          ) : (
            <>
              Its heartbeat has not changed since the first read, <Age at={since} suffix="ago" />.
            </>
          )}
        </Empty>
      </Section>
    );
  const to = Math.max(last.at, now ?? last.at);
  const measured = points.flatMap(({ value }) => value ?? []).sort((a, b) => a - b);
  const middle = measured[measured.length >> 1] ?? null;
  const late = measured.filter((ms) => ms > LATE_MS).length;
  const loads = points.flatMap(({ load }) => load ?? []);
  return (
    <>
      <Section
        title="Beat intervals"
        note={`the last ${plural(points.length, "beat")}, by the database's clock`}
        aside={
          <span className="small t3">
            {middle === null ? "none measured" : `${formatAgeMs(middle)} in the middle`}
            {late > 0 && <span className="t-attention tone"> · {plural(late, "beat")} over 10 s</span>}
          </span>
        }
      >
        <Chart
          height={BEATS_HEIGHT}
          points={points}
          span={[first.at, to]}
          max={roundMax(measured, LATE_MS * 1.2)}
          unit={formatSeconds}
          marks={[
            { value: PERIOD_MS, text: "5 s: the period, and what a refresh takes", below: true },
            { value: LATE_MS, text: "late: peers may judge it dead" },
          ]}
          label={`Intervals between its beats, ${middle === null ? "none measured" : `${formatAgeMs(middle)} in the middle`}, ${late} of them over 10 s`}
          dots
        />
      </Section>
      <Section title="Load" note="1-minute load average of its host, as it came with each beat">
        {loads.length === 0 ? (
          <p className="small t3">It tells no load.</p>
        ) : (
          <Chart
            height={LOAD_HEIGHT}
            points={points.map(({ at, load }) => ({ at, value: load }))}
            span={[first.at, to]}
            max={roundMax(loads, LOAD_MIN)}
            unit={(value) => formatNumber(value, value >= 10 ? 0 : 1)}
            marks={[]}
            label={`Load of its host, ${formatNumber(loads.at(-1) ?? 0)} at the last beat`}
          />
        )}
      </Section>
    </>
  );
}

const formatSeconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

interface Mark {
  readonly value: number;
  readonly text: string;
  /** Said below its line, where values lie upon it or above. */
  readonly below?: boolean;
}

interface ChartProps {
  readonly height: number;
  readonly points: readonly ChartPoint[];
  readonly span: readonly [number, number];
  readonly max: number;
  readonly unit: (value: number) => string;
  readonly marks: readonly Mark[];
  readonly label: string;
  readonly dots?: boolean;
}

function Chart({ height, points, span, max, unit, marks, label, dots = false }: ChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const box: ChartBox = {
    left: LEFT,
    top: 8,
    width: Math.max(1, (width ?? 0) - LEFT - RIGHT),
    height: height - 26,
    from: span[0],
    to: span[1],
    max,
  };
  const last = points.findLast(({ value }) => value !== null);
  const bottom = box.top + box.height;
  return (
    <div ref={ref} className={dots ? "beats-box" : "beats-box low"}>
      {width !== null && (
        <svg className="beats" width={width} height={height} role="img" aria-label={label}>
          {[0, max].map((value) => (
            <text key={value} className="axis" x={LEFT - 6} y={yOf(box, value) + 4} textAnchor="end">
              {unit(value)}
            </text>
          ))}
          <path className="base" d={`M${LEFT} ${bottom}H${LEFT + box.width}`} />
          {marks.map(({ value, text, below = false }) => (
            <g key={text}>
              <path className="mark" d={`M${LEFT} ${yOf(box, value)}H${LEFT + box.width}`} />
              <text className="said" x={LEFT + 4} y={yOf(box, value) + (below ? 11 : -3)}>
                {text}
              </text>
              <text className="axis" x={LEFT - 6} y={yOf(box, value) + 4} textAnchor="end">
                {unit(value)}
              </text>
            </g>
          ))}
          <path className="line" d={linePath(points, box)} />
          {dots &&
            points.map(({ at, value }) =>
              value === null ? (
                <path key={at} className="gap" d={`M${xOf(box, at).toFixed(1)} ${bottom - 6}V${bottom}`} />
              ) : (
                <circle
                  key={at}
                  className={value > LATE_MS ? "late" : ""}
                  cx={xOf(box, at).toFixed(1)}
                  cy={yOf(box, value).toFixed(1)}
                  r={value > LATE_MS ? 3 : 1.5}
                />
              ),
            )}
          {last?.value != null && (
            <text className="end" x={Math.min(xOf(box, last.at) + 6, width - RIGHT + 4)} y={yOf(box, last.value) + 4}>
              {dots ? formatAgeMs(last.value) : unit(last.value)}
            </text>
          )}
          <text className="axis" x={LEFT} y={height - 3}>
            {formatAgeMs(span[1] - span[0])} ago
          </text>
          <text className="axis" x={LEFT + box.width} y={height - 3} textAnchor="end">
            now
          </text>
        </svg>
      )}
    </div>
  );
}
