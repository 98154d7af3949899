"use client";
import { useQuery } from "@tanstack/react-query";
import { formatBytes, formatCount } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { EpochMs } from "#server/kernel/clock.ts";

const EVERY_MS = 5_000;

interface HottestProps {
  readonly source: string;
  readonly incarnation: string;
  readonly partition: number;
}

/** The actors of a partition that are furthest behind. */
export function Hottest({ source, incarnation, partition }: HottestProps) {
  const query = useQuery(
    useTRPC().dna.actors.hottest.queryOptions({ source, incarnation, partition }, { refetchInterval: EVERY_MS }),
  );
  return (
    <section className="hottest" aria-label={`Hottest actors of partition ${partition}`}>
      <QueryWidget query={query} what={`the hottest of partition ${partition}`} rows={5} columns={4}>
        {({ rows, running, over, cut, asOf }) => (
          <>
            <p className="small t3">
              Furthest behind of {running === null ? "all" : formatCount(running)} in partition {partition}
              {over === "listed" &&
                `, over ${cut ? "a part of them" : "their mailboxes and sizes"}: the node itself may not evaluate`}
              , <Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} everyMs={EVERY_MS} source="beam" />
            </p>
            {rows.length === 0 ? (
              <Empty title="Nothing runs in this partition." />
            ) : (
              <div className="tscroll">
                <table className="tight">
                  <thead>
                    <tr>
                      <th scope="col">Actor</th>
                      <th scope="col" className="num">
                        backlog
                      </th>
                      <th scope="col" className="num p2">
                        buffered
                      </th>
                      <th scope="col" className="num p2">
                        queued
                      </th>
                      <th scope="col" className="num">
                        memory
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map(({ namespace, moduleId, name, ref, mailbox, buffered, memoryBytes }) => (
                      <tr key={ref}>
                        <td className="mono trunc actor-name">
                          <Link href={routes.actors({ source, namespace, moduleId, name })}>
                            <Name text={name} />
                          </Link>{" "}
                          <span className="t3 small">
                            <Name text={`${namespace} / ${moduleId}`} />
                          </span>
                        </td>
                        <td className="num">{formatCount(mailbox + (buffered ?? 0))}</td>
                        <td className="num p2">{buffered === null ? "not told" : formatCount(buffered)}</td>
                        <td className="num p2">{formatCount(mailbox)}</td>
                        <td className="num">{formatBytes(memoryBytes)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </>
        )}
      </QueryWidget>
    </section>
  );
}
