"use client";
import { Action } from "#components/ui/button.tsx";
import { Drawer, DrawerSection } from "#components/ui/drawer.tsx";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Age } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { dynflowStream } from "#server/contract/event.ts";
import { worldState } from "#server/contract/view/world-state.ts";
import { nameOf, type WorldRow } from "./world-rows.ts";
import { Pong, Queues } from "./worlds-table.tsx";

interface WorldDrawerProps {
  readonly row: WorldRow;
  readonly refusal: string | null;
  readonly onPing: () => void;
  readonly onClose: () => void;
}

/** One world: what its record says, what it holds, and what can be asked of it. */
export function WorldDrawer({ row, refusal, onPing, onClose }: WorldDrawerProps) {
  const { world, source, id } = row;
  const refused = useRefusal("worlds:ping", row.ours ? "It is this console's own world." : refusal);
  useKeys([{ keys: "P", does: "ping this world", run: () => (refused === null ? onPing() : undefined) }], {
    group: "World",
  });
  return (
    <Drawer
      title={<Name text={nameOf(row)} mono />}
      sub={<State system="world" word={worldState(world)} />}
      onClose={onClose}
    >
      <DrawerSection title="What its record says" note={source}>
        <Facts
          wide
          facts={[
            { name: "id", value: <Id id={id} /> },
            { name: "class", value: <bdi>{world.class.split("::").at(-1)}</bdi> },
            { name: "process", value: world.pid === null ? "–" : `pid ${world.pid}` },
            { name: "queues", value: <Queues world={world} /> },
            {
              name: "last seen",
              value: <bdi className="mono">{world.lastSeenText ?? "–"}</bdi>,
              source: "its local time, without a zone: a hint",
            },
            { name: "seen here", value: <Age at={world.seenSince} />, source: "since" },
            { name: "pong", value: <Pong world={world} />, source: "of our pings" },
          ]}
        />
        {world.unreadable !== null && <p className="err wrap">Its record cannot be read: {world.unreadable}</p>}
      </DrawerSection>
      <DrawerSection title="What it holds" note={`${row.locks.length} locks`}>
        {row.plans.length === 0 ? (
          <Empty title={row.locks.length === 0 ? "It holds no lock." : "It holds no lock of a plan."} />
        ) : (
          <ul>
            {row.plans.map((planId) => (
              <li key={planId}>
                <Link href={routes.plan(source, planId)}>plan</Link> <Id id={planId} />
              </li>
            ))}
          </ul>
        )}
      </DrawerSection>
      <DrawerSection title="Actions">
        <Action label="Ping…" shortcut="P" onPress={onPing} refusal={refused}>
          One message to its inbox; a Pong within 5 s says that it lives.
        </Action>
        <p className="small">
          <Link href={routes.journal({ stream: dynflowStream(source), subject: id })}>What was seen of it</Link>
        </p>
      </DrawerSection>
    </Drawer>
  );
}
