"use client";
import { memo } from "react";
import { useRowsInBox } from "#components/plan/use-rows-in-box.ts";
import { SeenRows } from "#components/plans/rows-in-sight.tsx";
import { useAddress } from "#components/ui/address.ts";
import { formatAgeMs, formatNumber } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { Count, SortHead } from "#components/ui/table.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import { Unknown } from "#components/ui/widget.tsx";
import { type NodeLine, type NodeOrder, type NodeSort, turnedOrder } from "./node-lines.ts";
import { type Glance, useGlance } from "./use-glance.ts";

interface Head {
  readonly by: NodeSort | null;
  readonly title: string;
  readonly numeric?: boolean;
  readonly className?: string;
}

const HEADS: readonly Head[] = [
  { by: "worst", title: "State" },
  { by: "node", title: "Node" },
  { by: "cluster", title: "Cluster", className: "p2" },
  { by: "created", title: "Incarnation (created : id)", className: "p3" },
  { by: "since", title: "in state", numeric: true, className: "p2" },
  { by: "silence", title: "silence", numeric: true },
  { by: null, title: "beats every", numeric: true, className: "p3" },
  { by: "clock", title: "clock", numeric: true, className: "p3" },
  { by: "load", title: "load", numeric: true, className: "p2" },
  { by: "keys", title: "owned", numeric: true, className: "p2" },
  { by: "running", title: "running", numeric: true, className: "p2" },
  { by: null, title: "What it is", className: "p2 w100" },
];

interface NodesTableProps {
  readonly lines: readonly NodeLine[];
  readonly order: NodeOrder;
  readonly onOrder: (order: NodeOrder) => void;
}

/** Every incarnation that is meant; of thousands only those in sight are in the page. */
export function NodesTable({ lines, order, onOrder }: NodesTableProps) {
  const { go } = useAddress();
  const { box, seen, before, after, scrollToIndex } = useRowsInBox(lines.length);
  const shown = seen.flatMap(({ index }) => lines[index] ?? []);
  const glance = useGlance(shown);
  const { current } = useRowCursor({
    rows: lines,
    idOf: ({ id }) => id,
    onOpen: (line) => go(routes.node(line.source, line.id)),
    scrollTo: (index) => scrollToIndex(index, { align: "auto" }),
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <div ref={box} className="node-box nodes-box" tabIndex={0}>
      <table className="twin pad nodes" aria-label="Incarnations" aria-rowcount={lines.length + 1}>
        <thead>
          <tr>
            {HEADS.map(({ by, title, numeric = false, className = "" }) =>
              by === null ? (
                <th key={title} scope="col" className={`${numeric ? "num " : ""}${className}`}>
                  {title}
                </th>
              ) : (
                <SortHead
                  key={title}
                  numeric={numeric}
                  className={className}
                  sorted={order.by === by && by !== "worst" ? (order.descending ? "descending" : "ascending") : null}
                  onSort={() => onOrder(turnedOrder(order, by))}
                >
                  {title}
                </SortHead>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          <SeenRows rows={lines} seen={seen} before={before} after={after} columns={HEADS.length}>
            {(line, index) => (
              <Row
                key={`${line.source} ${line.id}`}
                line={line}
                index={index}
                glance={glance.get(line.id) ?? null}
                here={line.id === current}
              />
            )}
          </SeenRows>
        </tbody>
      </table>
    </div>
  );
}

const SLOW_CLOCK = 0.9;

interface RowProps {
  readonly line: NodeLine;
  readonly index: number;
  readonly glance: Glance | null;
  readonly here: boolean;
}

const Row = memo(function Row({ line, index, glance, here }: RowProps) {
  const { node, word, owned, old, silentMs, load, clockHealth, keys, running, runningAt, note } = line;
  const normal = node.state === "gone" && node.flags.zombie === undefined;
  return (
    <tr
      aria-rowindex={index + 2}
      className={`${here ? "sel" : ""}${old ? " stale" : ""}${normal ? " over" : ""}`}
      data-row={line.id}
    >
      <td className="nowrap">
        <State system="node" word={word} quiet={word === "alive"} />
        {node.flags.superseded !== undefined && <span className="small t3"> superseded</span>}
      </td>
      <td className="mono">
        <Link className="plain" href={routes.node(line.source, line.id)}>
          <Name text={node.node} />
        </Link>
      </td>
      <td className="p2">
        {line.source}
        {line.cluster !== line.source && <span className="t3"> {line.cluster}</span>}
      </td>
      <td className="p3 t2">
        <Id id={line.id} form="incarnation" />
      </td>
      <td className="num p2">
        <Since at={node.since} />
      </td>
      <td className="num">{silentMs === null ? <NotSampled /> : formatAgeMs(silentMs)}</td>
      <td className="num p3">{glance?.beatMs == null ? <NotSampled /> : formatAgeMs(glance.beatMs)}</td>
      <td className="num p3">
        {clockHealth === null ? (
          <NotSampled />
        ) : (
          <span className={clockHealth < SLOW_CLOCK ? "t-attention tone" : "t2"}>{formatNumber(clockHealth)}</span>
        )}
      </td>
      <td className="num p2">{load === null ? <NotSampled /> : formatNumber(load)}</td>
      <td className="num p2 nowrap">
        {keys === null || owned === null ? (
          <span className="t3">not counted</span>
        ) : (
          <>
            <Count of={keys} /> <Age at={owned.asOf} />
          </>
        )}
      </td>
      <td className="num p2 nowrap">
        {running === null ? (
          <span className="t3">not asked</span>
        ) : (
          <>
            <Count of={running} /> <Age at={runningAt} />
          </>
        )}
      </td>
      <td className="p2 w100 trunc t2" title={note ?? undefined}>
        {note}
      </td>
    </tr>
  );
});

/** A sample: of the past none is kept. */
function NotSampled() {
  return useIsPast() ? <Unknown why="samples are not kept">not kept</Unknown> : <span className="t3">–</span>;
}
