"use client";
import { shortId } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Orphan } from "./use-worlds.ts";

/** Locks that are left over: why, and what removes them when. Nothing is drawn while there is none. */
export function OrphansSection({ orphans }: { readonly orphans: readonly Orphan[] }) {
  if (orphans.length === 0) return null;
  return (
    <Section className="sec-gap" title="Left over" note="locks that nobody will release" aside={`${orphans.length}`}>
      <ul className="orphans">
        {orphans.map(({ source, lock }) => (
          <li key={`${source} ${lock.class} ${lock.id}`}>
            <Glyph tone="attention" />
            <div>
              <p className="wrap">
                <b className="med">
                  <bdi>{lock.class.split("::").at(-1)}</bdi>
                </b>{" "}
                {lock.planId === null ? (
                  <Id id={lock.id} />
                ) : (
                  <>
                    of plan{" "}
                    <Link href={routes.plan(source, lock.planId)} className="mono">
                      {shortId(lock.planId)}
                    </Link>
                  </>
                )}
                {lock.worldId !== null && (
                  <>
                    {" "}
                    of world <Id id={lock.worldId} />
                  </>
                )}{" "}
                <span className="t3">
                  seen for <Age at={Date.parse(lock.seenSince) as EpochMs} />
                </span>
              </p>
              <p className="wrap">{lock.reason}</p>
              <p className="wrap t3">{lock.remedy}</p>
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}
