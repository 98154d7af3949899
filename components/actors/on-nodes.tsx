"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { OnNodesOutput } from "#server/contract/wire/dna-actors.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { ActorPlaceOf } from "./actor-place.ts";

/** Whom each living node goes by, and where the key really runs: asked when somebody wants to know. */
export function OnNodes({ place, refusal }: { readonly place: ActorPlaceOf; readonly refusal: string | null }) {
  const [asked, setAsked] = useState(false);
  const query = useQuery(useTRPC().dna.actors.onNodes.queryOptions(place, { enabled: asked, staleTime: 0 }));
  return (
    <Section
      title="What the nodes go by"
      note="their cached owner beside the register, and where it runs"
      aside={
        <Button
          small
          refusal={refusal}
          onPress={() => {
            if (asked) void query.refetch();
            else setAsked(true);
          }}
        >
          {asked ? "Ask again" : "Ask the nodes"}
        </Button>
      }
    >
      {!asked ? (
        <p className="small t3">
          {refusal ?? "Each living node is asked for its cache and its registry: three small calls a node."}
        </p>
      ) : (
        <QueryWidget query={query} what="what the nodes go by" rows={6} columns={4}>
          {(answer) => <Answers source={place.source} answer={answer} />}
        </QueryWidget>
      )}
    </Section>
  );
}

function Answers({ source, answer }: { readonly source: string; readonly answer: OnNodesOutput }) {
  const { nodes, notAsked, asOf } = answer;
  const running = nodes.filter(({ runs }) => runs === true);
  const wrong = nodes.filter(({ cached }) => cached?.differs === true);
  const silent = nodes.filter(({ missing }) => missing !== null);
  return (
    <>
      <p className="answer">
        <Glyph tone={running.length > 1 ? "failed" : wrong.length > 0 ? "attention" : "good"} />
        <span>
          {running.length > 1 ? (
            <b>It runs on {formatCount(running.length)} nodes at once.</b>
          ) : running.length === 1 ? (
            <>
              It runs on <Name text={running[0]?.node ?? ""} mono />.
            </>
          ) : (
            "It runs on none of them."
          )}{" "}
          {wrong.length === 0
            ? "No node goes by another owner than the register's."
            : `${plural(wrong.length, "node")} ${wrong.length === 1 ? "goes" : "go"} by another owner than the register's.`}
          {silent.length > 0 && ` ${plural(silent.length, "node")} did not tell.`}
          {notAsked > 0 && ` ${plural(notAsked, "node")} ${notAsked === 1 ? "was" : "were"} not asked.`}{" "}
          <span className="t3">
            <Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} source="beam" />
          </span>
        </span>
      </p>
      <div className="tscroll">
        <table className="tight">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">runs it</th>
              <th scope="col">goes by</th>
              <th scope="col" className="num">
                for another
              </th>
            </tr>
          </thead>
          <tbody>
            {nodes.map(({ incarnation, node, owner, runs, partition, cached, missing }) => (
              <tr key={incarnation} className={cached?.differs === true ? "attn" : ""}>
                <td className="mono trunc owner-name">
                  <Link className="plain" href={routes.node(source, incarnation)}>
                    <Name text={node} />
                  </Link>
                  {owner && <span className="t3 small"> owner</span>}
                </td>
                <td>
                  {runs === null ? "not told" : runs ? <b>partition {partition}</b> : <span className="t3">no</span>}
                </td>
                <td className="trunc">
                  {missing !== null ? (
                    <span className="t3" title={missing}>
                      {missing}
                    </span>
                  ) : cached === null ? (
                    <span className="t3">nothing cached: it would read the register</span>
                  ) : (
                    <span className={cached.differs ? "t-failed" : ""}>
                      <Name text={cached.node ?? cached.incarnation} mono />
                      {cached.differs && " (the register says another)"}
                    </span>
                  )}
                </td>
                <td className="num">
                  {cached === null
                    ? "–"
                    : cached.ttlMs === null
                      ? "up to 60 s"
                      : `${Math.round(cached.ttlMs / 1_000)} s`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
