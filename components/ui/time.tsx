"use client";
import type { EpochMs } from "#server/kernel/clock.ts";
import {
  formatAgeMs,
  formatClock,
  formatClockMs,
  formatCoarseAgeMs,
  formatInstant,
  formatInstantFull,
  zoneName,
} from "./format.ts";
import { useIsPast } from "./instants.ts";
import { useNow } from "./live.ts";
import { usePreferences } from "./preferences.tsx";

interface AgeProps {
  /** When it was read or seen; `null` = never. */
  readonly at: EpochMs | null;
  /** Interval at which it should be renewed: older than two of them it draws attention. Omit for facts that only age. */
  readonly everyMs?: number | undefined;
  /** Where it comes from, said before the age: `cql`, `sql`, `census`. */
  readonly source?: string | undefined;
  /** Said after the age: `old`, `ago`. */
  readonly suffix?: string | undefined;
  /** The source is down: the age is what is left of it. */
  readonly down?: boolean | undefined;
}

/** How old a value is, beside the value; the instant itself on focus and hover. */
export function Age({ at, everyMs, source, suffix, down = false }: AgeProps) {
  const now = useNow();
  const { zone } = usePreferences();
  const past = useIsPast();
  // What is read ever again is not kept: of the past nobody can say how old it was.
  if (at === null && past)
    return <span className="age">{source === undefined ? "not kept" : `${source} not kept`}</span>;
  if (at === null) return <span className="age">{source === undefined ? "never" : `${source} never`}</span>;
  if (now === null) return <span className="age">…</span>;
  const ageMs = Math.max(0, now - at);
  const old = everyMs !== undefined && ageMs > 2 * everyMs;
  const text = everyMs === undefined ? formatCoarseAgeMs(ageMs) : formatAgeMs(ageMs);
  return (
    <time
      className={`age${down ? " down t-failed" : old ? " old t-attention" : ""}`}
      dateTime={new Date(at).toISOString()}
      title={formatInstantFull(at, zone)}
    >
      {source === undefined ? "" : `${source} `}
      {text}
      {suffix === undefined ? "" : ` ${suffix}`}
    </time>
  );
}

/** A duration that grows while it is looked at: since `at`. */
export function Since({ at }: { readonly at: EpochMs | null }) {
  const now = useNow();
  const { zone } = usePreferences();
  if (at === null || now === null) return <span>–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={formatInstantFull(at, zone)}>
      {formatCoarseAgeMs(now - at)}
    </time>
  );
}

interface InstantProps {
  readonly at: EpochMs | null;
  /** `clock` 06:52:14, `ms` 06:52:14.204, `day` with the day when it is not today. */
  readonly form?: "clock" | "ms" | "day";
}

/** An instant in the chosen zone; whole, with its zone, on focus and hover. */
export function Instant({ at, form = "day" }: InstantProps) {
  const now = useNow();
  const { zone } = usePreferences();
  if (at === null) return <span className="t3">–</span>;
  if (now === null) return <span className="t3">…</span>;
  const text =
    form === "clock" ? formatClock(at, zone) : form === "ms" ? formatClockMs(at, zone) : formatInstant(at, zone, now);
  return (
    <time dateTime={new Date(at).toISOString()} title={formatInstantFull(at, zone)}>
      {text}
    </time>
  );
}

/** The name of the zone that all times on the page are in: once a column. */
export function ZoneName() {
  const now = useNow();
  const { zone } = usePreferences();
  return <span className="t3">{zone === "utc" || now === null ? "UTC" : zoneName(zone, now)}</span>;
}
