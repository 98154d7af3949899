"use client";
import { useQuery } from "@tanstack/react-query";
import { HistorySection } from "#components/history/history-section.tsx";
import { RelatedSection } from "#components/related/related-section.tsx";
import { nodeWord } from "#components/topology/estate-view.ts";
import { NodeActions } from "#components/topology/node-actions.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { State } from "#components/ui/glyph.tsx";
import { copyText, Id } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { OutLinks } from "#components/ui/out-links.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { Since } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Failure, Skeleton } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";
import { NameHistory } from "./name-history.tsx";
import { NodeBeats } from "./node-beats.tsx";
import { NodeEvidence } from "./node-evidence.tsx";
import { NodeRelease } from "./node-release.tsx";
import "./nodes.css";

const EVERY_MS = 2_000;
const TABS = ["outside", "inside", "life"] as const;
type Tab = (typeof TABS)[number];
const TITLES: Readonly<Record<Tab, string>> = {
  outside: "From the database",
  inside: "Inside",
  life: "Life cycle",
};

const InsideNode = onDemand(() => import("#components/beam/inside-node.tsx").then((module) => module.InsideNode));
const IncarnationLifecycle = onDemand(() =>
  import("#components/lifecycle/incarnation-lifecycle.tsx").then((module) => module.IncarnationLifecycle),
);

interface NodePageProps {
  readonly source: string;
  readonly incarnation: string;
}

/** One incarnation: how it beats, what is known of it and since when, who else bore its name, what goes on inside. */
export function NodePage({ source, incarnation }: NodePageProps) {
  const stream = dnaStream(source);
  const { search } = useAddress();
  const past = useIsPast();
  const fold = useFold(({ folds }) => folds[stream]);
  const node = fold?.family === "dna" ? fold.nodes[incarnation] : undefined;
  const tab: Tab = TABS.find((known) => known === search.get("tab")) ?? "outside";
  const query = useQuery(
    useTRPC().dna.nodes.get.queryOptions(
      { source, incarnation },
      { refetchInterval: EVERY_MS, enabled: !past && node !== undefined },
    ),
  );
  useKeys([{ keys: "Y", does: "copy the incarnation", run: () => void copyText(incarnation) }], { group: "Node" });
  const crumbs = [
    { text: "Nodes", href: routes.nodes() },
    { text: source, href: routes.nodes({ source }) },
    { text: node?.node ?? incarnation, mono: true },
  ];
  if (fold === undefined)
    return (
      <div className="page">
        <Crumbs path={crumbs} />
        <NotKnownStreams families={["dna"]} />
        {!past && <Skeleton rows={12} columns={4} what="the node" />}
      </div>
    );
  if (fold.family !== "dna" || node === undefined)
    return (
      <div className="page">
        <Crumbs path={crumbs} />
        <PageHead title={<Id id={incarnation} form="incarnation" />} />
        <Empty title={past ? "No such incarnation was known then." : "No such incarnation is known."}>
          {past
            ? "It had not been seen yet, or was forgotten already."
            : "It was never in the nodes table while this console read it, or it was forgotten after its row was gone."}{" "}
          <Link href={routes.journal({ subject: incarnation })}>Its journal</Link>
        </Empty>
      </div>
    );
  const word = nodeWord(node);
  return (
    <div className="page">
      <Crumbs path={crumbs} />
      <PageHead
        title={<Id id={node.node} form="whole" />}
        sub={
          <span className="node-sub">
            <State system="node" word={word} />
            <span className="t2">
              for <Since at={node.since} />
            </span>
            {node.flags.superseded !== undefined && word !== "superseded" && <State system="node" word="superseded" />}
            <span className="t3">{node.evidence}</span>
            <Link href={routes.topology({ source, of: source, node: incarnation })}>on the map</Link>
            <OutLinks on="dna.node" values={{ source, node: node.node }} />
          </span>
        }
      />
      <nav className="seg node-tabs" aria-label="Parts of this page">
        {TABS.map((known) => (
          <Link
            key={known}
            href={routes.node(source, incarnation, { tab: known === "outside" ? null : known })}
            aria-current={tab === known ? "page" : undefined}
          >
            {TITLES[known]}
          </Link>
        ))}
      </nav>
      {fold.source.state !== "up" && (
        <Failure title={`${source} is ${fold.source.state}`} message={fold.source.reason} since={fold.source.since}>
          <p className="t3">Nothing here is judged on what cannot be read.</p>
        </Failure>
      )}
      {tab === "inside" && <InsideNode source={source} incarnation={incarnation} />}
      {tab === "life" && (
        <Section title="Life cycle" note="as this console judges it from reads of the nodes table">
          <IncarnationLifecycle state={node.state} />
        </Section>
      )}
      {tab === "outside" && (
        <div className="node-columns">
          <div className="stack">
            <NodeBeats source={source} incarnation={incarnation} />
            <NameHistory source={source} incarnation={incarnation} node={node} nodes={fold.nodes} />
            <NodeRelease query={query} />
            <RelatedSection thing={{ kind: "node", source, id: incarnation }} />
            <HistorySection thing={{ type: "incarnation", source, id: incarnation }} what={node.node} />
          </div>
          <div className="stack">
            <NodeEvidence
              source={source}
              stream={stream}
              incarnation={incarnation}
              node={node}
              owned={fold.owned[incarnation] ?? null}
            />
            <NodeActions source={source} incarnation={incarnation} node={node} query={query} />
          </div>
        </div>
      )}
    </div>
  );
}
