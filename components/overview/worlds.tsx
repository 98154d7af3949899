"use client";
import { dynflowFolds } from "#components/ui/folds.ts";
import { formatDurationMs, plural, shortId } from "#components/ui/format.ts";
import { StateGlyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { CountCell } from "#components/ui/table.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import { worldState } from "#server/contract/diagram/world-state.ts";
import type { WorldFold } from "#server/contract/fold/dynflow.ts";
import type { LiveState } from "#server/contract/live.ts";

interface WorldRow {
  readonly source: string;
  readonly id: string;
  readonly world: WorldFold;
  readonly locks: number;
  readonly known: boolean;
}

interface Worlds {
  readonly executors: readonly WorldRow[];
  readonly clients: number;
}

const SHOWN_MAX = 12;

function worldsOf({ folds }: LiveState): Worlds {
  const rows = dynflowFolds(folds).flatMap(({ id: source, fold }) =>
    Object.entries(fold.worlds).map(([id, world]) => ({
      source,
      id,
      world,
      locks: Object.values(fold.locks).filter((lock) => lock.worldId === id).length,
      known: fold.source.state === "up",
    })),
  );
  const executors = rows.filter(({ world }) => world.executor);
  return { executors, clients: rows.length - executors.length };
}

/** The worlds that execute: whether they answer, what they can take, what they hold. */
export function ExecutorWorlds() {
  const worlds = useFold(worldsOf);
  const unknown = useNotKnown("dynflow").length;
  const executors = worlds?.executors.slice(0, SHOWN_MAX) ?? [];
  return (
    <Section
      title="Executor worlds"
      note="pool = workers of each queue"
      aside={
        <Link href={routes.worlds()}>
          {worlds === undefined ? "worlds" : `${worlds.executors.length}, clients ${worlds.clients}`}
        </Link>
      }
    >
      <NotKnownStreams families={["dynflow"]} />
      {worlds === undefined ? (
        <Skeleton rows={3} columns={4} what="executor worlds" />
      ) : executors.length === 0 && unknown > 0 ? null : executors.length === 0 ? (
        <Empty title="No world is registered.">Plans will wait until an executor starts.</Empty>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">World</th>
              <th scope="col">pool</th>
              <th scope="col" className="num">
                locks
              </th>
              <th scope="col" className="num">
                pong
              </th>
            </tr>
          </thead>
          <tbody>
            {executors.map((row) => (
              <WorldLine key={`${row.source} ${row.id}`} {...row} />
            ))}
          </tbody>
        </table>
      )}
      {worlds !== undefined && worlds.executors.length > executors.length && (
        <p className="small t3">{plural(worlds.executors.length - executors.length, "world")} more on their page</p>
      )}
    </Section>
  );
}

function WorldLine({ source, id, world, locks, known }: WorldRow) {
  const queues = Object.entries(world.queues);
  return (
    <tr className={known ? "" : "stale"}>
      <td className="trunc world" title={`${world.hostname ?? id} of ${source}`}>
        <StateGlyph system="world" word={worldState(world)} />{" "}
        <Link className="plain" href={routes.worlds({ source, world: id })}>
          <Name text={world.hostname ?? shortId(id)} />
        </Link>
      </td>
      <td className="t2 w100 trunc" title={queues.map(([queue, size]) => `${queue} ${size}`).join(", ")}>
        {queues.length === 0 ? (
          <span className="t3">–</span>
        ) : (
          queues.map(([queue, size]) => (
            <span key={queue} className="queue">
              <bdi className="t3">{queue}</bdi> {size}
            </span>
          ))
        )}
      </td>
      <CountCell value={locks} unknown={!known} />
      <td className="num">
        {world.ping === null ? (
          <span className="t3">not asked</span>
        ) : world.ping.roundTripMs === null ? (
          <span className="t-attention tone">
            none <Age at={world.ping.at} />
          </span>
        ) : (
          <>
            {formatDurationMs(world.ping.roundTripMs)} <Age at={world.ping.at} />
          </>
        )}
      </td>
    </tr>
  );
}
