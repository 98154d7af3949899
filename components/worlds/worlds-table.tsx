"use client";
import { Button } from "#components/ui/button.tsx";
import { formatDurationMs, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { useRefusal } from "#components/ui/session.ts";
import { CountCell } from "#components/ui/table.tsx";
import { Age } from "#components/ui/time.tsx";
import type { WorldFold } from "#server/contract/fold/dynflow.ts";
import { worldState } from "#server/contract/view/world-state.ts";
import type { WorldRow } from "./world-rows.ts";

interface WorldsTableProps {
  readonly rows: readonly WorldRow[];
  readonly opened: WorldRow | null;
  readonly label: string;
  /** Source to why nothing can be sent there; `null` = it can. */
  readonly acting: ReadonlyMap<string, string | null>;
  readonly onOpen: (row: WorldRow) => void;
  readonly onPing: (row: WorldRow) => void;
}

const keyOf = (row: WorldRow): string => `${row.source} ${row.id}`;

/** One kind of worlds. */
export function WorldsTable({ rows, opened, label, acting, onOpen, onPing }: WorldsTableProps) {
  const cursor = useRowCursor({ rows, idOf: keyOf, onOpen });
  const current = cursor.current ?? (opened === null ? null : keyOf(opened));
  return (
    <table aria-label={label}>
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">World</th>
          <th scope="col" className="p2">
            Id
          </th>
          <th scope="col" className="p2">
            Source
          </th>
          <th scope="col" className="p3">
            pool
          </th>
          <th scope="col" className="num">
            locks
          </th>
          <th scope="col" className="num">
            pong
          </th>
          <th scope="col" className="num">
            <span className="vh">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr
            key={keyOf(row)}
            data-row={keyOf(row)}
            className={`${current === keyOf(row) ? "sel" : ""}${row.known ? "" : " stale"}`}
          >
            <td>
              <State system="world" word={worldState(row.world)} quiet />
            </td>
            <td className="trunc">
              <button type="button" className="btn-plain" onClick={() => onOpen(row)}>
                <Name text={row.world.hostname ?? shortId(row.id)} />
              </button>
              {row.ours && <span className="t3 small"> this console</span>}
            </td>
            <td className="p2">
              <Id id={row.id} />
            </td>
            <td className="p2">{row.source}</td>
            <td className="p3">
              <Queues world={row.world} />
            </td>
            <CountCell value={row.locks.length} unknown={!row.known} />
            <td className="num">
              <Pong world={row.world} />
            </td>
            <td className="num">
              <PingButton row={row} refusal={acting.get(row.source) ?? null} onPing={onPing} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PingButton({
  row,
  refusal,
  onPing,
}: {
  readonly row: WorldRow;
  readonly refusal: string | null;
  readonly onPing: (row: WorldRow) => void;
}) {
  const refused = useRefusal("worlds:ping", row.ours ? "It is this console's own world." : refusal);
  return (
    <Button small onPress={() => onPing(row)} refusal={refused}>
      Ping…
    </Button>
  );
}

/** Queues with their number of workers. */
export function Queues({ world }: { readonly world: WorldFold }) {
  const queues = Object.entries(world.queues);
  if (queues.length === 0) return <span className="t3">–</span>;
  return queues.map(([queue, size]) => (
    <span key={queue} className="queue">
      <bdi className="t3">{queue}</bdi> {size}
    </span>
  ));
}

/** The last answer to a ping of ours. */
export function Pong({ world }: { readonly world: WorldFold }) {
  if (world.ping === null) return <span className="t3">not asked</span>;
  if (world.ping.roundTripMs === null) {
    return (
      <span className="t-attention tone">
        none <Age at={world.ping.at} />
      </span>
    );
  }
  return (
    <>
      {formatDurationMs(world.ping.roundTripMs)} <Age at={world.ping.at} />
    </>
  );
}
