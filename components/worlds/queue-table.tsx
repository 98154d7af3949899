"use client";
import { Count, CountCell } from "#components/ui/table.tsx";
import { Age } from "#components/ui/time.tsx";
import type { WorldView } from "#server/contract/wire/dynflow-worlds.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

interface QueueTableProps {
  /** As its record says: queue to number of workers. */
  readonly queues: Readonly<Record<string, number>>;
  /** As it said itself when it was asked; `null` = not asked. */
  readonly status: WorldView["status"];
}

/** Queues with their workers, and, once it was asked, how many are free and how much waits. */
export function QueueTable({ queues, status }: QueueTableProps) {
  const told = new Map(status?.queues.map((queue) => [queue.queue, queue]));
  const names = [...new Set([...Object.keys(queues), ...told.keys()])];
  if (names.length === 0) return <p className="t3 small">It names no queue.</p>;
  return (
    <>
      <table aria-label="Queues">
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col" className="w100">
              Busy workers
            </th>
            <th scope="col" className="num">
              free
            </th>
            <th scope="col" className="num">
              of
            </th>
            <th scope="col" className="num">
              queued
            </th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const queue = told.get(name);
            const size = queue?.poolSize ?? queues[name] ?? null;
            const free = queue?.freeWorkers ?? null;
            return (
              <tr key={name}>
                <td>
                  <bdi>{name}</bdi>
                </td>
                <td className="w100">{size !== null && free !== null && <Busy size={size} free={free} />}</td>
                <CountCell value={free} />
                <td className="num t2">{size === null ? "–" : <Count of={size} />}</td>
                <CountCell value={queue?.queueSize ?? null} />
              </tr>
            );
          })}
        </tbody>
      </table>
      {status !== null && (
        <p className="small t3">
          By its own answer, <Age at={Date.parse(status.at) as EpochMs} suffix="ago" />.
        </p>
      )}
    </>
  );
}

function Busy({ size, free }: { readonly size: number; readonly free: number }) {
  const busy = Math.max(0, size - free);
  return (
    <svg
      className={`meter ${free === 0 ? "t-attention" : "t-working"}`}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect className="ground" width="100" height="6" />
      <rect className="fill" width={size === 0 ? 0 : (100 * busy) / size} height="6" />
    </svg>
  );
}
