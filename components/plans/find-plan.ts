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
