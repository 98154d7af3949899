/** The way from agents over doors and types to receivers as a flowchart. Pure; rates and health are marks. */
import { cutLabel, type Diagram, type DiagramMarks } from "#components/lifecycle/diagram.ts";
import { toPartsDiagram } from "#components/lifecycle/parts-diagram.ts";
import type { ReceiverUse } from "#server/contract/agents.ts";
import { lookOf, type Tone } from "#server/kernel/states.ts";
import type { PipelineView } from "./pipeline-view.ts";
import { formatRate } from "./rate-words.ts";

/** Where what a receiver takes comes to lie. */
export const SINK_WORDS: Readonly<Record<ReceiverUse, string>> = {
  "live-view": "browsers",
  "event-log": "journal",
  "scylla-table": "ScyllaDB table",
  "sqlite-table": "SQLite table",
  webhook: "webhook",
  prometheus: "metrics",
};

const AGENTS = "agents";
const CHECKS = "checks";
const doorKey = (door: string): string => `door ${door}`;
const typeKey = (type: string): string => `type ${type}`;
const receiverKey = (id: string): string => `receiver ${id}`;
const sinkKey = (id: string): string => `sink ${id}`;

export function pipelineDiagram({ doors, types, receivers, ways }: PipelineView): Diagram {
  const way = (from: string, to: string, label = "") => ({ key: `${from} > ${to}`, from, to, label });
  const reached = new Set(ways.map(({ receiver }) => receiver));
  return toPartsDiagram({
    title: "From agents to receivers",
    direction: "LR",
    nodes: [
      { key: AGENTS, label: "agents", shape: "end" },
      ...doors.map(({ door }) => ({ key: doorKey(door), label: door, shape: "step" as const })),
      { key: CHECKS, label: "checks, order, spool", shape: "step" },
      ...types.map(({ type }) => ({ key: typeKey(type), label: cutLabel(type), shape: "step" as const })),
      ...receivers.map(({ id }) => ({ key: receiverKey(id), label: cutLabel(id), shape: "step" as const })),
      ...receivers.map(({ id, use }) => ({ key: sinkKey(id), label: SINK_WORDS[use], shape: "database" as const })),
    ],
    edges: [
      ...doors.map(({ door }) => way(AGENTS, doorKey(door), "calls")),
      ...doors.map(({ door }) => way(doorKey(door), CHECKS)),
      ...types.map(({ type }) => way(CHECKS, typeKey(type), "items")),
      ...ways.map(({ type, receiver, kinds }) =>
        way(typeKey(type), receiverKey(receiver), kinds.length === 0 ? "" : cutLabel(kinds.join(", "))),
      ),
      ...receivers.filter(({ id }) => reached.has(id)).map(({ id }) => way(receiverKey(id), sinkKey(id), "items")),
    ],
  });
}

/** The numbers of this moment beside the arrows, and how each receiver fares. */
export function pipelineMarks({ agents, doors, types, receivers }: PipelineView): DiagramMarks {
  const notes: Record<string, string> = {};
  const live: string[] = [];
  const note = (key: string, perSecond: number | null): void => {
    if (perSecond === null) return;
    notes[key] = formatRate(perSecond);
    if (perSecond > 0) live.push(key);
  };
  for (const { door, perSecond } of doors) note(`${AGENTS} > ${doorKey(door)}`, perSecond);
  for (const { type, perSecond } of types) note(`${CHECKS} > ${typeKey(type)}`, perSecond);
  for (const { id, perSecond } of receivers) note(`${receiverKey(id)} > ${sinkKey(id)}`, perSecond);
  const tones: Record<string, Tone> = { [AGENTS]: agentsTone(agents) };
  for (const { id, state } of receivers) {
    if (state !== null) tones[receiverKey(id)] = lookOf("receiver", state).tone;
  }
  return { now: [], passed: [], live, notes, tones };
}

function agentsTone(agents: PipelineView["agents"]): Tone {
  if ((agents.inactive ?? 0) > 0) return "failed";
  if ((agents.late ?? 0) > 0) return "attention";
  return (agents.active ?? 0) > 0 ? "good" : "idle";
}
