"use client";
import { memo } from "react";
import { HealthBadge } from "#components/health/health-badge.tsx";
import { useRecent } from "#components/shell/recent-context.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { dnaFolds } from "#components/ui/folds.ts";
import { formatCount, plural } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold, useNow } from "#components/ui/live.ts";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import { useWidth } from "#components/ui/width.ts";
import type { DnaFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { Bundle } from "./bundle.tsx";
import { lookedFrom, nodeLines } from "./node-lines.ts";

const HOUR_MS = 3_600_000;
/** The picture of an hour moves every ten seconds: one pixel or less. */
const STEP_MS = 10_000;

interface ClusterView {
  readonly source: string;
  readonly stream: string;
  readonly cluster: string;
  readonly fold: DnaFold;
  readonly nodes: readonly (readonly [incarnation: string, node: NodeFold])[];
}

const byName = new Intl.Collator("en", { numeric: true });

/** Every cluster with its nodes in a fixed order: by name, then by age. */
function clustersOf({ folds }: LiveState): readonly ClusterView[] {
  return dnaFolds(folds).flatMap(({ stream, id, fold }) => {
    const byCluster = new Map<string, (readonly [string, NodeFold])[]>();
    for (const entry of Object.entries(fold.nodes)) {
      const known = byCluster.get(entry[1].cluster);
      if (known === undefined) byCluster.set(entry[1].cluster, [entry]);
      else known.push(entry);
    }
    return [...byCluster]
      .sort(([a], [b]) => byName.compare(a, b))
      .map(([cluster, nodes]) => ({
        source: id,
        stream,
        cluster,
        fold,
        nodes: nodes.sort(([, a], [, b]) => byName.compare(a.node, b.node) || a.createdAt - b.createdAt),
      }));
  });
}

/** One drawing a cluster, one line a node. */
export function Clusters() {
  const clusters = useFold(clustersOf);
  const now = useNow();
  const past = useIsPast();
  const unknown = useNotKnown("dna").length;
  const step = now === null ? null : ((Math.floor(now / STEP_MS) * STEP_MS) as EpochMs);
  return (
    <Section
      title="Clusters"
      note={`one line a node, 60 min to ${past ? "then" : "now"}; thick = late or silent, dashes = row deleted, ring = new incarnation`}
      aside={<Link href={routes.topology()}>topology</Link>}
    >
      <NotKnownStreams families={["dna"]} />
      {clusters === undefined || step === null ? (
        <Skeleton rows={4} what="clusters" />
      ) : clusters.length === 0 && unknown > 0 ? null : clusters.length === 0 ? (
        <Empty title="No node has been seen.">Clusters appear with the first row of their nodes table.</Empty>
      ) : (
        <ul className="bundles">
          {clusters.map((cluster) => (
            <li key={`${cluster.source} ${cluster.cluster}`}>
              <ClusterBundle cluster={cluster} now={step} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const ClusterBundle = memo(function ClusterBundle({
  cluster,
  now,
}: {
  readonly cluster: ClusterView;
  readonly now: EpochMs;
}) {
  const recent = useRecent();
  const estate = useEstate();
  const [ref, width] = useWidth<HTMLDivElement>();
  const { fold, nodes, source } = cluster;
  const span = { from: now - HOUR_MS, to: now };
  const region = estate?.regions.find(({ id }) => id === estate.dna.find((dna) => dna.id === source)?.region)?.title;
  const events = (recent?.events ?? []).filter((event) => event.stream === cluster.stream);
  const lines = nodeLines(nodes, events, span);
  const alive = nodes.filter(([, node]) => node.state === "alive").length;
  const owned = ownedKeys(cluster);
  const down = fold.source.state !== "up";
  return (
    <div className={down ? "bundle stale" : "bundle"}>
      <Link href={routes.topology({ source, cluster: cluster.cluster })} className="plain row">
        <b className="strong trunc">{source}</b>
        <span className="t3 small trunc">
          {cluster.cluster === source
            ? region
            : [cluster.cluster, region].filter((part) => part !== undefined).join(", ")}
        </span>
        <span className="push nowrap">
          {alive}
          <span className="t3">/{nodes.length}</span>
          <span className="vh"> alive</span>
        </span>
      </Link>
      <div ref={ref}>
        {width !== null && (
          <Bundle
            width={width}
            lines={lines}
            span={span}
            knownFrom={lookedFrom(lines, recent?.knownFrom ?? now)}
            heardTo={down ? fold.source.since : null}
            label={`${plural(nodes.length, "node")} of ${source} ${cluster.cluster}, ${alive} alive`}
          />
        )}
      </div>
      <p className="cap">
        <span>{owned === null ? "keys not counted" : `${formatCount(owned.keys)} keys`}</span>
        {owned !== null && (
          <span>
            counted <Age at={owned.countedAt} suffix="ago" />
          </span>
        )}
        <HealthBadge source={source} />
      </p>
    </div>
  );
});

function ownedKeys({ fold, nodes }: ClusterView): { readonly keys: number; readonly countedAt: EpochMs } | null {
  const owned = nodes.flatMap(([incarnation]) => fold.owned[incarnation] ?? []);
  const [first] = owned;
  if (first === undefined) return null;
  return {
    keys: owned.reduce((sum, { counts }) => sum + counts.reduce((all, { keys }) => all + keys, 0), 0),
    countedAt: Math.min(...owned.map(({ asOf }) => asOf)) as EpochMs,
  };
}
