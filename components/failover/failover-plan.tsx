"use client";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { formatCount } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Count } from "#components/ui/table.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { FailoverJobOutput } from "#server/contract/wire/dna-failover.ts";

const EVERY_MS = 2_000;

interface FailoverPlanProps {
  readonly source: string;
  readonly jobId: string;
  readonly ended: boolean;
}

/** Whom a failover gives its keys to, and how many it has given so far. */
export function FailoverPlan({ source, jobId, ended }: FailoverPlanProps) {
  const trpc = useTRPC();
  const query = useQuery(
    trpc.dna.failover.job.queryOptions({ source, jobId }, { refetchInterval: ended ? false : EVERY_MS }),
  );
  const { refetch } = query;
  // What was read last may be of before the last rounds.
  useEffect(() => {
    if (ended) void refetch();
  }, [ended, refetch]);
  return (
    <Section title="Whom the keys are given to">
      <QueryWidget query={query} what="whom the keys are given to" rows={2}>
        {(answer) => <Plan source={source} answer={answer} />}
      </QueryWidget>
    </Section>
  );
}

function Plan({ source, answer: { plan } }: { readonly source: string; readonly answer: FailoverJobOutput }) {
  if (plan === null)
    return <p className="t3">Not known here: the console that runs the job knows, and this one follows it.</p>;
  const { targets } = plan;
  if (targets === null)
    return <p className="t2">Nobody: their rows are deleted, and the next message to a key claims it.</p>;
  const weights = targets.reduce((sum, { weight }) => sum + weight, 0);
  return (
    <table aria-label="Keys given to each node">
      <thead>
        <tr>
          <th scope="col">Node</th>
          <th scope="col" className="num">
            weight
          </th>
          <th scope="col" className="num">
            share
          </th>
          <th scope="col" className="num">
            given so far
          </th>
        </tr>
      </thead>
      <tbody>
        {targets.map(({ incarnation, node, weight, given }) => (
          <tr key={incarnation}>
            <td className="w100 trunc">
              <Link className="mono" href={routes.node(source, incarnation)}>
                <Name text={node} />
              </Link>
            </td>
            <td className="num">{formatCount(weight)}</td>
            <td className="num">{Math.round((100 * weight) / weights)} %</td>
            <td className="num">
              <Count of={given} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
