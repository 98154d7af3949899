"use client";
import { Button } from "#components/ui/button.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Age } from "#components/ui/time.tsx";
import type { CensusOutput } from "#server/contract/wire/dna.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { isOpen } from "./use-census.ts";

interface CensusProgressProps {
  readonly walk: CensusOutput;
  readonly onCancel: () => void;
}

/** How far a walk over the register has come: rows seen, keys found, types done. */
export function CensusProgress({ walk, onCancel }: CensusProgressProps) {
  const { state, rows, keys, typesDone, typesTotal, unreadableRows, note, startedAt, finishedAt } = walk;
  const share = typesTotal === null || typesTotal === 0 ? 0 : typesDone / typesTotal;
  return (
    <div className="census">
      <p className="row wrap-row">
        <State system="census" word={state}>
          {state === "running" ? "counting" : state === "done" ? "counted" : state}
        </State>
        <span>
          {plural(keys, "key")} in {plural(rows, "row")}
        </span>
        <Age at={Date.parse(finishedAt ?? startedAt) as EpochMs} suffix={finishedAt === null ? "so far" : "ago"} />
        {isOpen(walk) && (
          <Button small onPress={onCancel}>
            Stop counting
          </Button>
        )}
      </p>
      {isOpen(walk) && (
        <>
          <svg
            className="meter t-working"
            viewBox="0 0 100 6"
            preserveAspectRatio="none"
            role="img"
            aria-label={`${typesDone} of ${typesTotal ?? "an unknown number of"} types walked`}
          >
            <rect className="ground" width="100" height="6" />
            <rect className="fill" width={share * 100} height="6" />
          </svg>
          <p className="small t3">
            {typesDone} of {typesTotal ?? "?"} types walked, one partition each, slowly
          </p>
        </>
      )}
      {unreadableRows > 0 && (
        <p className="small t-attention tone">{formatCount(unreadableRows)} rows could not be read</p>
      )}
      {note !== null && <p className="small t3 wrap">{note}</p>}
    </div>
  );
}
