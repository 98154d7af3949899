"use client";
import { RowsInSight } from "#components/plans/rows-in-sight.tsx";
import { useWindowRows } from "#components/plans/use-window-rows.ts";
import { formatDurationMs, formatNumber } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Count, CountCell, SortHead } from "#components/ui/table.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import type { AgentFilter, AgentLine, AgentSort } from "./agent-lines.ts";
import { skewText } from "./agent-words.ts";

const ROW_PX = 28;

interface Column {
  readonly sort: AgentSort;
  readonly title: string;
  readonly numeric?: boolean;
  readonly place?: "p2" | "p3";
}

const COLUMNS: readonly Column[] = [
  { sort: "state", title: "State" },
  { sort: "agent", title: "Agent" },
  { sort: "host", title: "Host", place: "p2" },
  { sort: "gateway", title: "Gateway", place: "p3" },
  { sort: "seen", title: "seen", numeric: true },
  { sort: "rate", title: "items/s", numeric: true, place: "p2" },
  { sort: "rtt", title: "round trip", numeric: true, place: "p2" },
  { sort: "skew", title: "clock", numeric: true, place: "p2" },
  { sort: "gaps", title: "lost", numeric: true },
];
/** Duplicates, since, and why. */
const MORE_COLUMNS = 3;

interface TableProps {
  readonly lines: readonly AgentLine[];
  readonly filter: AgentFilter;
  readonly current: string | null;
  readonly onOpen: (line: AgentLine) => void;
  readonly onSort: (sort: string) => void;
}

/** One line an agent; of thousands only those in sight are drawn. */
export function AgentTable({ lines, filter, current, onOpen, onSort }: TableProps) {
  const rows = useWindowRows(lines.length, ROW_PX);
  return (
    <table className="agents" aria-label="Agents" aria-rowcount={lines.length + 1}>
      <thead>
        <tr>
          {COLUMNS.map(({ sort, title, numeric = false, place = "" }) => (
            <SortHead
              key={sort}
              numeric={numeric}
              className={place}
              sorted={filter.sort === sort ? (filter.descending ? "descending" : "ascending") : null}
              onSort={() => onSort(filter.sort === sort && !filter.descending ? `-${sort}` : sort)}
            >
              {title}
            </SortHead>
          ))}
          <th scope="col" className="num p3">
            twice
          </th>
          <th scope="col" className="num p2">
            since
          </th>
          <th scope="col" className="w100 p2">
            Because
          </th>
        </tr>
      </thead>
      <tbody ref={rows.ref}>
        <RowsInSight before={rows.before} after={rows.after} columns={COLUMNS.length + MORE_COLUMNS}>
          {lines.slice(rows.from, rows.to).map((line) => (
            <Row key={line.id} line={line} selected={current === line.id} onOpen={onOpen} />
          ))}
        </RowsInSight>
      </tbody>
    </table>
  );
}

function Row({
  line,
  selected,
  onOpen,
}: {
  readonly line: AgentLine;
  readonly selected: boolean;
  readonly onOpen: (line: AgentLine) => void;
}) {
  const { id, host, agent, sample } = line;
  return (
    <tr
      data-row={id}
      className={selected ? "sel" : ""}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("a,button") === null) onOpen(line);
      }}
    >
      <td>
        <State system="agent" word={agent.state} quiet={agent.state === "active"} />
      </td>
      <td className="trunc c-agent">
        <Link href={routes.agent(id)} className="plain">
          <bdi>{id}</bdi>
        </Link>
      </td>
      <td className="trunc c-host p2 t2">
        <bdi>{host ?? "–"}</bdi>
      </td>
      <td className="trunc p3 t2 c-host">
        <bdi>{agent.gateway}</bdi>
      </td>
      <td className="num">
        <Seen line={line} />
      </td>
      <Measured className="p2" value={sample === null ? null : formatNumber(sample.perSecond, 1)} />
      <Measured
        className="p2"
        value={sample === null ? null : sample.roundTripMs === null ? "–" : formatDurationMs(sample.roundTripMs)}
      />
      <td className="num p2">{skewText(sample?.skewMs ?? agent.skewMs)}</td>
      <CountCell value={agent.missing} />
      <Measured className="p3" value={sample === null ? null : <Count of={sample.duplicates} />} />
      <td className="num p2">
        <Since at={agent.stateSince} />
      </td>
      <td className="w100 trunc p2 t2" title={agent.evidence}>
        <bdi>{agent.evidence}</bdi>
      </td>
    </tr>
  );
}

function Seen({ line: { sample } }: { readonly line: AgentLine }) {
  const past = useIsPast();
  if (sample === null) return <span className="t3">{past ? "not kept" : "not now"}</span>;
  return <Age at={sample.lastAt} />;
}

/** A value that only now can tell. */
function Measured({ value, className }: { readonly value: React.ReactNode | null; readonly className: string }) {
  return value === null ? (
    <td className={`num t3 ${className}`}>
      <span aria-hidden="true">–</span>
      <span className="vh">not measured</span>
    </td>
  ) : (
    <td className={`num ${className}`}>{value}</td>
  );
}
