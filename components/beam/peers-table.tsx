"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { formatAgeMs, formatCount, formatDurationMs, formatNumber, plural } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { BeamPeersOutput } from "#server/contract/wire/dna-beam.ts";

const EVERY_MS = 10_000;
const SHOWN_FIRST = 20;

interface PeersTableProps {
  readonly source: string;
  readonly incarnation: string;
}

/** A node's own table of its peers beside our judgement; where the two differ, requests go another way than we expect. */
export function PeersTable({ source, incarnation }: PeersTableProps) {
  const query = useQuery(useTRPC().dna.beam.peers.queryOptions({ source, incarnation }, { refetchInterval: EVERY_MS }));
  return (
    <QueryWidget query={query} what="its peers" rows={4} columns={5}>
      {(table) => <Peers source={source} table={table} />}
    </QueryWidget>
  );
}

function Peers({ source, table }: { readonly source: string; readonly table: BeamPeersOutput }) {
  const [all, setAll] = useState(false);
  const peers = table.peers.toSorted(
    (a, b) => Number(b.differs) - Number(a.differs) || (a.node < b.node ? -1 : a.node > b.node ? 1 : 0),
  );
  const differing = peers.filter(({ differs }) => differs).length;
  const shown = all ? peers : peers.slice(0, Math.max(SHOWN_FIRST, differing));
  if (peers.length === 0) return <Empty title="Its table is empty: it has not refreshed yet." />;
  return (
    <>
      {differing > 0 && (
        <p className="warn small">
          {plural(differing, "peer")} judged otherwise than by us: what it finds dead it takes over, whatever others
          think.
        </p>
      )}
      <div className="tscroll">
        <table aria-label="Its peers">
          <thead>
            <tr>
              <th scope="col" className="w100">
                Peer
              </th>
              <th scope="col">By its table</th>
              <th scope="col" className="num">
                last change
              </th>
              <th scope="col">By us</th>
              <th scope="col" className="num">
                silent
              </th>
              <th scope="col" className="num p3">
                load
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((peer) => (
              <PeerRow key={peer.incarnation} source={source} peer={peer} />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < peers.length && (
        <p className="more small t3">
          {formatCount(shown.length)} of {formatCount(peers.length)} shown{" "}
          <button type="button" className="btn sm" onClick={() => setAll(true)}>
            All
          </button>
        </p>
      )}
      {table.unlisted.length > 0 && (
        <p className="warn small">
          Not in its table, though we see them beat:{" "}
          {table.unlisted
            .slice(0, 5)
            .map(({ node }) => node)
            .join(", ")}
          {table.unlisted.length > 5 && ` and ${formatCount(table.unlisted.length - 5)} more`}. It finds them dead, or a
          request there crashes, until its next refresh.
        </p>
      )}
      <p className="small t3">
        {table.lastRefreshMs === null
          ? "It has never finished a refresh."
          : `Ages by its own clock, from its refresh ${formatDurationMs(table.lastRefreshMs)} before.`}
        {table.unreadable > 0 && ` ${plural(table.unreadable, "entry", "entries")} could not be read.`}
      </p>
    </>
  );
}

function PeerRow({ source, peer }: { readonly source: string; readonly peer: BeamPeersOutput["peers"][number] }) {
  const { incarnation, node, local, verdict, lastChangeMs, ours, oursSilentMs, load, differs } = peer;
  return (
    <tr className={differs ? "differs" : ""}>
      <td className="w100">
        <Link className="plain" href={routes.node(source, incarnation, { tab: "inside" })}>
          <Name text={node} mono />
        </Link>
        {local && <span className="t3 small"> itself</span>}
      </td>
      <td className="nowrap">
        <span className={`st t-${verdict === "alive" ? "good" : "failed"}`}>
          <Glyph tone={verdict === "alive" ? "good" : "failed"} />
          {verdict}
        </span>
      </td>
      <td className="num">{local ? "–" : formatAgeMs(lastChangeMs)}</td>
      <td>{ours === null ? <span className="unk">never seen</span> : <State system="node" word={ours} />}</td>
      <td className="num">{oursSilentMs === null ? "–" : formatAgeMs(oursSilentMs)}</td>
      <td className="num p3">{load === null ? "–" : formatNumber(load)}</td>
    </tr>
  );
}
