"use client";
import { useMemo, useState } from "react";
import { HistoryFold } from "#components/history/history-section.tsx";
import type { Source } from "#components/plans/plan-lines.ts";
import { useSourceFacts, useSources } from "#components/plans/use-plans.ts";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { OnlyOf } from "#components/ui/only-of.tsx";
import { everyMsOf, paceWords } from "#components/ui/pace.ts";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Age } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import { EnvelopesSection } from "./envelopes-section.tsx";
import { LockTable } from "./lock-table.tsx";
import { OrphansSection } from "./orphans-section.tsx";
import { PingDialog, usePingRefusal } from "./ping-dialog.tsx";
import { useOrphans } from "./use-worlds.ts";
import { WorldDrawer } from "./world-drawer.tsx";
import { lockLines, type WorldLine, worldLines } from "./world-lines.ts";
import { WorldTable, worldKey } from "./world-table.tsx";
import "#components/plan/plan.css";
import "#components/plans/plans.css";
import "./worlds.css";

const StatusDialog = onDemand(() => import("./status-dialog.tsx").then((module) => module.StatusDialog));
const InvalidateDialog = onDemand(() => import("./invalidate-dialog.tsx").then((module) => module.InvalidateDialog));

type Dialogue = "ping" | "status" | "invalidate";

/** Executors and clients of all sources with their locks; live from the feed. */
export function WorldsPage() {
  const sources = useSources();
  return (
    <div className="page">
      <Crumbs path={[{ text: "Worlds" }]} />
      {sources === undefined ? (
        <>
          <PageHead title="Worlds" sub="reading…" />
          <Skeleton rows={6} columns={7} what="worlds" />
        </>
      ) : (
        <Worlds sources={sources} />
      )}
    </div>
  );
}

function Worlds({ sources }: { readonly sources: readonly Source[] }) {
  const { search, go } = useAddress();
  const past = useIsPast();
  const unknown = useNotKnown("dynflow").length;
  const facts = useSourceFacts();
  const [asking, setAsking] = useState<{ readonly what: Dialogue; readonly line: WorldLine } | null>(null);
  const permitted = usePingRefusal(null);
  const invalidatable = useRefusal("worlds:invalidate");
  const refusedBy = new Map(facts.data?.sources.map(({ id, actRefused }) => [id, actRefused]));
  const own = new Map(facts.data?.sources.map(({ id, worldId }) => [id, worldId]));
  const refusalOf = (source: string): string | null => permitted ?? refusedBy.get(source) ?? null;
  const asked = search.get("source");
  const seen = useMemo(() => sources.filter(({ id }) => asked === null || id === asked), [sources, asked]);
  const [only, ...others] = seen;
  const [state, lockWord] = [search.get("state"), search.get("lock")];
  const place = { source: asked, state, lock: lockWord };
  const all = worldLines(seen, own);
  const lines = state === null ? all : all.filter(({ word }) => word === state);
  const allLocks = useMemo(() => lockLines(seen), [seen]);
  const locks = lockWord === null ? allLocks : allLocks.filter(({ word }) => word === lockWord);
  const down = new Set(sources.filter(({ fold }) => fold.source.state === "down").map(({ id }) => id));
  const selected = all.find(({ id }) => id === search.get("world"));
  const open = (line: WorldLine) => go(routes.worlds({ ...place, world: line.id }), { replace: true });
  const orphans = useOrphans(seen.map(({ id }) => id));
  const cursor = useRowCursor({ rows: lines, idOf: worldKey, onOpen: open, enabled: asking === null });
  const target = selected ?? lines.find((line) => worldKey(line) === cursor.current);
  const invalidateRefusalOf = (line: WorldLine): string | null =>
    line.ours ? "It is this console's own world." : (invalidatable ?? refusedBy.get(line.source) ?? null);
  const whyNot = (what: Dialogue, line: WorldLine): string | null =>
    what === "invalidate" ? invalidateRefusalOf(line) : refusalOf(line.source);
  const ask = (what: Dialogue, line: WorldLine | undefined) => {
    if (line === undefined || whyNot(what, line) !== null) return false;
    setAsking({ what, line });
    return true;
  };
  useKeys(
    [
      { keys: "P", does: "ping the world", run: () => ask("ping", target) },
      { keys: "S", does: "ask the executor for its status", run: () => ask("status", target) },
      { keys: "I", does: "invalidate the world", run: () => ask("invalidate", target) },
    ],
    { group: "Worlds", enabled: asking === null },
  );
  const executors = all.filter(({ world }) => world.executor);
  const silent = executors.filter(({ word }) => word !== "active").length;
  return (
    <>
      <PageHead
        title={silent > 0 ? `${plural(silent, "executor")} of ${executors.length} not well` : "Worlds"}
        sub={<SourceAges sources={seen} />}
      />
      <NotKnownStreams families={["dynflow"]} />
      <Section
        title="Registered"
        note="executors run plans, clients ask for it"
        aside={`${plural(executors.length, "executor")}, ${plural(all.length - executors.length, "client")}`}
      >
        {state !== null && (
          <OnlyOf system="world" word={state} of={all.length} all={routes.worlds({ ...place, state: null })} />
        )}
        {lines.length === 0 && (unknown > 0 || state !== null) ? null : lines.length === 0 ? (
          <Empty title="No world is registered.">Plans will wait until an executor starts.</Empty>
        ) : (
          <WorldTable
            lines={lines}
            current={selected === undefined ? cursor.current : worldKey(selected)}
            down={down}
            refusalOf={refusalOf}
            onOpen={open}
            onPing={(line) => ask("ping", line)}
          />
        )}
      </Section>
      <OrphansSection orphans={orphans} />
      <Section
        className="sec-gap"
        title="Locks"
        note={`who may do what ${past ? "then" : "now"}`}
        aside={plural(locks.length, "lock")}
      >
        {lockWord !== null && (
          <OnlyOf system="lock" word={lockWord} of={allLocks.length} all={routes.worlds({ ...place, lock: null })} />
        )}
        {locks.length === 0 && (unknown > 0 || lockWord !== null) ? null : locks.length === 0 ? (
          <Empty title="No lock is held.">An executor that runs a plan holds its ExecutionLock.</Empty>
        ) : (
          <div className="tscroll">
            <LockTable
              lines={locks}
              worldsOf={(source) => sources.find(({ id }) => id === source)?.fold.worlds}
              down={down}
            />
          </div>
        )}
      </Section>
      {seen.map(({ id, fold }) => (
        <EnvelopesSection key={id} source={id} worlds={fold.worlds} named={seen.length > 1} />
      ))}
      {only !== undefined && others.length === 0 && (
        <HistoryFold thing={{ type: "source", source: only.id, id: only.id }} what={only.id} />
      )}
      {selected !== undefined && (
        <WorldDrawer
          line={selected}
          locks={allLocks.filter(({ source, lock }) => source === selected.source && lock.worldId === selected.id)}
          refusal={refusalOf(selected.source)}
          invalidateRefusal={invalidateRefusalOf(selected)}
          onPing={() => ask("ping", selected)}
          onStatus={() => ask("status", selected)}
          onInvalidate={() => ask("invalidate", selected)}
          onClose={() => go(routes.worlds(place), { replace: true })}
        />
      )}
      {asking?.what === "ping" && (
        <PingDialog line={asking.line} refusal={refusalOf(asking.line.source)} onClose={() => setAsking(null)} />
      )}
      {asking?.what === "status" && (
        <StatusDialog line={asking.line} refusal={refusalOf(asking.line.source)} onClose={() => setAsking(null)} />
      )}
      {asking?.what === "invalidate" && (
        <InvalidateDialog
          line={asking.line}
          actRefused={refusedBy.get(asking.line.source) ?? null}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

const paceOf = (sample: Source["sample"]): string => {
  const words = paceWords(sample);
  return words === null ? "" : `, ${words}`;
};

function SourceAges({ sources }: { readonly sources: readonly Source[] }) {
  const past = useIsPast();
  return sources.map(({ id, fold, sample }) =>
    fold.source.state === "down" ? (
      <span key={id} className="t-failed tone nowrap">
        <Glyph tone="failed" /> <bdi>{id}</bdi> is down, as of <Age at={fold.source.since} down />{" "}
      </span>
    ) : (
      <span key={id}>
        <span className="nowrap">
          <bdi>{id}</bdi>{" "}
          {past ? (
            "as it was known then"
          ) : (
            <>
              as of <Age at={sample?.asOf ?? null} everyMs={everyMsOf(sample)} />
            </>
          )}
        </span>
        {past ? "" : paceOf(sample)}
        {fold.source.reason === null ? "" : `. ${fold.source.reason}.`}{" "}
      </span>
    ),
  );
}
