"use client";
import { useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { formatCount, formatNumber } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes, type TopologyPlace } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { More } from "#components/ui/table.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import { Empty, Unknown } from "#components/ui/widget.tsx";
import type { Samples } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { keysOf } from "./cluster-map.tsx";
import type { NodeRow } from "./node-rows.ts";

const PAGE_ROWS = 100;
/** A node beats every 5 s. */
const BEAT_EVERY_MS = 5_000;

interface NodeTableProps {
  readonly rows: readonly NodeRow[];
  readonly place: TopologyPlace;
}

/** The map's twin: every incarnation, worst first. */
export function NodeTable({ rows, place }: NodeTableProps) {
  const samples = useFold((state) => state.samples);
  const { go } = useAddress();
  const [pages, setPages] = useState(1);
  const shown = rows.slice(0, pages * PAGE_ROWS);
  const hrefOf = (row: NodeRow) => routes.topology({ ...place, of: row.source, node: row.id });
  const cursor = useRowCursor({ rows: shown, idOf: ({ id }) => id, onOpen: (row) => go(hrefOf(row)) });
  if (rows.length === 0) return <Empty title="No node has been seen here." />;
  return (
    <>
      <div className="tscroll">
        <table className="twin pad">
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
            {shown.map((row) => (
              <Row
                key={row.id}
                row={row}
                href={hrefOf(row)}
                selected={row.id === place.node || row.id === cursor.current}
                samples={samples}
              />
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > PAGE_ROWS && (
        <More
          more={shown.length < rows.length}
          loading={false}
          shown={shown.length}
          onMore={() => setPages((count) => count + 1)}
        />
      )}
    </>
  );
}

/** A heartbeat is a sample: of the past none is kept. */
function NoBeat() {
  return useIsPast() ? <Unknown why="heartbeats are not kept">not kept</Unknown> : <span className="t3">–</span>;
}

interface RowProps {
  readonly row: NodeRow;
  readonly href: ReturnType<typeof routes.topology>;
  readonly selected: boolean;
  readonly samples: Samples | undefined;
}

function Row({ row, href, selected, samples }: RowProps) {
  const { node, word, owned } = row;
  const sample = samples?.[row.stream];
  const values = sample?.nodes?.[row.id];
  const keys = owned === null ? null : keysOf(owned);
  const beatAt = sample === undefined || values === undefined ? null : ((sample.asOf - values.silentMs) as EpochMs);
  return (
    <tr className={`${selected ? "sel" : ""}${row.old ? " stale" : ""}`} data-row={row.id}>
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
            {formatCount(keys)} <Age at={owned.asOf} />
          </>
        )}
      </td>
    </tr>
  );
}
