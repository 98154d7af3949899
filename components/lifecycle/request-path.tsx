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
      note="magenta = the way a message would take now; dotted = back to the start, one of ten tries"
      twin={
        <>
          <table aria-label="The way of a message now">
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">Answer</th>
                <th scope="col">To</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {taken.map(({ place, from, to, label, note }) => (
                <tr key={place} className={to === end ? "now" : ""}>
                  <th scope="row">{REQUEST_NODE_TABLE[from].label}</th>
                  <td>{label === "" ? "–" : label}</td>
                  <td>{REQUEST_NODE_TABLE[to].label}</td>
                  <td className="t2">
                    <bdi>{note ?? "–"}</bdi>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <table aria-label="Other ways">
            <thead>
              <tr>
                <th scope="col">Other ways from</th>
                <th scope="col">Answer</th>
                <th scope="col">To</th>
              </tr>
            </thead>
            <tbody>
              {REQUEST_EDGES.filter((key) => !live.has(key)).map((key) => {
                const { from, to, label } = REQUEST_EDGE_TABLE[key];
                return (
                  <tr key={key}>
                    <th scope="row" className="t2">
                      {REQUEST_NODE_TABLE[from].label}
                    </th>
                    <td className="t2">{label === "" ? "–" : label}</td>
                    <td className="t2">{REQUEST_NODE_TABLE[to].label}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </>
      }
    />
  );
}
