"use client";
import { useQuery } from "@tanstack/react-query";
import { Button } from "#components/ui/button.tsx";
import { formatBytes, formatCount, formatDurationMs } from "#components/ui/format.ts";
import { Facts } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget, Unknown } from "#components/ui/widget.tsx";
import type { CensusEstimate } from "#server/contract/wire/dna-census.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Walks } from "./use-walks.ts";

/** What a census will cost, told before the button that starts it. */
export function CensusCost({ source, walks }: { readonly source: string; readonly walks: Walks }) {
  const query = useQuery(useTRPC().dna.census.estimate.queryOptions({ source }));
  const refusal = useRefusal("dna:census", walks.busy ? "Asked already." : null);
  return (
    <>
      <QueryWidget query={query} what={`what a census of ${source} costs`} rows={3}>
        {(cost) => <Cost cost={cost} />}
      </QueryWidget>
      <p className="row wrap-row">
        <Button primary onPress={() => walks.start.mutate({ source, incarnation: null })} refusal={refusal}>
          Count all keys
        </Button>
        <span className="small t3">Reads only, row after row; it can be paused, and goes on after a restart.</span>
      </p>
    </>
  );
}

/** Draws it; knows nothing of queries. */
export function Cost({ cost }: { readonly cost: CensusEstimate }) {
  const { rows, bytes, durationMs, rowsPerSecond, knownAt, how } = cost;
  const at = knownAt === null ? null : (Date.parse(knownAt) as EpochMs);
  return (
    <>
      <Facts
        facts={[
          {
            name: "it will read",
            value: rows === null ? <Unknown why={how}>not known</Unknown> : `about ${formatCount(rows)} rows`,
            source: at === null ? undefined : <Age at={at} suffix="old" />,
          },
          { name: "in bytes", value: bytes === null ? <Unknown why={how} /> : `about ${formatBytes(bytes)}` },
          {
            name: "in time",
            value: durationMs === null ? <Unknown why={how} /> : `at least ${formatDurationMs(durationMs)}`,
            source: `at ${formatCount(rowsPerSecond)} rows/s at most`,
          },
        ]}
      />
      <p className="small t3 wrap how">How that is known: {how}.</p>
    </>
  );
}
