"use client";
import { useMemo } from "react";
import type { Diagram, DiagramMarks } from "#components/lifecycle/diagram.ts";
import { DiagramFrame } from "#components/lifecycle/diagram-frame.tsx";
import { toPartsDiagram } from "#components/lifecycle/parts-diagram.ts";
import { TwinTable } from "#components/lifecycle/twin-table.tsx";
import { formatCount } from "#components/ui/format.ts";
import { supervisionTree, type TreePart } from "#server/contract/diagram/supervision-tree.ts";
import { REFRESH_STALE_MS } from "#server/contract/diagram/worker-loop.ts";
import type { BeamNodeOutput } from "#server/contract/wire/dna-beam.ts";

type Partitions = NonNullable<BeamNodeOutput["partitions"]>;

interface SupervisionTreeProps {
  readonly partitions: Partitions;
  readonly lastRefreshMs: number | null;
}

/** The processes of the node by who starts whom again, with what runs in each partition now. */
export function SupervisionTree({ partitions, lastRefreshMs }: SupervisionTreeProps) {
  const parts = useMemo(() => supervisionTree(partitions.length), [partitions.length]);
  const diagram = useMemo(() => treeDiagram(parts), [parts]);
  const marks = treeMarks(parts, partitions, lastRefreshMs);
  return (
    <DiagramFrame
      diagram={diagram}
      marks={marks}
      note="magenta frame = down or stale"
      twin={
        <TwinTable
          title={diagram.title}
          lines={parts}
          keyOf={({ key }) => key}
          marked={({ key }) => marks.now.includes(key)}
          columns={[
            { title: "Process", names: true, cell: ({ label }) => label },
            {
              title: "Started by",
              className: () => "t2",
              cell: ({ under }) => parts.find(({ key }) => key === under)?.label ?? "the application",
            },
            { title: "What it is", className: () => "t2", cell: ({ does }) => does },
            {
              title: "Now",
              className: () => "t2",
              cell: ({ key, under }) => (under === null ? undefined : marks.notes[`${under} ${key}`]) ?? "–",
            },
          ]}
        />
      }
    />
  );
}

function treeDiagram(parts: readonly TreePart[]): Diagram {
  return toPartsDiagram({
    title: "Supervision tree of a node",
    direction: "LR",
    nodes: parts.map(({ key, label }) => ({
      key,
      label,
      shape: key === "cache" || key.startsWith("registry") ? "database" : "step",
    })),
    edges: parts.flatMap(({ key, under }) =>
      under === null ? [] : [{ key: `${under} ${key}`, from: under, to: key, label: edgeLabel(key) }],
    ),
  });
}

const edgeLabel = (key: string): string =>
  key.startsWith("actors") ? "instances" : key.startsWith("registry") ? "linked" : "starts";

/** Numbers of this moment on the arrows, and the parts that are down. */
function treeMarks(parts: readonly TreePart[], partitions: Partitions, lastRefreshMs: number | null): DiagramMarks {
  const notes: Record<string, string> = {};
  const down: string[] = [];
  const live: string[] = [];
  for (const { key, under, partition } of parts) {
    if (partition === null || under === null) continue;
    const mine = partitions.filter(({ index }) => partition === "all" || index === partition);
    const running = mine.reduce((sum, one) => sum + (one.running ?? 0), 0);
    if (key.startsWith("partition") && mine.some(({ alive }) => !alive)) down.push(key);
    if (!key.startsWith("actors")) continue;
    notes[`${under} ${key}`] = `${formatCount(running)} running`;
    if (running > 0) live.push(`${under} ${key}`);
  }
  if (lastRefreshMs !== null && lastRefreshMs > REFRESH_STALE_MS) {
    down.push("worker");
    notes["root worker"] = "no refresh for 10 s";
  }
  return { now: down, passed: [], live, notes };
}
