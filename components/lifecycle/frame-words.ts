/** From keys to the ids of the source, for the frame, which knows only ids. */
import type { Diagram, DiagramMarks } from "./diagram.ts";
import type { FrameMarks, FrameWords } from "./frame-protocol.ts";

export const toFrameWords = (diagram: Diagram): FrameWords => ({
  nodes: Object.fromEntries(diagram.nodes.map(({ id, label }) => [id, label])),
  edges: Object.fromEntries(diagram.edges.map(({ id, label }) => [id, label])),
});

/** Keys that the diagram does not have are left out. */
export function toFrameMarks(diagram: Diagram, marks: DiagramMarks): FrameMarks {
  const nodes = new Map(diagram.nodes.map(({ key, id }) => [key, id]));
  const edges = new Map(diagram.edges.map(({ key, id }) => [key, id]));
  const ids = (known: ReadonlyMap<string, string>, keys: readonly string[]) =>
    keys.flatMap((key) => known.get(key) ?? []);
  return {
    now: ids(nodes, marks.now),
    passed: ids(nodes, marks.passed),
    live: ids(edges, marks.live),
    dashed: ids(nodes, marks.dashed ?? []),
    failed: ids(nodes, marks.failed ?? []),
    odd: ids(edges, marks.odd ?? []),
    notes: Object.fromEntries(
      Object.entries(marks.notes).flatMap(([key, note]) => {
        const id = edges.get(key);
        return id === undefined ? [] : [[id, note]];
      }),
    ),
  };
}
