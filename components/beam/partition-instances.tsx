"use client";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { StopMany } from "#components/actors/stop-many.tsx";
import { useRowsInBox } from "#components/plan/use-rows-in-box.ts";
import { SeenRows } from "#components/plans/rows-in-sight.tsx";
import { Button } from "#components/ui/button.tsx";
import { formatBytes, formatCount } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Count, SortHead } from "#components/ui/table.tsx";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { BeamPartitionOutput } from "#server/contract/wire/dna-beam.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { INSTANCES_MAX } from "./instance-limits.ts";
import { type InstanceLine, type InstanceOrder, sortInstances } from "./instance-order.ts";

const TYPES_STALE_MS = 60_000;
const COLUMNS = 6;

interface PartitionInstancesProps {
  readonly source: string;
  readonly incarnation: string;
  readonly partition: number;
}

/** What runs in one partition, up to 5,000 instances, by type and beginning of the name; read when it is asked for. */
export function PartitionInstances({ source, incarnation, partition }: PartitionInstancesProps) {
  const trpc = useTRPC();
  const [typeId, setTypeId] = useState("");
  const [prefix, setPrefix] = useState("");
  const late = useDeferredValue(prefix);
  const types = useQuery(trpc.dna.types.list.queryOptions({ source }, { staleTime: TYPES_STALE_MS }));
  const type = types.data?.types.find((known) => idOf(known) === typeId) ?? null;
  const query = useQuery(
    trpc.dna.beam.partition.queryOptions(
      {
        source,
        incarnation,
        partition,
        type: type === null ? null : { namespace: type.namespace, moduleId: type.moduleId },
        prefix: late,
        limit: INSTANCES_MAX,
      },
      { staleTime: Number.POSITIVE_INFINITY },
    ),
  );
  return (
    <section aria-label={`Instances of partition ${partition}`}>
      <h3>Instances of partition {partition}</h3>
      <div className="inside-bar">
        <label className="small t3">
          type{" "}
          <select value={typeId} onChange={({ target }) => setTypeId(target.value)}>
            <option value="">all</option>
            {types.data?.types.map((known) => (
              <option key={idOf(known)} value={idOf(known)}>
                {known.module ?? known.moduleId} · {known.namespace}
              </option>
            ))}
          </select>
        </label>
        <input
          type="search"
          aria-label="Names that begin with"
          placeholder="names that begin with"
          value={prefix}
          onChange={({ target }) => setPrefix(target.value)}
        />
        <Button small onPress={() => void query.refetch()}>
          Read again
        </Button>
        <StopMany
          target={{
            source,
            incarnation,
            partition,
            type: type === null ? null : { namespace: type.namespace, moduleId: type.moduleId },
          }}
          refusal={late === "" ? null : "A job takes a whole partition or a type of it, not names by their beginning."}
        />
        <span className="small t3" role="status">
          {query.isFetching ? "reading…" : <Age at={query.dataUpdatedAt as EpochMs} source="beam" suffix="ago" />}
        </span>
      </div>
      <QueryWidget query={query} what={`instances of partition ${partition}`} rows={6} columns={COLUMNS}>
        {(page) => <Instances source={source} page={page} narrowed={type !== null || late !== ""} />}
      </QueryWidget>
    </section>
  );
}

const idOf = ({ namespace, moduleId }: { readonly namespace: string; readonly moduleId: number }): string =>
  `${moduleId}/${namespace}`;

interface InstancesProps {
  readonly source: string;
  readonly page: BeamPartitionOutput;
  readonly narrowed: boolean;
}

function Instances({ source, page, narrowed }: InstancesProps) {
  const [order, setOrder] = useState<InstanceOrder>({ by: "mailbox", descending: true });
  const lines = sortInstances(page.instances, order);
  const { box, seen, before, after } = useRowsInBox(lines.length);
  if (lines.length === 0)
    return <Empty title={narrowed ? "None of its instances matches." : "Nothing runs in this partition."} />;
  const head = (by: InstanceOrder["by"], title: string, numeric: boolean, className = "") => (
    <SortHead
      numeric={numeric}
      className={className}
      sorted={order.by === by ? (order.descending ? "descending" : "ascending") : null}
      onSort={() => setOrder({ by, descending: order.by === by ? !order.descending : numeric })}
    >
      {title}
    </SortHead>
  );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <div ref={box} className="instances-box" tabIndex={0}>
        <table aria-label="Running instances" aria-rowcount={lines.length}>
          <thead>
            <tr>
              {head("name", "Actor", false, "w100")}
              {head("type", "Type", false)}
              {head("mailbox", "mailbox", true)}
              {head("memory", "memory", true)}
              {head("status", "Status", false)}
              <th scope="col" className="p3">
                Process
              </th>
            </tr>
          </thead>
          <tbody>
            <SeenRows rows={lines} seen={seen} before={before} after={after} columns={COLUMNS}>
              {(line) => <InstanceRow key={`${line.ref} ${line.name}`} source={source} line={line} />}
            </SeenRows>
          </tbody>
        </table>
      </div>
      <p className="small t3">
        {formatCount(lines.length)} shown
        {page.more
          ? `, there are more: narrow them by type or name. No more than ${formatCount(INSTANCES_MAX)} are read at once.`
          : ", that is all."}
      </p>
    </>
  );
}

function InstanceRow({ source, line }: { readonly source: string; readonly line: InstanceLine }) {
  const { namespace, moduleId, name, process, ref } = line;
  return (
    <tr>
      <td className="w100">
        <Link className="plain" href={routes.actors({ source, namespace, moduleId, name })}>
          <Name text={name} mono />
        </Link>
      </td>
      <td className="t2 nowrap">
        {moduleId} · <Name text={namespace} />
      </td>
      <td className="num">{process === null ? "–" : <Count of={process.mailbox} />}</td>
      <td className="num">{process === null ? "–" : formatBytes(process.memoryBytes)}</td>
      <td className="t2 nowrap" title={process?.currentFunction ?? undefined}>
        {process === null ? "ended" : process.status}
      </td>
      <td className="mono t3 p3 nowrap">{ref}</td>
    </tr>
  );
}
