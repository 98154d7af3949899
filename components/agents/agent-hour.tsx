"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { formatNumber } from "#components/ui/format.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { Section } from "#components/ui/section.tsx";
import { Spark } from "#components/ui/spark.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Faults, QueryWidget } from "#components/ui/widget.tsx";
import type { AgentPointsOutput } from "#server/contract/wire/agents-data.ts";

const EVERY_MS = 10_000;
const HOUR_MS = 3_600_000;
/** Steps of a spark: one a minute. */
const STEPS = 60;

const Chart = onDemand(() => import("./agent-chart.tsx").then((module) => module.AgentChart));

type Series = AgentPointsOutput["series"][number];
const keyOf = ({ type, kind, field }: Series): string => `${type} ${kind} ${field}`;

interface OfAgent {
  readonly source: string;
  readonly agentId: string;
}

/** The hour before now of every number that it sends: a line each, and a chart with axes of the one that is asked for. */
export function AgentHour({ source, agentId }: OfAgent) {
  const [chosen, setChosen] = useState<string | null>(null);
  const query = useQuery(
    useTRPC().agents.points.queryOptions({ source, agentId }, { refetchInterval: EVERY_MS, retry: false }),
  );
  return (
    <Section title="The last hour" note="every number that came to this console's own gateway" className="agent-part">
      <QueryWidget query={query} what="its last hour" rows={3} columns={4}>
        {({ series, faults }) => {
          const shown = series.find((one) => keyOf(one) === chosen);
          return (
            <>
              <Faults faults={faults} />
              {series.length === 0 ? (
                <Empty title="No numbers yet." />
              ) : (
                // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
                <div className="tscroll" tabIndex={0}>
                  <table aria-label="The last hour, by number">
                    <thead>
                      <tr>
                        <th scope="col">Number</th>
                        <th scope="col" className="p2">
                          Of
                        </th>
                        <th scope="col" className="w100">
                          an hour
                        </th>
                        <th scope="col" className="num">
                          least
                        </th>
                        <th scope="col" className="num">
                          most
                        </th>
                        <th scope="col" className="num">
                          last
                        </th>
                        <th scope="col">
                          <span className="vh">Chart</span>
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {series.map((one) => (
                        <Row
                          key={keyOf(one)}
                          series={one}
                          open={keyOf(one) === chosen}
                          onToggle={() => setChosen(keyOf(one) === chosen ? null : keyOf(one))}
                        />
                      ))}
                    </tbody>
                  </table>
                </div>
              )}
              {shown !== undefined && <Chart title={shown.field} points={shown.points} />}
            </>
          );
        }}
      </QueryWidget>
    </Section>
  );
}

interface RowProps {
  readonly series: Series;
  readonly open: boolean;
  readonly onToggle: () => void;
}

function Row({ series: { type, kind, field, points }, open, onToggle }: RowProps) {
  const values = points.map(({ value }) => value);
  const last = points.at(-1);
  return (
    <tr>
      <td>
        <bdi>{field}</bdi>
      </td>
      <td className="p2 t2">
        <bdi>
          {type} {kind}
        </bdi>
      </td>
      <td className="w100">
        <Spark values={steps(points)} width={180} label={`${field} over the last hour`} />
      </td>
      <td className="num">{values.length === 0 ? "–" : formatNumber(Math.min(...values), 1)}</td>
      <td className="num">{values.length === 0 ? "–" : formatNumber(Math.max(...values), 1)}</td>
      <td className="num">{last === undefined ? "–" : formatNumber(last.value, 1)}</td>
      <td>
        <button type="button" className="btn sm" aria-expanded={open} onClick={onToggle}>
          {open ? "Hide" : "Chart"}
          <span className="vh"> of {field}</span>
        </button>
      </td>
    </tr>
  );
}

/** Minute by minute up to the last value: of a number that did not change for a while the line goes on. */
export function steps(points: Series["points"]): readonly (number | null)[] {
  const end = points.at(-1);
  if (end === undefined) return [];
  const endAt = Date.parse(end.at);
  const values = new Array<number | null>(STEPS).fill(null);
  for (const { at, value } of points) {
    const step = STEPS - 1 - Math.floor(((endAt - Date.parse(at)) / HOUR_MS) * STEPS);
    if (step >= 0) values[Math.min(STEPS - 1, step)] = value;
  }
  let before: number | null = null;
  return values.map((value) => {
    before = value ?? before;
    return before;
  });
}
