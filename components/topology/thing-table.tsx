"use client";
import { memo, useState } from "react";
import { formatCount, plural } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes, type TopologyPlace } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { type HostIndex, hostIndex } from "#server/contract/view/hosts.ts";
import { kindWord, LAYER_TITLES, type LayerThing, type LayerView } from "./estate-layers.ts";
import { isThingMeant, type NodeFilter } from "./map-filter.ts";

/** Rows of one layer before one asks for the rest. */
const SHOWN_FIRST = 60;

interface ThingTablesProps {
  readonly layers: readonly LayerView[];
  readonly filter: NodeFilter;
  readonly place: TopologyPlace;
}

const NO_HOSTS: HostIndex["byThing"] = new Map();

/** Host of each thing, by `thingKey`. */
const hostsOfThings = ({ folds }: LiveState): HostIndex["byThing"] => hostIndex(folds).byThing;

/** The twin of the layers beside the clusters: one table each, drawn anew only when something in it is another. */
export const ThingTables = memo(function ThingTables({ layers, filter, place }: ThingTablesProps) {
  const hosts = useFold(hostsOfThings) ?? NO_HOSTS;
  return layers.map((layer) => (
    <ThingTable key={layer.layer} layer={layer} filter={filter} place={place} hosts={hosts} />
  ));
});

interface ThingTableProps extends Omit<ThingTablesProps, "layers"> {
  readonly layer: LayerView;
  readonly hosts: HostIndex["byThing"];
}

const ThingTable = memo(function ThingTable({ layer, filter, place, hosts }: ThingTableProps) {
  const [whole, setWhole] = useState(false);
  const all = layer.groups.flatMap(({ things, health }) =>
    things.map((thing) => ({ thing, old: health.state === "down" })),
  );
  const meant = all.filter(({ thing }) => isThingMeant(filter, thing));
  const rows = whole ? meant : meant.slice(0, SHOWN_FIRST);
  const title = LAYER_TITLES[layer.layer];
  return (
    <Section
      title={`${title} as a table`}
      note={
        meant.length < all.length
          ? `${formatCount(meant.length)} of ${formatCount(all.length)}`
          : plural(all.length, "row")
      }
    >
      {rows.length === 0 ? (
        <Empty title={`None of ${plural(all.length, "thing")} matches.`} />
      ) : (
        <div className="tscroll">
          <table className="twin pad" aria-label={title}>
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Name</th>
                <th scope="col">Kind</th>
                <th scope="col" className="p2">
                  What else
                </th>
                <th scope="col" className="p2">
                  Host
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ thing, old }) => (
                <Row key={thing.key} thing={thing} old={old} place={place} host={hosts.get(thing.key)?.name ?? null} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length < meant.length && (
        <button type="button" className="btn sm" onClick={() => setWhole(true)}>
          Show all {formatCount(meant.length)}
        </button>
      )}
    </Section>
  );
});

interface RowProps {
  readonly thing: LayerThing;
  readonly old: boolean;
  readonly place: TopologyPlace;
  readonly host: string | null;
}

const Row = memo(function Row({ thing: { ref, title, detail, state }, old, place, host }: RowProps) {
  const selected = place.thing === ref.kind && (place.of ?? "") === ref.source && (place.id ?? "") === ref.id;
  const still = { ...place, node: null, of: null, host: null, thing: null, id: null };
  return (
    <tr className={`${selected ? "sel" : ""}${old ? " stale" : ""}`}>
      <td>{state === null ? <Glyph tone="unknown" shape="ring" label="no state is known" /> : <State {...state} />}</td>
      <td className="trunc" title={title}>
        <Link className="plain" href={routes.topology({ ...still, thing: ref.kind, of: ref.source, id: ref.id })}>
          <Name text={title} />
        </Link>
      </td>
      <td className="t2">{kindWord(ref)}</td>
      <td className="p2 t2 trunc" title={detail}>
        <bdi>{detail}</bdi>
      </td>
      <td className="p2 mono">
        {host === null ? (
          <span className="t3">not told</span>
        ) : (
          <Link className="plain" href={routes.topology({ ...still, host })}>
            <bdi>{host}</bdi>
          </Link>
        )}
      </td>
    </tr>
  );
});
