"use client";
import { formatAgeMs, formatCoarseAgeMs, formatNumber, parseInstant, plural } from "#components/ui/format.ts";
import { Id, Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold } from "#components/ui/live.ts";
import { type Fact, Facts, Section } from "#components/ui/section.tsx";
import { Age, Instant, Since } from "#components/ui/time.tsx";
import { Unknown } from "#components/ui/widget.tsx";
import type { NodeFold, OwnedFold } from "#server/contract/fold/dna.ts";
import { useBeats } from "./node-beats.tsx";

const READ_EVERY_MS = 2_000;
const SLOW_CLOCK = 0.9;

interface NodeEvidenceProps {
  readonly source: string;
  readonly stream: string;
  readonly incarnation: string;
  readonly node: NodeFold;
  readonly owned: OwnedFold | null;
}

/** What is known of it, from where, and how old each piece is. */
export function NodeEvidence({ source, stream, incarnation, node, owned }: NodeEvidenceProps) {
  const past = useIsPast();
  const beats = useBeats({ source, incarnation }).data;
  const sample = useFold((state) => {
    const of = state.samples[stream];
    const own = of?.nodes?.[incarnation];
    return of === undefined || own === undefined
      ? null
      : { asOf: of.asOf, beam: of.beam?.[incarnation] ?? null, ...own };
  });
  const asOf = sample?.asOf ?? null;
  const cql = <Age at={asOf} everyMs={READ_EVERY_MS} source="cql" />;
  const none = past ? <Unknown why="samples are not kept">not kept</Unknown> : <span className="t3">–</span>;
  const clock = sample?.clockHealth ?? null;
  const keys = owned === null ? null : owned.counts.reduce((sum, one) => sum + one.keys, 0);
  const beam = sample?.beam ?? null;
  const facts: readonly Fact[] = [
    { name: "in this state", value: <Since at={node.since} />, source: "judged here" },
    { name: "because", value: node.evidence, wrap: true, source: "judged here" },
    ...Object.entries(node.flags).map(([flag, evidence]) => ({
      name: flag.replace("_", " "),
      value: evidence,
      wrap: true,
      source: "judged here",
    })),
    { name: "silence", value: sample == null ? none : formatAgeMs(sample.silentMs), source: cql },
    {
      name: "last write",
      value: sample?.writeAgeMs == null ? none : `${formatAgeMs(sample.writeAgeMs)} before the read`,
      source: cql,
    },
    { name: "load", value: sample?.load == null ? none : formatNumber(sample.load), source: cql },
    {
      name: "clock",
      value:
        clock === null ? (
          none
        ) : (
          <span className={clock < SLOW_CLOCK ? "t-attention tone" : ""}>
            {formatNumber(clock)} s a second{clock < SLOW_CLOCK ? ": it stalls, or is slow" : ""}
          </span>
        ),
      source: "cql, 90 s",
    },
    {
      name: "uptime",
      value: beats?.uptimeMs == null ? none : `${formatCoarseAgeMs(beats.uptimeMs)}, an estimate`,
      source: <Age at={parseInstant(beats?.seenAt ?? null)} source="from its clock" />,
    },
    {
      name: "owned",
      value: keys === null ? <span className="t3">not counted</span> : plural(keys, "key"),
      source: owned === null ? "no census" : <Age at={owned.asOf} source="census" />,
    },
    {
      name: "running",
      value: beam?.running == null ? <span className="t3">not asked</span> : plural(beam.running, "actor"),
      source: beam === null ? "no access" : <Age at={beam.asOf} source="beam" />,
    },
    { name: "incarnation", value: <Id id={incarnation} form="incarnation" />, source: "cql" },
    { name: "created", value: <Instant at={node.createdAt} />, source: "its own clock" },
    { name: "first seen", value: <Instant at={node.firstSeenAt} />, source: "journal" },
    { name: "cluster", value: <Name text={node.cluster} />, source: "cql" },
  ];
  return (
    <Section title="What is known" note="from where, and how old">
      <Facts facts={facts} />
    </Section>
  );
}
