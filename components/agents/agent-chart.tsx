"use client";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import type { AgentPointsOutput } from "#server/contract/wire/agents-data.ts";
import "uplot/dist/uPlot.min.css";

const HEIGHT_PX = 200;
const WIDTH_MIN_PX = 280;

interface ChartProps {
  readonly title: string;
  readonly points: AgentPointsOutput["series"][number]["points"];
}

/** One number over time with its axes; the table of the hour says the same in words. Colours are the page's own. */
export function AgentChart({ title, points }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data: uPlot.AlignedData = [points.map(({ at }) => Date.parse(at) / 1_000), points.map(({ value }) => value)];
  const latest = useRef(data);

  useEffect(() => {
    latest.current = data;
    plot.current?.setData(data);
  });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsFor(title, element), latest.current, element);
    };
    draw();
    const resized = new ResizeObserver(() => plot.current?.setSize(sizeOf(element)));
    resized.observe(element);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributes: true });
    return () => {
      resized.disconnect();
      themed.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [title]);
  return <div ref={box} className="agent-chart" role="img" aria-label={`${title} over the last hour, as a chart`} />;
}

const sizeOf = (element: HTMLElement) => ({
  width: Math.max(WIDTH_MIN_PX, element.clientWidth),
  height: HEIGHT_PX,
});

function optionsFor(title: string, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (token: string) => style.getPropertyValue(token).trim();
  const axis = { stroke: colour("--text-3"), grid: { stroke: colour("--line-1"), width: 1 }, ticks: { show: false } };
  return {
    ...sizeOf(element),
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    axes: [axis, { ...axis, size: 56 }],
    series: [{}, { label: title, stroke: colour("--text-1"), width: 1.5, points: { show: false } }],
  };
}
