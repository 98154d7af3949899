"use client";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { formatBytes, plural } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { More } from "#components/ui/table.tsx";
import { Age, Instant, ZoneName } from "#components/ui/time.tsx";
import { useTRPCClient } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { StorageRowView } from "#server/contract/wire/dna-actors.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { ActorPlaceOf } from "./actor-place.ts";

const StorageValue = onDemand(() => import("./storage-value.tsx").then((module) => module.StorageValue));

const PAGE_ROWS = 50;
const STALE_MS = 10_000;

/** What the actor has stored: keys and sizes; one value when somebody asks for it. */
export function StorageSection({ place }: { readonly place: ActorPlaceOf }) {
  const client = useTRPCClient();
  const { source, namespace, moduleId, name } = place;
  const [open, setOpen] = useState<string | null>(null);
  const refusal = useRefusal("dna:values");
  const query = useInfiniteQuery({
    queryKey: ["actor-storage", source, namespace, moduleId, name],
    queryFn: ({ pageParam, signal }) =>
      client.dna.actors.storage.query({ ...place, after: pageParam, limit: PAGE_ROWS }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextAfter,
    placeholderData: keepPreviousData,
    staleTime: STALE_MS,
  });
  const rows = query.data?.pages.flatMap((page) => page.rows) ?? [];
  const asOf = query.data?.pages[0]?.asOf ?? null;
  const whole = query.hasNextPage === false;
  const bytes = rows.reduce((sum, row) => sum + ("unreadable" in row ? 0 : (row.size ?? 0)), 0);
  return (
    <Section
      title="Storage"
      note={
        rows.length === 0
          ? "as last written; the instance holds its state in memory"
          : `${plural(rows.length, "key")}, ${formatBytes(bytes)}${whole ? "" : " so far"}; the instance holds its state in memory`
      }
      aside={<Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} source="cql" />}
    >
      <QueryWidget query={query} what="what it has stored" rows={3} columns={3}>
        {() =>
          rows.length === 0 ? (
            <Empty title="It has stored nothing with the KV storage of DNA.">
              Applications may have storage of their own, which this console does not know.
            </Empty>
          ) : (
            <>
              <div className="tscroll">
                <table className="tight storage">
                  <thead>
                    <tr>
                      <th scope="col">Key</th>
                      <th scope="col" className="num">
                        size
                      </th>
                      <th scope="col" className="num p2">
                        written <ZoneName />
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => (
                      <Row
                        key={row.key}
                        row={row}
                        place={place}
                        refusal={refusal}
                        open={open === row.key}
                        onOpen={() => setOpen(open === row.key ? null : row.key)}
                      />
                    ))}
                  </tbody>
                </table>
              </div>
              {refusal !== null && <p className="small t3">Values are not shown: {refusal}</p>}
              <More
                more={query.hasNextPage}
                loading={query.isFetchingNextPage}
                shown={rows.length}
                onMore={() => void query.fetchNextPage()}
              />
            </>
          )
        }
      </QueryWidget>
    </Section>
  );
}

interface RowProps {
  readonly row: StorageRowView;
  readonly place: ActorPlaceOf;
  readonly refusal: string | null;
  readonly open: boolean;
  readonly onOpen: () => void;
}

function Row({ row, place, refusal, open, onOpen }: RowProps) {
  if ("unreadable" in row)
    return (
      <tr>
        <td className="mono trunc">{row.key}</td>
        <td colSpan={2} className="t2">
          {row.reason}
        </td>
      </tr>
    );
  const { key, text, size, writtenAt } = row;
  const shown = text === null ? `0x${hexOf(key)}` : text === "" ? "(empty key)" : text;
  return (
    <>
      <tr className={open ? "sel" : ""}>
        <td className="mono trunc">
          <button
            type="button"
            className="btn-plain storage-key"
            aria-expanded={open}
            disabled={refusal !== null}
            title={refusal ?? "show its value"}
            onClick={onOpen}
          >
            <Name text={shown} />
          </button>
        </td>
        <td className="num">{size === null ? <span className="t3">no value</span> : formatBytes(size)}</td>
        <td className="num p2">
          <Instant at={writtenAt === null ? null : (Date.parse(writtenAt) as EpochMs)} />
        </td>
      </tr>
      {open && refusal === null && (
        <tr>
          <td colSpan={3}>
            <StorageValue place={place} storageKey={key} label={shown} />
          </td>
        </tr>
      )}
    </>
  );
}

const HEX_SHOWN_BYTES = 32;

function hexOf(base64: string): string {
  const bytes = [...atob(base64)].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, "0"));
  return bytes.length > HEX_SHOWN_BYTES ? `${bytes.slice(0, HEX_SHOWN_BYTES).join("")}…` : bytes.join("");
}
