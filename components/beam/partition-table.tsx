"use client";
import { formatCount } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Count, CountCell } from "#components/ui/table.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { BeamNodeOutput } from "#server/contract/wire/dna-beam.ts";

interface PartitionTableProps {
  readonly partitions: BeamNodeOutput["partitions"];
  readonly chosen: number | null;
  readonly onChoose: (partition: number | null) => void;
}

/** Partitions with how many instances run in each; one that was pressed is listed below. */
export function PartitionTable({ partitions, chosen, onChoose }: PartitionTableProps) {
  if (partitions === null) return <Empty title="It did not tell its partitions yet." />;
  if (partitions.length === 0) return <Empty title="It has no partitions: its server is not running." />;
  const most = Math.max(1, ...partitions.map(({ running }) => running ?? 0));
  const total = partitions.reduce((sum, { running }) => sum + (running ?? 0), 0);
  return (
    <table aria-label="Partitions">
      <thead>
        <tr>
          <th scope="col">Partition</th>
          <th scope="col">State</th>
          <th scope="col" className="w100">
            Share
          </th>
          <th scope="col" className="num">
            running
          </th>
          <th scope="col" className="num">
            of all
          </th>
        </tr>
      </thead>
      <tbody>
        {partitions.map(({ index, alive, running }) => (
          <tr key={index} aria-selected={chosen === index}>
            <td>
              <button
                type="button"
                className="btn sm"
                aria-pressed={chosen === index}
                aria-label={`Partition ${index}, ${chosen === index ? "hide" : "list"} its instances`}
                onClick={() => onChoose(chosen === index ? null : index)}
              >
                {index}
              </button>
            </td>
            <td>
              <span className={`st t-${alive ? "good" : "failed"}`}>
                <Glyph tone={alive ? "good" : "failed"} />
                {alive ? "runs" : "is down"}
              </span>
            </td>
            <td className="w100">
              <svg className="meter share t-working" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect className="ground" width="100" height="6" />
                <rect className="fill" width={(100 * (running ?? 0)) / most} height="6" />
              </svg>
            </td>
            <CountCell value={running} unknown={running === null} />
            <td className="num t3">
              {running === null || total === 0 ? "–" : `${Math.round((100 * running) / total)} %`}
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td colSpan={3} className="t3">
            {formatCount(partitions.length)} partitions
          </td>
          <td className="num strong">
            <Count of={total} />
          </td>
          <td />
        </tr>
      </tfoot>
    </table>
  );
}
