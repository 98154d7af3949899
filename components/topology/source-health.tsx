"use client";
import { useQuery } from "@tanstack/react-query";
import { HistoryFold } from "#components/history/history-section.tsx";
import { Glyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold } from "#components/ui/live.ts";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Faults, QueryWidget } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const EVERY_MS = 15_000;
const ROWS_SHOWN = 50;

/** One source from near: what could be wrong with its database as a whole, and rows that could not be read. */
export function SourceHealth({ source }: { readonly source: string }) {
  const past = useIsPast();
  return (
    <>
      {past ? (
        <OnlyNow>The checks of {source}: they are of its database as it is now.</OnlyNow>
      ) : (
        <HealthNow source={source} />
      )}
      <UnreadableRows source={source} />
      <HistoryFold thing={{ type: "source", source, id: source }} what={source} />
    </>
  );
}

function HealthNow({ source }: { readonly source: string }) {
  const query = useQuery(useTRPC().dna.nodes.health.queryOptions({ source }, { refetchInterval: EVERY_MS }));
  const asOf = query.data?.asOf ?? null;
  return (
    <Section
      title={`Checks of ${source}`}
      note="misconfigurations that break DNA quietly"
      aside={<Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} everyMs={EVERY_MS} />}
    >
      <QueryWidget query={query} what={`the checks of ${source}`} rows={3}>
        {({ checks, faults }) => (
          <>
            <Faults faults={faults} />
            {checks.length === 0 ? (
              <Empty title="Nothing has been checked yet." />
            ) : (
              <ul className="reasons">
                {checks.map(({ id, ok, title, detail }) => (
                  <li key={id}>
                    <Glyph tone={ok ? "good" : "attention"} label={ok ? "holds" : "look at it"} />
                    <div>
                      <b>{title}</b>
                      <span>{detail}</span>
                    </div>
                  </li>
                ))}
              </ul>
            )}
          </>
        )}
      </QueryWidget>
    </Section>
  );
}

function UnreadableRows({ source }: { readonly source: string }) {
  const stream = dnaStream(source);
  const rows = useFold(({ folds }) => {
    const fold = folds[stream];
    return fold?.family === "dna" ? Object.entries(fold.unreadable) : [];
  });
  if (rows === undefined || rows.length === 0) return null;
  return (
    <Section title="Rows that could not be read" note="each costs only itself" aside={rows.length}>
      <div className="tscroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col">Cluster</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, ROWS_SHOWN).map(([key, { cluster, reason }]) => (
              <tr key={key}>
                <td className="mono trunc actor-name" title={key}>
                  <Name text={key} />
                </td>
                <td>
                  <Name text={cluster} />
                </td>
                <td className="w100 trunc" title={reason}>
                  <bdi>{reason}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
