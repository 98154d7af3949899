"use client";
import { useMemo } from "react";
import {
  REQUEST_EDGE_TABLE,
  REQUEST_EDGES,
  REQUEST_NODE_TABLE,
  REQUEST_NODES,
  type RequestNodeId,
} from "#server/contract/diagram/request-path.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { REQUEST_DIAGRAM, requestMarks } from "./request-diagram.ts";
import { TwinTable } from "./twin-table.tsx";

/** The picture is always the same: as tall as it was drawn. */
const ROOM = 637;

interface RequestPathProps {
  /** As `dna.actors.explain` answers. */
  readonly nodes: readonly string[];
  readonly edges: readonly { readonly id: string; readonly note: string | null }[];
}

const toNode = (id: string): RequestNodeId | undefined => REQUEST_NODES.find((known) => known === id);

/** The way a message to a key would take now, with the numbers it rests on. */
export function RequestPath({ nodes, edges }: RequestPathProps) {
  const marks = useMemo(() => requestMarks({ nodes, edges }), [nodes, edges]);
  // A way through two tries has an edge twice: its place tells them apart.
  const taken = edges.flatMap(({ id, note }, index) => {
    const key = REQUEST_EDGES.find((known) => known === id);
    return key === undefined ? [] : [{ key, place: `${index} ${key}`, note, ...REQUEST_EDGE_TABLE[key] }];
  });
  const live = new Set(taken.map(({ key }) => key));
  const end = toNode(nodes.at(-1) ?? "");
  return (
    <DiagramFrame
      diagram={REQUEST_DIAGRAM}
      marks={marks}
      room={ROOM}
      note="magenta = the way a message would take now; dotted = back to the start, one of ten tries"
      twin={
        <>
          <TwinTable
            title="The way of a message now"
            lines={taken}
            keyOf={({ place }) => place}
            marked={({ to }) => to === end}
            columns={[
              { title: "From", names: true, cell: ({ from }) => REQUEST_NODE_TABLE[from].label },
              { title: "Answer", cell: ({ label }) => (label === "" ? "–" : label) },
              { title: "To", cell: ({ to }) => REQUEST_NODE_TABLE[to].label },
              { title: "Why", className: () => "t2", cell: ({ note }) => <bdi>{note ?? "–"}</bdi> },
            ]}
          />
          <TwinTable
            title="Other ways"
            lines={REQUEST_EDGES.filter((key) => !live.has(key)).map((key) => ({ key, ...REQUEST_EDGE_TABLE[key] }))}
            keyOf={({ key }) => key}
            columns={[
              {
                title: "Other ways from",
                names: true,
                className: () => "t2",
                cell: ({ from }) => REQUEST_NODE_TABLE[from].label,
              },
              { title: "Answer", className: () => "t2", cell: ({ label }) => (label === "" ? "–" : label) },
              { title: "To", className: () => "t2", cell: ({ to }) => REQUEST_NODE_TABLE[to].label },
            ]}
          />
        </>
      }
    />
  );
}
