import type { Diagram, DiagramMarks } from "./diagram.ts";
import { TwinTable } from "./twin-table.tsx";

interface WaysTwinProps {
  readonly diagram: Diagram;
  readonly marks: DiagramMarks;
  /** What passes now is a figure. */
  readonly figures?: boolean;
}

/** What passes between the parts of a diagram, said in lines, with how each part fares. */
export function WaysTwin({ diagram, marks, figures = false }: WaysTwinProps) {
  const names = new Map(diagram.nodes.map(({ key, label }) => [key, label]));
  const named = (key: string) => (
    <>
      <bdi>{names.get(key) ?? key}</bdi>
      {marks.tones?.[key] !== undefined && <span className="t3 small"> {marks.tones[key]}</span>}
    </>
  );
  return (
    <TwinTable
      title={diagram.title}
      lines={diagram.edges}
      keyOf={({ key }) => key}
      columns={[
        { title: "From", names: true, cell: ({ from }) => named(from) },
        { title: "To", cell: ({ to }) => named(to) },
        { title: "What passes", className: () => "t2", cell: ({ label }) => label },
        { title: "Now", className: () => (figures ? "t2 num" : "t2"), cell: ({ key }) => marks.notes[key] ?? "–" },
      ]}
    />
  );
}
