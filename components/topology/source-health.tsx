"use client";
import { SourceChecks } from "#components/health/source-checks.tsx";
import { HistoryFold } from "#components/history/history-section.tsx";
import { Name } from "#components/ui/ident.tsx";
import { useFold } from "#components/ui/live.ts";
import { Section } from "#components/ui/section.tsx";
import { dnaStream } from "#server/contract/event.ts";

const ROWS_SHOWN = 50;

/** One source from near: what could be wrong with it as a whole, and rows that could not be read. */
export function SourceHealth({ source }: { readonly source: string }) {
  return (
    <>
      <SourceChecks source={source} brief />
      <UnreadableRows source={source} />
      <HistoryFold thing={{ type: "source", source, id: source }} what={source} />
    </>
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
