"use client";
import { formatAgeMs, formatCoarseAgeMs, formatCount, formatNumber } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { type Fact, Facts, Section } from "#components/ui/section.tsx";
import { Since } from "#components/ui/time.tsx";
import { Unknown } from "#components/ui/widget.tsx";
import { HAF_PHASE_LABELS } from "#server/contract/diagram/haf-lifecycle.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { HafSample } from "#server/contract/haf.ts";
import { Bar } from "./bar.tsx";
import { blockWords, phaseWords } from "./haf-words.ts";
import type { Stack } from "./use-stacks.ts";

/** An official check calls the stack stale from here on. */
const BLOCK_LATE_MS = 60_000;

/** Where the stack stands: phases, sync state, blocks, and how far a replay is. */
export function StackHead({ stack: { fold, sample } }: { readonly stack: Stack }) {
  return (
    <Section title="Where it stands" note="phases of the whole stack; each app has its own below">
      {sample?.busy != null && (
        <p className="st t-waiting wrap" role="status">
          <Glyph tone="waiting" />
          <span>
            HAF is changing indexes: locks keep reads waiting, it is not down. <span className="t3">{sample.busy}</span>
          </span>
        </p>
      )}
      <div className="haf-stand">
        <Phases fold={fold} />
        <Facts facts={factsOf(fold, sample)} wide />
      </div>
      <Replay fold={fold} sample={sample} />
    </Section>
  );
}

function Phases({ fold: { phases, phasesSince } }: { readonly fold: HafFold }) {
  if (phases.length === 0) return <p className="t3">No phase is known yet: nothing was read of it.</p>;
  return (
    <ul className="haf-phases" aria-label="Phases">
      {phases.map((phase) => (
        <li key={phase}>
          <State system="haf" word={phase}>
            {phaseWords(phase)}
          </State>
          <span className="t2 wrap">{HAF_PHASE_LABELS[phase]}</span>
        </li>
      ))}
      <li className="t3 small">
        for <Since at={phasesSince} />
      </li>
    </ul>
  );
}

function factsOf(fold: HafFold, sample: HafSample | null): readonly Fact[] {
  const block = sample?.block ?? fold.progress?.block ?? null;
  const head = sample?.head ?? fold.progress?.head ?? null;
  const { database } = fold;
  const late = sample?.blockAgeMs != null && sample.blockAgeMs > BLOCK_LATE_MS && fold.syncState === "LIVE";
  return [
    { name: "Sync state", value: fold.syncState ?? <Unknown />, source: readyWords(fold) },
    {
      name: "Last irreversible block",
      value: block === null ? <Unknown /> : blockWords(block),
      source:
        sample?.blockAgeMs == null ? (
          <NotKept>age</NotKept>
        ) : (
          <span className={late ? "t-attention tone" : ""}>{formatAgeMs(sample.blockAgeMs)} old</span>
        ),
    },
    {
      name: "Head",
      value: head === null ? <Unknown /> : blockWords(head),
      source:
        sample?.reversibleHead == null ? "estimate" : `estimate; reversible to ${formatCount(sample.reversibleHead)}`,
    },
    {
      name: "Pace",
      value:
        sample === null ? (
          <Unknown />
        ) : sample.blocksPerSecond === null ? (
          "not told yet"
        ) : (
          `${formatNumber(sample.blocksPerSecond, sample.blocksPerSecond < 10 ? 1 : 0)} blocks a second`
        ),
    },
    {
      name: "HAF",
      value: database === null ? <Unknown /> : <bdi>{database.version ?? "version not told"}</bdi>,
      source: database === null ? undefined : databaseWords(database),
    },
  ];
}

const readyWords = ({ ready, syncState }: HafFold): string =>
  ready === null
    ? "ready: not known"
    : ready
      ? syncState === "LIVE"
        ? "ready"
        : "ready, counts only with LIVE"
      : "not ready";

const databaseWords = ({ postgres, pruned, timeZone }: NonNullable<HafFold["database"]>): string =>
  [`PostgreSQL ${Math.floor(postgres / 10_000)}`, timeZone, ...(pruned ? ["keeps only recent blocks"] : [])].join(", ");

/** While blocks are replayed: how far, how fast, how long yet. */
function Replay({ fold, sample }: { readonly fold: HafFold; readonly sample: HafSample | null }) {
  if (!fold.phases.includes("replay")) return null;
  const block = sample?.block ?? fold.progress?.block ?? null;
  const head = sample?.head ?? fold.progress?.head ?? null;
  const share = block === null || head === null || head === 0 ? null : block / head;
  const left = sample?.leftMs == null ? null : `${formatCoarseAgeMs(sample.leftMs)} left, estimate`;
  return (
    <div className="haf-replay">
      <span className="med">Replay</span>
      <Bar share={share} label="Replay" words={left ?? "time left not known"} />
      <span className="small t2">
        {blockWords(block)} of {blockWords(head)}, {left ?? <NotKept>time left</NotKept>}
      </span>
    </div>
  );
}

/** What only now can tell; of the past it is not kept. */
function NotKept({ children }: { readonly children: string }) {
  const past = useIsPast();
  return past ? <Unknown>{`${children} not kept`}</Unknown> : <span className="t3">{children} not known</span>;
}
