"use client";
import { Button } from "#components/ui/button.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Age, Instant } from "#components/ui/time.tsx";
import type { CensusView } from "#server/contract/wire/dna-census.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Walks } from "./use-walks.ts";

const WORDS: Readonly<Record<CensusView["state"], string>> = {
  running: "counting",
  waiting: "waiting",
  paused: "paused",
  done: "counted",
  cancelled: "cancelled",
  failed: "failed",
};

interface WalkProgressProps {
  readonly source: string;
  readonly walk: CensusView;
  readonly walks: Walks;
}

/** A walk that is under way, or the last one that came to nothing: how far it is, when it ends, and its control. */
export function WalkProgress({ source, walk, walks }: WalkProgressProps) {
  const { state, rows, expectedRows, note, startedAt, rowsPerSecond, endsAt, typesDone, typesTotal } = walk;
  const refusal = useRefusal("dna:census", walks.busy ? "Asked already." : null);
  const target = { source, censusId: walk.censusId };
  const share = expectedRows === null || expectedRows === 0 ? null : Math.min(1, rows / expectedRows);
  const moving = state === "running" || state === "waiting";
  return (
    <div className="walk">
      <p className="row wrap-row">
        <State system="census" word={state}>
          {WORDS[state]}
        </State>
        <span>
          {walk.incarnation === null ? (
            "all keys"
          ) : (
            <>
              keys of <Id id={walk.incarnation} form="incarnation" />
            </>
          )}
        </span>
        <span className="t3">
          asked by <bdi>{walk.requestedBy}</bdi>, <Age at={Date.parse(startedAt) as EpochMs} suffix="ago" />
        </span>
        <Link className="small" href={routes.job(walk.censusId)}>
          its job
        </Link>
      </p>
      {state !== "cancelled" && (
        <>
          <svg
            className={`meter t-${state === "running" ? "working" : state === "failed" ? "failed" : "waiting"}`}
            viewBox="0 0 100 6"
            preserveAspectRatio="none"
            role="img"
            aria-label={
              share === null ? `${rows} rows counted` : `${Math.floor(share * 100)} % of the expected rows counted`
            }
          >
            <rect className="ground" width="100" height="6" />
            <rect className="fill" width={(share ?? 0) * 100} height="6" />
          </svg>
          <p className="small t2 wrap">
            {plural(rows, "row")}
            {expectedRows === null ? "" : ` of about ${formatCount(expectedRows)}`}, {typesDone} of {typesTotal ?? "?"}{" "}
            types, at {formatCount(rowsPerSecond)} rows/s at most
            {moving && endsAt !== null && (
              <>
                ; ends about <Instant at={Date.parse(endsAt) as EpochMs} form="clock" /> (estimate)
              </>
            )}
          </p>
        </>
      )}
      {note !== null && <p className="small t3 wrap">{note}</p>}
      {(moving || state === "paused") && (
        <p className="row wrap-row">
          {state === "paused" ? (
            <Button small onPress={() => walks.resume.mutate(target)} refusal={refusal}>
              Go on counting
            </Button>
          ) : (
            <Button small onPress={() => walks.pause.mutate(target)} refusal={refusal}>
              Pause counting
            </Button>
          )}
          <Button small onPress={() => walks.cancel.mutate(target)} refusal={refusal}>
            Stop counting
          </Button>
          <span className="small t3">What is counted is kept while it is paused, and dropped when it is stopped.</span>
        </p>
      )}
    </div>
  );
}
