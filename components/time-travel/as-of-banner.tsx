"use client";
import { Fragment } from "react";
import { Button } from "#components/ui/button.tsx";
import { faultOf } from "#components/ui/fault.ts";
import { formatCoarseAgeMs, formatInstant, zoneName } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useInstants } from "#components/ui/instants.ts";
import { type PastState, useLiveNow, usePast } from "#components/ui/live.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import type { NotKnown } from "#server/contract/wire/journal.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { useMoves, useTravel, useWay } from "./use-travel.ts";

const notKnownOf = (state: PastState): readonly NotKnown[] => state.notKnown;
const shownOf = (state: PastState): EpochMs => state.serverNow;

/** Says that not now is shown, but when; what was not known then; and the way back. */
export function AsOfBanner() {
  const instants = useInstants();
  const { zone } = usePreferences();
  const now = useLiveNow();
  const { wanted, error } = useTravel();
  const { traveller } = useWay();
  const { live, compareWith } = useMoves();
  const shown = usePast(shownOf) ?? null;
  const notKnown = usePast(notKnownOf) ?? [];
  const at = wanted ?? instants.at;
  if (now === null) return null;
  const words = (instant: EpochMs) => formatInstant(instant, zone, now);
  const zoned = (instant: EpochMs) => `${words(instant)} ${zoneName(zone, instant)}`;
  if (at === null)
    return (
      <section className="asof" aria-label="Comparison">
        <b>Live</b>
        {instants.with !== null && (
          <span className="t2">Topology and plans mark what differs from {zoned(instants.with)}.</span>
        )}
        <span className="push row">
          <Button small shortcut="D" onPress={() => compareWith(null)}>
            Stop comparing
          </Button>
        </span>
      </section>
    );
  return (
    <section className="asof" aria-label="Instant that is shown" data-shown={shown ?? ""}>
      <b>As of {zoned(at)}</b>
      <span className="t2">{at > now ? "which has not come yet" : `${formatCoarseAgeMs(now - at)} ago`}.</span>
      {error !== null ? (
        <span className="t-failed tone wrap" role="alert">
          <Glyph tone="failed" /> Cannot read it: {faultOf(error).message}.{" "}
          {shown === null ? "Nothing is shown." : `What you see is of ${words(shown)}.`}{" "}
          <Button small onPress={() => traveller.seek(at)}>
            Try now
          </Button>
        </span>
      ) : (
        <span className="t2 asof-what">
          {instants.with === null
            ? "Every page shows what was known then; actions are off."
            : `Topology and plans mark what differs from ${zoned(instants.with)}.`}
        </span>
      )}
      <span className="push row">
        <Button small shortcut="D" onPress={() => compareWith(instants.with === null ? now : null)}>
          {instants.with === null ? "Compare with now" : "Stop comparing"}
        </Button>
        <Button small primary shortcut="L" onPress={live}>
          Back to live
        </Button>
      </span>
      {notKnown.length > 0 && <NotKnownLine notKnown={notKnown} words={words} />}
    </section>
  );
}

interface NotKnownLineProps {
  readonly notKnown: readonly NotKnown[];
  readonly words: (instant: EpochMs) => string;
}

/** Sources of which nothing can be told: they are on no page, and that is not the same as empty. */
function NotKnownLine({ notKnown, words }: NotKnownLineProps) {
  return (
    <p className="asof-unknown small">
      <span className="unk">Not known then:</span>{" "}
      {notKnown.map(({ stream, why, knownFrom }, index) => (
        <Fragment key={stream}>
          {index > 0 && "; "}
          <span className="nowrap">
            <bdi>{stream}</bdi>
            <span className="t3">
              {" "}
              {why === "before-horizon" ? "before the horizon" : "not seen yet"}
              {knownFrom !== null && `, known from ${words(Date.parse(knownFrom) as EpochMs)}`}
            </span>
          </span>
        </Fragment>
      ))}
    </p>
  );
}
