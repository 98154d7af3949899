"use client";
import { State } from "#components/ui/glyph.tsx";
import type { Machine } from "#server/contract/diagram/machine.ts";
import type { Diagram, DiagramMarks } from "./diagram.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { transitionKey } from "./state-diagram.ts";
import { TwinTable } from "./twin-table.tsx";

interface MachineLifecycleProps {
  readonly machine: Machine;
  readonly diagram: Diagram;
  readonly marks: DiagramMarks;
  readonly note: React.ReactNode;
  /** What stands beside each state in the table, e.g. how many things are in it now. */
  readonly beside?: { readonly title: string; readonly of: (state: string) => React.ReactNode };
}

/** The life of a thing as its state machine says: the diagram with what is marked, and the table that says the same. */
export function MachineLifecycle({ machine, diagram, marks, note, beside }: MachineLifecycleProps) {
  const { states, transitions, means, title, system } = machine;
  const went = new Set(marks.live);
  const waysOn = (known: string): string =>
    transitions
      .filter(({ from }) => from === known)
      .map(({ from, to, label, said = label }) => `${to}: ${said}${went.has(transitionKey(from, to)) ? " (went)" : ""}`)
      .join("; ") || "nothing, it is over";
  const now = beside === undefined ? new Set(marks.now) : new Set<string>();
  return (
    <DiagramFrame
      diagram={diagram}
      marks={marks}
      note={note}
      twin={
        <TwinTable
          title={title}
          lines={states}
          keyOf={(known) => known}
          marked={(known) => now.has(known)}
          current
          columns={[
            {
              title: "State",
              names: true,
              cell: (known) => (
                <>
                  <State system={system} word={known} />
                  {now.has(known) && <span className="small t3"> now</span>}
                </>
              ),
            },
            ...(beside === undefined ? [] : [{ title: beside.title, numeric: true, cell: beside.of }]),
            { title: "What it says", className: () => "t2", cell: (known) => means[known] },
            { title: "From here to", className: () => "t2", cell: waysOn },
          ]}
        />
      }
    />
  );
}
