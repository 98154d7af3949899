"use client";
import { useRef } from "react";
import { formatDurationMs } from "#components/ui/format.ts";
import { StateGlyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { everyMsOf, paceInShort, paceWords } from "#components/ui/pace.ts";
import { Section } from "#components/ui/section.tsx";
import { Spark } from "#components/ui/spark.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { sourceOf } from "#server/contract/view/need.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const KEPT = 60;
const KINDS = { dynflow: "Dynflow", haf: "HAF", ingest: "agents" } as const;

interface SourceRow {
  readonly stream: string;
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly since: EpochMs;
  readonly reason: string | null;
  readonly readMs: number | null;
  readonly asOf: EpochMs | null;
  readonly everyMs: number;
  /** How soon news are found, and what that costs the source. */
  readonly pace: string | null;
  readonly paceInShort: string | null;
}

function rowsOf({ folds, samples }: LiveState): readonly SourceRow[] {
  return Object.entries(folds)
    .flatMap(([stream, fold]): SourceRow[] => {
      if (fold.family === "operator" || fold.family === "console") return [];
      const sample = samples[stream];
      const kind = fold.family === "dna" ? (fold.database?.product ?? "") : KINDS[fold.family];
      return [
        {
          stream,
          id: sourceOf(stream),
          kind,
          ...fold.source,
          readMs: sample?.readMs ?? null,
          asOf: sample?.asOf ?? null,
          everyMs: everyMsOf(sample),
          pace: paceWords(sample),
          paceInShort: paceInShort(sample),
        },
      ];
    })
    .sort((a, b) => (a.stream < b.stream ? -1 : 1));
}

/** How long each read took since this page is open; what the server does not keep, the screen may. */
function useReadTimes(rows: readonly SourceRow[] | undefined): ReadonlyMap<string, readonly number[]> {
  const kept = useRef(new Map<string, { asOf: number; values: readonly number[] }>());
  for (const { stream, asOf, readMs } of rows ?? []) {
    const before = kept.current.get(stream);
    if (asOf === null || readMs === null || before?.asOf === asOf) continue;
    kept.current.set(stream, { asOf, values: [...(before?.values ?? []), readMs].slice(-KEPT) });
  }
  return new Map([...kept.current].map(([stream, { values }]) => [stream, values]));
}

/** Every source: whether it answers, how fast, how old what it said is. */
export function Sources() {
  const rows = useFold(rowsOf);
  const past = useIsPast();
  const times = useReadTimes(past ? undefined : rows);
  const unknown = useNotKnown("dna", "dynflow", "haf", "ingest").length;
  const up = rows?.filter(({ state }) => state === "up").length;
  return (
    <Section
      title="Sources"
      note={past ? "read times are not kept" : "read time since you look"}
      aside={rows === undefined ? undefined : `${up} of ${rows.length} up`}
    >
      <NotKnownStreams families={["dna", "dynflow", "haf", "ingest"]} />
      {rows === undefined ? (
        <Skeleton rows={5} columns={3} what="sources" />
      ) : rows.length === 0 && unknown > 0 ? null : rows.length === 0 ? (
        <Empty title="No source is configured." />
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Source</th>
              <th scope="col" className="p3">
                <span className="vh">Kind</span>
              </th>
              <th scope="col" className="p2">
                read time
              </th>
              <th scope="col" className="num">
                last
              </th>
              <th scope="col" className="num">
                age
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.stream}>
                <td className="w100 trunc" title={row.reason ?? undefined}>
                  <StateGlyph system="source" word={row.state} /> <Name text={row.id} />
                  {row.paceInShort !== null && !past && row.state === "up" && (
                    <div className="t3 small pace" title={row.pace ?? undefined}>
                      {row.paceInShort}
                    </div>
                  )}
                  {row.reason !== null && row.state === "up" && (
                    <div className="t-attention tone small wrap">{row.reason}</div>
                  )}
                </td>
                <td className="t3 p3 kind trunc" title={row.kind}>
                  {row.kind}
                </td>
                <td className="p2">
                  {past ? null : <Spark values={times.get(row.stream) ?? []} width={84} height={16} min={0} />}
                </td>
                <td className="num">
                  {row.state === "up" && row.readMs !== null ? formatDurationMs(row.readMs) : "–"}
                </td>
                <td className="num">
                  {row.state === "down" ? (
                    <span className="t-failed tone">
                      <Since at={row.since} />
                    </span>
                  ) : (
                    <Age at={row.asOf} everyMs={row.everyMs} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
