"use client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useAddress } from "#components/ui/address.ts";
import { plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { Section } from "#components/ui/section.tsx";
import { Age, Instant, ZoneName } from "#components/ui/time.tsx";
import { useTRPCClient } from "#components/ui/trpc.ts";
import { Empty, Faults, QueryWidget } from "#components/ui/widget.tsx";
import type { ActorView } from "#server/contract/wire/dna.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { OwnerState } from "./owner-state.tsx";

const PAGE_ROWS = 50;
const STALE_MS = 10_000;

interface ActorTableProps {
  readonly source: string;
  readonly namespace: string;
  readonly moduleId: number;
  readonly prefix: string;
  /** Last name of the page before; `null` = from the first. */
  readonly after: string | null;
}

/** Keys of one type in the order of the register, a page an address: the way back is the browser's. */
export function ActorTable({ source, namespace, moduleId, prefix, after }: ActorTableProps) {
  const client = useTRPCClient();
  const { go } = useAddress();
  const query = useQuery({
    queryKey: ["actors", source, namespace, moduleId, prefix, after],
    queryFn: ({ signal }) =>
      client.dna.actors.page.query({ source, namespace, moduleId, prefix, after, limit: PAGE_ROWS }, { signal }),
    placeholderData: keepPreviousData,
    staleTime: STALE_MS,
  });
  const rows = query.data?.rows ?? [];
  const nextAfter = query.data?.nextAfter ?? null;
  const place = { source, namespace, moduleId, prefix };
  const next = nextAfter === null ? null : routes.actors({ ...place, after: nextAfter });
  const hrefOf = (name: string) => routes.actors({ ...place, name });
  useKeys(
    [
      {
        keys: "N",
        does: "next page",
        run: () => {
          if (next === null) return false;
          go(next);
          return true;
        },
      },
    ],
    { group: "List" },
  );
  const cursor = useRowCursor({
    rows,
    idOf: rowKey,
    onOpen: (row) => {
      if (!("unreadable" in row)) go(hrefOf(row.name));
    },
  });
  const asOf = query.data?.asOf ?? null;
  return (
    <Section
      title="Keys"
      note={
        <>
          {prefix === "" ? "in the order of the register" : `beginning with “${prefix}”`}
          {after !== null && (
            <>
              , behind <Name text={after} mono />
            </>
          )}
        </>
      }
      aside={
        <>
          read <Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} suffix="ago" />
        </>
      }
    >
      <QueryWidget query={query} what={`keys of ${namespace} / ${moduleId}`} rows={10} columns={4}>
        {({ faults }) => (
          <>
            <Faults faults={faults} />
            {rows.length === 0 ? (
              after !== null ? (
                <Empty title="No key follows.">
                  <Link href={routes.actors(place)}>From the first</Link>
                </Empty>
              ) : prefix === "" ? (
                <Empty title="No key of this type is in the register." />
              ) : (
                <Empty title={`No key of this type begins with “${prefix}”.`}>
                  Names are compared byte by byte, case matters.
                </Empty>
              )
            ) : (
              <>
                <div className="tscroll">
                  <table className="pad">
                    <thead>
                      <tr>
                        <th scope="col">Owner is</th>
                        <th scope="col">Name</th>
                        <th scope="col">Owner</th>
                        <th scope="col" className="num p2">
                          claimed <ZoneName />
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {rows.map((row) => (
                        <ActorRow
                          key={rowKey(row)}
                          row={row}
                          source={source}
                          selected={cursor.current === rowKey(row)}
                          hrefOf={hrefOf}
                        />
                      ))}
                    </tbody>
                  </table>
                </div>
                <nav className="pages" aria-label="Pages">
                  <span className="t3">{plural(rows.length, "key")} on this page</span>
                  {after !== null && <Link href={routes.actors(place)}>From the first</Link>}
                  {next === null ? (
                    <span className="t3">the last page</span>
                  ) : (
                    <Link href={next}>
                      Next {PAGE_ROWS} <kbd>N</kbd>
                    </Link>
                  )}
                </nav>
              </>
            )}
          </>
        )}
      </QueryWidget>
    </Section>
  );
}

const rowKey = (row: ActorView): string => ("unreadable" in row ? `unreadable ${row.key}` : `actor ${row.name}`);

interface ActorRowProps {
  readonly row: ActorView;
  readonly source: string;
  readonly selected: boolean;
  readonly hrefOf: (name: string) => ReturnType<typeof routes.actors>;
}

function ActorRow({ row, source, selected, hrefOf }: ActorRowProps) {
  if ("unreadable" in row)
    return (
      <tr data-row={rowKey(row)} className={selected ? "sel" : ""}>
        <td>
          <span className="st t-attention">
            <Glyph tone="attention" />
            unreadable
          </span>
        </td>
        <td className="mono trunc actor-name" title={row.key}>
          <Name text={row.key} />
        </td>
        <td colSpan={2} className="t2 trunc" title={row.reason}>
          <bdi>{row.reason}</bdi>
        </td>
      </tr>
    );
  const { name, owner, claimedAt } = row;
  return (
    <tr data-row={rowKey(row)} className={selected ? "sel" : ""}>
      <td>
        <OwnerState owner={owner} />
      </td>
      <td className="mono trunc actor-name" title={name}>
        <Link className="plain" href={hrefOf(name)}>
          {name === "" ? <span className="t3">(empty name)</span> : <Name text={name} />}
        </Link>
      </td>
      <td className="mono trunc owner-name">
        {owner === null ? (
          <span className="t3">–</span>
        ) : (
          <Link
            className="plain"
            href={routes.topology({ of: source, node: owner.incarnation })}
            title={owner.incarnation}
          >
            <Name text={owner.node ?? owner.incarnation} />
          </Link>
        )}
      </td>
      <td className="num p2">
        <Instant at={claimedAt === null ? null : (Date.parse(claimedAt) as EpochMs)} />
      </td>
    </tr>
  );
}
