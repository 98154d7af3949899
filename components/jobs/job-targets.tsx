"use client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Section } from "#components/ui/section.tsx";
import { More } from "#components/ui/table.tsx";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import { useTRPCClient } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { EpochMs } from "#server/kernel/clock.ts";

const OUTCOMES = ["applied", "moved", "failed", "unknown"] as const;
type Outcome = (typeof OUTCOMES)[number];
const PAGE_ROWS = 100;
const EVERY_MS = 3_000;

/** What became of each key, in pages; by outcome if wanted. */
export function JobTargets({ jobId, live }: { readonly jobId: string; readonly live: boolean }) {
  const client = useTRPCClient();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["job-targets", jobId, outcome],
    queryFn: ({ pageParam, signal }) =>
      client.jobs.get.query({ jobId, outcome, after: pageParam, limit: PAGE_ROWS }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextAfter,
    refetchInterval: live ? EVERY_MS : false,
  });
  return (
    <Section
      title="Keys"
      note="each with its own outcome"
      aside={
        <span className="seg">
          <button type="button" aria-pressed={outcome === null} onClick={() => setOutcome(null)}>
            all
          </button>
          {OUTCOMES.map((one) => (
            <button key={one} type="button" aria-pressed={outcome === one} onClick={() => setOutcome(one)}>
              {one}
            </button>
          ))}
        </span>
      }
    >
      <QueryWidget query={query} what="the keys of this job" columns={4} rows={8}>
        {({ pages }) => {
          const targets = pages.flatMap((page) => page.targets);
          if (targets.length === 0)
            return <Empty title={outcome === null ? "No key has been handled yet." : `No key is ${outcome}.`} />;
          return (
            <>
              <div className="tscroll">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Outcome</th>
                      <th scope="col">Key</th>
                      <th scope="col">Note</th>
                      <th scope="col" className="num">
                        at <ZoneName />
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {targets.map(({ key, outcome: what, note, at }) => (
                      <tr key={key}>
                        <td>
                          <State system="target" word={what} />
                        </td>
                        <td className="mono trunc key-cell" title={key}>
                          <Name text={key} />
                        </td>
                        <td className="w100 trunc t2" title={note ?? undefined}>
                          <bdi>{note ?? ""}</bdi>
                        </td>
                        <td className="num">
                          <Instant at={Date.parse(at) as EpochMs} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <More
                more={query.hasNextPage}
                loading={query.isFetchingNextPage}
                shown={targets.length}
                onMore={() => void query.fetchNextPage()}
              />
            </>
          );
        }}
      </QueryWidget>
    </Section>
  );
}
