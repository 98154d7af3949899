"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { dynflowFolds } from "#components/ui/folds.ts";
import { plural } from "#components/ui/format.ts";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Faults, Skeleton } from "#components/ui/widget.tsx";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import { LocksTable } from "./locks-table.tsx";
import { PingDialog } from "./ping-dialog.tsx";
import { WorldDrawer } from "./world-drawer.tsx";
import { type WorldRow, worldRows } from "./world-rows.ts";
import { WorldsTable } from "./worlds-table.tsx";

/** Executors and clients of every Dynflow, what they hold, and all locks: drawn from the fold, live. */
export function WorldsPage() {
  const { search, go } = useAddress();
  const [pinged, setPinged] = useState<WorldRow | null>(null);
  const trpc = useTRPC();
  const sources = useQuery(trpc.dynflow.sources.list.queryOptions()).data?.sources;
  const found = useFold(({ folds }) => dynflowFolds(folds));
  if (found === undefined) {
    return (
      <div className="page">
        <Crumbs path={[{ text: "Worlds" }]} />
        <PageHead title="Worlds" />
        <Skeleton rows={6} columns={6} what="worlds" />
      </div>
    );
  }
  const own = new Set(sources?.flatMap(({ worldId }) => worldId ?? []) ?? []);
  const acting = new Map(sources?.map(({ id, actRefused }) => [id, actRefused]) ?? []);
  const rows = worldRows(found, own);
  const executors = rows.filter(({ world }) => world.executor);
  const clients = rows.filter(({ world }) => !world.executor);
  const opened = rows.find(({ id, source }) => id === search.get("world") && source === search.get("source"));
  const open = (row: WorldRow | null) =>
    go(row === null ? routes.worlds() : routes.worlds({ source: row.source, world: row.id }));
  return (
    <div className="page worlds">
      <Crumbs path={[{ text: "Worlds" }]} />
      <PageHead
        title={titleOf(executors, clients)}
        sub="A world is a process that takes part: executors run steps, clients ask."
      />
      <Faults faults={found.flatMap(({ id, fold }) => faultOf(id, fold))} />
      <Section title="Executors" note="they run steps" aside={`${executors.length}`}>
        {executors.length === 0 ? (
          <Empty title="No executor is registered.">Plans will wait until one starts.</Empty>
        ) : (
          <WorldsTable
            rows={executors}
            opened={opened ?? null}
            onOpen={open}
            onPing={setPinged}
            acting={acting}
            label="Executors"
          />
        )}
      </Section>
      <Section title="Clients" note="they ask for executions, this console among them" aside={`${clients.length}`}>
        {clients.length === 0 ? (
          <Empty title="No client is registered." />
        ) : (
          <WorldsTable
            rows={clients}
            opened={opened ?? null}
            onOpen={open}
            onPing={setPinged}
            acting={acting}
            label="Clients"
          />
        )}
      </Section>
      <LocksTable sources={found} />
      {opened !== undefined && (
        <WorldDrawer
          row={opened}
          refusal={acting.get(opened.source) ?? null}
          onPing={() => setPinged(opened)}
          onClose={() => open(null)}
        />
      )}
      {pinged !== null && (
        <PingDialog row={pinged} refusal={acting.get(pinged.source) ?? null} onClose={() => setPinged(null)} />
      )}
    </div>
  );
}

function titleOf(executors: readonly WorldRow[], clients: readonly WorldRow[]): string {
  const silent = executors.filter(({ world }) => world.ping !== null && world.ping.roundTripMs === null);
  if (silent.length > 0) return `${plural(silent.length, "executor")} did not answer`;
  return `${plural(executors.length, "executor")}, ${plural(clients.length, "client")}`;
}

function faultOf(id: string, { source }: DynflowFold) {
  if (source.state === "up") return [];
  return [
    {
      source: id,
      message: source.reason ?? source.state,
      since: source.since === 0 ? null : new Date(source.since).toISOString(),
    },
  ];
}
