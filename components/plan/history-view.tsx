"use client";
import { useMemo } from "react";
import { formatDurationMs, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useFold } from "#components/ui/live.ts";
import { Section } from "#components/ui/section.tsx";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import { Empty, Failure } from "#components/ui/widget.tsx";
import { lockState } from "#server/contract/diagram/lock-lifecycle.ts";
import { dynflowStream } from "#server/contract/event.ts";
import type { WorldFold } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { type HistoryRow, historyRows } from "./history-rows.ts";
import { OperationLine, useOperations } from "./outcome.tsx";
import type { HistoryOutput, LockView } from "./types.ts";
import { WorldName } from "./world-name.tsx";

interface HistoryViewProps {
  readonly source: string;
  readonly planId: string;
  readonly history: HistoryOutput;
  /** That are seen on it now. */
  readonly locks?: readonly LockView[];
}

const NO_LOCKS: readonly LockView[] = [];

/** What Dynflow wrote down of the plan's runs, the locks that are seen on it, and what operators asked for here. */
export function HistoryView({ source, planId, history, locks = NO_LOCKS }: HistoryViewProps) {
  const operations = useOperations(source, planId);
  const worlds = useFold((state) => {
    const fold = state.folds[dynflowStream(source)];
    return fold?.family === "dynflow" ? fold.worlds : undefined;
  });
  const rows = useMemo(() => historyRows(history.entries, locks), [history, locks]);
  return (
    <Section
      title="Execution history"
      note="as Dynflow wrote it, to the second; locks as this console saw them"
      aside={plural(history.entries.length, "entry", "entries")}
    >
      {history.unreadable !== null && <Failure title="The history could not be decoded" message={history.unreadable} />}
      {rows.length === 0 && history.unreadable === null ? (
        <Empty title="Nothing yet.">The first entry comes when it is delayed, or an executor starts it.</Empty>
      ) : (
        <table aria-label="Execution history">
          <thead>
            <tr>
              <th scope="col">
                Time <ZoneName />
              </th>
              <th scope="col" className="num p2">
                after
              </th>
              <th scope="col">Event</th>
              <th scope="col" className="p2">
                what it says
              </th>
              <th scope="col" className="w100">
                World
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.key} source={source} row={row} worlds={worlds} />
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

interface RowProps {
  readonly source: string;
  readonly row: HistoryRow;
  readonly worlds: Readonly<Record<string, WorldFold>> | undefined;
}

function Row({ source, row, worlds }: RowProps) {
  const { atMs, afterMs, name, lock, worldId, meaning } = row;
  return (
    <tr>
      <td className="mono">
        <Instant at={atMs === null ? null : epochMs(atMs)} />
      </td>
      <td className="num p2 t3 nowrap">{afterMs === null ? "" : gap(afterMs)}</td>
      <td className={lock === null ? "med" : "t2"}>
        {lock === null ? (
          <bdi>{name}</bdi>
        ) : (
          <State system="lock" word={lockState(lock)}>{`${shortLock(lock)} held`}</State>
        )}
      </td>
      <td className="p2 t3">{lock === null ? (meaning ?? "") : "seen since then, still held"}</td>
      <td className="w100">
        {worldId === null ? <span className="t3">–</span> : <WorldName id={worldId} worlds={worlds} source={source} />}
      </td>
    </tr>
  );
}

const shortLock = ({ class: name }: LockView): string => name.split("::").at(-1) ?? name;

/** Clocks of worlds differ: what was written later can bear an earlier time. */
const gap = (ms: number): string => (ms < 0 ? `−${formatDurationMs(-ms)}` : `+${formatDurationMs(ms)}`);
