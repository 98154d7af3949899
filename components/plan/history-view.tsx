"use client";
import { parseInstant, plural } from "#components/ui/format.ts";
import { useFold } from "#components/ui/live.ts";
import { Section } from "#components/ui/section.tsx";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import { Empty, Failure } from "#components/ui/widget.tsx";
import { dynflowStream } from "#server/contract/event.ts";
import { OperationLine, useOperations } from "./outcome.tsx";
import type { HistoryOutput } from "./types.ts";
import { WorldName } from "./world-name.tsx";

interface HistoryViewProps {
  readonly source: string;
  readonly planId: string;
  readonly history: HistoryOutput;
}

/** What Dynflow wrote down of the plan's runs, and what operators asked for here. */
export function HistoryView({ source, planId, history }: HistoryViewProps) {
  const operations = useOperations(source, planId);
  const worlds = useFold((state) => {
    const fold = state.folds[dynflowStream(source)];
    return fold?.family === "dynflow" ? fold.worlds : undefined;
  });
  return (
    <Section
      title="Execution history"
      note="as Dynflow wrote it, to the second"
      aside={plural(history.entries.length, "entry", "entries")}
    >
      {history.unreadable !== null && <Failure title="The history could not be decoded" message={history.unreadable} />}
      {history.entries.length === 0 && history.unreadable === null ? (
        <Empty title="Nothing yet.">The first entry comes when an executor starts it.</Empty>
      ) : (
        <table aria-label="Execution history">
          <thead>
            <tr>
              <th scope="col">
                Time <ZoneName />
              </th>
              <th scope="col">Event</th>
              <th scope="col" className="w100">
                World
              </th>
            </tr>
          </thead>
          <tbody>
            {history.entries.map(({ at, name, worldId }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: an entry is its place in the history
              <tr key={index}>
                <td className="mono">
                  <Instant at={parseInstant(at)} />
                </td>
                <td>
                  <bdi>{name}</bdi>
                </td>
                <td className="w100">
                  {worldId === null ? "–" : <WorldName id={worldId} worlds={worlds} source={source} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {operations.length > 0 && (
        <ul className="outcomes" aria-label="Asked for in this console">
          {operations.map((operation) => (
            <li key={operation.id}>
              <OperationLine operation={operation} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
