"use client";
import { WorldName } from "#components/plan/world-name.tsx";
import { shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Age } from "#components/ui/time.tsx";
import type { WorldFold } from "#server/contract/fold/dynflow.ts";
import type { LockLine } from "./world-lines.ts";

interface LockTableProps {
  readonly lines: readonly LockLine[];
  readonly worldsOf: (source: string) => Readonly<Record<string, WorldFold>> | undefined;
  readonly down: ReadonlySet<string>;
}

/** Every coordinator record that is a lock. */
export function LockTable({ lines, worldsOf, down }: LockTableProps) {
  return (
    <table className="locks" aria-label="Locks">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Lock</th>
          <th scope="col">Of</th>
          <th scope="col">World</th>
          <th scope="col" className="p3">
            Source
          </th>
          <th scope="col" className="w100 p2">
            Asked by
          </th>
          <th scope="col" className="num">
            seen for
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ source, lock, word }) => (
          <tr key={`${source} ${lock.class} ${lock.id}`} className={down.has(source) ? "stale" : ""}>
            <td>
              <State system="lock" word={word} quiet={word === "held"} />
            </td>
            <td>
              <bdi>{lock.class.split("::").at(-1)}</bdi>
              {lock.unreadable !== null && (
                <span className="t-failed tone" title={lock.unreadable}>
                  {" "}
                  unreadable
                </span>
              )}
            </td>
            <td>
              {lock.planId === null ? (
                <Id id={lock.id} />
              ) : (
                <Link href={routes.plan(source, lock.planId)} className="mono">
                  {shortId(lock.planId)}
                </Link>
              )}
            </td>
            <td>
              {lock.worldId === null ? "–" : <WorldName id={lock.worldId} worlds={worldsOf(source)} source={source} />}
            </td>
            <td className="p3 t2">
              <bdi>{source}</bdi>
            </td>
            <td className="w100 trunc p2">
              {lock.clientWorldId === null ? (
                <span className="t3">–</span>
              ) : (
                <WorldName id={lock.clientWorldId} worlds={worldsOf(source)} source={source} />
              )}
            </td>
            <td className="num">
              <Age at={lock.seenSince} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
