"use client";
import { useEffect, useRef, useState } from "react";
import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Icon } from "#components/ui/icons.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import type { TopologyPlace } from "#components/ui/routes.ts";
import { withWord } from "./map-filter.ts";
import type { StateCount } from "./map-scene.ts";

interface MapBarProps {
  readonly place: TopologyPlace;
  readonly onPlace: (place: TopologyPlace) => void;
  /** Worst first; flags too. */
  readonly counts: readonly StateCount[];
  readonly regions: readonly { readonly id: string; readonly title: string }[];
  readonly clusters: readonly { readonly source: string; readonly cluster: string }[];
  readonly found: number;
  readonly all: number;
  /** Whether those that are not meant can be dimmed instead of left out. */
  readonly dims?: boolean;
}

const SEPARATOR = "\n";

/** Which nodes are meant: states, region, cluster, text; and whether the others are dimmed or left out. */
export function MapBar({ place, onPlace, counts, regions, clusters, found, all, dims = true }: MapBarProps) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, type] = useTyped(place.text ?? "", (text) => onPlace({ ...place, text: text === "" ? null : text }));
  useKeys([{ keys: "/", does: "filter the nodes", run: () => input.current?.focus() }], { group: "Topology" });
  const words = (place.state ?? "").split(",");
  const filtering = found < all;
  const one = place.source == null ? "" : `${place.source}${SEPARATOR}${place.cluster ?? ""}`;
  return (
    <div className="map-bar">
      <fieldset className="chips" aria-label="Incarnations by state">
        {counts.map(({ word, count }) => (
          <button
            key={word}
            type="button"
            className="chip"
            aria-pressed={words.includes(word)}
            onClick={() => onPlace({ ...place, state: withWord(place.state, word) })}
          >
            <State system="node" word={word} /> <b>{formatCount(count)}</b>
          </button>
        ))}
      </fieldset>
      <div className="map-tools">
        {regions.length > 1 && (
          <select
            aria-label="Region"
            value={place.region ?? ""}
            onChange={({ target }) =>
              onPlace({ ...place, region: target.value === "" ? null : target.value, source: null, cluster: null })
            }
          >
            <option value="">every region</option>
            {regions.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        )}
        {clusters.length > 1 && (
          <select
            aria-label="Cluster"
            value={one}
            onChange={({ target }) => {
              const [source = "", cluster = ""] = target.value.split(SEPARATOR);
              onPlace({ ...place, source: source === "" ? null : source, cluster: cluster === "" ? null : cluster });
            }}
          >
            <option value="">every cluster</option>
            {clusters.map(({ source, cluster }) => (
              <option key={`${source}${SEPARATOR}${cluster}`} value={`${source}${SEPARATOR}${cluster}`}>
                {cluster === source ? source : `${source} ${cluster}`}
              </option>
            ))}
          </select>
        )}
        <span className="field map-find">
          <Icon name="search" />
          <input
            ref={input}
            type="search"
            aria-label="Filter by name, incarnation or cluster"
            placeholder="name, incarnation"
            aria-keyshortcuts="/"
            value={typed}
            onChange={({ target }) => type(target.value)}
          />
        </span>
        <span className="small t3 nowrap" role="status">
          {filtering ? `${formatCount(found)} of ${formatCount(all)}` : ""}
        </span>
        {filtering && dims && (
          <span className="seg">
            {(["dimmed", "hidden"] as const).map((how) => (
              <button
                key={how}
                type="button"
                aria-pressed={(place.others ?? "dimmed") === how}
                onClick={() => onPlace({ ...place, others: how === "hidden" ? "hidden" : null })}
              >
                others {how}
              </button>
            ))}
          </span>
        )}
      </div>
    </div>
  );
}

const SETTLED_MS = 120;

/** A text that stands in the address: what is typed is there at once, the address follows when one pauses. */
function useTyped(told: string, onText: (text: string) => void): readonly [string, (text: string) => void] {
  const [typed, setTyped] = useState(told);
  const [from, setFrom] = useState(told);
  const sent = useRef(told);
  const latest = useRef(onText);
  useEffect(() => {
    latest.current = onText;
  });
  // Somebody went to another address, rather than that ours has arrived.
  if (from !== told) {
    setFrom(told);
    if (told !== sent.current) setTyped(told);
  }
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = typed;
      latest.current(typed);
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return [typed, setTyped];
}
