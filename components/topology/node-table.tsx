"use client";
import { useEffect, useRef, useState } from "react";
import { useRowsInBox } from "#components/plan/use-rows-in-box.ts";
import { RowsInSight } from "#components/plans/rows-in-sight.tsx";
import { useAddress } from "#components/ui/address.ts";
import { formatNumber, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes, type TopologyPlace } from "#components/ui/routes.ts";
import { Count } from "#components/ui/table.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import { Empty, Unknown } from "#components/ui/widget.tsx";
import type { Samples } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { keysOf } from "./estate-view.ts";
import type { NodeRow } from "./node-rows.ts";
import { nodeSamplesOf } from "./node-samples.ts";

/** A node beats every 5 s. */
const BEAT_EVERY_MS = 5_000;
const COLUMNS = 8;

interface NodeTableProps {
  readonly rows: readonly NodeRow[];
  readonly place: TopologyPlace;
  /** How many there are when the filter means fewer. */
  readonly all: number;
}

/** The map's twin: every incarnation that is meant, worst first. Of thousands only those in sight are in the page. */
export function NodeTable({ rows, place, all }: NodeTableProps) {
  const samples = useFold(nodeSamplesOf);
  const { go } = useAddress();
  const { box, seen, before, after, scrollToIndex } = useRowsInBox(rows.length);
  const [current, setCurrent] = useState<string | null>(null);
  const hrefOf = (row: NodeRow) => routes.topology({ ...place, of: row.source, node: row.id });
  const selectedAt = place.node == null ? -1 : rows.findIndex(({ id }) => id === place.node);
  const wanted = place.node ?? null;
  const latest = useRef({ selectedAt, scrollToIndex });
  useEffect(() => {
    latest.current = { selectedAt, scrollToIndex };
  });
  // Only when another is chosen: who scrolls away from it is not pulled back.
  useEffect(() => {
    const { selectedAt: at, scrollToIndex: scroll } = latest.current;
    if (wanted !== null && at >= 0) scroll(at, { align: "auto" });
  }, [wanted]);
  const move = (by: number) => {
    const at = rows.findIndex(({ id }) => id === (current ?? place.node));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next === undefined) return false;
    setCurrent(next.id);
    scrollToIndex(rows.indexOf(next), { align: "auto" });
    return true;
  };
  const open = () => {
    const row = rows.find(({ id }) => id === current);
    if (row === undefined) return false;
    go(hrefOf(row));
    return true;
  };
  useKeys(
    [
      { keys: "J", does: "next row", run: () => move(1) },
      { keys: "K", does: "previous row", run: () => move(-1) },
      { keys: "Enter", does: "open the row", run: open },
    ],
    { group: "List" },
  );
  if (all === 0) return <Empty title="No node has been seen here." />;
  if (rows.length === 0)
    return (
      <Empty title={`None of ${plural(all, "incarnation")} matches.`}>
        <Link href={routes.topology({ ...place, state: null, text: null })}>Show all</Link>
      </Empty>
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <div ref={box} className="node-box" tabIndex={0}>
      <table className="twin pad sticky" aria-label="Nodes" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Node</th>
            <th scope="col" className="p2">
              Cluster
            </th>
            <th scope="col" className="p3">
              Incarnation (created : id)
            </th>
            <th scope="col" className="num p2">
              in state
            </th>
            <th scope="col" className="num">
              heartbeat
            </th>
            <th scope="col" className="num p2">
              load
            </th>
            <th scope="col" className="num">
              keys
            </th>
          </tr>
        </thead>
        <tbody>
          <RowsInSight before={before} after={after} columns={COLUMNS}>
            {seen.map(({ index }) => {
              const row = rows[index];
              return row === undefined ? null : (
                <Row
                  key={row.id}
                  row={row}
                  index={index}
                  href={hrefOf(row)}
                  selected={row.id === place.node || row.id === current}
                  samples={samples}
                />
              );
            })}
          </RowsInSight>
        </tbody>
      </table>
    </div>
  );
}

/** A heartbeat is a sample: of the past none is kept. */
function NoBeat() {
  return useIsPast() ? <Unknown why="heartbeats are not kept">not kept</Unknown> : <span className="t3">–</span>;
}

interface RowProps {
  readonly row: NodeRow;
  readonly index: number;
  readonly href: ReturnType<typeof routes.topology>;
  readonly selected: boolean;
  readonly samples: Samples | undefined;
}

function Row({ row, index, href, selected, samples }: RowProps) {
  const { node, word, owned } = row;
  const sample = samples?.[row.stream];
  const values = sample?.nodes?.[row.id];
  const keys = owned === null ? null : keysOf(owned);
  const beatAt = sample === undefined || values === undefined ? null : ((sample.asOf - values.silentMs) as EpochMs);
  return (
    <tr aria-rowindex={index + 2} className={`${selected ? "sel" : ""}${row.old ? " stale" : ""}`} data-row={row.id}>
      <td>
        <State system="node" word={word} />
      </td>
      <td className="mono">
        <Link className="plain" href={href}>
          <Name text={node.node} />
        </Link>
      </td>
      <td className="p2">
        {row.source}
        {row.cluster !== row.source && <span className="t3"> {row.cluster}</span>}
      </td>
      <td className="p3 t2">
        <Id id={row.id} form="incarnation" />
      </td>
      <td className="num p2">
        <Since at={node.since} />
      </td>
      <td className="num">{beatAt === null ? <NoBeat /> : <Age at={beatAt} everyMs={BEAT_EVERY_MS} />}</td>
      <td className="num p2">{values?.load == null ? <span className="t3">–</span> : formatNumber(values.load)}</td>
      <td className="num">
        {keys === null || owned === null ? (
          <span className="t3">not counted</span>
        ) : (
          <>
            <Count of={keys} /> <Age at={owned.asOf} />
          </>
        )}
      </td>
    </tr>
  );
}
