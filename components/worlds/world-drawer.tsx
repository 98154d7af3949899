"use client";
import { DrawerHistory } from "#components/history/history-section.tsx";
import { DrawerRelated } from "#components/related/related-section.tsx";
import { Action } from "#components/ui/button.tsx";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { formatCoarseAgeMs, formatDurationMs, plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { OutLinks } from "#components/ui/out-links.tsx";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { WorldView } from "#server/contract/wire/dynflow-worlds.ts";
import { QueueTable } from "./queue-table.tsx";
import { useWorldView } from "./use-worlds.ts";
import type { LockLine, WorldLine } from "./world-lines.ts";
import { roleText } from "./world-lines.ts";

const Anatomy = onDemand(() => import("#components/lifecycle/world-anatomy.tsx").then((module) => module.WorldAnatomy));
const DemoWorld = onDemand(() => import("#components/demo/demo-world.tsx").then((module) => module.DemoWorld));

export interface WorldActs {
  readonly onPing: () => void;
  readonly onStatus: () => void;
  readonly onInvalidate: () => void;
}

interface WorldDrawerProps extends WorldActs {
  readonly line: WorldLine;
  readonly locks: readonly LockLine[];
  readonly refusal: string | null;
  readonly invalidateRefusal: string | null;
  readonly onClose: () => void;
}

/** One world: what it is, whether it lives, what it holds, what waits for it, and what can be done about it. */
export function WorldDrawer(props: WorldDrawerProps) {
  const { line, locks, refusal, invalidateRefusal, onPing, onStatus, onInvalidate, onClose } = props;
  const { source, id, world, word } = line;
  const view = useWorldView(source, id);
  const name = world.hostname ?? shortId(id);
  return (
    <Drawer
      title={<bdi>{name}</bdi>}
      sub={
        <>
          <State system="world" word={word} /> <Id id={id} />{" "}
          <OutLinks on="dynflow.world" values={{ source, worldId: id }} />
        </>
      }
      onClose={onClose}
    >
      <DrawerSection title="Does it live?" note={line.ours ? "this is Worldline's own world" : undefined}>
        <Facts facts={signsOfLife(line, view)} />
        <Action label="Ping…" shortcut="P" refusal={refusal} onPress={onPing}>
          It puts one message into the world's inbox.
        </Action>
        <Action label="Invalidate…" shortcut="I" refusal={invalidateRefusal} onPress={onInvalidate}>
          After two silent pings: takes its plans away from it.
        </Action>
        {/* The simulator alone can do it; elsewhere nothing is drawn. */}
        <DemoWorld source={source} worldId={id} executor={world.executor} />
      </DrawerSection>
      {world.executor && (
        <DrawerSection title="Queues" note="workers of its record; the rest as it says when asked">
          <QueueTable queues={world.queues} status={view?.status ?? null} />
          <Action label="Ask for its status…" shortcut="S" refusal={refusal} onPress={onStatus}>
            Free workers and what is queued, by its own answer.
          </Action>
        </DrawerSection>
      )}
      <Held line={line} locks={locks} />
      <DrawerRelated thing={{ kind: "world", source, id }} />
      <DrawerSection title="Record" note="as the world wrote it">
        <Facts facts={recordFacts(line, view)} />
      </DrawerSection>
      <DrawerSection title="How it is made" note="with what is known of it now">
        <Anatomy line={line} lockClasses={locks.map(({ lock }) => lock.class)} view={view ?? null} />
      </DrawerSection>
      <DrawerHistory thing={{ type: "world", source, id }} what={name} />
    </Drawer>
  );
}

function signsOfLife({ world }: WorldLine, view: WorldView | undefined): readonly Fact[] {
  const { ping } = world;
  return [
    {
      name: "last ping",
      value: ping === null ? "not asked" : ping.roundTripMs === null ? "no answer" : formatDurationMs(ping.roundTripMs),
      source: ping === null ? "" : <Age at={ping.at} suffix="ago" />,
    },
    { name: "last seen", value: view?.lastSeenText ?? world.lastSeenText ?? "–", wrap: true },
    { name: "its age", value: hintText(view?.lastSeen ?? null), wrap: true },
    ...(world.executor
      ? []
      : [{ name: "mind", value: "a healthy client writes this only when it registers", wrap: true }]),
    ...(view?.invalidatedBy == null
      ? []
      : [{ name: "invalidation", value: <>under way, by {shortId(view.invalidatedBy)}</>, wrap: true }]),
  ];
}

/** The text has no zone: how old it is can be told only where the zone is known. */
function hintText(hint: WorldView["lastSeen"]): string {
  if (hint === null || hint.ageMs === null) return "not known: the text has no zone";
  const age = formatCoarseAgeMs(hint.ageMs);
  return hint.zone === "watched" ? `${age}, as a hint` : `${age} if its zone is that of the others, as a hint`;
}

function recordFacts({ source, world }: WorldLine, view: WorldView | undefined): readonly Fact[] {
  const meta = Object.entries(view?.meta ?? {}).filter(([key]) => !SHOWN_ELSEWHERE.has(key));
  return [
    { name: "source", value: source },
    { name: "class", value: <bdi>{world.class}</bdi> },
    {
      name: "host",
      value: <bdi>{world.hostname ?? "–"}</bdi>,
      source: world.pid === null ? "" : `pid ${world.pid}`,
    },
    { name: "active", value: world.active === null ? "no such flag" : world.active ? "yes" : "no: it is terminating" },
    ...(view === undefined || view.roles.length === 0
      ? []
      : [{ name: "also", value: view.roles.map(roleText).join(", "), wrap: true }]),
    { name: "seen here for", value: <Age at={world.seenSince} /> },
    ...meta.map(([key, value]) => ({
      name: key,
      value: <bdi>{typeof value === "string" ? value : JSON.stringify(value)}</bdi>,
      wrap: true,
    })),
    ...(world.unreadable === null ? [] : [{ name: "unreadable", value: world.unreadable, wrap: true }]),
  ];
}
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set(["hostname", "pid", "queues", "last_seen"]);

function Held({ line: { source, plans }, locks }: { readonly line: WorldLine; readonly locks: readonly LockLine[] }) {
  const past = useIsPast();
  return (
    <DrawerSection title="Holds" note={`${plural(plans, "plan")}, ${plural(locks.length, "lock")}`}>
      {past && <OnlyNow>What waited in its inbox.</OnlyNow>}
      {locks.length === 0 ? (
        <Empty title="No lock." />
      ) : (
        <ul className="lock-list">
          {locks.slice(0, LOCKS_SHOWN).map(({ lock, word: state }) => (
            <li key={`${lock.class} ${lock.id}`}>
              <State system="lock" word={state}>
                {lock.class.split("::").at(-1)}
              </State>
              {lock.planId === null ? (
                <bdi className="mono trunc">{lock.id}</bdi>
              ) : (
                <Link href={routes.plan(source, lock.planId)} className="mono">
                  {shortId(lock.planId)}
                </Link>
              )}
              <Age at={lock.seenSince} />
            </li>
          ))}
        </ul>
      )}
      {locks.length > LOCKS_SHOWN && (
        <p className="small t3">and {locks.length - LOCKS_SHOWN} more, in the table of locks</p>
      )}
    </DrawerSection>
  );
}
const LOCKS_SHOWN = 50;
