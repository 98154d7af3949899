"use client";
import { formatClock, formatInstant } from "#components/ui/format.ts";
import { useInstants } from "#components/ui/instants.ts";
import { useLiveNow } from "#components/ui/live.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { useTravel } from "./use-travel.ts";

/** Where the cursor stands, in the place of the live clock. */
export function PastClock() {
  const { zone } = usePreferences();
  const instants = useInstants();
  const { wanted } = useTravel();
  const now = useLiveNow();
  const at = wanted ?? instants.at;
  if (at === null) return null;
  const whole = now === null ? formatClock(at, zone) : formatInstant(at, zone, now);
  return (
    <>
      {whole.length > 8 && <span className="day">{whole.slice(0, -9)}</span>}
      <b>{formatClock(at, zone)}</b>
    </>
  );
}
