"use client";
import { formatCount, formatDurationMs } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts } from "#components/ui/section.tsx";
import { Age, Instant } from "#components/ui/time.tsx";
import { Unknown } from "#components/ui/widget.tsx";
import { REFRESH_LATE_MS } from "#server/contract/diagram/worker-loop.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { BeamNodeOutput } from "#server/contract/wire/dna-beam.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { linkWord } from "./beam-words.ts";

interface LinkFactsProps {
  readonly source: string;
  readonly incarnation: string;
  readonly told: BeamNodeOutput;
}

const VERDICTS: Readonly<Record<BeamNodeOutput["verdict"]["kind"], string>> = {
  "not-configured": "not asked",
  unknown: "no evidence of either",
  alive: "it lives",
  dead: "proven dead",
};

/** How the console stands with the node, who answers there, and how many run beside how many are owned. */
export function LinkFacts({ source, incarnation, told }: LinkFactsProps) {
  const stream = dnaStream(source);
  const owned = useFold(({ folds }) => {
    const fold = folds[stream];
    return fold?.family === "dna" ? fold.owned[incarnation] : undefined;
  });
  const fell = useFold(({ folds }) => {
    const fold = folds[stream];
    return fold?.family === "dna" ? fold.fell[incarnation] : undefined;
  });
  const { link, identity, verdict, failure } = told;
  const instant = (text: string | null): EpochMs | null => (text === null ? null : (Date.parse(text) as EpochMs));
  const facts: Fact[] = [
    {
      name: "link",
      value: (
        <>
          <State system="beam" word={linkWord(link, identity)} />{" "}
          {link?.reason != null && <span className="t2">{link.reason}</span>}
        </>
      ),
      source:
        link?.retryInMs == null || link.retryInMs === 0 ? (
          <Name text={told.node} mono />
        ) : (
          `not asked for ${formatDurationMs(link.retryInMs)}`
        ),
      wrap: true,
    },
    {
      name: "answers as",
      value:
        identity === null ? (
          <Unknown>nobody has answered</Unknown>
        ) : identity === incarnation ? (
          <>this incarnation</>
        ) : (
          <>
            <Link href={routes.node(source, identity, { tab: "inside" })}>another incarnation</Link>{" "}
            <Id id={identity} form="incarnation" />
          </>
        ),
      source: <Age at={instant(told.identityAt)} source="beam" />,
      wrap: true,
    },
    {
      name: "evidence",
      value: (
        <>
          <b className="strong">{VERDICTS[verdict.kind]}</b>{" "}
          {verdict.detail !== null && <span className="t2">{verdict.detail}</span>}
        </>
      ),
      source: "its own machine",
      wrap: true,
    },
    {
      name: "owned",
      value:
        owned === undefined ? (
          <span className="t3">not counted</span>
        ) : (
          <b className="strong">{formatCount(owned.counts.reduce((sum, { keys }) => sum + keys, 0))}</b>
        ),
      source: owned === undefined ? "no census" : <Age at={owned.asOf} source="census" suffix="ago" />,
    },
    {
      name: "running",
      value: told.running === null ? <Unknown /> : <b className="strong">{formatCount(told.running)}</b>,
      source: <Age at={instant(told.partitionsAt)} everyMs={15_000} source="live" />,
    },
    {
      name: "last refresh",
      value: refreshWords(told),
      source: <Age at={instant(told.refreshAt)} source="beam" />,
    },
  ];
  return (
    <section aria-label="How the console stands with the node">
      <Facts facts={facts} wide />
      {failure !== null && identity !== null && (
        <p className="warn small">The last question was not answered: {failure}</p>
      )}
      {fell !== undefined && (
        <p className="warn small">
          Its instances fell from {formatCount(fell.before)} to {formatCount(fell.after)} within{" "}
          {formatDurationMs(fell.withinMs)}, at <Instant at={fell.at} />: one partition's end ends them all.
        </p>
      )}
    </section>
  );
}

function refreshWords({ lastRefreshMs, refreshAt }: BeamNodeOutput): React.ReactNode {
  if (refreshAt === null) return <Unknown />;
  if (lastRefreshMs === null) return <span className="t-attention">never finished one</span>;
  const text = `${formatDurationMs(lastRefreshMs)} earlier`;
  return lastRefreshMs > REFRESH_LATE_MS ? <b className="t-attention">{text}, late</b> : text;
}
