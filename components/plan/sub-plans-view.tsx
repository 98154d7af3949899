"use client";
import { useQuery } from "@tanstack/react-query";
import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import { seconds } from "./step-words.ts";
import type { PlanOutput } from "./types.ts";

/** As many as one question may name. */
const SHOWN_MAX = 100;
const LOOK_EVERY_MS = 5_000;

/** The plans that actions of this one planned. */
export function SubPlansView({ source, plan }: { readonly source: string; readonly plan: PlanOutput }) {
  const trpc = useTRPC();
  const ids = plan.subPlanIds.slice(0, SHOWN_MAX);
  const query = useQuery(
    trpc.dynflow.plans.list.queryOptions(
      { source, filter: { ids }, limit: SHOWN_MAX },
      { enabled: ids.length > 0, refetchInterval: plan.state === "stopped" ? false : LOOK_EVERY_MS },
    ),
  );
  const count = plan.subPlanIds.length;
  return (
    <Section
      title="Sub-plans"
      note="planned by actions of this plan"
      aside={count > SHOWN_MAX ? `${SHOWN_MAX} of ${plural(count, "plan")}` : plural(count, "plan")}
    >
      {ids.length === 0 ? (
        <Empty title="It planned no sub-plans." />
      ) : (
        <QueryWidget query={query} what="sub-plans" columns={4}>
          {({ rows }) => (
            <table aria-label="Sub-plans">
              <thead>
                <tr>
                  <th scope="col">State</th>
                  <th scope="col">Result</th>
                  <th scope="col" className="w100">
                    Label
                  </th>
                  <th scope="col">Plan</th>
                  <th scope="col" className="num">
                    took
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.id}>
                    <td>
                      <State system="plan" word={row.state} />
                    </td>
                    <td>
                      <State system="result" word={row.result} />
                    </td>
                    <td className="w100 trunc">
                      <Link href={routes.plan(source, row.id)} className="plain">
                        <ClassName name={row.label ?? row.rootActionClass} />
                      </Link>
                    </td>
                    <td>
                      <Id id={row.id} />
                    </td>
                    <td className="num">{seconds(row.realTimeSec)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </QueryWidget>
      )}
    </Section>
  );
}
