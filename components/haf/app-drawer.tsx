"use client";
import { DrawerHistory } from "#components/history/history-section.tsx";
import { DrawerRelated } from "#components/related/related-section.tsx";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { formatAgeMs, formatCoarseAgeMs, formatNumber } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts } from "#components/ui/section.tsx";
import { Instant, Since } from "#components/ui/time.tsx";
import { Empty, Unknown } from "#components/ui/widget.tsx";
import { HAF_APP_STATE_LABELS, HAF_APP_STATE_SOURCES } from "#server/contract/diagram/haf-lifecycle.ts";
import { hafStream } from "#server/contract/event.ts";
import type { HafAppFold } from "#server/contract/fold/haf.ts";
import { own } from "#server/contract/fold/record.ts";
import type { HafAppSample } from "#server/contract/haf.ts";
import { blockWords, lagWords } from "./haf-words.ts";
import type { Stack } from "./use-stacks.ts";

const SEEN_SHOWN = 30;

interface AppDrawerProps {
  readonly stack: Stack;
  readonly name: string;
  readonly app: HafAppFold;
  readonly onClose: () => void;
}

/** One app: what it is, how far it is, and what its log and this console saw of it. */
export function AppDrawer({ stack: { id, fold, sample }, name, app, onClose }: AppDrawerProps) {
  const past = useIsPast();
  const now = sample === null ? null : (own(sample.apps, name) ?? null);
  const seen = fold.facts.filter(({ ref }) => ref?.app === name).toReversed();
  return (
    <Drawer
      title={<bdi>{name}</bdi>}
      sub={
        <>
          <State system="hafApp" word={app.state}>
            {app.state.replaceAll("_", " ")}
          </State>{" "}
          <span className="t3">
            for <Since at={app.stateSince} />
          </span>
        </>
      }
      onClose={onClose}
    >
      <DrawerSection title="State" note={HAF_APP_STATE_LABELS[app.state]}>
        <p className="small t3 wrap haf-told">Told by: {HAF_APP_STATE_SOURCES[app.state]}.</p>
        <Facts facts={factsOf(app, now, own(fold.progress?.apps ?? {}, name) ?? null, past)} />
      </DrawerSection>
      <DrawerSection title="What was seen of it" note="its log, and what follows from the database">
        {seen.length === 0 ? (
          <Empty title="Nothing yet." />
        ) : (
          <ol className="haf-seen">
            {seen.slice(0, SEEN_SHOWN).map((fact, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
              <li key={seen.length - index}>
                <span className="t3 small nowrap">
                  <Instant at={fact.at} />
                </span>
                <span className="wrap">
                  <bdi>
                    {fact.ref !== null && fact.kind === "role" ? `${fact.ref.role} ` : ""}
                    {fact.to}
                  </bdi>
                  {fact.note !== null && fact.note !== "" && (
                    <span className="t3">
                      {" "}
                      <bdi>{fact.note}</bdi>
                    </span>
                  )}
                  {fact.inferred && <span className="t3 small"> inferred</span>}
                </span>
              </li>
            ))}
          </ol>
        )}
        <p className="small">
          <Link href={routes.journal({ stream: hafStream(id), subject: name })}>Its journal</Link>
          {seen.length > SEEN_SHOWN && <span className="t3">: {seen.length - SEEN_SHOWN} older lines</span>}
        </p>
      </DrawerSection>
      <DrawerRelated thing={{ kind: "haf-app", source: id, id: name }} />
      <DrawerHistory thing={{ type: "app", source: id, id: name }} what={name} />
    </Drawer>
  );
}

function factsOf(app: HafAppFold, now: HafAppSample | null, kept: number | null, past: boolean): readonly Fact[] {
  const unknown = <Unknown>{past ? "not kept" : "not known"}</Unknown>;
  const age = (ms: number | null | undefined) => (ms == null ? unknown : formatAgeMs(Math.max(0, ms)));
  return [
    { name: "Context", value: app.contextId === null ? "none" : String(app.contextId), source: `life ${app.life}` },
    { name: "Stage", value: <bdi>{app.stage ?? "none yet"}</bdi> },
    { name: "Attached", value: app.attached ? "yes" : "no", source: app.inSync ? "in sync" : "not in sync" },
    { name: "Block", value: blockWords(now?.block ?? kept ?? app.block), source: `fork ${app.forkId ?? "–"}` },
    { name: "Lag", value: now === null ? unknown : lagWords(now.lagBlocks), source: "to the last irreversible block" },
    { name: "Age of its block", value: age(now?.blockAgeMs) },
    { name: "Last active", value: age(now?.silentMs), source: "silent for 4 h: HAF detaches it" },
    {
      name: "Pace",
      value: now?.blocksPerSecond == null ? unknown : `${formatNumber(now.blocksPerSecond, 1)} blocks/s`,
      source: now?.leftMs == null || now.leftMs === 0 ? undefined : `${formatCoarseAgeMs(now.leftMs)} left, estimate`,
    },
    { name: "Follows forks", value: app.forking ? "yes" : "no" },
    { name: "Owner", value: <bdi>{app.owner ?? "not told"}</bdi> },
  ];
}
