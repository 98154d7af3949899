/** An instant as somebody types it. Pure. */
import type { Zone } from "#components/ui/format.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";

const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?$/;
const DAY = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const DAY_MS = 86_400_000;

/**
 * `03:12`, `03:12:07`, `2026-11-22 03:12:07.250`, or ISO text with its zone; `null` for what is none. A time alone is of
 * the last day on which it has been.
 *
 * @param zone in which times without a zone are meant
 */
export function parseTyped(text: string, zone: Zone, now: EpochMs): EpochMs | null {
  const trimmed = text.trim();
  if (/(Z|[+-]\d{2}:?\d{2})$/i.test(trimmed) && trimmed.includes("T")) {
    const value = Date.parse(trimmed);
    return Number.isNaN(value) ? null : epochMs(value);
  }
  const parts = trimmed.replace(/\s*UTC$/i, "").split(/[T\s]+/);
  const [clock, day] = parts.length > 1 ? [parts[1], parts[0]] : [parts[0], undefined];
  const time = CLOCK.exec(clock ?? "");
  if (time === null || parts.length > 2) return null;
  const [hour, minute, second, ms] = [time[1], time[2], time[3] ?? "0", (time[4] ?? "0").padEnd(3, "0")].map(Number);
  if (hour === undefined || minute === undefined || second === undefined || ms === undefined) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = day === undefined ? dayOf(now, zone) : dayFrom(day);
  if (date === null) return null;
  const make = (days: number) => instantOf([date[0], date[1], date[2] + days], [hour, minute, second, ms], zone);
  const at = make(0);
  if (day !== undefined) return sameDay(at, date, zone) ? epochMs(at) : null;
  return epochMs(at > now && at - now < DAY_MS ? make(-1) : at);
}

type DayParts = readonly [year: number, month: number, day: number];

function dayFrom(text: string): DayParts | null {
  const found = DAY.exec(text);
  return found === null ? null : [Number(found[1]), Number(found[2]) - 1, Number(found[3])];
}

function dayOf(now: number, zone: Zone): DayParts {
  const date = new Date(now);
  return zone === "utc"
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    : [date.getFullYear(), date.getMonth(), date.getDate()];
}

/** There is no 31 November: that is none, and not 1 December. */
function sameDay(at: number, date: DayParts, zone: Zone): boolean {
  return dayOf(at, zone).every((part, index) => part === date[index]);
}

function instantOf(
  [year, month, day]: DayParts,
  [hour, minute, second, ms]: readonly [number, number, number, number],
  zone: Zone,
): number {
  return zone === "utc"
    ? Date.UTC(year, month, day, hour, minute, second, ms)
    : new Date(year, month, day, hour, minute, second, ms).getTime();
}
