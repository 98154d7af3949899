"use client";
import { parseInstant, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { lockState } from "#server/contract/diagram/lock-lifecycle.ts";
import type { LockView } from "./types.ts";
import { useDynflowFold } from "./use-plan.ts";
import { WorldName } from "./world-name.tsx";

/** The locks that speak of this plan; an executor's lock is what keeps two from running it. */
export function LocksView({ source, locks }: { readonly source: string; readonly locks: readonly LockView[] }) {
  const worlds = useDynflowFold(source, (fold) => fold.worlds);
  return (
    <Section title="Locks" note="coordinator records that name this plan" aside={plural(locks.length, "lock")}>
      {locks.length === 0 ? (
        <Empty title="No lock names this plan.">An executor that takes it holds an ExecutionLock while it runs.</Empty>
      ) : (
        <table aria-label="Locks">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Lock</th>
              <th scope="col">World</th>
              <th scope="col" className="p2">
                Asked by
              </th>
              <th scope="col" className="num">
                seen for
              </th>
            </tr>
          </thead>
          <tbody>
            {locks.map((lock) => (
              <tr key={`${lock.class} ${lock.id}`}>
                <td>
                  <State system="lock" word={lockState(lock)} />
                </td>
                <td>
                  <bdi>{lock.class.split("::").at(-1)}</bdi>
                </td>
                <td>
                  {lock.worldId === null ? (
                    "–"
                  ) : (
                    <WorldName id={lock.worldId} worlds={worlds ?? undefined} source={source} />
                  )}
                </td>
                <td className="p2">{lock.clientWorldId === null ? "–" : <Id id={lock.clientWorldId} />}</td>
                <td className="num">
                  <Age at={parseInstant(lock.seenSince)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
