"use client";
import { useMemo } from "react";
import { useEnvelopes } from "#components/worlds/use-worlds.ts";
import type { WorldLine } from "#components/worlds/world-lines.ts";
import { lockState } from "#server/contract/diagram/lock-lifecycle.ts";
import type { WorldView } from "#server/contract/wire/dynflow-worlds.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { WaysTwin } from "./ways-twin.tsx";
import { type WorldNumbers, worldDiagram, worldMarks } from "./world-diagram.ts";

interface WorldAnatomyProps {
  readonly line: WorldLine;
  readonly lockClasses: readonly string[];
  /** What the feed does not tell; `null` = not read, or of the past. */
  readonly view: WorldView | null;
}

/** The parts of a world and what passes between them, with the numbers of this moment. */
export function WorldAnatomy({ line, lockClasses, view }: WorldAnatomyProps) {
  const { source, id, world, plans, roles } = line;
  const envelopes = useEnvelopes(source, id);
  const waiting = envelopes.data?.receivers.find(({ receiverId }) => receiverId === id)?.count ?? 0;
  const names = Object.keys(world.queues).join("\n");
  const startsDelayed = roles.includes("delayed-executor");
  const { executor } = world;
  const diagram = useMemo(
    () => worldDiagram({ executor, queues: names === "" ? [] : names.split("\n"), startsDelayed }),
    [executor, names, startsDelayed],
  );
  const numbers: WorldNumbers = {
    waiting: envelopes.data === undefined ? null : waiting,
    plans,
    planning: lockClasses.filter((name) => lockState({ class: name, orphaned: false }) === "planning").length,
    queues: queuesOf(world.queues, view?.status ?? null),
  };
  const marks = worldMarks(diagram, numbers);
  return (
    <DiagramFrame
      diagram={diagram}
      marks={marks}
      note="magenta = at work now"
      twin={<WaysTwin diagram={diagram} marks={marks} />}
    />
  );
}

function queuesOf(sizes: Readonly<Record<string, number>>, status: WorldView["status"]): WorldNumbers["queues"] {
  const told = new Map(status?.queues.map((queue) => [queue.queue, queue]));
  return Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => {
      const queue = told.get(name);
      return [name, { size, free: queue?.freeWorkers ?? null, queued: queue?.queueSize ?? null }];
    }),
  );
}
