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
  const byId = <T>(known: ReadonlyMap<string, string>, record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(record).flatMap(([key, value]) => {
        const id = known.get(key);
        return id === undefined ? [] : [[id, value]];
      }),
    );
  return {
    now: ids(nodes, marks.now),
    passed: ids(nodes, marks.passed),
    live: ids(edges, marks.live),
    dashed: ids(nodes, marks.dashed ?? []),
    failed: ids(nodes, marks.failed ?? []),
    odd: ids(edges, marks.odd ?? []),
    notes: byId(edges, marks.notes),
    tones: byId(nodes, marks.tones ?? {}),
  };
}
