"use client";
import type { useTRPCClient } from "#components/ui/trpc.ts";
import type { Source } from "./plan-lines.ts";

type Client = ReturnType<typeof useTRPCClient>;

/** The source that has a plan of this id: from the feed when it is unfinished, else each source is asked. */
export async function findPlan(client: Client, sources: readonly Source[], planId: string): Promise<string | null> {
  const known = sources.find(({ fold }) => Object.hasOwn(fold.plans, planId));
  if (known !== undefined) return known.id;
  const asked = await Promise.allSettled(
    sources.map(({ id }) => client.dynflow.plans.list.query({ source: id, filter: { ids: [planId] }, limit: 1 })),
  );
  const at = asked.findIndex((answer) => answer.status === "fulfilled" && answer.value.rows.length > 0);
  return sources[at]?.id ?? null;
}

export interface Found {
  /** The only plan of all sources that has this text in its label, class or id; `null` = none, or several. */
  readonly only: { readonly source: string; readonly planId: string } | null;
  readonly any: boolean;
}

/** Whether a text is that of one plan, in whatever state. A source that does not answer counts as one that has several. */
export async function findText(client: Client, sources: readonly string[], text: string): Promise<Found> {
  const asked = await Promise.allSettled(
    sources.map(async (source) => {
      const filter = { anyText: text };
      const { rows } = await client.dynflow.plans.list.query({ source, filter, sort: "id", limit: 2 });
      return rows.map((row) => ({ source, planId: row.id }));
    }),
  );
  const found = asked.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const sure = asked.every((answer) => answer.status === "fulfilled");
  return { only: sure && found.length === 1 ? (found[0] ?? null) : null, any: found.length > 0 };
}
