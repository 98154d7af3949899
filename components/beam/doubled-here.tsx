"use client";
import { useQuery } from "@tanstack/react-query";
import { formatCount, formatDurationMs, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { Age, Since } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";
import type { DoubledFold } from "#server/contract/fold/dna.ts";
import type { BeamDoublesOutput } from "#server/contract/wire/dna-beam.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const EVERY_MS = 10_000;
const SHOWN_MAX = 20;

interface DoubledHereProps {
  readonly source: string;
  readonly node: string;
}

/** Keys of the node that another runs at the same moment, each proven; and how far the search for them reaches. */
export function DoubledHere({ source, node }: DoubledHereProps) {
  const stream = dnaStream(source);
  const doubled = useFold(({ folds }) => {
    const fold = folds[stream];
    return fold?.family === "dna" ? fold.doubled : undefined;
  });
  const query = useQuery(useTRPC().dna.beam.doubles.queryOptions({ source }, { refetchInterval: EVERY_MS }));
  const here = Object.entries(doubled ?? {}).filter(([, { instances }]) => instances.some((one) => one.node === node));
  return (
    <>
      {here.length > 0 && <Doubled source={source} node={node} here={here} />}
      <QueryWidget query={query} what="what was compared" rows={1} columns={1}>
        {(told) => <Coverage told={told} none={here.length === 0} />}
      </QueryWidget>
    </>
  );
}

interface DoubledProps extends DoubledHereProps {
  readonly here: readonly (readonly [subject: string, doubled: DoubledFold])[];
}

function Doubled({ source, node, here }: DoubledProps) {
  return (
    <>
      <div className="tscroll">
        <table aria-label="Keys that run elsewhere too">
          <thead>
            <tr>
              <th scope="col" className="w100">
                Actor
              </th>
              <th scope="col">State</th>
              <th scope="col">also on</th>
              <th scope="col" className="num">
                since
              </th>
            </tr>
          </thead>
          <tbody>
            {here.slice(0, SHOWN_MAX).map(([subject, { namespace, moduleId, name, instances, evidence, since }]) => (
              <tr key={subject} title={evidence}>
                <td className="w100">
                  <Link className="plain" href={routes.actors({ source, namespace, moduleId, name })}>
                    <Name text={name} mono />
                  </Link>
                </td>
                <td>
                  <State system="actor" word="duplicate" />
                </td>
                <td className="nowrap">
                  <Name text={instances.flatMap((one) => (one.node === node ? [] : one.node)).join(", ")} mono />
                </td>
                <td className="num">
                  <Since at={since} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {here.length > SHOWN_MAX && (
        <p className="small t3">
          {formatCount(SHOWN_MAX)} of {formatCount(here.length)} shown.
        </p>
      )}
    </>
  );
}

function Coverage({ told, none }: { readonly told: BeamDoublesOutput; readonly none: boolean }) {
  const { coverage } = told;
  if (coverage === null)
    return <p className="small t3">No walk over the registries has ended yet, so nothing can be said.</p>;
  const { nodes, instances, slices, missed, startedAt, finishedAt } = coverage;
  const tookMs = Date.parse(finishedAt) - Date.parse(startedAt);
  return (
    <p className="small t3">
      {none && "None known. "}
      {plural(instances, "instance")} of {plural(nodes, "node")} were compared{" "}
      {slices > 1 && `in ${plural(slices, "slice")} of names `}within {formatDurationMs(tookMs)},{" "}
      <Age at={Date.parse(finishedAt) as EpochMs} suffix="ago" />.
      {missed.length > 0 && ` Not covered: ${missed.map(({ node, reason }) => `${node} (${reason})`).join(", ")}.`}
    </p>
  );
}
