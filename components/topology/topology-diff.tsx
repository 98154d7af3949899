"use client";
import { useMemo } from "react";
import { DiffSection, NoDifference, StateThen } from "#components/time-travel/diff-section.tsx";
import { type Comparison, useComparison } from "#components/time-travel/use-other.ts";
import { plural } from "#components/ui/format.ts";
import { Id, Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Instant } from "#components/ui/time.tsx";
import { diffTopology, type TopologyDiff } from "#server/contract/view/diff-topology.ts";

interface Difference {
  readonly comparison: Comparison;
  readonly diff: TopologyDiff | null;
  /** Incarnations that differ. */
  readonly changed: ReadonlySet<string>;
}

/** The topology that is shown beside that of the other instant. */
export function useTopologyDiff(): Difference {
  const comparison = useComparison();
  const { earlier, later } = comparison.state === "there" ? comparison.compared : { earlier: null, later: null };
  const [before, after] = [earlier?.folds, later?.folds];
  const diff = useMemo(
    () => (before === undefined || after === undefined ? null : diffTopology(before, after)),
    [before, after],
  );
  const changed = useMemo(() => new Set((diff?.nodes ?? []).map(({ incarnation }) => incarnation)), [diff]);
  return { comparison, diff, changed };
}

const titleOf = (nodes: number): string => plural(nodes, "node differs", "nodes differ");

/** The list of what differs: the twin of the outlines on the map. */
export function TopologyDiffSection({ comparison, diff }: Difference) {
  if (comparison.state === "none") return null;
  return (
    <DiffSection
      comparison={comparison}
      titleOf={() =>
        diff === null || diff.nodes.length === 0 ? "The same at both instants" : titleOf(diff.nodes.length)
      }
    >
      {({ earlier, later }) =>
        diff === null || (diff.nodes.length === 0 && diff.sources.length === 0 && diff.notComparable.length === 0) ? (
          <NoDifference />
        ) : (
          <>
            {diff.notComparable.map((source) => (
              <p key={source} className="only-now small">
                <span className="unk">not comparable</span> <bdi>{source}</bdi> is not known at one of the two instants.
              </p>
            ))}
            <div className="tscroll">
              <table aria-label="What differs">
                <thead>
                  <tr>
                    <th scope="col">Node</th>
                    <th scope="col" className="p2">
                      Source
                    </th>
                    <th scope="col">What</th>
                    <th scope="col">
                      <Instant at={earlier.at} />
                    </th>
                    <th scope="col" className="w100">
                      <Instant at={later.at} />
                    </th>
                    <th scope="col" className="p3">
                      Incarnation
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {diff.sources.map(({ source, change }) => (
                    <tr key={source}>
                      <td>–</td>
                      <td className="p2">
                        <bdi>{source}</bdi>
                      </td>
                      <td>source</td>
                      <td>
                        <StateThen system="source" word={change.from} />
                      </td>
                      <td className="w100">
                        <StateThen system="source" word={change.to} />
                      </td>
                      <td className="p3" />
                    </tr>
                  ))}
                  {diff.nodes.flatMap(({ incarnation, source, node, fields }) =>
                    fields.map(({ what, from, to }) => (
                      <tr key={`${incarnation} ${what}`}>
                        <td className="mono">
                          <Link className="plain" href={routes.topology({ of: source, node: incarnation })}>
                            <Name text={node} />
                          </Link>
                        </td>
                        <td className="p2">
                          <bdi>{source}</bdi>
                        </td>
                        <td>{what}</td>
                        <td>{what === "state" ? <StateThen system="node" word={from} /> : (from ?? "not set")}</td>
                        <td className="w100">
                          {what === "state" ? <StateThen system="node" word={to} /> : (to ?? "not set")}
                        </td>
                        <td className="p3 t2">
                          <Id id={incarnation} form="incarnation" />
                        </td>
                      </tr>
                    )),
                  )}
                </tbody>
              </table>
            </div>
          </>
        )
      }
    </DiffSection>
  );
}
