"use client";
import { DrawerHistory } from "#components/history/history-section.tsx";
import { Action } from "#components/ui/button.tsx";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { formatDurationMs, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { LockLine, WorldLine } from "./world-lines.ts";
import { queueText } from "./world-lines.ts";

interface WorldDrawerProps {
  readonly line: WorldLine;
  readonly locks: readonly LockLine[];
  readonly refusal: string | null;
  readonly onPing: () => void;
  readonly onClose: () => void;
}

/** One world: its record, our pings, the locks it holds. */
export function WorldDrawer({ line, locks, refusal, onPing, onClose }: WorldDrawerProps) {
  const { source, id, world, word } = line;
  return (
    <Drawer
      title={<bdi>{world.hostname ?? shortId(id)}</bdi>}
      sub={
        <>
          <State system="world" word={word} /> <Id id={id} />
        </>
      }
      onClose={onClose}
    >
      <DrawerSection title="Record" note="as the world wrote it">
        <Facts
          facts={[
            { name: "source", value: source },
            { name: "class", value: <bdi>{world.class}</bdi> },
            {
              name: "host",
              value: <bdi>{world.hostname ?? "–"}</bdi>,
              source: world.pid === null ? "" : `pid ${world.pid}`,
            },
            { name: "active", value: world.active === null ? "no such flag" : world.active ? "yes" : "no" },
            { name: "queues", value: <bdi>{queueText(world.queues) || "–"}</bdi>, wrap: true },
            { name: "last seen", value: world.lastSeenText ?? "–", source: "its own words, no zone" },
            { name: "seen here for", value: <Age at={world.seenSince} /> },
            ...(world.unreadable === null ? [] : [{ name: "unreadable", value: world.unreadable, wrap: true }]),
          ]}
        />
      </DrawerSection>
      <DrawerSection title="Ping" note={line.ours ? "this is Worldline's own world" : undefined}>
        <Facts
          facts={[
            {
              name: "last answer",
              value:
                world.ping === null
                  ? "not asked"
                  : world.ping.roundTripMs === null
                    ? "none"
                    : formatDurationMs(world.ping.roundTripMs),
              source: world.ping === null ? "" : <Age at={world.ping.at} suffix="ago" />,
            },
          ]}
        />
        <Action label="Ping…" shortcut="P" refusal={refusal} onPress={onPing}>
          It puts one message into the world's inbox.
        </Action>
      </DrawerSection>
      <DrawerSection title="Locks it holds" note={String(locks.length)}>
        {locks.length === 0 ? (
          <Empty title="None." />
        ) : (
          <ul className="lock-list">
            {locks.map(({ lock, word: state }) => (
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
      </DrawerSection>
      <DrawerHistory thing={{ type: "world", source, id }} what={world.hostname ?? shortId(id)} />
    </Drawer>
  );
}
