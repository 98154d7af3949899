"use client";
import { useRef, useState } from "react";
import { useChanged } from "#components/time-travel/changed.ts";
import { useAddress } from "#components/ui/address.ts";
import { formatCount, formatNumber, plural } from "#components/ui/format.ts";
import { StateGlyph } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link, useKeptHref } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes, type TopologyPlace } from "#components/ui/routes.ts";
import { Age } from "#components/ui/time.tsx";
import { useWidth } from "#components/ui/width.ts";
import type { OwnedFold } from "#server/contract/fold/dna.ts";
import type { NodeSample } from "#server/contract/live.ts";
import { type CellSize, cellGrid, neighbour } from "./cell-layout.ts";
import { type ClusterView, type NodePlace, nodeWord } from "./estate-view.ts";
import { NodeCell } from "./node-cell.tsx";

export type BarValue = "load" | "keys";

interface ClusterMapProps {
  readonly cluster: ClusterView;
  readonly place: TopologyPlace;
  readonly size: CellSize;
  readonly bar: BarValue;
  /** What a full bar stands for. */
  readonly barMax: number;
  readonly owned: Readonly<Record<string, OwnedFold>>;
}

const NONE: Readonly<Record<string, NodeSample>> = {};

/** The cells of one cluster. Tab reaches one of them, the arrow keys the others. */
export function ClusterMap({ cluster, place, size, bar, barMax, owned }: ClusterMapProps) {
  const samples = useFold((state) => state.samples[cluster.stream]?.nodes ?? NONE);
  const [ref, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState(0);
  const { go } = useAddress();
  const past = useIsPast();
  const kept = useKeptHref();
  const changed = useChanged();
  const { places } = cluster;
  const grid = cellGrid(places.length, width ?? 0, size);
  const down = cluster.health.state === "down";
  const svg = useRef<SVGSVGElement>(null);
  const hrefOf = (name: NodePlace) => routes.topology({ ...place, of: cluster.source, node: name.incarnations[0].id });
  const focus = (index: number) => {
    setAt(index);
    const cell = svg.current?.querySelector(`[data-cell="${index}"]`);
    if (cell instanceof SVGElement) cell.focus();
  };
  return (
    <section
      className={down ? "clu old" : "clu"}
      aria-label={`Nodes of ${cluster.source} ${cluster.cluster}; arrow keys move, Enter opens`}
    >
      <header>
        <h3>
          <Link className="plain" href={routes.topology({ source: cluster.source, cluster: cluster.cluster })}>
            <b className="strong">{cluster.source}</b>
          </Link>
        </h3>
        <span className="t3 small trunc">
          {cluster.cluster === cluster.source ? cluster.title : `${cluster.cluster} · ${cluster.title}`}
        </span>
        <span className="t3 small push nowrap">
          {down ? (
            <span className="t-failed tone">
              <StateGlyph system="source" word="down" /> <Age at={cluster.health.since} down suffix="old" />
            </span>
          ) : (
            plural(places.length, "node")
          )}
        </span>
      </header>
      <div ref={ref}>
        {width !== null && (
          // biome-ignore lint/a11y/noStaticElementInteractions: keys and clicks come from the links inside
          <svg
            ref={svg}
            width={Math.max(grid.width, 1)}
            height={grid.height + 4}
            role="presentation"
            className="cells"
            onKeyDown={(event) => {
              const next = neighbour(at, event.key, grid.columns, places.length);
              if (next === at || event.ctrlKey || event.metaKey || event.altKey) return;
              event.preventDefault();
              focus(next);
            }}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              const cell = event.target instanceof Element ? event.target.closest("[data-cell]") : null;
              const index = Number(cell?.getAttribute("data-cell") ?? Number.NaN);
              const chosen = places[index];
              if (chosen === undefined) return;
              event.preventDefault();
              setAt(index);
              go(hrefOf(chosen));
            }}
          >
            {places.map((name, index) => {
              const [lead, ...others] = name.incarnations;
              const sample = samples?.[lead.id];
              const value = bar === "load" ? (sample?.load ?? null) : keysOf(owned[lead.id]);
              return (
                <NodeCell
                  key={name.name}
                  index={index}
                  name={name.name}
                  word={nodeWord(lead.node)}
                  x={grid.xOf(index)}
                  y={grid.yOf(index) + 2}
                  size={size}
                  unsampled={past ? "heartbeat not kept" : "not sampled"}
                  silentMs={sample === undefined ? null : size.detail === "full" ? sample.silentMs : 0}
                  bar={value === null ? null : barShare(value, barMax)}
                  barText={barText(bar, value)}
                  changed={name.incarnations.some(({ id }) => changed.has(id))}
                  others={others.length}
                  selected={name.incarnations.some(({ id }) => id === place.node)}
                  tabbable={index === Math.min(at, places.length - 1)}
                  old={down}
                  href={kept(hrefOf(name))}
                />
              );
            })}
          </svg>
        )}
      </div>
    </section>
  );
}

/** In steps of a twentieth: a bar that flickers by a pixel says nothing. */
const barShare = (value: number, max: number): number => Math.round(Math.min(1, value / Math.max(max, 1e-9)) * 20) / 20;

function barText(bar: BarValue, value: number | null): string {
  if (value === null) return `${bar} not known`;
  return bar === "load" ? `load ${formatNumber(value, 1)}` : `${formatCount(value)} keys`;
}

export const keysOf = (owned: OwnedFold | undefined): number | null =>
  owned === undefined ? null : owned.counts.reduce((sum, { keys }) => sum + keys, 0);
