"use client";
import { formatDurationMs } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Count, CountCell } from "#components/ui/table.tsx";
import { Age } from "#components/ui/time.tsx";
import { queueText, roleText, type WorldLine } from "./world-lines.ts";

export const worldKey = (line: { readonly source: string; readonly id: string }): string => `${line.source} ${line.id}`;

interface WorldTableProps {
  readonly lines: readonly WorldLine[];
  readonly current: string | null;
  readonly down: ReadonlySet<string>;
  readonly refusalOf: (source: string) => string | null;
  readonly onOpen: (line: WorldLine) => void;
  readonly onPing: (line: WorldLine) => void;
}

/** Executors first, then clients; on a phone a row is two lines. */
export function WorldTable({ lines, current, down, refusalOf, onOpen, onPing }: WorldTableProps) {
  return (
    <table className="worlds" aria-label="Worlds">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">World</th>
          <th scope="col">Id</th>
          <th scope="col" className="p3 beside">
            Source
          </th>
          <th scope="col" className="p2 beside">
            Kind
          </th>
          <th scope="col" className="w100 p2">
            Queues, duties
          </th>
          <th scope="col" className="num">
            plans
          </th>
          <th scope="col" className="num p2">
            locks
          </th>
          <th scope="col" className="num">
            pong
          </th>
          <th scope="col" className="num p2 beside">
            seen for
          </th>
          <th scope="col">
            <span className="vh">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <Row
            key={worldKey(line)}
            line={line}
            selected={current === worldKey(line)}
            stale={down.has(line.source)}
            refusal={refusalOf(line.source)}
            onOpen={onOpen}
            onPing={onPing}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly line: WorldLine;
  readonly selected: boolean;
  readonly stale: boolean;
  readonly refusal: string | null;
  readonly onOpen: (line: WorldLine) => void;
  readonly onPing: (line: WorldLine) => void;
}

function Row({ line, selected, stale, refusal, onOpen, onPing }: RowProps) {
  const { source, id, world, word, locks, plans, share, roles, ours } = line;
  return (
    <tr
      data-row={worldKey(line)}
      className={`${selected ? "sel" : ""}${stale ? " stale" : ""}`}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("a,button") === null) onOpen(line);
      }}
    >
      <td>
        <State system="world" word={word} quiet={word === "active"} />
      </td>
      <td className="c-world">
        <Link href={routes.worlds({ source, world: id })} className="plain" scroll={false}>
          <bdi>{world.hostname ?? world.class.split("::").at(-1)}</bdi>
        </Link>
        {world.pid !== null && <span className="t3 small"> pid {world.pid}</span>}
        {ours && <span className="t3 small"> this console</span>}
      </td>
      <td>
        <Id id={id} />
      </td>
      <td className="p3 t2 beside">
        <bdi>{source}</bdi>
      </td>
      <td className="p2 t2 beside">
        <bdi>{world.class.split("::").at(-1)}</bdi>
      </td>
      <td className="w100 trunc p2 t2">
        <bdi>{queueText(world.queues) || "–"}</bdi>
        {roles.length > 0 && <span className="t3"> · {roles.map(roleText).join(", ")}</span>}
      </td>
      <td className="num c-plans">
        <Count of={plans} />
        {share !== null && world.executor && <Share part={share} />}
      </td>
      <CountCell value={locks} className="p2" />
      <td className="num">
        <Pong line={line} />
      </td>
      <td className="num p2 beside">
        <Age at={world.seenSince} />
      </td>
      <td className="c-act">
        <button
          type="button"
          className="btn-plain row-act"
          aria-disabled={refusal !== null || undefined}
          title={refusal ?? undefined}
          aria-label={`Ping… ${world.hostname ?? id}${refusal === null ? "" : `: ${refusal}`}`}
          onClick={() => {
            if (refusal === null) onPing(line);
          }}
        >
          Ping…
        </button>
      </td>
    </tr>
  );
}

/** Its part of all plans that are run: how they are spread over the executors. */
function Share({ part }: { readonly part: number }) {
  return (
    <svg className="meter share" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={percent(part)}>
      <title>{percent(part)}</title>
      <rect className="ground" width="100" height="6" />
      <rect className="fill" width={100 * part} height="6" />
    </svg>
  );
}
const percent = (part: number): string => `${Math.round(100 * part)} % of the plans that are run`;

function Pong({ line: { world } }: { readonly line: WorldLine }) {
  if (world.ping === null) return <span className="t3">not asked</span>;
  return (
    <>
      {world.ping.roundTripMs === null ? (
        <span className="t-failed tone">none</span>
      ) : (
        formatDurationMs(world.ping.roundTripMs)
      )}{" "}
      <Age at={world.ping.at} />
    </>
  );
}
