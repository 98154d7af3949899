"use client";
import { skipToken, useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { useIsPast } from "#components/ui/instants.ts";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";

export type Glance = Outputs["dna"]["nodes"]["glance"]["nodes"][number];

interface Asked {
  readonly source: string;
  readonly id: string;
}

const EVERY_MS = 5_000;
/** Nodes are asked for in steps, so that scrolling by a line asks nothing new. */
const STEP = 25;
const ASKED_MAX = 150;

/** Beat interval and partitions of the nodes that are shown, by incarnation. Of the past nothing is kept. */
export function useGlance(shown: readonly Asked[], wanted = true): ReadonlyMap<string, Glance> {
  const past = useIsPast();
  const trpc = useTRPC();
  const key = shown
    .slice(0, ASKED_MAX)
    .map(({ source, id }) => `${source} ${id}`)
    .join("\n");
  const groups = useMemo(() => groupsOf(key), [key]);
  const answers = useQueries({
    queries: groups.map((group) =>
      trpc.dna.nodes.glance.queryOptions(past || !wanted ? skipToken : group, { refetchInterval: EVERY_MS }),
    ),
  });
  const stamp = answers.map(({ dataUpdatedAt }) => dataUpdatedAt).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answers are others exactly when their stamps are
  return useMemo(
    () => new Map(answers.flatMap(({ data }) => (data?.nodes ?? []).map((one) => [one.incarnation, one] as const))),
    [stamp],
  );
}

function groupsOf(key: string): readonly { readonly source: string; readonly incarnations: string[] }[] {
  const bySource = new Map<string, string[]>();
  for (const line of key === "" ? [] : key.split("\n")) {
    const [source = "", id = ""] = line.split(" ");
    bySource.set(source, [...(bySource.get(source) ?? []), id]);
  }
  return [...bySource].flatMap(([source, ids]) =>
    Array.from({ length: Math.ceil(ids.length / STEP) }, (_, at) => ({
      source,
      incarnations: ids.slice(at * STEP, (at + 1) * STEP),
    })),
  );
}
