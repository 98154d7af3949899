"use client";
import { lockState } from "#components/plan/lock-words.ts";
import { WorldName } from "#components/plan/world-name.tsx";
import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";

const SHOWN_MAX = 500;

interface LocksTableProps {
  readonly sources: readonly { readonly id: string; readonly fold: DynflowFold }[];
}

/** All locks of all coordinators; those of worlds that are gone come first. */
export function LocksTable({ sources }: LocksTableProps) {
  const locks = sources
    .flatMap(({ id: source, fold }) =>
      Object.values(fold.locks).map((lock) => ({
        source,
        lock,
        worlds: fold.worlds,
        orphaned: lock.worldId !== null && fold.worlds[lock.worldId] === undefined,
      })),
    )
    .toSorted((a, b) => Number(b.orphaned) - Number(a.orphaned) || a.lock.seenSince - b.lock.seenSince);
  return (
    <Section
      title="Locks"
      note="coordinator records; oldest first, orphaned ones above all"
      aside={plural(locks.length, "lock")}
    >
      {locks.length === 0 ? (
        <Empty title="Nobody holds a lock." />
      ) : (
        <table aria-label="Locks">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Lock</th>
              <th scope="col">Plan</th>
              <th scope="col">World</th>
              <th scope="col" className="p2">
                Source
              </th>
              <th scope="col" className="num p2">
                seen for
              </th>
            </tr>
          </thead>
          <tbody>
            {locks.slice(0, SHOWN_MAX).map(({ source, lock, worlds, orphaned }) => (
              <tr key={`${source} ${lock.class} ${lock.id}`}>
                <td>
                  <State system="lock" word={lockState({ class: lock.class, orphaned })} quiet />
                </td>
                <td title={lock.id}>
                  <bdi>{lock.class.split("::").at(-1)}</bdi>
                </td>
                <td>
                  {lock.planId === null ? (
                    <bdi className="mono t2">{lock.id}</bdi>
                  ) : (
                    <>
                      <Link href={routes.plan(source, lock.planId)}>plan</Link> <Id id={lock.planId} />
                    </>
                  )}
                </td>
                <td>{lock.worldId === null ? "–" : <WorldName id={lock.worldId} worlds={worlds} source={source} />}</td>
                <td className="p2">{source}</td>
                <td className="num p2">
                  <Age at={lock.seenSince} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {locks.length > SHOWN_MAX && <p className="small t3">{locks.length - SHOWN_MAX} more are not drawn.</p>}
    </Section>
  );
}
