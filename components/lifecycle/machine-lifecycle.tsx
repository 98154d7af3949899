"use client";
import { State } from "#components/ui/glyph.tsx";
import type { Machine } from "#server/contract/diagram/machine.ts";
import type { Diagram, DiagramMarks } from "./diagram.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { transitionKey } from "./state-diagram.ts";

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
  const now = beside === undefined ? new Set(marks.now) : new Set<string>();
  return (
    <DiagramFrame
      diagram={diagram}
      marks={marks}
      note={note}
      twin={
        <table aria-label={title}>
          <thead>
            <tr>
              <th scope="col">State</th>
              {beside !== undefined && (
                <th scope="col" className="num">
                  {beside.title}
                </th>
              )}
              <th scope="col">What it says</th>
              <th scope="col">From here to</th>
            </tr>
          </thead>
          <tbody>
            {states.map((known) => (
              <tr key={known} className={now.has(known) ? "now" : ""} aria-current={now.has(known) || undefined}>
                <th scope="row">
                  <State system={system} word={known} />
                  {now.has(known) && <span className="small t3"> now</span>}
                </th>
                {beside !== undefined && <td className="num">{beside.of(known)}</td>}
                <td className="t2">{means[known]}</td>
                <td className="t2">
                  {transitions
                    .filter(({ from }) => from === known)
                    .map(
                      ({ from, to, label, said = label }) =>
                        `${to}: ${said}${went.has(transitionKey(from, to)) ? " (went)" : ""}`,
                    )
                    .join("; ") || "nothing, it is over"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      }
    />
  );
}
