"use client";
import { formatClock } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useLive, useLiveNow } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { usePreferences } from "#components/ui/preferences.tsx";
import { ZoneName } from "#components/ui/time.tsx";

const TimeTravel = onDemand(() =>
  import("#components/time-travel/time-travel.tsx").then((module) => module.TimeTravel),
);
const PastClock = onDemand(() => import("#components/time-travel/past-clock.tsx").then((module) => module.PastClock));

/** The time bar: the clock, live or as of; and what happened around it, with the way to go there. */
export function TimeBar() {
  const now = useLiveNow();
  const live = useLive();
  const past = useIsPast();
  const { zone } = usePreferences();
  const on = live.phase === "live";
  const word = past ? "As of" : on ? "Live" : live.phase === "connecting" ? "Connecting" : "Not live";
  return (
    <section className={past ? "time past" : "time"} aria-label="Time bar">
      <div className="when">
        <div className="live">
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <path className={past ? "as-of" : on ? "on" : "lost"} d="M5 .5 9.5 5 5 9.5.5 5z" />
          </svg>
          {word}
        </div>
        {now === null ? <b>--:--:--</b> : past ? <PastClock /> : <b>{formatClock(now, zone)}</b>}{" "}
        <span className="small">
          <ZoneName />
        </span>
      </div>
      {now !== null && <TimeTravel />}
    </section>
  );
}
