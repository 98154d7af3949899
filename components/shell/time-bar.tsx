"use client";
import { formatClock } from "#components/ui/format.ts";
import { useLive, useNow } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { usePreferences } from "#components/ui/preferences.tsx";
import { ZoneName } from "#components/ui/time.tsx";
import { useWidth } from "#components/ui/width.ts";
import { useRecent } from "./recent-context.tsx";

const TimeTrack = onDemand(() => import("./time-track.tsx").then((module) => module.TimeTrack));

/** The time bar: the live clock, and what happened in the last hour, one lane a kind of source. */
export function TimeBar() {
  const now = useNow();
  const live = useLive();
  const recent = useRecent();
  const { zone } = usePreferences();
  const [ref, width] = useWidth<HTMLDivElement>();
  const on = live.phase === "live";
  return (
    <section className="time" aria-label="Time bar">
      <div className="when">
        <div className="live">
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <path className={on ? "on" : "lost"} d="M5 .5 9.5 5 5 9.5.5 5z" />
          </svg>
          {on ? "Live" : live.phase === "connecting" ? "Connecting" : "Not live"}
        </div>
        <b>{now === null ? "--:--:--" : formatClock(now, zone)}</b>{" "}
        <span className="small">
          <ZoneName />
        </span>
      </div>
      <div className="track" ref={ref}>
        {width !== null && now !== null && (
          <TimeTrack width={width} now={now} zone={zone} recent={recent} lostSince={on ? null : live.since} />
        )}
      </div>
    </section>
  );
}
