/** A world by its parts. Pure; numbers of this moment are marks, so a change needs no new drawing. */
import { cutLabel, type Diagram, type DiagramMarks } from "./diagram.ts";
import { toPartsDiagram } from "./parts-diagram.ts";

export interface WorldParts {
  readonly executor: boolean;
  /** Names of its queues, as its record says. */
  readonly queues: readonly string[];
  readonly startsDelayed: boolean;
}

export interface WorldNumbers {
  /** Envelopes in its inbox; `null` = not known. */
  readonly waiting: number | null;
  readonly plans: number;
  readonly planning: number;
  readonly queues: Readonly<
    Record<string, { readonly size: number; readonly free: number | null; readonly queued: number | null }>
  >;
}

/** More queues than this are drawn as one. */
const QUEUES_MAX = 6;
const queueKey = (name: string): string => `queue ${name}`;

/**
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world.rb (its parts), connectors/database.rb, dispatcher/*_dispatcher.rb,
 * director.rb, executors/parallel/core.rb, delayed_executors/polling.rb.
 */
export function worldDiagram({ executor, queues, startsDelayed }: WorldParts): Diagram {
  const shown = executor ? queues.slice(0, QUEUES_MAX) : [];
  const step = (key: string, label: string) => ({ key, label, shape: "step" as const });
  const way = (from: string, to: string, label: string) => ({ key: `${from} ${to}`, from, to, label });
  const database = { key: "database", label: "database", shape: "database" as const };
  if (!executor)
    return toPartsDiagram({
      title: "Parts of a client world",
      nodes: [
        { key: "application", label: "application", shape: "end" },
        step("planner", "plans it here"),
        step("client", "client dispatcher"),
        step("connector", "connector"),
        database,
      ],
      edges: [
        way("application", "planner", "asks for a plan"),
        way("planner", "client", "Execution, and waits"),
        way("planner", "database", "plan, PlanningLock"),
        way("client", "connector", "requests"),
        way("connector", "client", "replies, Ping"),
        way("connector", "database", "envelope, NOTIFY"),
        way("database", "connector", "its inbox"),
      ],
    });
  return toPartsDiagram({
    title: "Parts of an executor world",
    nodes: [
      database,
      step("connector", "connector"),
      step("dispatcher", "executor dispatcher"),
      step("client", "client dispatcher"),
      step("director", "director"),
      ...shown.map((name) => step(queueKey(name), cutLabel(name))),
      ...(startsDelayed ? [step("poller", "delayed plans")] : []),
      { key: "rows", label: "rows", shape: "database" as const },
    ],
    edges: [
      way("database", "connector", "its inbox"),
      way("connector", "dispatcher", "requests"),
      way("connector", "client", "replies"),
      way("dispatcher", "director", "Execution, Event"),
      ...shown.map((name) => way("director", queueKey(name), "steps")),
      way("director", "rows", "plans, steps, locks"),
      ...(startsDelayed ? [way("poller", "director", "plans that are due")] : []),
    ],
  });
}

/** What is known of its parts now: numbers beside the arrows, and the parts that have work. */
export function worldMarks(diagram: Diagram, numbers: WorldNumbers): DiagramMarks {
  const { waiting, plans, planning, queues } = numbers;
  const busy = diagram.nodes.filter(({ key }) => isBusy(key, numbers)).map(({ key }) => key);
  const notes: Record<string, string> = {};
  if (waiting !== null) notes["database connector"] = `${waiting} waiting`;
  if (plans > 0) notes["dispatcher director"] = `${plans} under way`;
  if (planning > 0) notes["planner database"] = `${planning} planned now`;
  for (const [name, queue] of Object.entries(queues)) notes[`director ${queueKey(name)}`] = queueNote(queue);
  return {
    now: [],
    passed: busy,
    live: diagram.edges.filter(({ key }) => isLive(key, numbers)).map(({ key }) => key),
    notes,
  };
}

function queueNote({ size, free, queued }: WorldNumbers["queues"][string]): string {
  if (free === null) return `${size} workers`;
  return `${size - free}/${size} busy${queued === null || queued === 0 ? "" : `, +${queued}`}`;
}

function isBusy(key: string, { plans, planning, queues }: WorldNumbers): boolean {
  if (key === "director") return plans > 0;
  if (key === "planner") return planning > 0;
  const queue = key.startsWith("queue ") ? queues[key.slice("queue ".length)] : undefined;
  return queue !== undefined && queue.free !== null && queue.free < queue.size;
}

function isLive(key: string, numbers: WorldNumbers): boolean {
  if (key === "database connector") return (numbers.waiting ?? 0) > 0;
  if (key === "dispatcher director" || key === "director rows") return numbers.plans > 0;
  if (key === "planner database") return numbers.planning > 0;
  const [, to] = key.split("director ", 2);
  return to !== undefined && key.startsWith("director ") && isBusy(to, numbers);
}
