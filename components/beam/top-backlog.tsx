"use client";
import { useQuery } from "@tanstack/react-query";
import { Button } from "#components/ui/button.tsx";
import { formatBytes, formatCount } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Count } from "#components/ui/table.tsx";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { BeamTopOutput } from "#server/contract/wire/dna-beam.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const SHOWN = 20;
const NO_RETRY = false;

interface TopBacklogProps {
  readonly source: string;
  readonly incarnation: string;
  /** `null` = of the whole node. */
  readonly partition: number | null;
  readonly evaluate: boolean;
}

/** The instances that are furthest behind; looked for when it is asked for, as it costs the node some work. */
export function TopBacklog({ source, incarnation, partition, evaluate }: TopBacklogProps) {
  const query = useQuery(
    useTRPC().dna.beam.top.queryOptions(
      { source, incarnation, partition, limit: SHOWN },
      { enabled: false, retry: NO_RETRY, staleTime: Number.POSITIVE_INFINITY },
    ),
  );
  const of = partition === null ? "this node" : `partition ${partition}`;
  const asked = query.data !== undefined || query.error !== null;
  return (
    <>
      <div className="inside-bar">
        <Button small onPress={() => void query.refetch()}>
          {asked ? "Look again" : `Find the largest of ${of}`}
        </Button>
        <span className="small t3" role="status">
          {query.isFetching ? (
            "looking…"
          ) : query.data === undefined ? (
            evaluate ? (
              "found on the node itself"
            ) : (
              "without evaluation on the node: among its largest by mailbox and memory"
            )
          ) : (
            <Age at={query.dataUpdatedAt as EpochMs} source="beam" suffix="ago" />
          )}
        </span>
      </div>
      {asked && (
        <QueryWidget query={query} what={`the largest backlog of ${of}`} rows={5} columns={6}>
          {(top) => <Entries source={source} top={top} />}
        </QueryWidget>
      )}
    </>
  );
}

function Entries({ source, top }: { readonly source: string; readonly top: BeamTopOutput }) {
  if (top.entries.length === 0) return <Empty title="Nothing runs there." />;
  return (
    <>
      <div className="tscroll">
        <table aria-label="Largest backlog">
          <thead>
            <tr>
              <th scope="col" className="w100">
                Actor
              </th>
              <th scope="col">Phase</th>
              <th scope="col" className="num">
                backlog
              </th>
              <th scope="col" className="num">
                buffered
              </th>
              <th scope="col" className="num">
                mailbox
              </th>
              <th scope="col" className="num">
                memory
              </th>
            </tr>
          </thead>
          <tbody>
            {top.entries.map(({ namespace, moduleId, name, ref, phase, backlog, buffered, mailbox, memoryBytes }) => (
              <tr key={ref}>
                <td className="w100">
                  <Link className="plain" href={routes.actors({ source, namespace, moduleId, name })}>
                    <Name text={name} mono />
                  </Link>{" "}
                  <span className="t3 small">
                    {moduleId} · <Name text={namespace} />
                  </span>
                </td>
                <td className="t2 nowrap">{phase?.replace("_", " ") ?? "–"}</td>
                <td className="num strong">
                  {backlog === null ? <Least mailbox={mailbox} /> : <Count of={backlog} />}
                </td>
                <td className="num">
                  {buffered === null ? <span className="unk">not known</span> : <Count of={buffered} />}
                </td>
                <td className="num">
                  <Count of={mailbox} />
                </td>
                <td className="num">{formatBytes(memoryBytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="small t3">
        Found {top.found}
        {top.among === null ? ", among all that run" : `, among the first ${formatCount(top.among)} of more`}.
      </p>
    </>
  );
}

/** Its buffer could not be read: at least what its mailbox holds. */
function Least({ mailbox }: { readonly mailbox: number }) {
  return <span title="its buffer could not be read">≥ {formatCount(mailbox)}</span>;
}
